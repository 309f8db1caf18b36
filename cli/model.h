/* The argument MODEL: from what was typed to a network, with or without weights. */
#ifndef CAIRN_CLI_MODEL_H
#define CAIRN_CLI_MODEL_H

#include "command.h"

typedef struct cli_model {
    const char *argument; /* as it was typed */
    const cairn_model *model;
    cairn_model_settings settings; /* with --input, --classes and --set */
    cairn_classifier *classifier;  /* NULL: a network's name without weights */
} cli_model;

/* A network's name, a weights file or a run folder. cairn_cli_model_close in any case but failure. */
cairn_status cairn_cli_model_open(cli_call *cli, const char *argument, cli_model *model);

/* What --precision says. */
cairn_dtype cairn_cli_precision(const cli_call *cli);

/* Says so if that is slow here. */
void cairn_cli_precision_note(cli_call *cli);

/* The same, and weights must come with it; batch pictures can be classified at a time, in that precision. */
cairn_status cairn_cli_classifier_open(cli_call *cli, const char *argument, int batch, cli_model *model);
void cairn_cli_model_close(cli_model *model);

/* CAIRN_USAGE: there is no such network, but perhaps one with a name like it. */
cairn_status cairn_cli_model_unknown(cli_call *cli, const char *argument);

/* The ending of a file's name, if it is one of other programs' weights; or NULL. */
const char *cairn_cli_foreign_ending(const char *path);

/* What --preprocess says, as JSON; NULL when it is not given. cairn_free `owned`, also after a failure. */
cairn_status cairn_cli_preprocess(cli_call *cli, const char **json, uint8_t **owned);

/* NaN and infinities in a tensor that lies as in a file or in memory. */
cairn_status cairn_cli_count_not_finite(const cairn_tensor *tensor, int64_t *count);

/* With --strict: CAIRN_INPUT for weights with numbers that are not finite. */
cairn_status cairn_cli_check_finite(cli_call *cli, const char *path, const cairn_weights *weights);

/* The network's graph with numbers as input; training: with loss, gradients and update by its own defaults.
 */
cairn_status cairn_cli_model_graph(cli_call *cli, const cli_model *model, bool training, cairn_graph **graph);

typedef struct cli_totals {
    int64_t params, buffers, macs; /* params: trainable numbers, without those that a table leaves out */
} cli_totals;

cli_totals cairn_cli_totals(const cairn_graph *graph);

#endif
