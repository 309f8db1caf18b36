/* cairn bench: how fast a network runs here, and what share of the machine's peak that is. */
#include "base/base.h"
#include "base/rng.h"
#include "bench.h"
#include "commands.h"
#include "progress.h"
#include "tune.h"
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define MIN_REPETITIONS 10
#define MAX_REPETITIONS 1000000
#define WARM_UP_SHARE 0.2 /* of the time */
#define LEAST_SWITCHES 10
#define SWITCHES_PER_SECOND 50.0
#define LEARNING_RATE 1e-6f /* weights hardly move, so that all steps do the same work */

static double run_seconds(cli_bench *b, cairn_status *status)
{
    double begin = cairn_cli_clock();
    *status = cairn_plan_run(b->plan, &b->run);
    return cairn_cli_clock() - begin;
}

/* Random pictures, and classes for training. */
static void fill_inputs(cli_bench *b)
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

static cairn_status prepare(cli_bench *b, const char *argument)
{
    cairn_ctx *ctx = b->cli->ctx;
    cairn_status status = cairn_cli_model_open(b->cli, argument, &b->model);
    if (status == CAIRN_OK)
        status = cairn_cli_model_graph(b->cli, &b->model, b->training, &b->graph);
    if (status == CAIRN_OK)
        status = cairn_weights_init(ctx, b->graph, CAIRN_F32, 0, &b->weights);
    if (status == CAIRN_OK)
        status = cairn_weights_create(ctx, &b->state);
    if (status == CAIRN_OK)
        status = cairn_cli_tune_open(b->cli, &b->tuning);
    cairn_plan_options options = {.batch = b->batch,
                                  .precision = cairn_cli_precision(b->cli),
                                  .training = b->training,
                                  .recompute = cairn_cli_given(b->cli, OPTION_RECOMPUTE),
                                  .outputs = b->training ? NULL : "logits",
                                  .tuning = b->tuning};
    if (status == CAIRN_OK)
        status = cairn_plan_create(ctx, b->graph, b->weights, b->state, &options, &b->plan);
    if (status == CAIRN_OK)
        cairn_cli_tune_keep(b->cli, b->tuning);
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

/* ---- other work on the machine ---- */

/* The mean of the last minute: what ended just now counts, too, which is said. */
static void warn_of_load(cli_call *cli)
{
    double load = 0;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (getloadavg(&load, 1) == 1 && cores > 0 && load > (double)cores)
        cairn_cli_warn(cli, "bench: the machine is or was just busy: load average %.1f on %ld core%s", load,
                       cores, cores == 1 ? "" : "s");
}

static long switches(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_nivcsw : 0;
}

/* Something else ran where the threads wanted to run. The system's own short services are not worth a word.
 */
static void warn_of_switches(cli_bench *b, long count, double seconds)
{
    if (count > LEAST_SWITCHES && (double)count > SWITCHES_PER_SECOND * seconds)
        cairn_cli_warn(b->cli,
                       "bench: %s: other programs took the processor %ld times in %.1f s; times are too long",
                       b->model.model->name, count, seconds);
}

/* Repeats the run for about `seconds` after a warm-up that also finds out how often that is. */
static cairn_status measure(cli_bench *b, double seconds)
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
    long before = switches();
    begin = cairn_cli_clock();
    for (int i = 0; status == CAIRN_OK && i < repetitions; i++)
        times[i] = run_seconds(b, &status);
    warn_of_switches(b, switches() - before, cairn_cli_clock() - begin);
    qsort(times, (size_t)repetitions, sizeof *times, by_value);
    b->median = times[repetitions / 2];
    b->minimum = times[0];
    cairn_free(b->cli->ctx, times);
    return status;
}

double cairn_cli_bench_gflops(const cli_bench *b)
{
    return 2e-9 * b->macs * b->batch * (b->training ? 3 : 1) / b->median;
}

const char *cairn_cli_bench_mode(const cli_bench *b)
{
    return b->training ? "train" : "infer";
}

const char *cairn_cli_bench_precision(const cli_bench *b)
{
    return cairn_cli_text(b->cli, OPTION_PRECISION, "f32");
}

static void put_json(const cli_bench *b)
{
    cli_json json = {0};
    cairn_cli_json_open(&json, NULL, '{');
    cairn_cli_json_text(&json, "model", b->model.model->name);
    cairn_cli_json_text(&json, "mode", cairn_cli_bench_mode(b));
    cairn_cli_json_integer(&json, "batch", b->batch);
    cairn_cli_json_text(&json, "precision", cairn_cli_bench_precision(b));
    cairn_cli_json_integer(&json, "threads", cairn_threads(b->cli->ctx));
    cairn_cli_json_real(&json, "median_ms", 1e3 * b->median);
    cairn_cli_json_real(&json, "min_ms", 1e3 * b->minimum);
    cairn_cli_json_real(&json, "images_per_s", b->batch / b->median);
    cairn_cli_json_real(&json, "gflops", cairn_cli_bench_gflops(b));
    cairn_cli_json_real(&json, "peak_gflops", b->peak);
    cairn_cli_tune_json(&json, b->tuning);
    cairn_cli_json_close(&json);
}

static int decimals(double value)
{
    return value < 10 ? 2 : value < 100 ? 1 : 0;
}

char *cairn_cli_time(double seconds, char text[CLI_NUMBER_BYTES])
{
    double value = seconds < 1e-3 ? 1e6 * seconds : seconds < 1 ? 1e3 * seconds : seconds;
    snprintf(text, CLI_NUMBER_BYTES, "%.*f %s", decimals(value), value,
             seconds < 1e-3 ? "us"
             : seconds < 1  ? "ms"
                            : "s");
    return text;
}

char *cairn_cli_rate(double rate, char text[CLI_NUMBER_BYTES])
{
    if (rate >= 100)
        return cairn_cli_short(rate, text);
    snprintf(text, CLI_NUMBER_BYTES, "%.*f", decimals(rate), rate);
    return text;
}

static void put_row(const cli_bench *b)
{
    char median[CLI_NUMBER_BYTES], minimum[CLI_NUMBER_BYTES], images[CLI_NUMBER_BYTES];
    printf("%-16s  %-5s  %5d  %8s  %8s  %8s  %7.1f  %5.1f %%\n", b->model.model->name,
           cairn_cli_bench_mode(b), b->batch, cairn_cli_time(b->median, median),
           cairn_cli_time(b->minimum, minimum), cairn_cli_rate(b->batch / b->median, images),
           cairn_cli_bench_gflops(b), b->peak > 0 ? 100 * cairn_cli_bench_gflops(b) / b->peak : 0);
    cairn_cli_tune_text(stdout, b->tuning);
}

static void put_header(const cli_bench *b)
{
    int threads = cairn_threads(b->cli->ctx);
    printf("%d thread%s, %s kernels, peak measured %.0f GFLOP/s\n\n", threads, threads == 1 ? "" : "s",
           cairn_isa_name(), b->peak);
    printf("%-16s  %-5s  %5s  %8s  %8s  %8s  %7s  %7s\n", "model", "mode", "batch", "median", "minimum",
           "images/s", "GFLOP/s", "of peak");
}

static cairn_status bench_one(cli_call *cli, const char *argument, double peak, bool first)
{
    cli_bench b = {.cli = cli,
                   .training = cairn_cli_given(cli, OPTION_TRAIN),
                   .batch = cairn_cli_int(cli, OPTION_BATCH, 1),
                   .peak = peak};
    b.run = (cairn_run_options){.n = b.batch, .lr = LEARNING_RATE};
    cairn_status status = prepare(&b, argument);
    if (status == CAIRN_OK)
        status = measure(&b, cairn_cli_real(cli, OPTION_SECONDS, 1));
    if (status == CAIRN_OK) {
        bool json = cairn_cli_given(cli, OPTION_JSON);
        if (first && !json)
            put_header(&b);
        (json ? put_json : put_row)(&b);
        fflush(stdout);
        status = cairn_cli_bench_layers(&b);
    }
    cairn_plan_destroy(b.plan);
    cairn_tuning_close(b.tuning);
    cairn_weights_destroy(b.state);
    cairn_weights_destroy(b.weights);
    cairn_graph_destroy(b.graph);
    cairn_cli_model_close(&b.model);
    return status;
}

static cairn_status run(cli_call *cli)
{
    cairn_status status = cairn_cli_bench_check(cli);
    if (status != CAIRN_OK)
        return status;
    double peak = cairn_measure_peak(cli->ctx, cairn_cli_precision(cli));
    for (int i = 0; status == CAIRN_OK && i < cli->count; i++)
        status = bench_one(cli, cli->names[i], peak, i == 0);
    if (status == CAIRN_OK) {
        warn_of_load(cli);
        cairn_cli_precision_note(cli);
    }
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
        "peak is what the same threads reach in a loop of multiply-adds.\n\n"
        "--layers tells for each step what it costs: its cpu time is summed over the threads; GFLOP/s and "
        "the "
        "share of the peak are of the time at work, and count the products of the plain algorithm whatever "
        "the kernel saves; bytes are inputs, weights and outputs, each once. The roof is what this machine "
        "allows: the arithmetic at the peak, or the bytes read at the measured speed of the cache in which "
        "they fit, whichever takes longer; which it was is said beside the share.",
    .examples = {{"cairn bench lenet5", "latency of one picture"},
                 {"cairn bench lenet5 --train --batch 64", "a training step"},
                 {"cairn bench lenet5 --layers --threads 1", "where the time goes"},
                 {"cairn bench resnet50 --picture resnet50.svg", "the same as a picture"}},
    .options = {OPTION_BATCH, OPTION_TRAIN, OPTION_RECOMPUTE, OPTION_LAYERS, OPTION_PICTURE, OPTION_SECONDS,
                OPTION_TUNE, OPTION_PRECISION, OPTION_INPUT, OPTION_CLASSES, OPTION_SET, OPTION_THREADS,
                OPTION_JSON, OPTION_QUIET},
    .min_names = 1,
    .max_names = -1,
    .completion = CLI_COMPLETE_MODELS,
    .run = run,
};
