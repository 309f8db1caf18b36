/* A network opened from a file that may say nothing about itself, and what it makes of a picture file. */
#include "support.h"

#include <cairn/train.h>
#include <math.h>

#define CLASSES 3
#define PICTURE CAIRN_TEST_DATA "/preprocess/gray_233x311.jpg"

static void assert_ok(bench *b, cairn_status status)
{
    if (status != CAIRN_OK)
        fail_msg("status %d: %s", (int)status, cairn_error(b->ctx));
}

/* The file of a network of three classes, without metadata, and with a tensor that is none of its own. */
static const char *write_weights(bench *b, bool extra)
{
    const cairn_model_settings settings = {.classes = CLASSES};
    const cairn_shape shape = {.rank = 1, .dim = {1}};
    const char *path = bench_path(b, "bare.safetensors");
    cairn_graph *graph;
    cairn_weights *weights;
    const cairn_tensor *tensor;
    assert_ok(b, cairn_model_graph(b->ctx, cairn_model_find("lenet5"), &settings, CAIRN_INPUT_NUMBERS, 0,
                                   NULL, NULL, NULL, &graph));
    assert_ok(b, cairn_weights_init(b->ctx, graph, CAIRN_F32, 1, &weights));
    if (extra)
        assert_ok(b, cairn_weights_add(weights, "extra", CAIRN_F32, CAIRN_LAYOUT_PLAIN, &shape, &tensor));
    assert_ok(b, cairn_weights_save(weights, path));
    cairn_weights_destroy(weights);
    cairn_graph_destroy(graph);
    return path;
}

static cairn_classifier *open_weights(bench *b, const char *preprocess)
{
    cairn_classifier *classifier;
    assert_ok(b, cairn_classifier_open(b->ctx, write_weights(b, false), NULL, preprocess, 1, &classifier));
    return classifier;
}

static void tensors_tell_the_network(void **state)
{
    bench *b = *state;
    cairn_classifier *c = open_weights(b, NULL);
    const cairn_classifier_info *info = cairn_classifier_about(c);
    assert_string_equal(info->model->name, "lenet5");
    assert_int_equal(info->classes, CLASSES);
    assert_int_equal(info->settings.classes, CLASSES);
    cairn_classifier_close(c);
}

static void tensors_that_fit_nothing_are_refused(void **state)
{
    bench *b = *state;
    cairn_classifier *c;
    assert_fails(b, cairn_classifier_open(b->ctx, write_weights(b, true), NULL, NULL, 1, &c), CAIRN_INPUT,
                 "'cairn.arch', or a network to bind it to), and its tensors fit none");
    assert_null(c);
}

static void a_file_has_the_scores_of_its_pixels(void **state)
{
    bench *b = *state;
    cairn_classifier *c = open_weights(b, NULL);
    cairn_decode_options decode = {.channels = 1};
    cairn_picture picture, input;
    float from_file[CLASSES], from_pixels[CLASSES];
    assert_ok(b, cairn_picture_load(b->ctx, PICTURE, &decode, &picture));
    assert_ok(b, cairn_classifier_input(c, "picture", &picture, &input));
    assert_ok(b, cairn_classifier_run(c, 1, input.data, from_pixels));
    assert_ok(b, cairn_classifier_run_file(c, PICTURE, from_file));
    assert_memory_equal(from_file, from_pixels, sizeof from_file);
    assert_int_equal(cairn_classifier_run_file(c, bench_path(b, "none.png"), from_file), CAIRN_IO);
    cairn_picture_free(b->ctx, &picture);
    cairn_picture_free(b->ctx, &input);
    cairn_classifier_close(c);
}

static void pictures_of_the_wrong_size_are_refused(void **state)
{
    bench *b = *state;
    cairn_classifier *c = open_weights(b, "{\"resize\":null}");
    float logits[CLASSES];
    assert_fails(b, cairn_classifier_run_file(c, PICTURE, logits), CAIRN_INPUT, "gray_233x311.jpg: preproc");
    assert_fails(b, cairn_classifier_run_file(c, PICTURE, logits), CAIRN_INPUT, "expected 32x32x1");
    cairn_classifier_close(c);
}

/* Best first, equals in the order of the classes; probabilities are over all of them. */
static void the_best_are_sorted(void **state)
{
    bench *b = *state;
    cairn_classifier *c = open_weights(b, NULL);
    const float logits[CLASSES] = {1, 3, 1};
    cairn_class_score best[CLASSES + 1];
    const int order[CLASSES] = {1, 0, 2};
    assert_int_equal(cairn_classifier_best(c, logits, CLASSES + 1, best), CLASSES);
    for (int i = 0; i < CLASSES; i++) {
        assert_int_equal(best[i].index, order[i]);
        assert_string_equal(best[i].label, cairn_classifier_about(c)->labels[order[i]]);
        assert_true(best[i].logit == logits[order[i]]);
    }
    assert_true(fabs((double)best[0].prob - 1 / (1 + 2 * exp(-2.0))) < 1e-6);
    assert_true(best[1].prob == best[2].prob);
    assert_true(fabs((double)best[0].prob + 2 * (double)best[1].prob - 1) < 1e-6);
    assert_int_equal(cairn_classifier_best(c, logits, 1, best), 1);
    assert_int_equal(best[0].index, 1);
    cairn_classifier_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tensors_tell_the_network),
        TEST(tensors_that_fit_nothing_are_refused),
        TEST(a_file_has_the_scores_of_its_pixels),
        TEST(pictures_of_the_wrong_size_are_refused),
        TEST(the_best_are_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
