/* cairn report: builds the reports of runs anew. */
#include "commands.h"
#include "output.h"

static cairn_status run(cli_call *cli)
{
    cairn_status first = CAIRN_OK;
    int failed = 0;
    for (int i = 0; i < cli->count; i++) {
        cairn_status status = cairn_report_run(cli->ctx, cli->names[i]);
        if (status == CAIRN_OK) {
            printf("%s/report.html\n", cli->names[i]);
            continue;
        }
        first = failed++ == 0 ? status : first;
        if (cli->count > 1)
            cairn_cli_error(cli, cairn_error(cli->ctx));
    }
    if (failed == 0 || cli->count == 1)
        return first;
    cairn_cli_note(cli, "%d of %d reports could not be built", failed, cli->count);
    return failed < cli->count ? CAIRN_PARTIAL : cairn_cli_fail(cli, first, "no report could be built");
}

const cli_command cairn_cli_report = {
    .name = "report",
    .arguments = "RUN...",
    .help = "builds the report of a run anew",
    .examples = {{"cairn report runs/lenet5-fashion-mnist-1", "writes report.html there"}},
    .options = {OPTION_THREADS, OPTION_QUIET, OPTION_VERBOSE},
    .min_names = 1,
    .max_names = -1,
    .completion = CLI_COMPLETE_FILES,
    .run = run,
};
