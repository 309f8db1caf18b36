/* cairn report: builds the reports of runs anew, and one that compares them. */
#include "commands.h"
#include "output.h"
#include "report/run_record.h"
#include <string.h>

/* Leaves out those that are no runs, and says so. Gives how many are left, and the first failure. */
static int keep_runs(cli_call *cli, const char **runs, cairn_status *first)
{
    int kept = 0;
    *first = CAIRN_OK;
    for (int i = 0; i < cli->count; i++) {
        cairn_run_record record;
        cairn_status status = cairn_run_record_read(cli->ctx, cli->names[i], &record);
        if (status == CAIRN_OK) {
            cairn_run_record_close(&record);
            runs[kept++] = cli->names[i];
            continue;
        }
        *first = *first == CAIRN_OK ? status : *first;
        cairn_cli_error(cli, cairn_error(cli->ctx));
    }
    return kept;
}

/* comparison.html beside a run. */
static char *path_beside(cli_call *cli, const char *run)
{
    cairn_text path = {.ctx = cli->ctx};
    size_t length = strlen(run);
    while (length > 1 && run[length - 1] == '/')
        length--;
    while (length > 0 && run[length - 1] != '/')
        length--;
    cairn_text_add_bytes(&path, run, length);
    cairn_text_add(&path, "comparison.html");
    return path.data;
}

static cairn_status compare(cli_call *cli)
{
    cairn_status first, status = CAIRN_MEMORY;
    const char **runs = cairn_alloc(cli->ctx, (size_t)cli->count, sizeof *runs);
    int kept = runs ? keep_runs(cli, runs, &first) : 0;
    const char *path = cairn_cli_text(cli, OPTION_OUTPUT, NULL);
    char *beside = kept == 0 || path ? NULL : path_beside(cli, runs[0]);
    path = path ? path : beside;
    if (runs && kept == 0)
        status = cairn_cli_fail(cli, first, "none of these is a run");
    else if (path)
        status = cairn_report_compare(cli->ctx, runs, kept, path);
    if (status == CAIRN_OK)
        printf("%s\n", path);
    cairn_free(cli->ctx, beside);
    cairn_free(cli->ctx, runs);
    return status == CAIRN_OK && kept < cli->count ? CAIRN_PARTIAL : status;
}

static cairn_status run(cli_call *cli)
{
    if (cli->count > 1)
        return compare(cli);
    if (cairn_cli_given(cli, OPTION_OUTPUT))
        return cairn_cli_fail(cli, CAIRN_USAGE,
                              "--output: goes with several runs (the report of one is a part of its folder)");
    cairn_status status = cairn_report_run(cli->ctx, cli->names[0]);
    if (status == CAIRN_OK)
        printf("%s/report.html\n", cli->names[0]);
    return status;
}

const cli_command cairn_cli_report = {
    .name = "report",
    .arguments = "RUN...",
    .help = "builds the report of a run anew, or one that compares several",
    .text =
        "With several runs their results, curves and the settings in which they differ come into one page, "
        "comparison.html beside the first run; their own reports stay as they are.",
    .examples = {{"cairn report runs/lenet5-fashion-mnist-1", "writes report.html there"},
                 {"cairn report runs/*", "compares all runs in runs/comparison.html"}},
    .options = {OPTION_OUTPUT, OPTION_THREADS, OPTION_QUIET, OPTION_VERBOSE},
    .min_names = 1,
    .max_names = -1,
    .completion = CLI_COMPLETE_FILES,
    .run = run,
};
