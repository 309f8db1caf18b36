/* Classifiers opened from runs and files, and evaluation with them. */
#include "tiny.h"

#include "train/classifier.h"
#include "train/metadata.h"
#include <math.h>

static void assert_ok(bench *b, cairn_status status)
{
    if (status != CAIRN_OK)
        fail_msg("status %d: %s", (int)status, cairn_error(b->ctx));
}

static void keep_metrics(void *user, const cairn_epoch_metrics *metrics)
{
    *(cairn_epoch_metrics *)user = *metrics;
}

/* Trains one epoch into "run" and opens it. */
static cairn_classifier *open_run(bench *b, const char *model, cairn_epoch_metrics *metrics)
{
    cairn_train_settings settings = tiny_settings(b, "run");
    cairn_train_hooks hooks = {.epoch = keep_metrics, .user = metrics};
    settings.model = model;
    settings.epochs = 1;
    settings.warmup = 0;
    settings.lr = 0.01f;
    assert_ok(b, cairn_train(b->ctx, &settings, &hooks, NULL));
    cairn_classifier *classifier;
    assert_ok(b, cairn_classifier_open(b->ctx, bench_path(b, "run"), NULL, NULL, 5, &classifier));
    return classifier;
}

static void evaluation_agrees_with_training(void **state)
{
    bench *b = *state;
    /* the last one normalises with the statistics of the batch while it learns */
    static const char *const models[] = {"lenet5", "lenet5.paper", "lenet5.tutorial", "resnet20"};
    for (size_t i = 0; i < CAIRN_COUNT(models); i++) {
        cairn_epoch_metrics metrics;
        cairn_classifier *classifier = open_run(b, models[i], &metrics);
        cairn_dataset *set = tiny_open(b);
        cairn_evaluation e;
        assert_ok(b, cairn_evaluate(b->ctx, classifier, set, CAIRN_TEST, NULL, &e));
        assert_int_equal(e.images, TINY_TEST);
        assert_int_equal(e.failed, 0);
        assert_true(e.top1 == metrics.val_top1 && e.top5 == metrics.val_top5);
        assert_true(fabs(e.loss - metrics.val_loss) <= 1e-6 * fabs(e.loss));
        cairn_evaluation_free(b->ctx, &e);
        cairn_dataset_close(set);
        cairn_classifier_close(classifier);
        assert_ok(b, cairn_tree_remove(b->ctx, bench_path(b, "run")));
    }
}

static void an_evaluation_is_consistent_in_itself(void **state)
{
    bench *b = *state;
    cairn_epoch_metrics metrics;
    cairn_classifier *classifier = open_run(b, "lenet5", &metrics);
    cairn_dataset *set = tiny_open(b);
    cairn_evaluation e;
    assert_ok(b, cairn_evaluate(b->ctx, classifier, set, CAIRN_TRAIN, NULL, &e));
    assert_int_equal(e.images, TINY_TRAIN);
    assert_int_equal(e.classes, TINY_CLASSES);
    int64_t hits = 0, sum = 0;
    for (int i = 0; i < TINY_CLASSES * TINY_CLASSES; i++)
        sum += e.confusion[i];
    for (int i = 0; i < TINY_TRAIN; i++) {
        assert_int_equal(e.truth[i], i % TINY_CLASSES);
        assert_in_range(e.answer[i], 0, TINY_CLASSES - 1);
        assert_true(e.confidence[i] >= 1.0f / TINY_CLASSES && e.confidence[i] <= 1);
        assert_true(e.confusion[e.truth[i] * TINY_CLASSES + e.answer[i]] > 0);
        hits += e.truth[i] == e.answer[i];
    }
    assert_int_equal(sum, TINY_TRAIN);
    assert_true(fabs(e.top1 - 100.0 * (double)hits / TINY_TRAIN) < 1e-9);
    cairn_evaluation_free(b->ctx, &e);
    assert_fails(b, cairn_evaluate(b->ctx, classifier, set, CAIRN_VALIDATION, NULL, &e), CAIRN_INPUT,
                 "empty");
    cairn_dataset_close(set);
    cairn_classifier_close(classifier);
}

static void scores_come_out_of_pictures(void **state)
{
    bench *b = *state;
    cairn_epoch_metrics metrics;
    cairn_classifier *classifier = open_run(b, "lenet5", &metrics);
    const cairn_classifier_info *info = cairn_classifier_about(classifier);
    assert_string_equal(info->model->name, "lenet5");
    assert_int_equal(info->classes, TINY_CLASSES);
    assert_string_equal(info->labels[9], "9");
    assert_false(info->default_preprocess);
    assert_true(info->settings.h == 32 && info->settings.w == 32 && info->settings.c == 1);
    cairn_dataset *set = tiny_open(b);
    cairn_evaluation e;
    assert_ok(b, cairn_evaluate(b->ctx, classifier, set, CAIRN_TEST, NULL, &e));
    uint8_t raw[TINY_SIDE * TINY_SIDE], pixels[5 * 32 * 32];
    float logits[5 * TINY_CLASSES];
    for (int i = 0; i < 5; i++) {
        int label;
        assert_ok(b, cairn_dataset_read(set, CAIRN_TEST, i, raw, &label, NULL));
        cairn_picture from = {TINY_SIDE, TINY_SIDE, 1, raw}, to;
        assert_ok(b, cairn_preprocess_apply(b->ctx, info->preprocess, &from, &to));
        assert_true(to.h == 32 && to.w == 32 && to.c == 1);
        memcpy(pixels + i * 32 * 32, to.data, 32 * 32);
        cairn_picture_free(b->ctx, &to);
    }
    for (int n = 1; n <= 5; n++) {
        assert_ok(b, cairn_classifier_run(classifier, n, pixels, logits));
        for (int i = 0; i < n; i++) {
            int best = 0;
            for (int k = 1; k < TINY_CLASSES; k++)
                best = logits[i * TINY_CLASSES + k] > logits[i * TINY_CLASSES + best] ? k : best;
            assert_int_equal(best, e.answer[i]);
        }
    }
    float packed[5 * TINY_CLASSES];
    assert_non_null(info->weights);
    assert_ok(b, cairn_classifier_prepare(classifier));
    assert_null(info->weights);
    assert_ok(b, cairn_classifier_run(classifier, 5, pixels, packed));
    assert_memory_equal(packed, logits, sizeof packed);
    cairn_evaluation none;
    assert_fails(b, cairn_evaluate(b->ctx, classifier, set, CAIRN_TEST, NULL, &none), CAIRN_USAGE,
                 "given back");
    assert_int_equal(cairn_classifier_run(classifier, 0, pixels, logits), CAIRN_USAGE);
    assert_int_equal(cairn_classifier_run(classifier, 6, pixels, logits), CAIRN_USAGE);
    cairn_evaluation_free(b->ctx, &e);
    cairn_dataset_close(set);
    cairn_classifier_close(classifier);
}

static void a_file_and_a_network_s_name_are_enough(void **state)
{
    bench *b = *state;
    cairn_epoch_metrics metrics;
    cairn_classifier_close(open_run(b, "lenet5", &metrics));
    cairn_weights *weights;
    assert_ok(b, cairn_weights_load(b->ctx, bench_path(b, "run/weights/best.safetensors"), &weights));
    static const char *const keys[] = {"cairn.arch",   "cairn.set",         "cairn.preprocess",
                                       "cairn.labels", "cairn.num_classes", "cairn.input_size",
                                       "cairn.run",    "cairn.metrics"};
    for (size_t i = 0; i < CAIRN_COUNT(keys); i++)
        assert_ok(b, cairn_weights_set_meta(weights, keys[i], NULL));
    assert_ok(b, cairn_weights_save(weights, bench_path(b, "bare.safetensors")));
    cairn_classifier *classifier;
    const char *path = bench_path(b, "bare.safetensors");
    assert_ok(b, cairn_classifier_open(b->ctx, path, NULL, NULL, 1, &classifier));
    assert_string_equal(cairn_classifier_about(classifier)->model->name, "lenet5");
    cairn_classifier_close(classifier);
    assert_ok(b, cairn_classifier_open(b->ctx, path, "lenet5", NULL, 1, &classifier));
    const cairn_classifier_info *info = cairn_classifier_about(classifier);
    assert_true(info->default_preprocess);
    assert_int_equal(info->preprocess->resize, 32);
    assert_string_equal(info->labels[3], "3");
    cairn_classifier_close(classifier);
    assert_ok(b, cairn_classifier_open(b->ctx, path, "lenet5", "{\"mean\":[0.25]}", 1, &classifier));
    assert_true(cairn_classifier_about(classifier)->preprocess->mean[0] == 0.25f);
    cairn_classifier_close(classifier);
    assert_fails(b, cairn_classifier_open(b->ctx, path, "lenet5.tutorial", NULL, 1, &classifier), CAIRN_INPUT,
                 "expected");
    assert_int_equal(cairn_classifier_open(b->ctx, path, "lenet6", NULL, 1, &classifier), CAIRN_USAGE);
    assert_int_equal(cairn_classifier_open(b->ctx, path, "lenet5", "{\"mean\":", 1, &classifier),
                     CAIRN_USAGE);
    assert_int_equal(cairn_classifier_open(b->ctx, path, "lenet5", NULL, 0, &classifier), CAIRN_USAGE);
    assert_int_equal(cairn_classifier_open(b->ctx, bench_path(b, "none"), NULL, NULL, 1, &classifier),
                     CAIRN_IO);
    cairn_weights_destroy(weights);
}

static void hostile_metadata_is_refused(void **state)
{
    bench *b = *state;
    static const char *const hostile[][2] = {
        {"cairn.arch", "lenet6"},
        {"cairn.arch", ""},
        {"cairn.set", "[]"},
        {"cairn.set", "{\"squash\":1}"},
        {"cairn.set", "{\"squash\":[]}"},
        {"cairn.set", "{\"squash\":null}"},
        {"cairn.set", "{\"squash\":\"sigmoid,output=rbf\"}"},
        {"cairn.set", "{\"squash=sigmoid,output\":\"rbf\"}"},
        {"cairn.set", "{\"no\":\"such\"}"},
        {"cairn.num_classes", "0"},
        {"cairn.num_classes", "-1"},
        {"cairn.num_classes", "99999999999999999999"},
        {"cairn.num_classes", "11"},
        {"cairn.input_size", "[1,32]"},
        {"cairn.input_size", "[1,32,-32]"},
        {"cairn.input_size", "[1,64,64]"},
        {"cairn.input_size", "{\"a\":1}"},
        {"cairn.input_size", "[4,65535,65535]"},
        {"cairn.input_size", "[5,32,32]"},
        {"cairn.labels", "[\"one\"]"},
        {"cairn.labels", "[0,1,2,3,4,5,6,7,8,9]"},
        {"cairn.labels", "[[[[[[[["},
        {"cairn.preprocess", "{}}"},
        {"cairn.preprocess", "{\"no such key\":1}"},
    };
    cairn_epoch_metrics metrics;
    cairn_classifier_close(open_run(b, "lenet5", &metrics));
    for (size_t i = 0; i < CAIRN_COUNT(hostile); i++) {
        cairn_weights *weights;
        cairn_classifier *classifier;
        assert_ok(b, cairn_weights_load(b->ctx, bench_path(b, "run/weights/best.safetensors"), &weights));
        assert_ok(b, cairn_weights_set_meta(weights, hostile[i][0], hostile[i][1]));
        assert_ok(b, cairn_weights_save(weights, bench_path(b, "hostile.safetensors")));
        cairn_weights_destroy(weights);
        cairn_status status =
            cairn_classifier_open(b->ctx, bench_path(b, "hostile.safetensors"), NULL, NULL, 1, &classifier);
        if (status != CAIRN_INPUT)
            fail_msg("%s %s: status %d", hostile[i][0], hostile[i][1], (int)status);
        assert_non_null(strstr(cairn_error(b->ctx), "hostile.safetensors: "));
    }
}

static void a_data_set_of_other_classes_is_refused(void **state)
{
    bench *b = *state;
    cairn_epoch_metrics metrics;
    cairn_classifier *classifier = open_run(b, "lenet5", &metrics);
    cairn_dataset_options options = {.classes = 12};
    cairn_dataset *set;
    assert_ok(b, cairn_dataset_open(b->ctx, bench_path(b, "digits"), &options, &set));
    cairn_evaluation e;
    assert_fails(b, cairn_evaluate(b->ctx, classifier, set, CAIRN_TEST, NULL, &e), CAIRN_INPUT, "12 classes");
    cairn_dataset_close(set);
    cairn_classifier_close(classifier);
}

static void labels_may_have_identifiers(void **state)
{
    bench *b = *state;
    static const char with[] = "[{\"id\":\"n0\",\"name\":\"a\"},{\"id\":\"n1\",\"name\":\"b\"}]",
                      without[] = "[{\"id\":\"n0\",\"name\":\"a\"},\"b\"]";
    cairn_train_settings settings = tiny_settings(b, "run");
    settings.epochs = 1;
    assert_ok(b, cairn_train(b->ctx, &settings, NULL, NULL));
    cairn_weights *weights;
    cairn_classifier *classifier;
    assert_ok(b, cairn_weights_load(b->ctx, bench_path(b, "run/weights/best.safetensors"), &weights));
    char **ids;
    assert_ok(b, cairn_weights_set_meta(weights, "cairn.labels", with));
    assert_ok(b, cairn_metadata_label_ids(b->ctx, "file", weights, 2, &ids));
    assert_string_equal(ids[1], "n1");
    cairn_names_free(b->ctx, ids, 2);
    assert_ok(b, cairn_weights_set_meta(weights, "cairn.labels", without));
    assert_fails(b, cairn_metadata_label_ids(b->ctx, "file", weights, 2, &ids), CAIRN_INPUT, "\"id\"");
    assert_null(ids);
    cairn_weights_destroy(weights);
    assert_ok(b, cairn_classifier_open(b->ctx, bench_path(b, "run"), NULL, NULL, 1, &classifier));
    assert_null(cairn_classifier_about(classifier)->label_ids); /* names alone */
    cairn_classifier_close(classifier);
}

static void switches_are_remembered(void **state)
{
    bench *b = *state;
    cairn_train_settings settings = tiny_settings(b, "run");
    settings.model = "lenet5.paper";
    settings.set = "output=rbf,squash=sigmoid";
    settings.lr = 0.001f;
    assert_ok(b, cairn_train(b->ctx, &settings, NULL, NULL));
    cairn_classifier *classifier;
    assert_ok(b, cairn_classifier_open(b->ctx, bench_path(b, "run"), NULL, NULL, 1, &classifier));
    const cairn_classifier_info *info = cairn_classifier_about(classifier);
    assert_true(cairn_switch_is(info->model, &info->settings, "output", "rbf"));
    assert_true(cairn_switch_is(info->model, &info->settings, "squash", "sigmoid"));
    cairn_classifier_close(classifier);
}

static void switches_that_are_numbers_are_remembered(void **state)
{
    bench *b = *state;
    cairn_train_settings settings = tiny_settings(b, "run");
    settings.model = "resnet20";
    settings.set = "bn_eps=1e-3";
    settings.epochs = 1;
    settings.warmup = 0;
    assert_ok(b, cairn_train(b->ctx, &settings, NULL, NULL));
    cairn_classifier *classifier;
    assert_ok(b, cairn_classifier_open(b->ctx, bench_path(b, "run"), NULL, NULL, 1, &classifier));
    const cairn_classifier_info *info = cairn_classifier_about(classifier);
    assert_true(cairn_switch_number(info->model, &info->settings, "bn_eps") == 1e-3);
    assert_string_equal(cairn_weights_meta(info->weights, "cairn.set"), "{\"bn_eps\":0.001}");
    cairn_classifier_close(classifier);
}

static void switches_of_every_type_are_read(void **state)
{
    bench *b = *state;
    cairn_weights *weights;
    char *set;
    assert_ok(b, cairn_weights_create(b->ctx, &weights));
    assert_ok(b,
              cairn_weights_set_meta(weights, "cairn.set", "{\"a\":true,\"b\":2.5,\"c\":\"d\",\"e\":false}"));
    assert_ok(b, cairn_metadata_switches(b->ctx, "file", weights, &set));
    assert_string_equal(set, "a=on,b=2.5,c=d,e=off");
    cairn_free(b->ctx, set);
    cairn_weights_destroy(weights);
}

/* The same weights, but for layers of this name, which get another. */
static void save_renamed(bench *b, const cairn_weights *from, const char *layer, const char *other,
                         const char *path)
{
    cairn_weights *to;
    assert_ok(b, cairn_weights_create(b->ctx, &to));
    for (int i = 0; i < cairn_weights_count(from); i++) {
        const cairn_tensor *tensor = cairn_weights_at(from, i), *copy;
        char name[256];
        size_t length = strlen(layer);
        bool hit = strncmp(tensor->name, layer, length) == 0 && tensor->name[length] == '.';
        snprintf(name, sizeof name, "%s%s", hit ? other : "", tensor->name + (hit ? length : 0));
        assert_ok(b, cairn_weights_add(to, name, tensor->dtype, tensor->layout, &tensor->shape, &copy));
        assert_ok(b, cairn_tensor_set(copy, tensor->dtype, tensor->data)); /* both lie plainly */
    }
    for (int i = 0; i < cairn_weights_meta_count(from); i++) {
        const char *key, *value;
        cairn_weights_meta_at(from, i, &key, &value);
        assert_ok(b, cairn_weights_set_meta(to, key, value));
    }
    assert_ok(b, cairn_weights_save(to, bench_path(b, path)));
    cairn_weights_destroy(to);
}

static void names_of_other_programs_are_understood(void **state)
{
    bench *b = *state;
    cairn_epoch_metrics metrics;
    cairn_classifier_close(open_run(b, "resnet20", &metrics));
    cairn_weights *loaded;
    cairn_classifier *classifier;
    assert_ok(b, cairn_weights_load(b->ctx, bench_path(b, "run/weights/best.safetensors"), &loaded));
    save_renamed(b, loaded, "linear", "fc", "theirs.safetensors");
    save_renamed(b, loaded, "linear", "wrong", "wrong.safetensors");
    cairn_weights_destroy(loaded);
    assert_ok(b,
              cairn_classifier_open(b->ctx, bench_path(b, "theirs.safetensors"), NULL, NULL, 1, &classifier));
    cairn_classifier_close(classifier);
    assert_fails(
        b, cairn_classifier_open(b->ctx, bench_path(b, "wrong.safetensors"), NULL, NULL, 1, &classifier),
        CAIRN_INPUT, "wrong.safetensors: ");
}

/* One picture of CIFAR's form whose classes are called so; evaluates on it. */
static cairn_status evaluate_named(bench *b, cairn_classifier *classifier, const char *names)
{
    static const uint8_t record[3073];
    cairn_dataset *set;
    cairn_evaluation e = {0};
    assert_ok(b, cairn_folder_make(b->ctx, bench_path(b, "pictures")));
    bench_put(bench_path(b, "pictures/test_batch.bin"), record, sizeof record);
    bench_put(bench_path(b, "pictures/batches.meta.txt"), names, strlen(names));
    assert_ok(b, cairn_dataset_open(b->ctx, bench_path(b, "pictures"), NULL, &set));
    cairn_status status = cairn_evaluate(b->ctx, classifier, set, CAIRN_TEST, NULL, &e);
    cairn_evaluation_free(b->ctx, &e);
    cairn_dataset_close(set);
    assert_ok(b, cairn_tree_remove(b->ctx, bench_path(b, "pictures")));
    return status;
}

static void classes_of_other_names_are_refused(void **state)
{
    bench *b = *state;
    cairn_epoch_metrics metrics;
    cairn_classifier_close(open_run(b, "lenet5", &metrics));
    cairn_weights *weights;
    cairn_classifier *classifier;
    assert_ok(b, cairn_weights_load(b->ctx, bench_path(b, "run/weights/best.safetensors"), &weights));
    assert_ok(b, cairn_weights_set_meta(weights, "cairn.labels",
                                        "[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\",\"j\"]"));
    assert_ok(b, cairn_weights_save(weights, bench_path(b, "named.safetensors")));
    cairn_weights_destroy(weights);
    assert_ok(b,
              cairn_classifier_open(b->ctx, bench_path(b, "named.safetensors"), NULL, NULL, 1, &classifier));
    assert_ok(b, evaluate_named(b, classifier, "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n"));
    assert_ok(b, evaluate_named(b, classifier, "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n")); /* no names */
    assert_fails(b, evaluate_named(b, classifier, "a\nb\nc\nd\ne\nf\ng\nh\nj\ni\n"), CAIRN_INPUT,
                 "class 8 is 'j'");
    cairn_classifier_close(classifier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TINY(evaluation_agrees_with_training),
        TINY(an_evaluation_is_consistent_in_itself),
        TINY(scores_come_out_of_pictures),
        TINY(a_file_and_a_network_s_name_are_enough),
        TINY(hostile_metadata_is_refused),
        TINY(a_data_set_of_other_classes_is_refused),
        TINY(switches_are_remembered),
        TINY(labels_may_have_identifiers),
        TINY(switches_that_are_numbers_are_remembered),
        TINY(switches_of_every_type_are_read),
        TINY(names_of_other_programs_are_understood),
        TINY(classes_of_other_names_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
