/* --tune: kernels chosen by measuring, and the user's cache, which keeps what was measured. */
#ifndef CAIRN_CLI_TUNE_H
#define CAIRN_CLI_TUNE_H

#include "output.h"

/* Reads what was measured before; *tuning is NULL without --tune. */
cairn_status cairn_cli_tune_open(cli_call *cli, cairn_tuning **tuning);

/* Keeps what was measured since; a warning when that cannot be done. All take NULL and do nothing then. */
void cairn_cli_tune_keep(cli_call *cli, cairn_tuning *tuning);

/* How the kernels were chosen, as the object "tune", or in a line. */
void cairn_cli_tune_json(cli_json *json, const cairn_tuning *tuning);
void cairn_cli_tune_text(FILE *file, const cairn_tuning *tuning);

#endif
