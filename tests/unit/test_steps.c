/* Training steps: threads change no bit, nor do activations that are made again; gradients that are added up
 * over several runs are those of one. */
#include "io/dtype.h"
#include "op_harness.h"
#include "support.h"
#include <cairn/cairn.h>
#include <math.h>
#include <sys/resource.h>

enum { STEPS = 3, BATCH = 8 };

typedef struct training {
    const char *name;
    int size;
    cairn_dtype precision;
    bool recompute;
    int part; /* images of a run; 0: all of the step */
    int threads;
    int steps; /* [STEPS] */
} training;

typedef struct trained {
    cairn_ctx *ctx;
    cairn_weights *weights, *state;
    cairn_plan_memory memory;
    double loss; /* of the last run */
} trained;

static void fill(cairn_plan *plan, int step, int first, int n)
{
    uint8_t *image = cairn_plan_data(plan, "image");
    int32_t *labels = cairn_plan_data(plan, "labels");
    int64_t *samples = cairn_plan_data(plan, "samples");
    cairn_shape shape = cairn_plan_shape(plan, "image");
    int64_t bytes = cairn_shape_elements(&shape);
    for (int i = 0; i < n; i++) {
        op_random random = {(uint64_t)(1000 * step + first + i + 1)};
        for (int64_t k = 0; k < bytes; k++)
            image[i * bytes + k] = (uint8_t)op_random_range(&random, 0, 255);
        labels[i] = (first + i) % 4;
        if (samples != NULL)
            samples[i] = first + i;
    }
}

static void take_step(cairn_plan *plan, int step, int part)
{
    cairn_run_options run = {.lr = 0.01, .step = step, .seed = 5, .whole = BATCH};
    for (int done = 0; done < BATCH; done += run.n, run.part++) {
        run.n = (int)cairn_min(part, BATCH - done);
        run.more = done + run.n < BATCH;
        fill(plan, step, done, run.n);
        assert_int_equal(cairn_plan_run(plan, &run), CAIRN_OK);
        assert_int_equal(*(int32_t *)cairn_plan_data(plan, "finite"), 1);
    }
}

static trained train(const training *t)
{
    static const float mean[3] = {0.4f, 0.5f, 0.6f}, std[3] = {0.25f, 0.25f, 0.25f};
    trained r = {0};
    cairn_graph *graph = NULL;
    cairn_plan *plan = NULL;
    int part = t->part > 0 ? t->part : BATCH;
    cairn_model_settings settings = {.classes = 10, .h = t->size, .w = t->size};
    cairn_model_training how = {
        .update = {.momentum = 0.9, .weight_decay = 1e-3, .average = 0.9, .accumulate = t->part > 0}};
    cairn_plan_options options = {
        .batch = part, .precision = t->precision, .training = true, .recompute = t->recompute};
    assert_int_equal(cairn_ctx_create(&(cairn_ctx_options){.threads = t->threads}, &r.ctx), CAIRN_OK);
    assert_int_equal(cairn_model_graph(r.ctx, cairn_model_find(t->name), &settings, CAIRN_INPUT_BYTES, 0,
                                       mean, std, &how, &graph),
                     CAIRN_OK);
    cairn_dtype stored = t->precision == CAIRN_F64 ? CAIRN_F64 : CAIRN_F32;
    assert_int_equal(cairn_weights_init(r.ctx, graph, stored, 7, &r.weights), CAIRN_OK);
    assert_int_equal(cairn_weights_create(r.ctx, &r.state), CAIRN_OK);
    if (cairn_plan_create(r.ctx, graph, r.weights, r.state, &options, &plan) != CAIRN_OK)
        fail_msg("%s: %s", t->name, cairn_error(r.ctx));
    for (int step = 0; step < (t->steps > 0 ? t->steps : STEPS); step++)
        take_step(plan, step, part);
    void *loss = cairn_plan_data(plan, "loss");
    r.loss = t->precision == CAIRN_F64 ? *(double *)loss : (double)*(float *)loss;
    r.memory = cairn_plan_memory_of(plan);
    cairn_plan_destroy(plan);
    cairn_graph_destroy(graph);
    return r;
}

static void end(trained *r)
{
    cairn_weights_destroy(r->weights);
    cairn_weights_destroy(r->state);
    cairn_ctx_destroy(r->ctx);
}

/* The largest difference, as a share of the largest number of the same tensor. */
static double difference(const cairn_weights *a, const cairn_weights *b)
{
    double worst = 0;
    assert_int_equal(cairn_weights_count(a), cairn_weights_count(b));
    for (int i = 0; i < cairn_weights_count(a); i++) {
        const cairn_tensor *x = cairn_weights_at(a, i), *y = cairn_weights_find(b, x->name);
        double largest = 1e-12, most = 0;
        assert_non_null(y);
        for (int64_t k = 0; k < cairn_shape_elements(&x->shape); k++) {
            double p = cairn_dtype_load(x->dtype, x->data, (size_t)k),
                   q = cairn_dtype_load(y->dtype, y->data, (size_t)k);
            largest = fmax(largest, fabs(p));
            most = fmax(most, fabs(p - q));
        }
        worst = fmax(worst, most / largest);
    }
    return worst;
}

static void assert_same_bits(const training *how, const trained *a, const trained *b)
{
    if (a->loss != b->loss || difference(a->weights, b->weights) != 0 || difference(a->state, b->state) != 0)
        fail_msg("%s, %d threads: losses %.9g and %.9g, weights differ by %.3g", how->name, how->threads,
                 a->loss, b->loss, difference(a->weights, b->weights));
}

/* ---- threads ---- */

/* With few threads each takes images through many steps, with many they share the images. */
static void threads_change_no_bit(void **state)
{
    (void)state;
    static const training networks[] = {
        {.name = "lenet5.tutorial", .steps = 50},
        {.name = "lenet5", .precision = CAIRN_BF16, .steps = 50},
#ifndef __SANITIZE_ADDRESS__ /* under which they take minutes */
        {.name = "resnet20", .steps = 10},
        {.name = "resnet20", .precision = CAIRN_BF16, .steps = 5},
        {.name = "resnet18", .size = 64, .steps = 2},
        {.name = "resnet18", .size = 64, .precision = CAIRN_BF16, .steps = 1},
        {.name = "resnext50_32x4d", .size = 64, .steps = 1},
        {.name = "googlenet", .size = 96, .steps = 1},
#else
        {.name = "resnet20", .steps = 2},
#endif
    };
    static const int threads[] = {2, 3, 5};
    for (size_t i = 0; i < CAIRN_COUNT(networks); i++) {
        training how = networks[i];
        how.threads = 1;
        trained one = train(&how);
        for (size_t k = 0; k < CAIRN_COUNT(threads); k++) {
            how.threads = threads[k];
            trained more = train(&how);
            assert_same_bits(&how, &one, &more);
            end(&more);
        }
        end(&one);
    }
}

/* ---- activations made again ---- */

static void same_bits(const char *name, int size, cairn_dtype precision, double memory_share)
{
    training plain = {name, size, precision, false, 0, 2, 0}, again = {name, size, precision, true, 0, 2, 0};
    trained a = train(&plain), b = train(&again);
    assert_same_bits(&again, &a, &b);
    double share = (double)b.memory.arena / (double)a.memory.arena;
    if (share > memory_share)
        fail_msg("%s: %.3f of the memory, expected %.3f", name, share, memory_share);
    end(&a);
    end(&b);
}

static void what_is_made_again_is_the_same(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int size;
        cairn_dtype precision;
        double memory_share;
    } networks[] = {
        {"lenet5", 0, CAIRN_F32, 1},       {"lenet5.tutorial", 0, CAIRN_F64, 1},
        {"resnet20", 0, CAIRN_F32, 1},     {"resnet20", 0, CAIRN_BF16, 1},
#ifndef __SANITIZE_ADDRESS__ /* under which they take minutes */
        {"googlenet", 96, CAIRN_F32, 0.9}, {"resnet18", 128, CAIRN_F32, 0.95},
        {"resnet50v2", 64, CAIRN_F32, 1},  {"inception_v4", 96, CAIRN_F32, 1},
#endif
    };
    for (size_t i = 0; i < CAIRN_COUNT(networks); i++)
        same_bits(networks[i].name, networks[i].size, networks[i].precision, networks[i].memory_share);
}

static size_t arena_of(bench *b, const cairn_graph *graph, int batch, bool recompute)
{
    cairn_plan_options options = {.batch = batch, .training = true, .recompute = recompute};
    cairn_plan_memory memory;
    assert_int_equal(cairn_plan_estimate(b->ctx, graph, &options, &memory), CAIRN_OK);
    return memory.arena;
}

/* Large pictures, where activations outweigh all else; nothing is run. */
static void most_activations_are_dropped(void **state)
{
    bench *b = *state;
    static const char *const names[] = {"resnet50", "resnet50v2", "inception_v4"};
    cairn_model_training how = {.update = {.momentum = 0.9}};
    for (size_t i = 0; i < CAIRN_COUNT(names); i++) {
        cairn_graph *graph = NULL;
        assert_int_equal(cairn_model_graph(b->ctx, cairn_model_find(names[i]), NULL, CAIRN_INPUT_NUMBERS, 0,
                                           NULL, NULL, &how, &graph),
                         CAIRN_OK);
        size_t plain = arena_of(b, graph, 64, false), again = arena_of(b, graph, 64, true);
        if (again >= plain / 2)
            fail_msg("%s: %zu of %zu bytes, expected less than half", names[i], again, plain);
        cairn_graph_destroy(graph);
    }
}

/* Packed weights are made shortly before their use: at once they take more than a small batch does. */
static void packed_weights_take_turns(void **state)
{
    bench *b = *state;
    cairn_graph *graph = NULL;
    cairn_model_settings settings = {.h = 64, .w = 64};
    cairn_model_training how = {.update = {.momentum = 0.9}};
    assert_int_equal(cairn_model_graph(b->ctx, cairn_model_find("resnet50"), &settings, CAIRN_INPUT_NUMBERS,
                                       0, NULL, NULL, &how, &graph),
                     CAIRN_OK);
    size_t parameters = 0;
    for (int i = 0; i < cairn_param_count(graph); i++) {
        cairn_param_info param = cairn_param_at(graph, i);
        parameters += (size_t)cairn_shape_elements(&param.shape) * sizeof(float);
    }
    size_t arena = arena_of(b, graph, 1, false); /* gradients, and activations of one small picture */
    if (arena >= 2 * parameters)
        fail_msg("%zu bytes, of parameters %zu, expected less than twice as many", arena, parameters);
    cairn_graph_destroy(graph);
}

/* ---- gradients of several runs ---- */

static void parts_make_a_whole(void **state)
{
    (void)state;
    static const struct {
        const char *name; /* without batch normalisation, whose statistics are those of a run */
        cairn_dtype precision;
        double within;
    } networks[] = {{"lenet5", CAIRN_F64, 1e-12},
                    {"lenet5.tutorial", CAIRN_F64, 1e-12},
                    {"lenet5", CAIRN_F32, 2e-5},
                    {"lenet5.paper", CAIRN_F32, 2e-5}};
    static const int parts[] = {4, 3, 1, 8};
    for (size_t i = 0; i < CAIRN_COUNT(networks); i++) {
        training whole = {networks[i].name, 0, networks[i].precision, false, 0, 2, 0};
        trained a = train(&whole);
        for (size_t k = 0; k < CAIRN_COUNT(parts); k++) {
            training in_parts = {networks[i].name, 0, networks[i].precision, k % 2 == 0, parts[k], 2, 0};
            trained b = train(&in_parts);
            double found = fmax(difference(a.weights, b.weights), difference(a.state, b.state));
            if (found > networks[i].within)
                fail_msg("%s, %d at a time: differs by %.3g", networks[i].name, parts[k], found);
            end(&b);
        }
        end(&a);
    }
}

/* ---- what a step asks of the system ---- */

static void *count_calls(void *user, void *ptr, size_t size)
{
    int *calls = user;
    ++*calls;
    if (size != 0)
        return realloc(ptr, size);
    free(ptr);
    return NULL;
}

static long page_faults(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_minflt + usage.ru_majflt;
}

/* From the second step on: no allocation, no fresh page. */
static void later_steps_take_nothing(void **state)
{
    (void)state;
    static const char *const networks[] = {"lenet5", "resnet20"};
    for (size_t i = 0; i < CAIRN_COUNT(networks); i++) {
        int calls = 0;
        cairn_ctx *ctx;
        cairn_graph *graph = NULL;
        cairn_weights *weights = NULL, *slots = NULL;
        cairn_plan *plan = NULL;
        cairn_model_training how = {.update = {.momentum = 0.9}};
        cairn_ctx_options own = {.threads = 2, .allocator = {count_calls, &calls}};
        assert_int_equal(cairn_ctx_create(&own, &ctx), CAIRN_OK);
        assert_int_equal(cairn_model_graph(ctx, cairn_model_find(networks[i]), NULL, CAIRN_INPUT_NUMBERS, 0,
                                           NULL, NULL, &how, &graph),
                         CAIRN_OK);
        assert_int_equal(cairn_weights_init(ctx, graph, CAIRN_F32, 7, &weights), CAIRN_OK);
        assert_int_equal(cairn_weights_create(ctx, &slots), CAIRN_OK);
        assert_int_equal(cairn_plan_create(ctx, graph, weights, slots,
                                           &(cairn_plan_options){.batch = BATCH, .training = true}, &plan),
                         CAIRN_OK);
        cairn_run_options run = {.lr = 0.01};
        assert_int_equal(cairn_plan_run(plan, &run), CAIRN_OK);
        int before = calls;
        long faults = 1;
        for (int tries = 0; tries < 3 && faults != 0;
             tries++) { /* the system may move a page on its own account */
            faults = -page_faults();
            for (int k = 0; k < 20; k++, run.step++)
                assert_int_equal(cairn_plan_run(plan, &run), CAIRN_OK);
            faults += page_faults();
        }
        assert_int_equal(calls, before);
#ifndef __SANITIZE_ADDRESS__ /* which has pages of its own */
        assert_int_equal(faults, 0);
#endif
        cairn_plan_destroy(plan);
        cairn_weights_destroy(slots);
        cairn_weights_destroy(weights);
        cairn_graph_destroy(graph);
        cairn_ctx_destroy(ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(later_steps_take_nothing),
                                       cmocka_unit_test(threads_change_no_bit),
                                       cmocka_unit_test(what_is_made_again_is_the_same),
                                       TEST(most_activations_are_dropped),
                                       TEST(packed_weights_take_turns),
                                       cmocka_unit_test(parts_make_a_whole)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
