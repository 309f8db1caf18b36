/* All verbs, one file each (cmd_NAME.c), in the order of the help text. */
#ifndef CAIRN_CLI_COMMANDS_H
#define CAIRN_CLI_COMMANDS_H

#include "command.h"

#define CLI_COMMANDS(X)                                                                                      \
    X(models)                                                                                                \
    X(summary)                                                                                               \
    X(draw) X(train) X(eval) X(predict) X(inspect) X(convert) X(bench) X(data) X(report) X(doctor) X(help)

#define COMMAND(name) extern const cli_command cairn_cli_##name;
CLI_COMMANDS(COMMAND)
#undef COMMAND

#endif
