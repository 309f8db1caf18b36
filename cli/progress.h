/* What training shows while it works: a bar on a terminal, a line every few seconds elsewhere. */
#ifndef CAIRN_CLI_PROGRESS_H
#define CAIRN_CLI_PROGRESS_H

#include "command.h"

typedef struct cli_progress {
    bool terminal;
    bool drawn;  /* a bar stands on the last line */
    double last; /* when something was shown */
} cli_progress;

/* Begins to show, unless --quiet. */
void cairn_cli_progress_begin(cli_call *cli, cli_progress *progress);
void cairn_cli_progress_show(cli_call *cli, const cairn_train_progress *now);

/* Takes the bar off the terminal before another line is printed; it comes again with the next step. */
void cairn_cli_progress_hide(cli_call *cli);

/* Seconds on a clock that only goes forward. */
double cairn_cli_clock(void);

#endif
