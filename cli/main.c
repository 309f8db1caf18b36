/* The command `cairn`: finds the verb, reads its options, runs it, and says in one line what went wrong. The
 * exit code is the library's status. */
#include "base/text.h"
#include "output.h"
#include "signals.h"
#include <string.h>

#define MAX_COMMANDS 32

static cairn_status fail_verb(cli_call *cli, const char *typed)
{
    const char *names[MAX_COMMANDS];
    size_t count = 0;
    char brief[CLI_NAME_BYTES];
    while (cairn_cli_commands[count] && count < MAX_COMMANDS) {
        names[count] = cairn_cli_commands[count]->name;
        count++;
    }
    cairn_cli_brief(typed, brief);
    const char *nearest = cairn_nearest_name(brief, names, count);
    const char *what = *typed == '-' ? "option" : "verb";
    if (nearest)
        return cairn_cli_fail(cli, CAIRN_USAGE, "unknown %s '%s' (did you mean 'cairn %s'?)", what, brief,
                              nearest);
    return cairn_cli_fail(cli, CAIRN_USAGE, "unknown %s '%s' (cairn --help lists what there is)", what,
                          brief);
}

static cairn_status run_verb(cli_call *cli, int argc, char **argv)
{
    cairn_status status = cairn_cli_parse(cli, argc, argv);
    if (status != CAIRN_OK)
        return status;
    if (cairn_cli_given(cli, OPTION_HELP)) {
        cairn_cli_help_command(cli->command, stdout);
        return CAIRN_OK;
    }
    cairn_ctx_options options = {
        .threads = cairn_cli_int(cli, OPTION_THREADS, 0), .log = cairn_cli_log, .log_user = cli};
    status = cairn_ctx_create(&options, &cli->ctx);
    return status != CAIRN_OK ? status : cli->command->run(cli);
}

static cairn_status run(cli_call *cli, int argc, char **argv)
{
    if (argc < 2) {
        cairn_cli_help_overview(stderr);
        return CAIRN_USAGE;
    }
    const char *verb = argv[1];
    if (strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0) {
        cairn_cli_help_overview(stdout);
        return CAIRN_OK;
    }
    if (strcmp(verb, "--version") == 0 || strcmp(verb, "-V") == 0) {
        printf("cairn %s\n", cairn_version());
        return CAIRN_OK;
    }
    cli->command = cairn_cli_command_find(verb);
    return cli->command ? run_verb(cli, argc - 1, argv + 1) : fail_verb(cli, verb);
}

/* Failures that the verb has already told, such as single files of many, come without a text. */
static void tell(cli_call *cli, cairn_status status)
{
    const char *text = *cli->error ? cli->error : cli->ctx ? cairn_error(cli->ctx) : "";
    char bug[2 * CLI_ERROR_BYTES];
    if (status == CAIRN_OK || status == CAIRN_PARTIAL || status == CAIRN_INTERRUPTED) {
        cairn_cli_start(cli);
        return;
    }
    cairn_cli_forget(cli);
    if (status == CAIRN_FAILURE) {
        snprintf(bug, sizeof bug, "%s (a mistake in cairn: please report it)", text);
        text = bug;
    } else if (!*text && status == CAIRN_MEMORY) {
        text = cairn_status_text(status);
    }
    if (*text)
        cairn_cli_error(cli, text);
}

int main(int argc, char **argv)
{
    cli_call cli = {0};
    cairn_cli_reserve_streams();
    cairn_cli_signals_survive();
    cairn_status status = run(&cli, argc, argv);
    tell(&cli, status);
    status = cairn_cli_finish_output(&cli, status);
    cairn_ctx_destroy(cli.ctx);
    cairn_cli_free(&cli);
    return (int)status;
}
