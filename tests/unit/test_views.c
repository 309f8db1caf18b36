/* Evaluation beyond one crop: pictures in folders, broken ones among them, ten crops, and the network applied
 * densely to whole pictures. */
#include "tiny.h"

#include "graph/dense.h"
#include <cairn/plan.h>
#include <math.h>

#define SIDE 32 /* of LeNet-5's input */

static void assert_ok(bench *b, cairn_status status)
{
    if (status != CAIRN_OK)
        fail_msg("status %d: %s", (int)status, cairn_error(b->ctx));
}

/* LeNet-5 after one epoch, with its chain set to pictures of any size. */
static cairn_classifier *open_trained(bench *b, const char *preprocess, int batch)
{
    cairn_train_settings settings = tiny_settings(b, "run");
    cairn_classifier *classifier;
    settings.epochs = 1;
    assert_ok(b, cairn_train(b->ctx, &settings, NULL, NULL));
    assert_ok(b, cairn_classifier_open(b->ctx, bench_path(b, "run"), NULL, preprocess, batch, &classifier));
    return classifier;
}

static void copy_picture(bench *b, const char *golden, const char *to)
{
    char path[512];
    uint8_t *bytes;
    size_t size;
    snprintf(path, sizeof path, CAIRN_TEST_DATA "/preprocess/%s", golden);
    assert_ok(b, cairn_file_read(b->ctx, path, 1 << 20, &bytes, &size));
    bench_put(bench_path(b, to), bytes, size);
    cairn_free(b->ctx, bytes);
}

/* Five pictures in folders named after digits. */
static cairn_dataset *open_folders(bench *b, const cairn_classifier *classifier, bool broken)
{
    static const char *const names[] = {"rgb_317x243.png", "cmyk_210x190.jpg", "gray_233x311.jpg",
                                        "rgb_199x331.jpg", "rgba_225x225.png"};
    for (int i = 0; i < 5; i++) {
        char to[32];
        snprintf(to, sizeof to, "pictures/%d", 2 * i);
        assert_ok(b, cairn_folder_make(b->ctx, bench_path(b, to)));
        snprintf(to, sizeof to, "pictures/%d/x.jpg", 2 * i);
        copy_picture(b, names[i], to);
    }
    if (broken)
        bench_put(bench_path(b, "pictures/4/x.jpg"), "\xff\xd8\xff\xe0 no more", 12);
    const cairn_classifier_info *info = cairn_classifier_about(classifier);
    cairn_dataset_options options = {.classes = info->classes, .class_names = info->labels};
    cairn_dataset *set;
    assert_ok(b, cairn_dataset_open(b->ctx, bench_path(b, "pictures"), &options, &set));
    assert_true(cairn_dataset_about(set)->mapped);
    return set;
}

static const char chain[] = "{\"resize\":40,\"crop\":32,\"pad\":0}";

static void broken_pictures_are_named_and_counted(void **state)
{
    bench *b = *state;
    for (int threads = 1; threads <= 3; threads++) {
        tiny_threads(b, threads);
        cairn_classifier *classifier = open_trained(b, chain, 2);
        cairn_dataset *set = open_folders(b, classifier, true);
        cairn_evaluate_options options = {.scale_count = 1, .scales = {36}};
        for (int views = CAIRN_VIEW_SINGLE; views <= CAIRN_VIEW_MULTI_SCALE; views++) {
            cairn_evaluation e;
            options.views = (cairn_views)views;
            b->warnings = 0;
            assert_ok(b, cairn_evaluate(b->ctx, classifier, set, CAIRN_TEST, &options, &e));
            assert_int_equal(b->warnings, 1);
            assert_non_null(strstr(b->last_warning, "pictures/4/x.jpg"));
            assert_int_equal(e.images, 4);
            assert_int_equal(e.failed, 1);
            assert_int_equal(e.count, 5);
            for (int i = 0; i < 5; i++) {
                assert_int_equal(e.truth[i], 2 * i);
                assert_true((e.answer[i] == -1) == (i == 2));
            }
            cairn_evaluation_free(b->ctx, &e);
        }
        cairn_dataset_close(set);
        cairn_classifier_close(classifier);
        assert_ok(b, cairn_tree_remove(b->ctx, bench_path(b, "run")));
    }
}

static void nothing_readable_is_an_error(void **state)
{
    bench *b = *state;
    cairn_classifier *classifier = open_trained(b, chain, 2);
    cairn_dataset *set = open_folders(b, classifier, false);
    for (int i = 0; i < 10; i += 2) {
        char name[32];
        snprintf(name, sizeof name, "pictures/%d/x.jpg", i);
        assert_int_equal(unlink(bench_path(b, name)), 0);
    }
    cairn_evaluation e;
    assert_fails(b, cairn_evaluate(b->ctx, classifier, set, CAIRN_TEST, NULL, &e), CAIRN_INPUT,
                 "none of 5 pictures");
    cairn_dataset_close(set);
    cairn_classifier_close(classifier);
}

/* Adds the softmax of one picture's scores. */
static void add_probabilities(bench *b, cairn_classifier *classifier, const uint8_t *pixels, double *sums)
{
    float logits[TINY_CLASSES];
    double sum = 0;
    assert_ok(b, cairn_classifier_run(classifier, 1, pixels, logits));
    for (int i = 0; i < TINY_CLASSES; i++)
        sum += exp((double)logits[i]);
    for (int i = 0; i < TINY_CLASSES; i++)
        sums[i] += exp((double)logits[i]) / sum;
}

static void assert_answer(const cairn_evaluation *e, int image, const double *sums, int views)
{
    int best = 0;
    for (int i = 1; i < TINY_CLASSES; i++)
        best = sums[i] > sums[best] ? i : best;
    assert_int_equal(e->answer[image], best);
    assert_true(fabs((double)e->confidence[image] - sums[best] / views) < 1e-5);
}

static void ten_crops_are_averaged(void **state)
{
    bench *b = *state;
    cairn_classifier *classifier = open_trained(b, chain, 23); /* two pictures at a time */
    cairn_dataset *set = open_folders(b, classifier, false);
    cairn_evaluate_options options = {.views = CAIRN_VIEW_TEN_CROP};
    cairn_evaluation e;
    assert_ok(b, cairn_evaluate(b->ctx, classifier, set, CAIRN_TEST, &options, &e));
    double loss = 0;
    for (int i = 0; i < 5; i++) {
        cairn_picture picture, crops[CAIRN_TEN_CROPS];
        int label;
        double sums[TINY_CLASSES] = {0};
        const cairn_preprocess *p = cairn_classifier_about(classifier)->preprocess;
        cairn_decode_options decode = {.channels = 1};
        assert_ok(b, cairn_dataset_picture(b->ctx, set, CAIRN_TEST, i, &decode, &picture, &label, NULL));
        assert_ok(b, cairn_preprocess_ten_crops(b->ctx, p, &picture, SIDE, SIDE, crops));
        for (int view = 0; view < CAIRN_TEN_CROPS; view++) {
            add_probabilities(b, classifier, crops[view].data, sums);
            cairn_picture_free(b->ctx, &crops[view]);
        }
        cairn_picture_free(b->ctx, &picture);
        assert_answer(&e, i, sums, CAIRN_TEN_CROPS);
        loss -= log(sums[label] / CAIRN_TEN_CROPS) / 5;
    }
    assert_true(fabs(e.loss - loss) < 1e-5 * fabs(loss));
    cairn_evaluation_free(b->ctx, &e);
    cairn_dataset_close(set);
    cairn_classifier_close(classifier);
}

/* ---- dense application ---- */

/* LeNet-5 pads nothing and halves twice: on a larger picture its scores are the mean over all crops that lie
 * on a grid of four pixels. */
static void add_grid(bench *b, cairn_classifier *classifier, const cairn_picture *whole, float *mean)
{
    int count = 0;
    for (int y = 0; y + SIDE <= whole->h; y += 4)
        for (int x = 0; x + SIDE <= whole->w; x += 4, count++) {
            uint8_t pixels[SIDE * SIDE];
            float logits[TINY_CLASSES];
            for (int row = 0; row < SIDE; row++)
                memcpy(pixels + row * SIDE, whole->data + (y + row) * whole->w + x, SIDE);
            assert_ok(b, cairn_classifier_run(classifier, 1, pixels, logits));
            for (int i = 0; i < TINY_CLASSES; i++)
                mean[i] += logits[i];
        }
    for (int i = 0; i < TINY_CLASSES; i++)
        mean[i] /= (float)count;
}

static void scales_are_averaged(void **state)
{
    bench *b = *state;
    cairn_classifier *classifier = open_trained(b, chain, 1);
    cairn_dataset *set = open_folders(b, classifier, false);
    cairn_evaluate_options options = {.views = CAIRN_VIEW_MULTI_SCALE, .scale_count = 2, .scales = {40, 33}};
    cairn_evaluation e;
    assert_ok(b, cairn_evaluate(b->ctx, classifier, set, CAIRN_TEST, &options, &e));
    for (int i = 0; i < 5; i++) {
        cairn_picture picture, whole;
        int label;
        double sums[TINY_CLASSES] = {0};
        const cairn_preprocess *p = cairn_classifier_about(classifier)->preprocess;
        cairn_decode_options decode = {.channels = 1};
        assert_ok(b, cairn_dataset_picture(b->ctx, set, CAIRN_TEST, i, &decode, &picture, &label, NULL));
        for (int view = 0; view < 4; view++) {
            float mean[TINY_CLASSES] = {0};
            double sum = 0;
            assert_ok(b, cairn_preprocess_whole(b->ctx, p, &picture, options.scales[view / 2], &whole));
            if (view % 2 == 1)
                cairn_picture_mirror(&whole);
            add_grid(b, classifier, &whole, mean);
            for (int k = 0; k < TINY_CLASSES; k++)
                sum += exp((double)mean[k]);
            for (int k = 0; k < TINY_CLASSES; k++)
                sums[k] += exp((double)mean[k]) / sum;
            cairn_picture_free(b->ctx, &whole);
        }
        cairn_picture_free(b->ctx, &picture);
        assert_answer(&e, i, sums, 4);
    }
    cairn_evaluation_free(b->ctx, &e);
    options.scales[1] = 31;
    assert_fails(b, cairn_evaluate(b->ctx, classifier, set, CAIRN_TEST, &options, &e), CAIRN_USAGE,
                 "scale 31: is smaller than the network's input (32x32)");
    cairn_dataset_close(set);
    cairn_classifier_close(classifier);
}

/* Two dense layers behind a map that is flattened in PyTorch's order. */
static cairn_graph *channel_first_network(bench *b)
{
    cairn_graph *g;
    assert_ok(b, cairn_graph_create(b->ctx, &g));
    cairn_val x = cairn_image(g, 8, 6, 2);
    x = cairn_relu(g, cairn_conv2d(g, x, "conv", 5, .k = 3));
    x = cairn_relu(g, cairn_linear(g, cairn_flatten_chw(g, x), "fc1", 7));
    cairn_output(g, cairn_linear(g, x, "fc2", 3), "logits");
    assert_ok(b, cairn_graph_status(g));
    return g;
}

static void run_on(bench *b, const cairn_graph *graph, cairn_weights *weights, const float *image,
                   size_t count, float logits[3])
{
    cairn_plan *plan;
    cairn_plan_options options = {.batch = 1};
    assert_ok(b, cairn_plan_create(b->ctx, graph, weights, NULL, &options, &plan));
    memcpy(cairn_plan_data(plan, "image"), image, count * sizeof *image);
    assert_ok(b, cairn_plan_run(plan, NULL));
    memcpy(logits, cairn_plan_data(plan, "logits"), 3 * sizeof *logits);
    cairn_plan_destroy(plan);
}

static void either_order_of_flattening(void **state)
{
    bench *b = *state;
    cairn_graph *network = channel_first_network(b), *dense;
    cairn_weights *weights, *dense_weights;
    assert_ok(b, cairn_weights_init(b->ctx, network, CAIRN_F32, 3, &weights));
    assert_ok(b, cairn_weights_dense(network, weights, &dense_weights));
    assert_ok(b, cairn_graph_dense(network, 9, 8, &dense));
    float whole[9 * 8 * 2], crop[8 * 6 * 2], expected[3] = {0}, logits[3];
    for (int i = 0; i < 9 * 8 * 2; i++)
        whole[i] = sinf((float)(i * i));
    for (int y = 0; y < 2; y++)
        for (int x = 0; x < 3; x++) {
            for (int row = 0; row < 8; row++)
                memcpy(crop + row * 12, whole + ((y + row) * 8 + x) * 2, 12 * sizeof *crop);
            run_on(b, network, weights, crop, 8 * 6 * 2, logits);
            for (int i = 0; i < 3; i++)
                expected[i] += logits[i] / 6;
        }
    run_on(b, dense, dense_weights, whole, 9 * 8 * 2, logits);
    for (int i = 0; i < 3; i++)
        assert_true(fabsf(logits[i] - expected[i]) < 1e-5f);
    cairn_weights_destroy(dense_weights);
    cairn_weights_destroy(weights);
    cairn_graph_destroy(dense);
    assert_int_not_equal(cairn_graph_dense(network, 7, 8, &dense), CAIRN_OK);
    assert_null(dense);
    cairn_graph_destroy(network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TINY(broken_pictures_are_named_and_counted),
        TINY(nothing_readable_is_an_error),
        TINY(ten_crops_are_averaged),
        TINY(scales_are_averaged),
        TEST(either_order_of_flattening),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
