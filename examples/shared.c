/* shared [NETWORK [SIDE [RUNS]]]: eight threads classify the same picture again and again, each with a
 * context and a plan of its own, all on one set of packed weights; every result has the bits of the first.
 * The library's own threads, two in each of the eight, come from the host, which is this program. */
#include <cairn/cairn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORKERS = 8, HELPERS = 2 };

/* What all threads read and none writes once they run. */
typedef struct job {
    const cairn_model *model;
    cairn_model_settings settings;
    int runs;
    cairn_plan *first; /* prepared: it holds the packed weights */
    float *picture, *expected;
    size_t picture_bytes, result_bytes;
} job;

typedef struct worker {
    const job *job;
    pthread_t thread;
    int wrong;           /* runs with other bits */
    cairn_status status; /* what ended it */
    char error[512];
} worker;

/* ---- the host's threads ---- */

typedef struct piece {
    void (*task)(void *arg, int index);
    void *arg;
    int index;
} piece;

static void *run_piece(void *arg)
{
    const piece *p = arg;
    p->task(p->arg, p->index);
    return NULL;
}

/* Starts a thread for each piece but the first, which is the caller's. A host with a pool hands them to it.
 */
static void run_on_host(void *user, void (*task)(void *arg, int index), void *arg, int count)
{
    pthread_t thread[HELPERS];
    piece pieces[HELPERS];
    (void)user;
    for (int i = 0; i < count; i++) {
        pieces[i] = (piece){task, arg, i};
        if (i > 0 && pthread_create(&thread[i], NULL, run_piece, &pieces[i]) != 0)
            abort(); /* the others would wait for it for ever */
    }
    run_piece(&pieces[0]);
    for (int i = 1; i < count; i++)
        pthread_join(thread[i], NULL);
}

/* ---- one plan ---- */

static cairn_status run_once(const job *j, cairn_plan *plan)
{
    memcpy(cairn_plan_data(plan, "image"), j->picture, j->picture_bytes);
    return cairn_plan_run(plan, &(cairn_run_options){.n = 1});
}

static cairn_status make_graph(cairn_ctx *ctx, const job *j, cairn_graph **graph)
{
    return cairn_model_graph(ctx, j->model, &j->settings, CAIRN_INPUT_NUMBERS, 0, NULL, NULL, NULL, graph);
}

static cairn_status work(worker *w, cairn_ctx *ctx)
{
    const job *j = w->job;
    cairn_graph *graph = NULL;
    cairn_plan *plan = NULL;
    cairn_plan_options options = {.batch = 1, .share = j->first};
    cairn_status status = make_graph(ctx, j, &graph);
    if (status == CAIRN_OK) /* the first plan holds all that is needed of the weights */
        status = cairn_plan_create(ctx, graph, NULL, NULL, &options, &plan);
    cairn_graph_destroy(graph);
    for (int run = 0; status == CAIRN_OK && run < j->runs; run++) {
        status = run_once(j, plan);
        if (status == CAIRN_OK)
            w->wrong += memcmp(cairn_plan_data(plan, "logits"), j->expected, j->result_bytes) != 0;
    }
    cairn_plan_destroy(plan);
    return status;
}

static void *run_worker(void *arg)
{
    worker *w = arg;
    cairn_ctx *ctx;
    cairn_ctx_options options = {.threads = HELPERS, .host = {.count = HELPERS, .run = run_on_host}};
    w->status = cairn_ctx_create(&options, &ctx);
    if (w->status != CAIRN_OK)
        return NULL;
    w->status = work(w, ctx);
    snprintf(w->error, sizeof w->error, "%s", cairn_error(ctx));
    cairn_ctx_destroy(ctx);
    return NULL;
}

/* ---- all of them ---- */

static int run_workers(const job *j)
{
    worker workers[WORKERS];
    int failures = 0;
    for (int i = 0; i < WORKERS; i++) {
        workers[i] = (worker){.job = j};
        if (pthread_create(&workers[i].thread, NULL, run_worker, &workers[i]) != 0)
            abort();
    }
    for (int i = 0; i < WORKERS; i++) {
        const worker *w = &workers[i];
        pthread_join(w->thread, NULL);
        if (w->status != CAIRN_OK)
            fprintf(stderr, "thread %d: %s\n", i, w->error);
        else if (w->wrong > 0)
            fprintf(stderr, "thread %d: %d of %d runs have other bits\n", i, w->wrong, j->runs);
        failures += w->status != CAIRN_OK || w->wrong > 0;
    }
    if (failures == 0)
        printf("%s: %d threads, %d runs each, the same bits\n", j->model->name, WORKERS, j->runs);
    return failures;
}

/* Room for the picture, which is noise, and for the result to be expected. */
static cairn_status prepare(job *j)
{
    uint32_t state = 1;
    const cairn_shape image = cairn_plan_shape(j->first, "image"),
                      logits = cairn_plan_shape(j->first, "logits");
    j->picture_bytes = (size_t)cairn_shape_elements(&image) * sizeof(float);
    j->result_bytes = (size_t)cairn_shape_elements(&logits) * sizeof(float);
    j->picture = malloc(j->picture_bytes);
    j->expected = malloc(j->result_bytes);
    if (j->picture == NULL || j->expected == NULL)
        return CAIRN_MEMORY;
    for (size_t i = 0; i < j->picture_bytes / sizeof(float); i++) {
        state = state * 1664525u + 1013904223u;
        j->picture[i] = (float)(state >> 8) * 0x1p-23f - 1;
    }
    return CAIRN_OK;
}

/* The first plan, on a single thread, says what is right; its weights, which are random, serve them all. */
static cairn_status run_first(cairn_ctx *ctx, job *j)
{
    cairn_graph *graph = NULL;
    cairn_weights *weights = NULL;
    cairn_plan_options options = {.batch = 1};
    cairn_status status = make_graph(ctx, j, &graph);
    if (status == CAIRN_OK)
        status = cairn_weights_init(ctx, graph, CAIRN_F32, 1, &weights);
    if (status == CAIRN_OK)
        status = cairn_plan_create(ctx, graph, weights, NULL, &options, &j->first);
    if (status == CAIRN_OK)
        status = cairn_plan_prepare(j->first);
    cairn_weights_destroy(weights);
    cairn_graph_destroy(graph);
    if (status == CAIRN_OK)
        status = prepare(j);
    if (status == CAIRN_OK)
        status = run_once(j, j->first);
    if (status == CAIRN_OK)
        memcpy(j->expected, cairn_plan_data(j->first, "logits"), j->result_bytes);
    return status;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "resnet18";
    job j = {.model = cairn_model_find(name), .runs = argc > 3 ? atoi(argv[3]) : 20};
    cairn_ctx *ctx;
    if (j.model == NULL || cairn_ctx_create(&(cairn_ctx_options){.threads = 1}, &ctx) != CAIRN_OK) {
        fprintf(stderr, "usage: shared [NETWORK [SIDE [RUNS]]]\n");
        return CAIRN_USAGE;
    }
    j.settings.h = j.settings.w = argc > 2 ? atoi(argv[2]) : 0; /* 0: the network's own */
    cairn_status status = run_first(ctx, &j);
    if (status != CAIRN_OK)
        fprintf(stderr, "shared: %s\n", cairn_error(ctx));
    else if (run_workers(&j) != 0)
        status = CAIRN_FAILURE;
    cairn_plan_destroy(j.first);
    cairn_ctx_destroy(ctx);
    free(j.picture);
    free(j.expected);
    return (int)status;
}
