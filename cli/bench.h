/* What `cairn bench` knows of a network: the parts of the verb share it. */
#ifndef CAIRN_CLI_BENCH_H
#define CAIRN_CLI_BENCH_H

#include "model.h"
#include "output.h"

typedef struct cli_bench {
    cli_call *cli;
    cli_model model;
    cairn_graph *graph;
    cairn_weights *weights, *state;
    cairn_plan *plan;
    cairn_tuning *tuning; /* NULL: kernels by the model */
    cairn_run_options run;
    bool training;
    int batch;
    double macs, peak;
    double median, minimum; /* seconds */
} cli_bench;

/* Of the whole network, 2 operations a multiply-accumulate. */
double cairn_cli_bench_gflops(const cli_bench *bench);
const char *cairn_cli_bench_mode(const cli_bench *bench);
const char *cairn_cli_bench_precision(const cli_bench *bench);

/* "12.3 us", "1.50 ms"; "0.47", "18.4 k". Return text. */
char *cairn_cli_time(double seconds, char text[CLI_NUMBER_BYTES]);
char *cairn_cli_rate(double rate, char text[CLI_NUMBER_BYTES]);

/* --layers and --picture: where the time goes. */
cairn_status cairn_cli_bench_layers(cli_bench *bench);

/* CAIRN_USAGE for a picture that could not be written. */
cairn_status cairn_cli_bench_check(cli_call *cli);

#endif
