/* Signals: what must not kill the program, and what asks training to stop. */
#ifndef CAIRN_CLI_SIGNALS_H
#define CAIRN_CLI_SIGNALS_H

#include <stdbool.h>

/* Errors of writing (a reader that went away, a file-size limit) and of reading shards that somebody cuts
 * come as error codes from now on. */
void cairn_cli_signals_survive(void);

/* From now on the first SIGINT, SIGTERM or SIGHUP sets a flag, the second leaves at once with 128 + its
 * number. */
void cairn_cli_signals_catch(void);

/* The signal that came, or 0. */
int cairn_cli_signal(void);

#endif
