/* The network that the tensors of a file belong to. */
#ifndef CAIRN_CLI_NETWORK_H
#define CAIRN_CLI_NETWORK_H

#include "command.h"

typedef struct cli_network {
    const cairn_model *model;
    cairn_model_settings settings; /* the file's, and those that were asked for */
    cairn_graph *graph;            /* with auxiliary heads if the file has any */
    bool recognised;               /* by names and shapes alone */
    char *set;                     /* what settings.set points to */
} cli_network;

/* By `name` if it is not NULL, else as the file says, else by its tensors. set ("key=value,..."; may be NULL)
 * goes before what the file says. CAIRN_INPUT when no network fits. Whether the weights fit is another
 * question: cairn_weights_fit. cairn_cli_network_free in any case. */
cairn_status cairn_cli_network_find(cli_call *cli, const char *path, const cairn_weights *loaded,
                                    const char *name, const char *set, cli_network *network);
void cairn_cli_network_free(cli_call *cli, cli_network *network);

#endif
