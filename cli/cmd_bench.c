/* cairn bench: how fast a network runs here, and what share of the machine's peak that is. */
#include "base/base.h"
#include "base/rng.h"
#include "commands.h"
#include "model.h"
#include "output.h"
#include "progress.h"
#include <stdlib.h>
#include <string.h>

#define MIN_REPETITIONS 10
#define MAX_REPETITIONS 1000000
#define WARM_UP_SHARE 0.2   /* of the time */
#define LEARNING_RATE 1e-6f /* weights hardly move, so that all steps do the same work */

typedef struct benchmark {
    cli_call *cli;
    cli_model model;
    cairn_graph *graph;
    cairn_weights *weights, *state;
    cairn_plan *plan;
    bool training;
    int batch;
    double macs, peak;
    double median, minimum; /* seconds */
} benchmark;

static double run_seconds(benchmark *b, cairn_status *status)
{
    cairn_run_options options = {.n = b->batch, .lr = LEARNING_RATE};
    double begin = cairn_cli_clock();
    *status = cairn_plan_run(b->plan, &options);
    return cairn_cli_clock() - begin;
}

/* Random pictures, and classes for training. */
static void fill_inputs(benchmark *b)
{
    cairn_shape shape = cairn_plan_shape(b->plan, "image"), scores = cairn_plan_shape(b->plan, "logits");
    int64_t count = b->batch * cairn_shape_elements(&shape), classes = cairn_shape_elements(&scores);
    float *image = cairn_plan_data(b->plan, "image");
    int32_t *labels = cairn_plan_data(b->plan, "labels");
    int64_t *samples = cairn_plan_data(b->plan, "samples");
    uint32_t words[4];
    cairn_rng rng = cairn_rng_at(0, CAIRN_STREAM_USER, 0, 0, 0, 0);
    for (int64_t i = 0; i < count; i++) {
        if (i % 4 == 0)
            cairn_rng_block(&rng, (uint32_t)(i / 4), words);
        image[i] = 2 * cairn_rng_unit(words[i % 4]) - 1;
    }
    for (int i = 0; i < b->batch; i++) {
        if (labels && classes > 0)
            labels[i] = (int32_t)(i % classes);
        if (samples)
            samples[i] = i;
    }
}

static cairn_status prepare(benchmark *b, const char *argument)
{
    cairn_ctx *ctx = b->cli->ctx;
    cairn_status status = cairn_cli_model_open(b->cli, argument, &b->model);
    if (status == CAIRN_OK)
        status = cairn_cli_model_graph(b->cli, &b->model, b->training, &b->graph);
    if (status == CAIRN_OK)
        status = cairn_weights_init(ctx, b->graph, CAIRN_F32, 0, &b->weights);
    if (status == CAIRN_OK)
        status = cairn_weights_create(ctx, &b->state);
    cairn_plan_options options = {
        .batch = b->batch, .training = b->training, .outputs = b->training ? NULL : "logits"};
    if (status == CAIRN_OK)
        status = cairn_plan_create(ctx, b->graph, b->weights, b->state, &options, &b->plan);
    if (status == CAIRN_OK && !b->training) {
        status = cairn_plan_prepare(b->plan);
        cairn_weights_destroy(b->weights);
        b->weights = NULL;
    }
    if (status != CAIRN_OK)
        return status;
    b->macs = (double)cairn_cli_totals(b->graph).macs;
    fill_inputs(b);
    return CAIRN_OK;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Repeats the run for about `seconds` after a warm-up that also finds out how often that is. */
static cairn_status measure(benchmark *b, double seconds)
{
    cairn_status status = CAIRN_OK;
    double begin = cairn_cli_clock(), spent = 0;
    int warm_ups = 0;
    do {
        run_seconds(b, &status);
        warm_ups++;
        spent = cairn_cli_clock() - begin;
    } while (status == CAIRN_OK && spent < WARM_UP_SHARE * seconds);
    double wanted = seconds / (spent / warm_ups);
    int repetitions = wanted < MIN_REPETITIONS   ? MIN_REPETITIONS
                      : wanted > MAX_REPETITIONS ? MAX_REPETITIONS
                                                 : (int)wanted;
    double *times = cairn_alloc(b->cli->ctx, (size_t)repetitions, sizeof *times);
    if (!times)
        return CAIRN_MEMORY;
    for (int i = 0; status == CAIRN_OK && i < repetitions; i++)
        times[i] = run_seconds(b, &status);
    qsort(times, (size_t)repetitions, sizeof *times, by_value);
    b->median = times[repetitions / 2];
    b->minimum = times[0];
    cairn_free(b->cli->ctx, times);
    return status;
}

static double gflops(const benchmark *b)
{
    return 2e-9 * b->macs * b->batch * (b->training ? 3 : 1) / b->median;
}

static const char *mode(const benchmark *b)
{
    return b->training ? "train" : "infer";
}

static void put_json(const benchmark *b)
{
    cli_json json = {0};
    cairn_cli_json_open(&json, NULL, '{');
    cairn_cli_json_text(&json, "model", b->model.model->name);
    cairn_cli_json_text(&json, "mode", mode(b));
    cairn_cli_json_integer(&json, "batch", b->batch);
    cairn_cli_json_text(&json, "precision", "f32");
    cairn_cli_json_integer(&json, "threads", cairn_threads(b->cli->ctx));
    cairn_cli_json_real(&json, "median_ms", 1e3 * b->median);
    cairn_cli_json_real(&json, "min_ms", 1e3 * b->minimum);
    cairn_cli_json_real(&json, "images_per_s", b->batch / b->median);
    cairn_cli_json_real(&json, "gflops", gflops(b));
    cairn_cli_json_real(&json, "peak_gflops", b->peak);
    cairn_cli_json_close(&json);
}

/* "12.3 us", "1.50 ms". */
static char *put_time(double seconds, char text[CLI_NUMBER_BYTES])
{
    double value = seconds < 1e-3 ? 1e6 * seconds : 1e3 * seconds;
    snprintf(text, CLI_NUMBER_BYTES, "%.*f %s",
             value < 10    ? 2
             : value < 100 ? 1
                           : 0,
             value, seconds < 1e-3 ? "us" : "ms");
    return text;
}

static void put_row(const benchmark *b)
{
    char median[CLI_NUMBER_BYTES], minimum[CLI_NUMBER_BYTES], images[CLI_NUMBER_BYTES];
    printf("%-16s  %-5s  %5d  %8s  %8s  %8s  %7.1f  %5.1f %%\n", b->model.model->name, mode(b), b->batch,
           put_time(b->median, median), put_time(b->minimum, minimum),
           cairn_cli_short(b->batch / b->median, images), gflops(b),
           b->peak > 0 ? 100 * gflops(b) / b->peak : 0);
}

/* Where the time of a run goes, as the mean of some runs. */
static cairn_status put_layers(benchmark *b)
{
    int count = cairn_plan_step_count(b->plan);
    double *seconds = cairn_alloc(b->cli->ctx, (size_t)(count > 0 ? count : 1), sizeof *seconds), sum = 0;
    if (!seconds)
        return CAIRN_MEMORY;
    cairn_status status = CAIRN_OK;
    cairn_plan_profile(b->plan, true);
    for (int run = 0; status == CAIRN_OK && run < MIN_REPETITIONS; run++) {
        run_seconds(b, &status);
        for (int i = 0; i < count; i++)
            seconds[i] += cairn_plan_step_at(b->plan, i).seconds / MIN_REPETITIONS;
    }
    cairn_plan_profile(b->plan, false);
    for (int i = 0; i < count; i++)
        sum += seconds[i];
    printf("\n  %-18s  %-18s  %-20s  %8s   share\n", "step", "operator", "kernel", "cpu time");
    for (int i = 0; i < count; i++) {
        cairn_step_info step = cairn_plan_step_at(b->plan, i);
        char time[CLI_NUMBER_BYTES], kernel[64];
        snprintf(kernel, sizeof kernel, "%s %s", step.kernel, step.isa);
        fputs("  ", stdout);
        cairn_cli_put(stdout, step.name, 18);
        printf("  %-18s  %-20s  %8s  %4.1f %%\n", step.op, kernel, put_time(seconds[i], time),
               sum > 0 ? 100 * seconds[i] / sum : 0);
    }
    putchar('\n');
    cairn_free(b->cli->ctx, seconds);
    return status;
}

static void put_header(const benchmark *b)
{
    int threads = cairn_threads(b->cli->ctx);
    printf("%d thread%s, %s kernels, peak measured %.0f GFLOP/s\n\n", threads, threads == 1 ? "" : "s",
           cairn_isa_name(), b->peak);
    printf("%-16s  %-5s  %5s  %8s  %8s  %8s  %7s  %7s\n", "model", "mode", "batch", "median", "minimum",
           "images/s", "GFLOP/s", "of peak");
}

static cairn_status bench_one(cli_call *cli, const char *argument, double peak, bool first)
{
    benchmark b = {.cli = cli,
                   .training = cairn_cli_given(cli, OPTION_TRAIN),
                   .batch = cairn_cli_int(cli, OPTION_BATCH, 1),
                   .peak = peak};
    cairn_status status = prepare(&b, argument);
    if (status == CAIRN_OK)
        status = measure(&b, cairn_cli_real(cli, OPTION_SECONDS, 1));
    if (status == CAIRN_OK) {
        bool json = cairn_cli_given(cli, OPTION_JSON);
        if (first && !json)
            put_header(&b);
        (json ? put_json : put_row)(&b);
        fflush(stdout);
        if (cairn_cli_given(cli, OPTION_LAYERS) && !json)
            status = put_layers(&b);
    }
    cairn_plan_destroy(b.plan);
    cairn_weights_destroy(b.state);
    cairn_weights_destroy(b.weights);
    cairn_graph_destroy(b.graph);
    cairn_cli_model_close(&b.model);
    return status;
}

static cairn_status run(cli_call *cli)
{
    double peak = cairn_measure_peak(cli->ctx);
    cairn_status status = CAIRN_OK;
    for (int i = 0; status == CAIRN_OK && i < cli->count; i++)
        status = bench_one(cli, cli->names[i], peak, i == 0);
    return status;
}

const cli_command cairn_cli_bench = {
    .name = "bench",
    .arguments = "MODEL...",
    .help = "how fast networks run on this machine",
    .text =
        "Measured is the median of many runs on random pictures after a warm-up. GFLOP/s counts 2 for each "
        "multiply-accumulate, and training three times the forward pass; a training step includes loss and "
        "update. The "
        "peak is what the same threads reach in a loop of multiply-adds.",
    .examples = {{"cairn bench lenet5", "latency of one picture"},
                 {"cairn bench lenet5 --train --batch 64", "a training step"},
                 {"cairn bench lenet5 --layers --threads 1", "where the time goes"}},
    .options = {OPTION_BATCH, OPTION_TRAIN, OPTION_LAYERS, OPTION_SECONDS, OPTION_PRECISION, OPTION_INPUT,
                OPTION_CLASSES, OPTION_SET, OPTION_THREADS, OPTION_JSON},
    .min_names = 1,
    .max_names = -1,
    .completion = CLI_COMPLETE_MODELS,
    .run = run,
};
