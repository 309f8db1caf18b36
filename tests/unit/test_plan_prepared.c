/* What inference keeps of the weights: a prepared plan needs no container; plans share packed weights across
 * batches, threads and contexts, with the bits of a plan that packs its own. */
#include "support.h"
#include <cairn/cairn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define PIXELS (32 * 32 * 3)
#define THREADS 4

/* A network of the zoo with random weights on inputs of reals. */
typedef struct rig {
    cairn_ctx *ctx;
    cairn_graph *graph;
    cairn_weights *weights;
} rig;

static void rig_open(rig *r, const char *model)
{
    assert_int_equal(cairn_ctx_create(&(cairn_ctx_options){.threads = 1}, &r->ctx), CAIRN_OK);
    assert_int_equal(cairn_model_graph(r->ctx, cairn_model_find(model), NULL, CAIRN_INPUT_NUMBERS, 0, NULL,
                                       NULL, NULL, &r->graph),
                     CAIRN_OK);
    assert_int_equal(cairn_weights_init(r->ctx, r->graph, CAIRN_F32, 5, &r->weights), CAIRN_OK);
}

static void rig_close(rig *r)
{
    cairn_weights_destroy(r->weights);
    cairn_graph_destroy(r->graph);
    cairn_ctx_destroy(r->ctx);
}

static cairn_plan *plan_of(const rig *r, cairn_ctx *ctx, int batch, cairn_weights *weights,
                           const cairn_plan *share)
{
    cairn_plan *plan = NULL;
    cairn_plan_options options = {.batch = batch, .outputs = "logits", .share = share};
    assert_int_equal(cairn_plan_create(ctx, r->graph, weights, NULL, &options, &plan), CAIRN_OK);
    return plan;
}

static void classify(cairn_plan *plan, int n, float *logits)
{
    float *image = cairn_plan_data(plan, "image");
    unsigned seed = 1;
    for (int i = 0; i < n * PIXELS; i++)
        image[i] = (float)((seed = seed * 1664525u + 1013904223u) >> 8) * 0x1p-23f - 1.0f;
    assert_int_equal(cairn_plan_run(plan, &(cairn_run_options){.n = n}), CAIRN_OK);
    memcpy(logits, cairn_plan_data(plan, "logits"), (size_t)n * 10 * sizeof *logits);
}

static const char *const models[] = {"resnet20", "resnet164v2", "plain20"};

static void the_container_may_go(void **state)
{
    (void)state;
    for (size_t i = 0; i < CAIRN_COUNT(models); i++) {
        rig r;
        float before[10], after[10];
        rig_open(&r, models[i]);
        cairn_plan *own = plan_of(&r, r.ctx, 1, r.weights, NULL);
        classify(own, 1, before);
        cairn_plan *plan = plan_of(&r, r.ctx, 1, r.weights, NULL);
        assert_int_equal(cairn_plan_prepare(plan), CAIRN_OK);
        cairn_plan_destroy(own);
        cairn_weights_destroy(r.weights);
        r.weights = NULL;
        classify(plan, 1, after);
        assert_memory_equal(before, after, sizeof before);
        cairn_plan_destroy(plan);
        rig_close(&r);
    }
}

static void shared_weights_give_the_same_bits(void **state)
{
    (void)state;
    for (size_t i = 0; i < CAIRN_COUNT(models); i++) {
        rig r;
        float alone[30], shared[30];
        rig_open(&r, models[i]);
        cairn_plan *first = plan_of(&r, r.ctx, 1, r.weights, NULL),
                   *own = plan_of(&r, r.ctx, 3, r.weights, NULL);
        classify(own, 3, alone);
        assert_int_equal(cairn_plan_prepare(first), CAIRN_OK);
        cairn_plan *other = plan_of(&r, r.ctx, 3, r.weights, first);
        classify(other, 3, shared);
        assert_memory_equal(alone, shared, sizeof alone);
        assert_true(cairn_plan_memory_of(other).arena < cairn_plan_memory_of(own).arena);
        cairn_plan *third = plan_of(&r, r.ctx, 3, NULL, other); /* what `other` took over and made */
        classify(third, 3, shared);
        assert_memory_equal(alone, shared, sizeof alone);
        cairn_plan_destroy(third);
        cairn_plan_destroy(other);
        cairn_plan_destroy(own);
        cairn_plan_destroy(first);
        rig_close(&r);
    }
}

typedef struct worker {
    const rig *r;
    const cairn_plan *share;
    float logits[10];
} worker;

static void *work(void *arg)
{
    worker *w = arg;
    cairn_ctx *ctx;
    cairn_plan *plan = NULL;
    cairn_plan_options options = {.batch = 1, .outputs = "logits", .share = w->share};
    if (cairn_ctx_create(&(cairn_ctx_options){.threads = 1}, &ctx) != CAIRN_OK)
        return NULL;
    if (cairn_plan_create(ctx, w->r->graph, NULL, NULL, &options, &plan) == CAIRN_OK)
        for (int i = 0; i < 5; i++)
            classify(plan, 1, w->logits);
    cairn_plan_destroy(plan);
    cairn_ctx_destroy(ctx);
    return NULL;
}

static void threads_share_one_set_of_weights(void **state)
{
    (void)state;
    rig r;
    pthread_t thread[THREADS];
    worker workers[THREADS];
    float expected[10];
    rig_open(&r, "resnet20");
    cairn_plan *first = plan_of(&r, r.ctx, 1, r.weights, NULL);
    assert_int_equal(cairn_plan_prepare(first), CAIRN_OK);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){.r = &r, .share = first};
        assert_int_equal(pthread_create(&thread[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    classify(first, 1, expected);
    for (int i = 0; i < THREADS; i++)
        assert_memory_equal(workers[i].logits, expected, sizeof expected);
    cairn_plan_destroy(first);
    rig_close(&r);
}

static void what_cannot_be_shared_is_refused(void **state)
{
    (void)state;
    rig r;
    cairn_plan *plan = NULL;
    rig_open(&r, "resnet20");
    cairn_plan *first = plan_of(&r, r.ctx, 1, r.weights, NULL);
    cairn_plan_options options = {.batch = 1, .outputs = "logits", .share = first};
    assert_int_equal(cairn_plan_create(r.ctx, r.graph, r.weights, NULL, &options, &plan), CAIRN_USAGE);
    assert_int_equal(cairn_plan_prepare(first), CAIRN_OK);
    options.precision = CAIRN_F64;
    assert_int_equal(cairn_plan_create(r.ctx, r.graph, r.weights, NULL, &options, &plan), CAIRN_USAGE);
    assert_non_null(strstr(cairn_error(r.ctx), "share"));
    options = (cairn_plan_options){.batch = 1, .outputs = "logits"};
    assert_int_equal(cairn_plan_create(r.ctx, r.graph, NULL, NULL, &options, &plan), CAIRN_USAGE);
    cairn_plan_destroy(first);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_container_may_go),
        cmocka_unit_test(shared_weights_give_the_same_bits),
        cmocka_unit_test(threads_share_one_set_of_weights),
        cmocka_unit_test(what_cannot_be_shared_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
