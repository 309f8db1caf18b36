/* What steps ask of the machine, what the machine is measured to do, and the picture of both. */
#include "drawing.h"
#include "support.h"

#include "plan/peak.h"
#include "report/profile.h"
#include <math.h>

#define BATCH 3
#define MOST_STEPS 400

/* ---- steps ---- */

static cairn_step_info find_step(const cairn_plan *plan, const char *name)
{
    for (int i = 0; i < cairn_plan_step_count(plan); i++)
        if (strcmp(cairn_plan_step_at(plan, i).name, name) == 0)
            return cairn_plan_step_at(plan, i);
    fail_msg("no step %s", name);
    return (cairn_step_info){0};
}

/* A 3x3 convolution of 8x8x3 to 16 maps, a 1x1 one of every other pixel, a dense layer. */
static cairn_graph *new_small(cairn_ctx *ctx)
{
    cairn_graph *graph;
    assert_int_equal(cairn_graph_create(ctx, &graph), CAIRN_OK);
    cairn_val x = cairn_image(graph, 8, 8, 3);
    x = cairn_relu(graph, cairn_conv2d(graph, x, "conv", 16, .k = 3, .pad = 1));
    x = cairn_conv2d(graph, x, "sparse", 32, .k = 1, .stride = 2, .no_bias = true);
    cairn_output(graph, cairn_linear(graph, x, "fc", 10), "logits");
    assert_int_equal(cairn_graph_status(graph), CAIRN_OK);
    return graph;
}

static void check_steps(cairn_ctx *ctx, const cairn_graph *graph, bool reference)
{
    cairn_weights *weights;
    cairn_plan *plan;
    cairn_plan_options options = {.batch = BATCH, .reference = reference};
    assert_int_equal(cairn_weights_init(ctx, graph, CAIRN_F32, 0, &weights), CAIRN_OK);
    assert_int_equal(cairn_plan_create(ctx, graph, weights, NULL, &options, &plan), CAIRN_OK);
    cairn_step_info conv = find_step(plan, "conv"), sparse = find_step(plan, "sparse"),
                    fc = find_step(plan, "fc");
    assert_int_equal(conv.work, 2 * BATCH * 64 * 27 * 16);
    assert_int_equal(conv.bytes, 4 * (BATCH * 64 * (3 + 16) + 27 * 16 + 16));
    assert_int_equal(sparse.work, 2 * BATCH * 16 * 16 * 32);
    assert_int_equal(sparse.bytes, 4 * (BATCH * 16 * (16 + 32) + 16 * 32)); /* a quarter of its input */
    assert_int_equal(fc.work, 2 * BATCH * 512 * 10);
    assert_int_equal(fc.bytes, 4 * (BATCH * (512 + 10) + 512 * 10 + 10));
    int64_t work = 0;
    bool packs = false;
    for (int i = 0; i < cairn_plan_step_count(plan); i++) {
        cairn_step_info info = cairn_plan_step_at(plan, i);
        assert_true(info.bytes > 0 && info.working_set > 0);
        packs |= info.prepares;
        if (info.prepares)
            assert_int_equal(info.work, 0);
        work += info.work;
    }
    assert_int_equal(work, conv.work + sparse.work + fc.work);
    assert_int_equal(packs, !reference && strcmp(cairn_isa_name(), "scalar") != 0);
    cairn_plan_destroy(plan);
    cairn_weights_destroy(weights);
}

static void steps_know_work_and_bytes(void **state)
{
    bench *b = *state;
    cairn_graph *graph = new_small(b->ctx);
    check_steps(b->ctx, graph, true);
    check_steps(b->ctx, graph, false);
    cairn_graph_destroy(graph);
}

/* Three times the forward pass, but for the picture's gradient, which nobody wants; nothing is prepared. */
static void training_counts_gradients(void **state)
{
    bench *b = *state;
    cairn_graph *graph;
    cairn_weights *weights, *update;
    cairn_plan *plan;
    cairn_model_training settings = {.update = {.momentum = 0.9}};
    assert_int_equal(cairn_model_graph(b->ctx, cairn_model_find("lenet5"), NULL, CAIRN_INPUT_NUMBERS, 0, NULL,
                                       NULL, &settings, &graph),
                     CAIRN_OK);
    assert_int_equal(cairn_weights_init(b->ctx, graph, CAIRN_F32, 0, &weights), CAIRN_OK);
    assert_int_equal(cairn_weights_create(b->ctx, &update), CAIRN_OK);
    cairn_plan_options options = {.batch = BATCH, .training = true};
    assert_int_equal(cairn_plan_create(b->ctx, graph, weights, update, &options, &plan), CAIRN_OK);
    int64_t forward = 0, work = 0;
    for (int i = 0; i < cairn_plan_step_count(plan); i++) {
        cairn_step_info info = cairn_plan_step_at(plan, i);
        assert_false(info.prepares);
        work += info.work;
        if (!strchr(info.name, '/'))
            forward += info.work;
    }
    assert_int_equal(work, 3 * forward - find_step(plan, "conv1").work);
    cairn_plan_destroy(plan);
    cairn_weights_destroy(update);
    cairn_weights_destroy(weights);
    cairn_graph_destroy(graph);
}

/* ---- measuring ---- */

static void best_trial_adds_the_threads(void **state)
{
    (void)state;
    const double seconds[] = {1, 2, 4, /* the other thread: */ 1, 0.5, 4};
    assert_true(cairn_best_trial(seconds, 2, 3, 2) == 2.5);
    assert_true(cairn_best_trial(seconds, 2, 3, 1) == 1.25);
    assert_true(cairn_best_trial(seconds, 1, 3, 2) == 1);
}

static void machine_is_measured(void **state)
{
    bench *b = *state;
    cairn_bandwidth bandwidth;
    assert_true(cairn_measure_peak(b->ctx, CAIRN_F32) > 0);
    assert_int_equal(cairn_measure_bandwidth(b->ctx, &bandwidth), CAIRN_OK);
    const cairn_memory_level *level = bandwidth.level;
    assert_string_equal(level[0].name, "L1");
    assert_string_equal(level[3].name, "DRAM");
    assert_true(level[0].read > 0 && level[1].read > 0 && level[3].read > 0);
    assert_true(level[0].bytes >= 4096 && level[1].bytes > level[0].bytes && level[3].bytes == 0);
    assert_true(level[2].read == 0 || level[2].bytes > level[1].bytes);
}

/* ---- roofline ---- */

static const cairn_bandwidth levels = {{{"L1", 1e4, 1000}, {"L2", 1e6, 500}, {"L3", 0, 0}, {"DRAM", 0, 50}}};

static void roof_is_the_longer(void **state)
{
    (void)state;
    cairn_profile profile = {.threads = 2, .peak = 100, .bandwidth = levels};
    cairn_profile_step step = {.work = 1e9, .bytes = 1e9, .seconds = 0.02};
    cairn_profile_judge(&profile, 1e4, &step); /* 10 ms of arithmetic, 1 ms from L1 */
    assert_int_equal(step.level, 0);
    assert_false(step.memory_bound);
    assert_true(fabs(cairn_profile_share_of_roof(&step) - 0.5) < 1e-12);
    assert_true(fabs(cairn_profile_gflops(&step) - 50) < 1e-9);
    cairn_profile_judge(&profile, 1e4 + 1, &step);
    assert_int_equal(step.level, 1);
    cairn_profile_judge(&profile, 2e6, &step); /* there is no L3; 20 ms */
    assert_int_equal(step.level, 3);
    assert_true(step.memory_bound);
    assert_true(fabs(cairn_profile_share_of_roof(&step) - 1) < 1e-12);
    step.seconds = 0;
    assert_true(cairn_profile_share_of_roof(&step) == 0 && cairn_profile_gflops(&step) == 0);
}

static void profile_leaves_preparing_out(void **state)
{
    bench *b = *state;
    cairn_graph *graph = new_small(b->ctx);
    cairn_weights *weights;
    cairn_plan *plan;
    cairn_profile profile;
    cairn_plan_options options = {.batch = BATCH};
    assert_int_equal(cairn_weights_init(b->ctx, graph, CAIRN_F32, 0, &weights), CAIRN_OK);
    assert_int_equal(cairn_plan_create(b->ctx, graph, weights, NULL, &options, &plan), CAIRN_OK);
    float *image = cairn_plan_data(plan, "image");
    memset(image, 0, BATCH * 8 * 8 * 3 * sizeof *image);
    assert_int_equal(cairn_profile_measure(b->ctx, plan, NULL, 5, 100, &profile), CAIRN_OK);
    assert_int_equal(profile.count, 3);
    double seconds = 0;
    for (int i = 0; i < profile.count; i++) {
        assert_true(profile.step[i].cpu_seconds > 0 && profile.step[i].roof > 0);
        seconds += profile.step[i].cpu_seconds;
    }
    assert_true(fabs(seconds - profile.total.cpu_seconds) < 1e-12 && profile.run_seconds > 0);
    cairn_profile_free(&profile);
    cairn_plan_destroy(plan);
    cairn_weights_destroy(weights);
    cairn_graph_destroy(graph);
}

/* ---- picture ---- */

static bool meet(cairn_box a, cairn_box b)
{
    return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

static void check_scene(const cairn_scene *scene)
{
    assert_int_equal(scene->status, CAIRN_OK);
    for (int i = 0; i < scene->count; i++) {
        const cairn_mark *mark = &scene->mark[i];
        if (!(mark->box.left >= 0 && mark->box.top >= 0 && mark->box.right <= scene->width &&
              mark->box.bottom <= scene->height))
            fail_msg("%s %d leaves the page", mark->text ? mark->text : "figure", i);
        for (int k = 0; k < i && mark->kind == CAIRN_MARK_TEXT; k++)
            if (scene->mark[k].kind == CAIRN_MARK_TEXT && meet(mark->box, scene->mark[k].box))
                fail_msg("'%s' meets '%s'", mark->text, scene->mark[k].text);
    }
}

/* Steps from one in a thousand of the roof to four times above it, with and without arithmetic. */
static void fill_profile(cairn_profile *profile, cairn_profile_step *steps, int count, char names[][64])
{
    static const char *const ops[] = {"conv2d", "maxpool", "conv2d_bwd_weights", "sgd",   "linear",
                                      "concat", "mean",    "batchnorm_train",    "other", "another"};
    *profile = (cairn_profile){.threads = 2, .peak = 81, .bandwidth = levels, .count = count, .step = steps};
    for (int i = 0; i < count; i++) {
        snprintf(names[i], 64, i % 7 == 0 ? "a.very.long.name.of.some.block.%d.branch.conv" : "layer%d", i);
        cairn_profile_step *step = &steps[i];
        *step = (cairn_profile_step){.name = names[i], .op = ops[i % 10], .kernel = "gemm", .isa = "avx2"};
        step->bytes = 1e5 * (1 + i * 37 % 101);
        step->work = i % 3 == 1 ? 0 : step->bytes * (0.1 + i * 53 % 97);
        cairn_profile_judge(profile, step->bytes, step);
        step->seconds = step->roof * (i % 5 == 0 ? 0.25 : 1 + i * 31 % 89 * (i % 11 == 0 ? 10 : 0.1));
        step->cpu_seconds = 2 * step->seconds;
        profile->total.cpu_seconds += step->cpu_seconds;
    }
}

static void pictures_keep_texts_apart(void **state)
{
    bench *b = *state;
    static cairn_profile_step steps[MOST_STEPS];
    static char names[MOST_STEPS][64];
    static const int counts[] = {1, 2, 7, 20, 58, 171, MOST_STEPS};
    for (size_t i = 0; i < CAIRN_COUNT(counts); i++) {
        cairn_profile profile;
        cairn_scene scene;
        fill_profile(&profile, steps, counts[i], names);
        cairn_scene_begin(&scene, b->ctx, CAIRN_PROFILE_WIDTH);
        cairn_plot_profile(&scene, &profile, "resnet50, inference", "batch 1");
        check_scene(&scene);
        assert_true(scene.count > 2 * counts[i]);
        cairn_scene_end(&scene);
    }
}

/* Nothing measured, nothing to do: a picture all the same. */
static void empty_profiles_are_drawn(void **state)
{
    bench *b = *state;
    static cairn_profile_step steps[2];
    static char names[2][64];
    for (int kind = 0; kind < 3; kind++) {
        cairn_profile profile;
        cairn_scene scene;
        fill_profile(&profile, steps, 2, names);
        if (kind == 0)
            profile.count = 0;
        if (kind == 1)
            profile.peak = 0;
        for (int i = 0; i < 2 && kind == 2; i++)
            steps[i].seconds = steps[i].cpu_seconds = profile.total.cpu_seconds = 0;
        cairn_scene_begin(&scene, b->ctx, CAIRN_PROFILE_WIDTH);
        cairn_plot_profile(&scene, &profile, "t", "u");
        check_scene(&scene);
        cairn_scene_end(&scene);
    }
}

static void pictures_become_files(void **state)
{
    bench *b = *state;
    static cairn_profile_step steps[9];
    static char names[9][64];
    cairn_profile profile;
    fill_profile(&profile, steps, 9, names);
    profile.ctx = b->ctx;
    static const char *const files[] = {"p.svg", "p.pdf", "p.png"};
    for (size_t i = 0; i < CAIRN_COUNT(files); i++) {
        assert_int_equal(cairn_profile_write(&profile, bench_path(b, files[i]), "t", "u"), CAIRN_OK);
        assert_int_equal(access(bench_path(b, files[i]), R_OK), 0);
    }
    assert_int_equal(cairn_profile_write(&profile, bench_path(b, "p.dot"), "t", "u"), CAIRN_USAGE);
    assert_int_not_equal(access(bench_path(b, "p.dot"), R_OK), 0);
}

#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BENCH(steps_know_work_and_bytes),
        WITH_BENCH(training_counts_gradients),
        cmocka_unit_test(best_trial_adds_the_threads),
        WITH_BENCH(machine_is_measured),
        cmocka_unit_test(roof_is_the_longer),
        WITH_BENCH(profile_leaves_preparing_out),
        WITH_BENCH(pictures_keep_texts_apart),
        WITH_BENCH(empty_profiles_are_drawn),
        WITH_BENCH(pictures_become_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
