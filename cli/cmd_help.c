/* cairn help: about the command or one verb, and what is made from the same tables: manual page and
 * completions. */
#include "commands.h"
#include "output.h"

static cairn_status run(cli_call *cli)
{
    if (cairn_cli_given(cli, OPTION_MAN))
        cairn_cli_man_page(stdout);
    else if (cairn_cli_given(cli, OPTION_BASH_COMPLETION))
        cairn_cli_bash_completion(stdout);
    else if (cairn_cli_given(cli, OPTION_ZSH_COMPLETION))
        cairn_cli_zsh_completion(stdout);
    else if (cli->count == 0)
        cairn_cli_help_overview(stdout);
    else {
        const cli_command *command = cairn_cli_command_find(cli->names[0]);
        char brief[CLI_NAME_BYTES];
        if (!command)
            return cairn_cli_fail(cli, CAIRN_USAGE, "unknown verb '%s' (cairn --help lists what there is)",
                                  cairn_cli_brief(cli->names[0], brief));
        cairn_cli_help_command(command, stdout);
    }
    return CAIRN_OK;
}

const cli_command cairn_cli_help = {
    .name = "help",
    .arguments = "[VERB]",
    .help = "explains the command or a verb",
    .examples = {{"cairn help train", "what train can do"},
                 {"cairn help --man > cairn.1", "the manual page"}},
    .options = {OPTION_MAN, OPTION_BASH_COMPLETION, OPTION_ZSH_COMPLETION},
    .max_names = 1,
    .completion = CLI_COMPLETE_VERBS,
    .run = run,
};
