/* Plans in bfloat16: every kind of network, against the same plan in floats; conversions; what is refused. */
#include "op_harness.h"
#include "support.h"
#include <cairn/cairn.h>
#include <math.h>

/* Logits of one picture by a plan of that precision; the network has random weights. */
static int64_t classify(cairn_ctx *ctx, const cairn_graph *graph, cairn_weights *weights,
                        cairn_dtype precision, int batch, float *logits, int64_t room)
{
    cairn_plan *plan = NULL;
    cairn_plan_options options = {.batch = batch, .precision = precision, .outputs = "logits"};
    assert_int_equal(cairn_plan_create(ctx, graph, weights, NULL, &options, &plan), CAIRN_OK);
    cairn_shape in = cairn_plan_shape(plan, "image"), out = cairn_plan_shape(plan, "logits");
    float *image = cairn_plan_data(plan, "image");
    op_random random = {11};
    for (int64_t i = 0; i < batch * cairn_shape_elements(&in); i++)
        image[i] = (float)op_random_unit(&random);
    assert_int_equal(cairn_plan_run(plan, NULL), CAIRN_OK);
    int64_t count = batch * cairn_shape_elements(&out);
    assert_true(count <= room);
    memcpy(logits, cairn_plan_data(plan, "logits"), (size_t)count * sizeof *logits);
    cairn_plan_destroy(plan);
    return count;
}

/* How far bfloat16 takes the logits from floats, as a share of the largest. */
static double difference(cairn_ctx *ctx, const char *name, int size, int batch)
{
    static float exact[4096], rounded[4096];
    const cairn_model *model = cairn_model_find(name);
    cairn_model_settings settings = {.classes = 10, .h = size, .w = size};
    cairn_graph *graph = NULL;
    cairn_weights *weights = NULL;
    assert_non_null(model);
    assert_int_equal(
        cairn_model_graph(ctx, model, &settings, CAIRN_INPUT_NUMBERS, 0, NULL, NULL, NULL, &graph), CAIRN_OK);
    assert_int_equal(cairn_weights_init(ctx, graph, CAIRN_F32, 7, &weights), CAIRN_OK);
    int64_t count = classify(ctx, graph, weights, CAIRN_F32, batch, exact, 4096);
    assert_int_equal(classify(ctx, graph, weights, CAIRN_BF16, batch, rounded, 4096), count);
    double largest = 0, worst = 0;
    for (int64_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs((double)exact[i]));
        worst = fmax(worst, fabs((double)exact[i] - (double)rounded[i]));
    }
    cairn_weights_destroy(weights);
    cairn_graph_destroy(graph);
    assert_true(largest > 0 && isfinite(largest));
    return worst / largest;
}

static void networks_come_close(void **state)
{
    static const struct {
        const char *name;
        int size, batch;
    } networks[] = {{"lenet5", 0, 3},
                    {"lenet5.paper", 0, 2},
                    {"lenet5.tutorial", 0, 2},
                    {"resnet20", 0, 2},
                    {"resnext50_32x4d", 64, 1},
                    {"inception_v2", 64, 1},
#ifndef __SANITIZE_ADDRESS__ /* under which they take minutes */
                    {"resnet164v2", 0, 1},
                    {"resnet50", 64, 1},
                    {"inception_v1.paper", 224, 1},
                    {"inception_v3.keras", 96, 1},
                    {"vgg11_bn", 32, 1}
#endif
    };
    bench *b = *state;
    for (size_t i = 0; i < CAIRN_COUNT(networks); i++) {
        double found = difference(b->ctx, networks[i].name, networks[i].size, networks[i].batch);
        if (!(found > 0) || found > 0.05)
            fail_msg("%s: logits differ by %.3g of the largest", networks[i].name, found);
    }
}

static int count_of(const char *text, const char *what)
{
    int count = 0;
    for (; (text = strstr(text, what)) != NULL; text += strlen(what))
        count++;
    return count;
}

static void make_resnext(bench *b, const cairn_model_settings *settings, cairn_graph **graph,
                         cairn_weights **weights)
{
    assert_int_equal(cairn_model_graph(b->ctx, cairn_model_find("resnext50_32x4d"), settings,
                                       CAIRN_INPUT_NUMBERS, 0, NULL, NULL, NULL, graph),
                     CAIRN_OK);
    assert_int_equal(cairn_weights_init(b->ctx, *graph, CAIRN_F32, 7, weights), CAIRN_OK);
}

/* Narrow groups have kernels that read and write bfloat16: nothing is converted on the way. All but those
 * that are wider than a vector at stride 2, of which there are three. */
static void grouped_convolutions_keep_it(void **state)
{
    static char steps[65536];
    bench *b = *state;
    cairn_graph *graph = NULL;
    cairn_plan *plan = NULL;
    cairn_weights *weights = NULL;
    cairn_model_settings settings = {.classes = 10, .h = 64, .w = 64};
    cairn_plan_options options = {.precision = CAIRN_BF16, .outputs = "logits"};
    if (cairn_isa_level() == CAIRN_ISA_SCALAR)
        skip();
    make_resnext(b, &settings, &graph, &weights);
    assert_int_equal(cairn_plan_create(b->ctx, graph, weights, NULL, &options, &plan), CAIRN_OK);
    assert_true(cairn_plan_print(plan, steps, sizeof steps) < sizeof steps);
    int wide = cairn_isa_level() >= CAIRN_ISA_AVX512 ? 1 : cairn_isa_level() >= CAIRN_ISA_AVX2 ? 2 : 3;
    assert_int_equal(count_of(steps, " conv2d groups"), 16 - wide);
    assert_int_equal(count_of(steps, " conv2d ref"), 0);
    assert_int_equal(count_of(steps, " convert "), 1); /* of the input */
    cairn_plan_destroy(plan);
    cairn_weights_destroy(weights);
    cairn_graph_destroy(graph);
}

/* In no precision is a kernel taken that fits only at a lower level than the processor's. */
static void convolutions_are_of_the_highest_level(void **state)
{
    bench *b = *state;
    cairn_graph *graph = NULL;
    cairn_weights *weights = NULL;
    cairn_model_settings settings = {.classes = 10};
    if (cairn_isa_level() == CAIRN_ISA_SCALAR)
        skip();
    make_resnext(b, &settings, &graph, &weights);
    for (int bf16 = 0; bf16 < 2; bf16++) {
        cairn_plan *plan = NULL;
        cairn_plan_options options = {.precision = bf16 ? CAIRN_BF16 : CAIRN_F32, .outputs = "logits"};
        cairn_isa level = cairn_isa_level();
        if (!bf16 && level == CAIRN_ISA_AVX512BF16)
            level = CAIRN_ISA_AVX512;
        assert_int_equal(cairn_plan_create(b->ctx, graph, weights, NULL, &options, &plan), CAIRN_OK);
        for (int i = 0; i < cairn_plan_step_count(plan); i++) {
            cairn_step_info step = cairn_plan_step_at(plan, i);
            if (strcmp(step.op, "conv2d") == 0)
                assert_string_equal(step.isa, cairn_isa_text(level));
        }
        cairn_plan_destroy(plan);
    }
    cairn_weights_destroy(weights);
    cairn_graph_destroy(graph);
}

static void conversions_round_to_nearest(void **state)
{
    (void)state;
    for (int k = 0; cairn_op_convert.kernels[k] != NULL; k++) {
        const cairn_kernel *kernel = cairn_op_convert.kernels[k];
        if (!op_kernel_runs(kernel, CAIRN_BF16))
            continue;
        for (int way = 0; way < 4; way++) {
            bool back = way % 2 == 1;
            op_random random = {5};
            cairn_shape shape = {.rank = 3, .dim = {3, 5, 37}, .batched = true};
            op_call call = {
                .op = &cairn_op_convert, .inputs = 1, .run = {.n = 2}, .pitches = way < 2 ? 3 : 0};
            call.in[0] = op_tensor_new(shape, back ? CAIRN_BFLOAT16 : CAIRN_FLOAT32, 2);
            op_tensor_fill(&call.in[0], &random);
            cairn_convert_attrs attrs = {back ? CAIRN_FLOAT32 : CAIRN_BFLOAT16};
            memcpy(call.attrs, &attrs, sizeof attrs);
            assert_int_equal(op_call_infer(&call, ((bench *)*state)->ctx), CAIRN_OK);
            assert_int_equal(op_call_run(&call, kernel, CAIRN_BF16), OP_RAN);
            for (int64_t i = 0; i < op_tensor_count(&call.out[0]); i++)
                assert_true(call.out[0].data[i] == op_from_bf16(op_bf16(call.in[0].data[i])));
            op_call_free(&call);
        }
    }
}

enum { STEPS = 4, BATCH = 8 };

/* The last normalisation of each block of three convolutions scales by a fifth. At the start deep networks
 * are else so rough that gradients in floats have little to do with each other after a rounding. */
static void calm(const cairn_weights *weights)
{
    static const char last[] = ".bn3.weight";
    for (int t = 0; t < cairn_weights_count(weights); t++) {
        const cairn_tensor *tensor = cairn_weights_at(weights, t);
        size_t length = strlen(tensor->name);
        if (length < sizeof last || strcmp(tensor->name + length - (sizeof last - 1), last) != 0)
            continue;
        for (int64_t i = 0; i < cairn_shape_elements(&tensor->shape); i++)
            ((float *)tensor->data)[i] *= 0.2f;
    }
}

/* Losses of some steps from the same weights on the same random pictures. */
static void train(const char *name, int size, double lr, cairn_dtype precision, int threads,
                  double losses[STEPS])
{
    cairn_ctx *ctx;
    cairn_graph *graph = NULL;
    cairn_weights *weights = NULL, *state = NULL;
    cairn_plan *plan = NULL;
    cairn_model_settings settings = {.classes = 10, .h = size, .w = size};
    cairn_model_training training = {.update = {.momentum = 0.9}};
    assert_int_equal(cairn_ctx_create(&(cairn_ctx_options){.threads = threads}, &ctx), CAIRN_OK);
    assert_int_equal(cairn_model_graph(ctx, cairn_model_find(name), &settings, CAIRN_INPUT_NUMBERS, 0, NULL,
                                       NULL, &training, &graph),
                     CAIRN_OK);
    assert_int_equal(cairn_weights_init(ctx, graph, CAIRN_F32, 7, &weights), CAIRN_OK);
    calm(weights);
    assert_int_equal(cairn_weights_create(ctx, &state), CAIRN_OK);
    cairn_plan_options options = {
        .batch = BATCH, .precision = precision, .training = true, .no_dropout = true};
    assert_int_equal(cairn_plan_create(ctx, graph, weights, state, &options, &plan), CAIRN_OK);
    cairn_shape shape = cairn_plan_shape(plan, "image");
    float *image = cairn_plan_data(plan, "image");
    int32_t *labels = cairn_plan_data(plan, "labels");
    op_random random = {11};
    for (int64_t i = 0; i < BATCH * cairn_shape_elements(&shape); i++)
        image[i] = (float)op_random_unit(&random);
    for (int n = 0; n < BATCH; n++)
        labels[n] = n % 4;
    for (int i = 0; i < STEPS; i++) {
        cairn_run_options run = {.lr = lr, .step = i};
        assert_int_equal(cairn_plan_run(plan, &run), CAIRN_OK);
        losses[i] = (double)*(float *)cairn_plan_data(plan, "loss");
    }
    cairn_plan_destroy(plan);
    cairn_weights_destroy(state);
    cairn_weights_destroy(weights);
    cairn_graph_destroy(graph);
    cairn_ctx_destroy(ctx);
}

/* The first loss shows the way forward; by how much it falls, in steps that are small, shows the gradients.
 */
static void training_comes_close(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int size;
        double lr, first, fall; /* within these shares of floats' */
    } networks[] = {
        {"lenet5", 0, 0.02, 0.001, 0.01},
        {"lenet5.tutorial", 0, 0.02, 0.001, 0.02},
        {"resnet20", 0, 0.02, 0.002, 0.02},
#ifndef __SANITIZE_ADDRESS__ /* under which they take minutes */
        {"resnet18", 64, 2e-3, 0.005, 0.05},
        {"googlenet", 64, 1e-5, 0.01, 0.15}, /* has no residuals that could be calmed */
        {"resnext50_32x4d", 64, 1e-3, 0.01, 0.05},
#endif
    };
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
        double floats[STEPS], rounded[STEPS], again[STEPS];
        train(networks[i].name, networks[i].size, networks[i].lr, CAIRN_F32, 0, floats);
        train(networks[i].name, networks[i].size, networks[i].lr, CAIRN_BF16, 2, rounded);
        train(networks[i].name, networks[i].size, networks[i].lr, CAIRN_BF16, 3, again);
        if (!(fabs(rounded[0] - floats[0]) <= networks[i].first * floats[0]))
            fail_msg("%s: the first loss is %.4f in floats, %.4f in bfloat16", networks[i].name, floats[0],
                     rounded[0]);
        for (int k = 1; k < STEPS; k++) {
            double expected = floats[0] - floats[k], found = rounded[0] - rounded[k];
            if (!(expected > 0 && fabs(found - expected) <= networks[i].fall * expected))
                fail_msg("%s: until loss %d falls by %.4f in floats, by %.4f in bfloat16", networks[i].name,
                         k, expected, found);
            if (rounded[k] != again[k])
                fail_msg("%s, loss %d: %.9g with 2 threads, %.9g with 3", networks[i].name, k, rounded[k],
                         again[k]);
        }
    }
}

/* The first value kept of layer `name` after one run on zeros. */
static double first_kept(cairn_ctx *ctx, const cairn_graph *graph, cairn_weights *weights,
                         cairn_dtype precision, const char *name, cairn_dtype stored)
{
    cairn_plan *plan = NULL;
    cairn_plan_options options = {.precision = precision, .keep_all = true};
    assert_int_equal(cairn_plan_create(ctx, graph, weights, NULL, &options, &plan), CAIRN_OK);
    assert_int_equal(cairn_plan_run(plan, NULL), CAIRN_OK);
    assert_int_equal(cairn_plan_dtype(plan, name), stored);
    const void *data = cairn_plan_data(plan, name);
    assert_non_null(data);
    double value =
        stored == CAIRN_BF16 ? (double)op_from_bf16(*(const uint16_t *)data) : (double)*(const float *)data;
    assert_int_equal(cairn_plan_dtype(plan, "image"), CAIRN_F32);
    assert_int_equal(cairn_plan_dtype(plan, "no such value"), CAIRN_F32);
    cairn_plan_destroy(plan);
    return value;
}

static void kept_values_say_how_they_are_stored(void **state)
{
    bench *b = *state;
    cairn_graph *graph = NULL;
    cairn_weights *weights = NULL;
    cairn_model_settings settings = {.classes = 10};
    assert_int_equal(cairn_model_graph(b->ctx, cairn_model_find("lenet5.tutorial"), &settings,
                                       CAIRN_INPUT_NUMBERS, 0, NULL, NULL, NULL, &graph),
                     CAIRN_OK);
    assert_int_equal(cairn_weights_init(b->ctx, graph, CAIRN_F32, 7, &weights), CAIRN_OK);
    const cairn_tensor *bias = cairn_weights_find(weights, "conv2.bias");
    assert_non_null(bias);
    *(float *)bias->data = 0.3f; /* which bfloat16 has not */
    float exact = (float)first_kept(b->ctx, graph, weights, CAIRN_F32, "conv2", CAIRN_F32);
    assert_true(exact == 0.3f);
    assert_true(first_kept(b->ctx, graph, weights, CAIRN_BF16, "conv2", CAIRN_BF16) ==
                (double)op_from_bf16(op_bf16(exact)));
    cairn_weights_destroy(weights);
    cairn_graph_destroy(graph);
}

static void other_precisions_are_refused(void **state)
{
    bench *b = *state;
    cairn_graph *graph = NULL;
    cairn_plan *plan = NULL;
    assert_int_equal(cairn_model_graph(b->ctx, cairn_model_find("lenet5"), NULL, CAIRN_INPUT_NUMBERS, 0, NULL,
                                       NULL, NULL, &graph),
                     CAIRN_OK);
    cairn_plan_options options = {.precision = CAIRN_F16};
    assert_int_equal(cairn_plan_create(b->ctx, graph, NULL, NULL, &options, &plan), CAIRN_USAGE);
    options = (cairn_plan_options){.precision = CAIRN_BF16, .reference = true};
    assert_int_equal(cairn_plan_create(b->ctx, graph, NULL, NULL, &options, &plan), CAIRN_USAGE);
    assert_non_null(strstr(cairn_error(b->ctx), "BF16"));
    cairn_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(networks_come_close),
                                       TEST(grouped_convolutions_keep_it),
                                       TEST(convolutions_are_of_the_highest_level),
                                       TEST(conversions_round_to_nearest),
                                       TEST(training_comes_close),
                                       TEST(kept_values_say_how_they_are_stored),
                                       TEST(other_precisions_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
