/* The plan: same bits for any number of threads and any path through memory; partial batches; host threads;
 * shared weights; guarded updates; failing allocations. */
#include <cairn/cairn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 21

/* A LeNet with its training graph, weights and plan on a context with so many threads. */
typedef struct rig {
    cairn_ctx *ctx;
    cairn_graph *graph;
    cairn_weights *weights, *state;
    cairn_plan *plan;
} rig;

static cairn_status rig_open(rig *r, const cairn_ctx_options *host, const char *model,
                             const cairn_plan_options *options, bool training)
{
    static const float mean[1] = {0.25f}, std[1] = {0.5f};
    cairn_model_training settings = {.update = {.momentum = 0.9, .weight_decay = 1e-4}};
    *r = (rig){0};
    cairn_status status = cairn_ctx_create(host, &r->ctx);
    if (status == CAIRN_OK)
        status = cairn_model_graph(r->ctx, cairn_model_find(model), NULL, CAIRN_INPUT_BYTES, 0, mean, std,
                                   training ? &settings : NULL, &r->graph);
    if (status == CAIRN_OK)
        status = cairn_weights_init(r->ctx, r->graph, options->precision, 3, &r->weights);
    if (status == CAIRN_OK)
        status = cairn_weights_create(r->ctx, &r->state);
    if (status == CAIRN_OK)
        status = cairn_plan_create(r->ctx, r->graph, r->weights, r->state, options, &r->plan);
    return status;
}

static void rig_close(rig *r)
{
    if (r->ctx == NULL)
        return;
    cairn_plan_destroy(r->plan);
    cairn_weights_destroy(r->state);
    cairn_weights_destroy(r->weights);
    cairn_graph_destroy(r->graph);
    cairn_ctx_destroy(r->ctx);
}

static void fill_batch(cairn_plan *plan, int n, unsigned seed)
{
    uint8_t *image = cairn_plan_data(plan, "image");
    int32_t *labels = cairn_plan_data(plan, "labels");
    for (int i = 0; i < n * 1024; i++)
        image[i] = (uint8_t)((seed = seed * 1664525u + 1013904223u) >> 24);
    for (int i = 0; labels != NULL && i < n; i++)
        labels[i] = (int32_t)((seed = seed * 1664525u + 1013904223u) >> 8) % 10 & 0x7fffffff;
}

/* A hash of all weights after a few steps, the last of them with a smaller batch. */
static uint64_t train_hash(rig *r)
{
    for (int step = 0; step < 5; step++) {
        int n = step == 4 ? 7 : BATCH;
        fill_batch(r->plan, n, (unsigned)step + 1);
        assert_int_equal(cairn_plan_run(r->plan, &(cairn_run_options){.n = n, .lr = 0.05, .step = step}),
                         CAIRN_OK);
        assert_int_equal(*(int32_t *)cairn_plan_data(r->plan, "finite"), 1);
    }
    uint64_t hash = 0xCBF29CE484222325u;
    for (int i = 0; i < cairn_weights_count(r->weights); i++) {
        const cairn_tensor *tensor = cairn_weights_at(r->weights, i);
        size_t bytes = (size_t)cairn_shape_elements(&tensor->shape) * cairn_dtype_size(tensor->dtype);
        for (size_t b = 0; b < bytes; b++)
            hash = (hash ^ ((const uint8_t *)tensor->data)[b]) * 0x100000001B3u;
    }
    return hash;
}

static void threads_change_no_bit(void **state)
{
    (void)state;
    static const char *const models[] = {"lenet5", "lenet5.paper", "lenet5.tutorial"};
    static const int threads[] = {1, 2, 3, 4, 7};
    cairn_plan_options options = {.batch = BATCH, .training = true};
    for (size_t m = 0; m < 3; m++) {
        uint64_t first = 0;
        for (size_t t = 0; t < 5; t++) {
            rig r;
            assert_int_equal(
                rig_open(&r, &(cairn_ctx_options){.threads = threads[t]}, models[m], &options, true),
                CAIRN_OK);
            uint64_t hash = train_hash(&r);
            first = t == 0 ? hash : first;
            assert_true(hash == first);
            rig_close(&r);
        }
    }
}

/* ---- threads of a host ---- */

typedef struct host_item {
    void (*task)(void *arg, int index);
    void *arg;
    int index;
} host_item;

static void *host_thread(void *arg)
{
    host_item *item = arg;
    item->task(item->arg, item->index);
    return NULL;
}

static void host_run(void *user, void (*task)(void *arg, int index), void *arg, int count)
{
    pthread_t threads[8];
    host_item items[8];
    (*(int *)user)++;
    for (int i = 0; i < count; i++) {
        items[i] = (host_item){task, arg, i};
        if (pthread_create(&threads[i], NULL, host_thread, &items[i]) != 0)
            abort();
    }
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

static void host_threads_are_used(void **state)
{
    (void)state;
    int calls = 0;
    cairn_plan_options options = {.batch = BATCH, .training = true};
    cairn_ctx_options host = {.host = {.count = 3, .run = host_run, .user = &calls}};
    rig own, borrowed;
    assert_int_equal(rig_open(&own, &(cairn_ctx_options){.threads = 1}, "lenet5", &options, true), CAIRN_OK);
    assert_int_equal(rig_open(&borrowed, &host, "lenet5", &options, true), CAIRN_OK);
    int before = calls; /* making a plan uses them too */
    assert_true(train_hash(&own) == train_hash(&borrowed));
    assert_int_equal(calls - before, 5);
    rig_close(&own);
    rig_close(&borrowed);
}

/* ---- memory ---- */

/* Logits with every value in a place of its own and without fusion, against the shared arena. */
static void sharing_memory_changes_no_value(void **state)
{
    (void)state;
    for (int precision = 0; precision < 2; precision++) {
        cairn_plan_options shared = {.batch = BATCH, .precision = precision == 0 ? CAIRN_F32 : CAIRN_F64},
                           kept = shared;
        kept.keep_all = true;
        kept.reference = shared.reference = true;
        rig a, b;
        assert_int_equal(rig_open(&a, NULL, "lenet5.tutorial", &shared, false), CAIRN_OK);
        assert_int_equal(rig_open(&b, NULL, "lenet5.tutorial", &kept, false), CAIRN_OK);
        fill_batch(a.plan, BATCH, 9);
        fill_batch(b.plan, BATCH, 9);
        assert_int_equal(cairn_plan_run(a.plan, NULL), CAIRN_OK);
        assert_int_equal(cairn_plan_run(b.plan, NULL), CAIRN_OK);
        assert_memory_equal(cairn_plan_data(a.plan, "logits"), cairn_plan_data(b.plan, "logits"),
                            BATCH * 10 * cairn_dtype_size(shared.precision));
        assert_non_null(cairn_plan_data(b.plan, "maxpool"));
        assert_null(cairn_plan_data(a.plan, "maxpool"));
        assert_true(cairn_plan_memory_of(a.plan).arena < cairn_plan_memory_of(b.plan).arena);
        rig_close(&a);
        rig_close(&b);
    }
}

static void smaller_runs_give_the_same_rows(void **state)
{
    (void)state;
    cairn_plan_options options = {.batch = BATCH};
    rig r;
    float all[BATCH * 10];
    assert_int_equal(rig_open(&r, NULL, "lenet5", &options, false), CAIRN_OK);
    fill_batch(r.plan, BATCH, 4);
    assert_int_equal(cairn_plan_run(r.plan, NULL), CAIRN_OK);
    memcpy(all, cairn_plan_data(r.plan, "logits"), sizeof all);
    for (int n = 1; n < BATCH; n += 3) {
        assert_int_equal(cairn_plan_run(r.plan, &(cairn_run_options){.n = n}), CAIRN_OK);
        assert_memory_equal(cairn_plan_data(r.plan, "logits"), all, (size_t)n * 40);
    }
    assert_int_equal(cairn_plan_run(r.plan, &(cairn_run_options){.n = BATCH + 1}), CAIRN_USAGE);
    assert_int_equal(cairn_plan_run(r.plan, &(cairn_run_options){.n = -1}), CAIRN_USAGE);
    rig_close(&r);
}

static void estimate_is_what_a_plan_takes(void **state)
{
    (void)state;
    cairn_plan_options options = {.batch = 64, .training = true};
    rig r;
    assert_int_equal(rig_open(&r, &(cairn_ctx_options){.threads = 2}, "lenet5", &options, true), CAIRN_OK);
    cairn_plan_memory estimate, taken = cairn_plan_memory_of(r.plan);
    assert_int_equal(cairn_plan_estimate(r.ctx, r.graph, &options, &estimate), CAIRN_OK);
    assert_memory_equal(&estimate, &taken, sizeof taken);
    assert_int_equal(taken.weights, 61706 * 4);
    assert_int_equal(taken.state, 61706 * 4);
    rig_close(&r);
}

/* ---- weights ---- */

static void refresh_sees_new_weights(void **state)
{
    (void)state;
    cairn_plan_options options = {.batch = 1};
    rig r;
    float before[10];
    assert_int_equal(rig_open(&r, NULL, "lenet5", &options, false), CAIRN_OK);
    fill_batch(r.plan, 1, 4);
    assert_int_equal(cairn_plan_run(r.plan, NULL), CAIRN_OK);
    memcpy(before, cairn_plan_data(r.plan, "logits"), sizeof before);
    const cairn_tensor *tensor = cairn_weights_find(r.weights, "fc1.weight");
    for (int64_t i = 0; i < cairn_shape_elements(&tensor->shape); i++)
        ((float *)tensor->data)[i] *= 2;
    cairn_plan_refresh(r.plan);
    assert_int_equal(cairn_plan_run(r.plan, NULL), CAIRN_OK);
    assert_memory_not_equal(before, cairn_plan_data(r.plan, "logits"), sizeof before);
    rig_close(&r);
}

static void non_finite_steps_change_nothing(void **state)
{
    (void)state;
    cairn_plan_options options = {.batch = BATCH, .training = true};
    rig r;
    assert_int_equal(rig_open(&r, NULL, "lenet5", &options, true), CAIRN_OK);
    uint64_t good = train_hash(&r);
    float *bias = cairn_weights_find(r.weights, "fc2.bias")->data,
          *weight = cairn_weights_find(r.weights, "conv1.weight")->data;
    float kept = bias[3], first = weight[0];
    bias[3] = NAN;
    fill_batch(r.plan, BATCH, 77);
    assert_int_equal(cairn_plan_run(r.plan, &(cairn_run_options){.lr = 0.05, .step = 9}), CAIRN_OK);
    assert_int_equal(*(int32_t *)cairn_plan_data(r.plan, "finite"), 0);
    assert_true(weight[0] == first);
    bias[3] = kept;
    assert_int_equal(cairn_plan_run(r.plan, &(cairn_run_options){.lr = 0.05, .step = 10}), CAIRN_OK);
    assert_int_equal(*(int32_t *)cairn_plan_data(r.plan, "finite"), 1);
    assert_true(weight[0] != first);
    assert_true(good != 0);
    rig_close(&r);
}

static void missing_and_misshapen_tensors_are_named(void **state)
{
    (void)state;
    rig r;
    cairn_plan *plan;
    cairn_plan_options options = {.batch = 1};
    assert_int_equal(rig_open(&r, NULL, "lenet5", &options, false), CAIRN_OK);
    cairn_weights *empty;
    assert_int_equal(cairn_weights_create(r.ctx, &empty), CAIRN_OK);
    assert_int_equal(cairn_plan_create(r.ctx, r.graph, empty, NULL, &options, &plan), CAIRN_INPUT);
    assert_non_null(strstr(cairn_error(r.ctx), "conv1.weight"));
    assert_null(plan);
    options.outputs = "logits,nothing";
    assert_int_equal(cairn_plan_create(r.ctx, r.graph, r.weights, NULL, &options, &plan), CAIRN_USAGE);
    cairn_weights_destroy(empty);
    rig_close(&r);
}

/* ---- failing allocations ---- */

typedef struct failing {
    long calls, fail_at;
    bool sticky;
} failing;

static void *failing_resize(void *user, void *ptr, size_t size)
{
    failing *f = user;
    if (size == 0) {
        free(ptr);
        return NULL;
    }
    f->calls++;
    if (f->calls == f->fail_at || (f->sticky && f->calls > f->fail_at))
        return NULL;
    return realloc(ptr, size);
}

static void every_failing_allocation_is_an_error(void **state)
{
    (void)state;
    cairn_plan_options options = {.batch = 2, .training = true};
    for (int sticky = 0; sticky < 2; sticky++) {
        long failures = 0;
        for (long n = 1;; n++) {
            failing f = {.fail_at = n, .sticky = sticky == 1};
            rig r;
            cairn_status status =
                rig_open(&r, &(cairn_ctx_options){.threads = 1, .allocator = {failing_resize, &f}},
                         "lenet5.paper", &options, true);
            rig_close(&r);
            if (status == CAIRN_OK)
                break;
            assert_int_equal(status, CAIRN_MEMORY);
            failures++;
        }
        assert_true(failures > 50);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(host_threads_are_used),
        cmocka_unit_test(sharing_memory_changes_no_value),
        cmocka_unit_test(smaller_runs_give_the_same_rows),
        cmocka_unit_test(estimate_is_what_a_plan_takes),
        cmocka_unit_test(refresh_sees_new_weights),
        cmocka_unit_test(non_finite_steps_change_nothing),
        cmocka_unit_test(missing_and_misshapen_tensors_are_named),
        cmocka_unit_test(every_failing_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
