/* The table of verbs. */
#include "commands.h"
#include <string.h>

const cli_command *const cairn_cli_commands[] = {
#define COMMAND(name) &cairn_cli_##name,
    CLI_COMMANDS(COMMAND)
#undef COMMAND
        NULL};

const cli_command *cairn_cli_command_find(const char *name)
{
    for (const cli_command *const *command = cairn_cli_commands; *command; command++)
        if (strcmp((*command)->name, name) == 0)
            return *command;
    return NULL;
}
