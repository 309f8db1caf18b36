/* cairn bench --layers and --picture: where the time of a run goes, as a table, as JSON and as a picture. */
#include "base/base.h"
#include "bench.h"
#include "report/profile.h"
#include <string.h>

#define MOST_RUNS 200
#define LEAST_RUNS 10
#define LONGEST_NAME 30

typedef struct columns {
    int name, op, kernel;
} columns;

static void put_kernel(char text[64], const cairn_profile_step *step)
{
    snprintf(text, 64, "%s %s", step->kernel, step->isa);
}

static columns find_widths(const cairn_profile *profile)
{
    columns c = {4, 8, 6}; /* of their headings */
    for (int i = 0; i < profile->count; i++) {
        const cairn_profile_step *step = &profile->step[i];
        char kernel[64];
        put_kernel(kernel, step);
        c.name = (int)cairn_max(c.name, cairn_min(LONGEST_NAME, cairn_cli_columns(step->name)));
        c.op = (int)cairn_max(c.op, cairn_cli_columns(step->op));
        c.kernel = (int)cairn_max(c.kernel, cairn_cli_columns(kernel));
    }
    return c;
}

static void put_numbers(const cairn_profile *profile, const cairn_profile_step *step, const char *bound)
{
    char time[CLI_NUMBER_BYTES], bytes[CLI_NUMBER_BYTES];
    double gflops = cairn_profile_gflops(step);
    printf("  %8s  %5.1f %%", cairn_cli_time(step->cpu_seconds, time),
           profile->total.cpu_seconds > 0 ? 100 * step->cpu_seconds / profile->total.cpu_seconds : 0);
    if (step->work > 0 && profile->peak > 0)
        printf("  %7.1f  %3.0f %%", gflops, 100 * gflops / profile->peak);
    else
        printf("  %7s  %5s", "", "");
    printf("  %9s  %3.0f %% %s\n", cairn_cli_bytes(step->bytes, bytes),
           100 * cairn_profile_share_of_roof(step), bound);
}

static void put_table(const cairn_profile *profile)
{
    columns c = find_widths(profile);
    char time[CLI_NUMBER_BYTES];
    printf("\n  %-*s  %-*s  %-*s  %8s  %7s  %7s  %5s  %9s  %s\n", c.name, "step", c.op, "operator", c.kernel,
           "kernel", "cpu time", "share", "GFLOP/s", "peak", "bytes", "of its roof");
    for (int i = 0; i < profile->count; i++) {
        const cairn_profile_step *step = &profile->step[i];
        char kernel[64];
        put_kernel(kernel, step);
        fputs("  ", stdout);
        cairn_cli_put(stdout, step->name, c.name);
        printf("  %-*s  %-*s", c.op, step->op, c.kernel, kernel);
        put_numbers(profile, step, step->memory_bound ? profile->bandwidth.level[step->level].name : "peak");
    }
    char steps[64];
    snprintf(steps, sizeof steps, "%d step%s", profile->count, profile->count == 1 ? "" : "s");
    printf("  %-*s", c.name + c.op + c.kernel + 4, steps);
    put_numbers(profile, &profile->total, "");
    double busy = profile->total.seconds / profile->run_seconds;
    printf(
        "\n  Cpu time is that of all threads. A run took %s, of which %d thread%s worked %.0f %% and waited "
        "the rest.\n  GFLOP/s, peak and roof are those of the time at work. Reading, measured:",
        cairn_cli_time(profile->run_seconds, time), profile->threads, profile->threads == 1 ? "" : "s",
        100 * busy);
    const char *comma = "";
    for (int i = 0; i < CAIRN_MEMORY_LEVELS; i++) {
        const cairn_memory_level *level = &profile->bandwidth.level[i];
        if (level->read > 0)
            printf("%s %s %.0f", comma, level->name, level->read);
        comma = level->read > 0 ? "," : comma;
    }
    printf(" GB/s.\n\n");
}

static void put_json_step(cli_json *json, const cairn_profile *profile, const cairn_profile_step *step)
{
    double gflops = cairn_profile_gflops(step);
    cairn_cli_json_open(json, NULL, '{');
    cairn_cli_json_text(json, "name", step->name);
    cairn_cli_json_text(json, "op", step->op);
    cairn_cli_json_text(json, "kernel", step->kernel);
    cairn_cli_json_text(json, "isa", step->isa);
    cairn_cli_json_real(json, "cpu_ms", 1e3 * step->cpu_seconds);
    cairn_cli_json_real(json, "share", step->cpu_seconds / profile->total.cpu_seconds);
    cairn_cli_json_real(json, "gflops", gflops);
    cairn_cli_json_real(json, "peak_share", profile->peak > 0 ? gflops / profile->peak : 0);
    cairn_cli_json_real(json, "bytes", step->bytes);
    cairn_cli_json_real(json, "roofline_share", cairn_profile_share_of_roof(step));
    cairn_cli_json_text(json, "bound",
                        step->memory_bound ? profile->bandwidth.level[step->level].name : "peak");
    cairn_cli_json_close(json);
}

static void put_json(const cli_bench *b, const cairn_profile *profile)
{
    cli_json json = {0};
    cairn_cli_json_open(&json, NULL, '{');
    cairn_cli_json_text(&json, "model", b->model.model->name);
    cairn_cli_json_integer(&json, "threads", profile->threads);
    cairn_cli_json_real(&json, "run_ms", 1e3 * profile->run_seconds);
    cairn_cli_json_real(&json, "cpu_ms", 1e3 * profile->total.cpu_seconds);
    cairn_cli_json_real(&json, "peak_gflops", profile->peak);
    cairn_cli_json_open(&json, "read_gb_per_s", '{');
    for (int i = 0; i < CAIRN_MEMORY_LEVELS; i++)
        if (profile->bandwidth.level[i].read > 0)
            cairn_cli_json_real(&json, profile->bandwidth.level[i].name, profile->bandwidth.level[i].read);
    cairn_cli_json_close(&json);
    cairn_cli_json_open(&json, "layers", '[');
    for (int i = 0; i < profile->count; i++)
        put_json_step(&json, profile, &profile->step[i]);
    cairn_cli_json_close(&json);
    cairn_cli_json_close(&json);
}

static cairn_status write_picture(const cli_bench *b, const cairn_profile *profile, const char *path)
{
    char title[128], text[256], median[CLI_NUMBER_BYTES], images[CLI_NUMBER_BYTES];
    int threads = profile->threads;
    snprintf(title, sizeof title, "%s, %s", b->model.model->name, b->training ? "training" : "inference");
    snprintf(
        text, sizeof text,
        "batch %d, %s, %d thread%s, %s kernels: median %s, %s images/s, %.1f GFLOP/s, %.0f %% of the peak",
        b->batch, cairn_cli_bench_precision(b), threads, threads == 1 ? "" : "s", cairn_isa_name(),
        cairn_cli_time(b->median, median), cairn_cli_rate(b->batch / b->median, images),
        cairn_cli_bench_gflops(b), b->peak > 0 ? 100 * cairn_cli_bench_gflops(b) / b->peak : 0);
    cairn_status status = cairn_profile_write(profile, path, title, text);
    if (status == CAIRN_OK)
        cairn_cli_note(b->cli, "%s", path);
    return status;
}

cairn_status cairn_cli_bench_layers(cli_bench *b)
{
    const char *path = cairn_cli_text(b->cli, OPTION_PICTURE, NULL);
    bool layers = cairn_cli_given(b->cli, OPTION_LAYERS), json = cairn_cli_given(b->cli, OPTION_JSON);
    if (!layers && !path)
        return CAIRN_OK;
    double wanted = cairn_cli_real(b->cli, OPTION_SECONDS, 1) / b->median;
    int runs = wanted < LEAST_RUNS ? LEAST_RUNS : wanted > MOST_RUNS ? MOST_RUNS : (int)wanted;
    cairn_profile profile;
    cairn_status status = cairn_profile_measure(b->cli->ctx, b->plan, &b->run, runs, b->peak, &profile);
    if (status != CAIRN_OK)
        return status;
    if (layers && json)
        put_json(b, &profile);
    else if (layers)
        put_table(&profile);
    fflush(stdout);
    if (path)
        status = write_picture(b, &profile, path);
    cairn_profile_free(&profile);
    return status;
}

cairn_status cairn_cli_bench_check(cli_call *cli)
{
    const char *path = cairn_cli_text(cli, OPTION_PICTURE, NULL);
    if (!path)
        return CAIRN_OK;
    cairn_picture_format format = cairn_format_of(path);
    if (format == CAIRN_FORMAT_NONE || format == CAIRN_FORMAT_DOT)
        return cairn_cli_fail(cli, CAIRN_USAGE,
                              "--picture: %s (expected a name that ends in .svg, .pdf or .png)", path);
    if (cli->count > 1)
        return cairn_cli_fail(cli, CAIRN_USAGE, "--picture: expected one model, found %d", cli->count);
    return cairn_cli_check_output(cli, path, cli->names[0]);
}
