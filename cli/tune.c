/* --tune: kernels chosen by measuring, and the user's cache, which keeps what was measured. */
#include "tune.h"
#include "base/file.h"
#include <stdlib.h>

/* $XDG_CACHE_HOME/cairn, or ~/.cache/cairn; NULL without either. Relative ones do not count, as the standard
 * for these folders has it. */
static cairn_status find_folder(cli_call *cli, char **folder)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    *folder = NULL;
    if (cache && cache[0] == '/') {
        *folder = cairn_path_join(cli->ctx, cache, "cairn");
    } else if (home && home[0] == '/') {
        *folder = cairn_path_join(cli->ctx, home, ".cache/cairn");
    } else {
        cairn_cli_warn(cli,
                       "--tune: there is no folder for a cache (expected HOME or XDG_CACHE_HOME); what is "
                       "measured is not kept");
        return CAIRN_OK;
    }
    return *folder ? CAIRN_OK : CAIRN_MEMORY;
}

cairn_status cairn_cli_tune_open(cli_call *cli, cairn_tuning **tuning)
{
    char *folder;
    *tuning = NULL;
    if (!cairn_cli_given(cli, OPTION_TUNE))
        return CAIRN_OK;
    cairn_status status = find_folder(cli, &folder);
    if (status == CAIRN_OK)
        status = cairn_tuning_open(cli->ctx, folder, tuning);
    cairn_free(cli->ctx, folder);
    return status;
}

void cairn_cli_tune_keep(cli_call *cli, cairn_tuning *tuning)
{
    if (tuning && cairn_tuning_save(tuning) != CAIRN_OK)
        cairn_cli_warn(cli, "--tune: what was measured is not kept: %s", cairn_error(cli->ctx));
}

void cairn_cli_tune_json(cli_json *json, const cairn_tuning *tuning)
{
    if (!tuning)
        return;
    cairn_tuning_info info = cairn_tuning_about(tuning);
    cairn_cli_json_open(json, "tune", '{');
    cairn_cli_json_text(json, "file", info.path);
    cairn_cli_json_integer(json, "measured", info.measured);
    cairn_cli_json_integer(json, "read", info.read);
    cairn_cli_json_integer(json, "differ", info.differ);
    cairn_cli_json_close(json);
}

void cairn_cli_tune_text(FILE *file, const cairn_tuning *tuning)
{
    if (!tuning)
        return;
    cairn_tuning_info info = cairn_tuning_about(tuning);
    fprintf(file, "tuned: %d choice%s of kernels measured, %d read, %d other than the model's\n",
            info.measured, info.measured == 1 ? "" : "s", info.read, info.differ);
    if (!info.path)
        return;
    fputs("       ", file);
    cairn_cli_put(file, info.path, cairn_cli_columns(info.path));
    putc('\n', file);
}
