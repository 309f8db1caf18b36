/* cairn data: looks after data sets: what is wrong with one (check), and packing it for fast training (pack).
 */
#include "commands.h"
#include "output.h"
#include <string.h>

#define KIND_COLUMNS 10

static const char *const kinds[CAIRN_FINDING_KINDS] = {
    [CAIRN_FINDING_BROKEN] = "broken",       [CAIRN_FINDING_TRUNCATED] = "truncated",
    [CAIRN_FINDING_DAMAGED] = "damaged",     [CAIRN_FINDING_MISNAMED] = "misnamed",
    [CAIRN_FINDING_DUPLICATE] = "duplicate", [CAIRN_FINDING_CONFLICT] = "conflict",
    [CAIRN_FINDING_LEAK] = "leak",
};

typedef struct work {
    cli_call *cli;
    cli_json json;
    bool bar; /* stands on the terminal's last line */
} work;

/* ---- progress ---- */

static void hide_bar(work *w)
{
    if (w->bar)
        fputs("\r\033[K", stderr);
    w->bar = false;
}

static void on_progress(void *user, int64_t done, int64_t count)
{
    work *w = user;
    char bar[CLI_BAR_BYTES];
    if (cairn_cli_given(w->cli, OPTION_QUIET) || !cairn_cli_is_terminal(stderr))
        return;
    double share = count > 0 ? (double)done / (double)count : 1;
    fprintf(stderr, "\r%3.0f%%|%s| %lld/%lld\033[K", 100 * share, cairn_cli_bar(share, CLI_LONGEST_BAR, bar),
            (long long)done, (long long)count);
    w->bar = true;
}

/* ---- check ---- */

static void on_found(void *user, const cairn_finding *finding)
{
    work *w = user;
    if (cairn_cli_given(w->cli, OPTION_JSON)) {
        cairn_cli_json_open(&w->json, NULL, '{');
        cairn_cli_json_text(&w->json, "kind", kinds[finding->kind]);
        cairn_cli_json_text(&w->json, "file", finding->file);
        cairn_cli_json_text(&w->json, "text", finding->text);
        cairn_cli_json_close(&w->json);
        return;
    }
    hide_bar(w);
    char file[4096], text[4096];
    printf("%-*s %s: %s\n", KIND_COLUMNS, kinds[finding->kind],
           cairn_cli_escape(finding->file, file, sizeof file),
           cairn_cli_escape(finding->text, text, sizeof text));
}

static void put_summary(work *w, int64_t pictures, const int64_t count[CAIRN_FINDING_KINDS], int64_t all)
{
    if (cairn_cli_given(w->cli, OPTION_JSON)) {
        cairn_cli_json_close(&w->json);
        for (int i = 0; i < CAIRN_FINDING_KINDS; i++)
            cairn_cli_json_integer(&w->json, kinds[i], count[i]);
        cairn_cli_json_close(&w->json);
        return;
    }
    char number[CLI_NUMBER_BYTES];
    printf("%s%s pictures", all > 0 ? "\n" : "", cairn_cli_count(pictures, number));
    for (int i = 0; i < CAIRN_FINDING_KINDS; i++)
        if (count[i] > 0)
            printf(", %lld %s", (long long)count[i], kinds[i]);
    puts(all > 0 ? "" : ", all sound, no two alike");
}

static cairn_status check(work *w, const cairn_dataset *set)
{
    const cairn_dataset_info *info = cairn_dataset_about(set);
    cairn_check_hooks hooks = {.found = on_found, .progress = on_progress, .user = w};
    int64_t count[CAIRN_FINDING_KINDS], all = 0;
    int64_t pictures = info->count[CAIRN_TRAIN] + info->count[CAIRN_TEST];
    if (cairn_cli_given(w->cli, OPTION_JSON)) {
        cairn_cli_json_open(&w->json, NULL, '{');
        cairn_cli_json_text(&w->json, "data", info->path);
        cairn_cli_json_integer(&w->json, "pictures", pictures);
        cairn_cli_json_open(&w->json, "findings", '[');
    }
    cairn_status status = cairn_dataset_check(w->cli->ctx, set, &hooks, count);
    hide_bar(w);
    if (status != CAIRN_OK)
        return status;
    for (int i = 0; i < CAIRN_FINDING_KINDS; i++)
        all += count[i];
    put_summary(w, pictures, count, all);
    return all > 0 ? CAIRN_PARTIAL : CAIRN_OK;
}

/* ---- pack ---- */

static void on_skipped(void *user, const char *message)
{
    work *w = user;
    hide_bar(w);
    cairn_cli_warn(w->cli, "%s", message);
}

static cairn_status pack(work *w, const cairn_dataset *set)
{
    cli_call *cli = w->cli;
    const char *out = cairn_cli_text(cli, OPTION_OUTPUT, NULL);
    cairn_pack_options options = {.raw = cairn_cli_given(cli, OPTION_RAW),
                                  .side = cairn_cli_int(cli, OPTION_SIDE, 0),
                                  .quality = cairn_cli_int(cli, OPTION_QUALITY, 0),
                                  .progress = on_progress,
                                  .skipped = on_skipped,
                                  .user = w};
    cairn_packed packed;
    cairn_status status = cairn_dataset_pack(cli->ctx, set, out, &options, &packed);
    hide_bar(w);
    if (status != CAIRN_OK)
        return status;
    if (cairn_cli_given(cli, OPTION_JSON)) {
        cairn_cli_json_open(&w->json, NULL, '{');
        cairn_cli_json_text(&w->json, "packed", out);
        cairn_cli_json_integer(&w->json, "pictures", packed.pictures);
        cairn_cli_json_integer(&w->json, "skipped", packed.skipped);
        cairn_cli_json_integer(&w->json, "bytes", packed.bytes);
        cairn_cli_json_close(&w->json);
    } else {
        char pictures[CLI_NUMBER_BYTES], bytes[CLI_NUMBER_BYTES], name[CLI_NAME_BYTES];
        printf("%s  %s pictures, %s\n", cairn_cli_brief(out, name),
               cairn_cli_count(packed.pictures, pictures), cairn_cli_bytes((double)packed.bytes, bytes));
    }
    return packed.skipped > 0 ? CAIRN_PARTIAL : CAIRN_OK;
}

static cairn_status run(cli_call *cli)
{
    work w = {.cli = cli};
    bool checks = strcmp(cli->names[0], "check") == 0, packs = strcmp(cli->names[0], "pack") == 0;
    if (!checks && !packs)
        return cairn_cli_fail(cli, CAIRN_USAGE, "data: expected 'check' or 'pack', found '%.40s'",
                              cli->names[0]);
    if (packs && !cairn_cli_given(cli, OPTION_OUTPUT))
        return cairn_cli_fail(cli, CAIRN_USAGE, "data pack: the new folder is missing (expected -o OUT)");
    for (const cli_option_id *id =
             (const cli_option_id[]){OPTION_OUTPUT, OPTION_RAW, OPTION_SIDE, OPTION_QUALITY, OPTION_NONE};
         checks && *id; id++)
        if (cairn_cli_given(cli, *id))
            return cairn_cli_fail(cli, CAIRN_USAGE, "data check: --%s goes with pack",
                                  cairn_cli_options[*id].name);
    cairn_dataset *set;
    cairn_status status = cairn_dataset_open(cli->ctx, cli->names[1], NULL, &set);
    if (status != CAIRN_OK)
        return status;
    status = checks ? check(&w, set) : pack(&w, set);
    cairn_dataset_close(set);
    return status;
}

const cli_command cairn_cli_data = {
    .name = "data",
    .arguments = "check|pack DATA",
    .help = "finds broken pictures; packs a folder for fast training",
    .text =
        "check reads every picture and names those that are broken, truncated (end too early), damaged (can "
        "be read, with faults), misnamed (a PNG called .jpg), duplicates within a class, conflicts (the same "
        "file in two classes) and leaks (the same file in the training and the test part). The exit code is "
        "8 "
        "if there is anything.\n\n"
        "pack writes a new folder of shards with an index, which train and eval take as DATA: JPEG files "
        "with "
        "short sides of at most --side, or with --raw pixels, which need no decoding. Pictures that cannot "
        "be "
        "read are named and left out, and the exit code is 8.",
    .examples = {{"cairn data check photos", "before a long training"},
                 {"cairn data pack photos -o packed", "256 pixels, JPEG"},
                 {"cairn data pack photos -o packed --raw --side 160", "larger on the disk, and much faster"},
                 {"cairn train resnet18 packed", "as with the folder itself"}},
    .options = {OPTION_OUTPUT, OPTION_RAW, OPTION_SIDE, OPTION_QUALITY, OPTION_THREADS, OPTION_JSON,
                OPTION_QUIET, OPTION_VERBOSE},
    .min_names = 2,
    .max_names = 2,
    .completion = CLI_COMPLETE_FILES,
    .run = run,
};
