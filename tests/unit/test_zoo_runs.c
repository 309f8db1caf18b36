/* Every network of the zoo runs and trains: at the smallest picture that it takes and a batch of two, an
 * inference and training steps give finite numbers and the same bits for one thread and for three. And every
 * network, asked for any size or class count, builds or says what is wrong. */
#include "graph/graph.h"
#include "support.h"

#include <cairn/cairn.h>
#include <math.h>

#define BATCH 2
#define CLASSES 7
/* Bytes that a run may take: all networks train within it. */
#define MEMORY_LIMIT ((size_t)3000 << 20)
/* Bytes of weights of which a second run, for its bits, is worth its time: above are the longer and wider kin
 * of networks below. */
#ifdef __SANITIZE_ADDRESS__
#define TWICE_LIMIT ((size_t)0) /* bits need no sanitizer */
#define STEPS 1
#define SIZE_STRIDE 3 /* of the sizes asked for, every third */
#else
#define STEPS 2
#define SIZE_STRIDE 1
#define TWICE_LIMIT ((size_t)64 << 20)
#endif
/* Where maps of one pixel come last and not at once: normalised over two numbers all the way, they explode.
 */
#define LEAST_TRAINED 32

static const cairn_model_training training = {.update = {.momentum = 0.9, .weight_decay = 1e-4}};

static size_t elements_of(cairn_shape shape)
{
    return (size_t)cairn_shape_elements(&shape);
}

/* To draw a thousand million weights is what would take the time here: their network leaves them zero, and a
 * pattern of numbers goes over them again and again. Its length is a prime, so that filters differ. */
#define PATTERN 8191

static void leave_zero(cairn_graph *graph)
{
    for (int i = 0; i < graph->variable_count; i++) {
        cairn_init *init = &graph->variables[i].init;
        if (init->kind != CAIRN_INIT_CONSTANT)
            *init = (cairn_init){.kind = CAIRN_INIT_ZEROS};
    }
}

static void fill_weights(const cairn_weights *weights)
{
    float pattern[PATTERN];
    uint32_t seed = 1;
    for (int i = 0; i < cairn_weights_count(weights); i++) {
        const cairn_tensor *tensor = cairn_weights_at(weights, i);
        size_t count = elements_of(tensor->shape);
        if (tensor->shape.rank < 2)
            continue;
        float outputs = (float)tensor->shape.dim[tensor->shape.rank - 1];
        float bound = sqrtf(3.0f * outputs / (float)count); /* LeCun's variance */
        for (size_t k = 0; k < PATTERN && k < count; k++)
            pattern[k] = bound * ((float)((seed = seed * 1664525u + 1013904223u) >> 8) * 0x1p-23f - 1);
        for (size_t k = 0; k < count; k += PATTERN)
            memcpy((float *)tensor->data + k, pattern,
                   sizeof *pattern * (count - k < PATTERN ? count - k : PATTERN));
    }
}

static cairn_status build(cairn_ctx *ctx, const cairn_model *model, int size, int64_t classes, bool trained,
                          cairn_graph **graph)
{
    cairn_model_settings settings = {.h = size, .w = size, .classes = (int)classes};
    *graph = NULL;
    cairn_status status = cairn_model_graph(ctx, model, &settings, CAIRN_INPUT_NUMBERS, 0, NULL, NULL,
                                            trained ? &training : NULL, graph);
    if (status == CAIRN_OK)
        leave_zero(*graph);
    return status;
}

/* A small square picture that the network takes, 0: none. */
static int small_size(cairn_ctx *ctx, const cairn_model *model, bool trained)
{
    static const int sizes[] = {1, 15, 28, LEAST_TRAINED, 63, 75, 95, 128, 160, 224, 227, 299};
    for (size_t i = 0; i < CAIRN_COUNT(sizes); i++) {
        cairn_graph *graph;
        if (trained && sizes[i] < LEAST_TRAINED)
            continue;
        cairn_status status = build(ctx, model, sizes[i], CLASSES, trained, &graph);
        cairn_graph_destroy(graph);
        if (status == CAIRN_OK)
            return sizes[i];
    }
    return 0;
}

/* Of whole numbers at a time: there are a thousand million to go over. */
static uint64_t hash(uint64_t state, const float *numbers, size_t count)
{
    uint32_t bits;
    for (size_t i = 0; i < count; i++) {
        memcpy(&bits, &numbers[i], sizeof bits);
        state = (state ^ bits) * 1099511628211u;
    }
    return state;
}

static bool all_finite(const float *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(numbers[i]))
            return false;
    return true;
}

static void fill(cairn_plan *plan)
{
    float *image = cairn_plan_data(plan, "image");
    int32_t *labels = cairn_plan_data(plan, "labels");
    int64_t *samples = cairn_plan_data(plan, "samples");
    uint32_t seed = 1;
    for (size_t i = 0; i < BATCH * elements_of(cairn_plan_shape(plan, "image")); i++)
        image[i] = (float)((seed = seed * 1664525u + 1013904223u) >> 8) * 0x1p-23f - 1;
    for (int n = 0; n < BATCH; n++) {
        if (labels != NULL)
            labels[n] = n * 3 % CLASSES;
        if (samples != NULL)
            samples[n] = n;
    }
}

/* A hash of all weights; fails when one is not finite. */
static uint64_t hash_weights(const cairn_weights *weights, uint64_t state)
{
    for (int i = 0; i < cairn_weights_count(weights); i++) {
        const cairn_tensor *tensor = cairn_weights_at(weights, i);
        size_t count = elements_of(tensor->shape);
        if (tensor->dtype == CAIRN_F32 && !all_finite(tensor->data, count))
            fail_msg("%s is not finite", tensor->name);
        if (tensor->dtype == CAIRN_F32)
            state = hash(state, tensor->data, count);
    }
    return state;
}

/* Runs the network with so many threads: a hash of what comes out, 0: it would take too much memory; and the
 * bytes of its weights. */
static uint64_t run(const cairn_model *model, int size, bool trained, int threads, size_t *weight_bytes)
{
    cairn_ctx_options host = {.threads = threads};
    cairn_plan_options options = {.batch = BATCH, .training = trained};
    cairn_plan_memory memory;
    cairn_ctx *ctx;
    cairn_graph *graph;
    cairn_weights *weights = NULL, *state = NULL;
    cairn_plan *plan = NULL;
    uint64_t sum = 1469598103934665603u;
    assert_int_equal(cairn_ctx_create(&host, &ctx), CAIRN_OK);
    assert_int_equal(build(ctx, model, size, CLASSES, trained, &graph), CAIRN_OK);
    assert_int_equal(cairn_plan_estimate(ctx, graph, &options, &memory), CAIRN_OK);
    *weight_bytes = memory.weights;
    bool fits = memory.arena + memory.weights + memory.state <= MEMORY_LIMIT;
    if (fits) {
        assert_int_equal(cairn_weights_init(ctx, graph, CAIRN_F32, 3, &weights), CAIRN_OK);
        fill_weights(weights);
        assert_int_equal(cairn_weights_create(ctx, &state), CAIRN_OK);
        if (cairn_plan_create(ctx, graph, weights, state, &options, &plan) != CAIRN_OK)
            fail_msg("%s: %s", model->name, cairn_error(ctx));
        uint64_t before = trained ? hash_weights(weights, sum) : 0;
        fill(plan);
        for (int step = 0; step < (trained ? STEPS : 1); step++)
            if (cairn_plan_run(plan, &(cairn_run_options){.n = BATCH, .lr = 1e-3, .step = step}) != CAIRN_OK)
                fail_msg("%s: %s", model->name, cairn_error(ctx));
        const char *output = trained ? "losses" : "logits";
        size_t count = BATCH * elements_of(cairn_plan_shape(plan, output));
        const float *numbers = cairn_plan_data(plan, output);
        if (!all_finite(numbers, count))
            fail_msg("%s: %s are not finite", model->name, output);
        sum = trained ? hash_weights(weights, sum) : sum;
        if (sum == before)
            fail_msg("%s: its weights did not change", model->name);
        sum = hash(sum, numbers, count);
    }
    cairn_plan_destroy(plan);
    cairn_weights_destroy(state);
    cairn_weights_destroy(weights);
    cairn_graph_destroy(graph);
    cairn_ctx_destroy(ctx);
    return fits ? sum : 0;
}

static void every_network(bench *b, bool trained, int least)
{
    int ran = 0;
    for (int i = 0; i < cairn_model_count(); i++) {
        const cairn_model *model = cairn_model_at(i);
        int size = small_size(b->ctx, model, trained);
        if (size == 0)
            fail_msg("%s: takes no size", model->name);
        size_t bytes;
        uint64_t three = run(model, size, trained, 3, &bytes);
        ran += three != 0;
        if (three != 0 && bytes <= TWICE_LIMIT && run(model, size, trained, 1, &bytes) != three)
            fail_msg("%s: other bits with one thread than with three", model->name);
    }
    assert_true(ran >= least);
}

static void every_network_infers(void **state)
{
    every_network(*state, false, cairn_model_count());
}

static void every_network_trains(void **state)
{
    every_network(*state, true, cairn_model_count());
}

/* Built, or an error that names the network's layer or what to ask for instead. */
static void assert_answers(bench *b, const cairn_model *model, int size, int64_t classes)
{
    cairn_graph *graph;
    cairn_status status = build(b->ctx, model, size, classes, false, &graph);
    cairn_graph_destroy(graph);
    if (status == CAIRN_OK)
        return;
    if (status != CAIRN_USAGE && status != CAIRN_INPUT)
        fail_msg("%s of %d: status %d, %s", model->name, size, status, cairn_error(b->ctx));
    if (strstr(cairn_error(b->ctx), "expected") == NULL && strstr(cairn_error(b->ctx), "fit") == NULL &&
        strstr(cairn_error(b->ctx), "at least") == NULL)
        fail_msg("%s of %d pixels, %lld classes: '%s' does not say what fits", model->name, size,
                 (long long)classes, cairn_error(b->ctx));
}

static void any_size_is_answered(void **state)
{
    static const int sizes[] = {1,  2,  3,  5,   8,   13,  16,  28,  31,  32,  33, 63,
                                64, 75, 96, 127, 128, 160, 223, 224, 225, 299, 512};
    for (int i = 0; i < cairn_model_count(); i++)
        for (size_t k = 0; k < CAIRN_COUNT(sizes); k += SIZE_STRIDE)
            assert_answers(*state, cairn_model_at(i), sizes[k], CLASSES);
}

static void any_class_count_is_answered(void **state)
{
    static const int64_t counts[] = {-1, -2147483647, 1, 2, 21841, 2147483647};
    for (int i = 0; i < cairn_model_count(); i++)
        for (size_t k = 0; k < CAIRN_COUNT(counts); k++)
            assert_answers(*state, cairn_model_at(i), 0, counts[k]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(any_size_is_answered),
        TEST(any_class_count_is_answered),
        TEST(every_network_infers),
        TEST(every_network_trains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
