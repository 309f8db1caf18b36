/* Training: the same bits for any threads; what a run leaves, begins from and refuses. */
#include "runs.h"

/* ---- a run ---- */

static void a_run_learns_and_leaves_its_files(void **state)
{
    bench *b = *state;
    watch w = {0};
    cairn_train_hooks hooks = hooks_of(&w);
    cairn_train_settings settings = tiny_settings(b, "deep/er/run");
    settings.epochs = 30;
    cairn_train_result result;
    assert_ok(b, cairn_train(b->ctx, &settings, &hooks, &result));
    assert_int_equal(w.epochs, 30);
    assert_int_equal(w.last.epoch, 30);
    assert_true(w.shown >= 30 && w.asked >= 30 * TINY_STEPS);
    assert_true(result.epochs_done == 30 && result.best_epoch >= 1 && result.best_top1 >= result.last_top1);
    assert_true(result.last_top1 == w.last.val_top1);
    assert_true(w.last.val_top1 > 90 && w.last.val_top5 == 100 && w.last.top1 > 90);
    static const char *const files[] = {"args.json",
                                        "env.json",
                                        "labels.txt",
                                        "results.csv",
                                        "metrics.jsonl",
                                        "train.log",
                                        "weights/best.safetensors",
                                        "weights/last.safetensors"};
    for (size_t i = 0; i < CAIRN_COUNT(files); i++) {
        char name[96];
        snprintf(name, sizeof name, "deep/er/run/%s", files[i]);
        assert_int_equal(cairn_path_look(bench_path(b, name)), CAIRN_PATH_FILE);
    }
    assert_int_equal(cairn_path_look(bench_path(b, "deep/er/run/lock")), CAIRN_PATH_MISSING);
    assert_int_equal(b->warnings, 0);
}

static void weights_say_what_they_are(void **state)
{
    bench *b = *state;
    train(b, "run");
    cairn_weights *weights;
    assert_ok(b, cairn_weights_load(b->ctx, bench_path(b, "run/weights/last.safetensors"), &weights));
    static const char *const expected[][2] = {
        {"format", "pt"},
        {"cairn.schema", "1"},
        {"cairn.arch", "lenet5"},
        {"cairn.set", "{}"},
        {"cairn.num_classes", "10"},
        {"cairn.input_size", "[1,32,32]"},
        {"cairn.labels", "[\"0\",\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]"},
        {"cairn.run", "{\"seed\":7,\"epoch\":3,\"step\":9}"}};
    for (size_t i = 0; i < CAIRN_COUNT(expected); i++) {
        const char *value = cairn_weights_meta(weights, expected[i][0]);
        assert_non_null(value);
        assert_string_equal(value, expected[i][1]);
    }
    assert_string_equal(cairn_weights_meta(weights, "cairn.version"), cairn_version());
    cairn_preprocess chain;
    assert_ok(b, cairn_preprocess_from_json(b->ctx, cairn_weights_meta(weights, "cairn.preprocess"), &chain));
    cairn_dataset *set = tiny_open(b);
    const cairn_dataset_info *data = cairn_dataset_about(set);
    assert_int_equal(chain.pad, 2);
    assert_int_equal(chain.crop, 28);
    assert_true(chain.mean[0] == data->mean[0] && chain.std[0] == data->std[0]);
    assert_non_null(strstr(cairn_weights_meta(weights, "cairn.metrics"), "\"set\":\"test\""));
    cairn_dataset_close(set);
    cairn_weights_destroy(weights);
}

static void threads_and_loaders_change_no_bit(void **state)
{
    bench *b = *state;
    static const int threads[] = {1, 2, 3, 4, 7};
    for (size_t i = 0; i < CAIRN_COUNT(threads); i++) {
        for (int loaders = 0; loaders < 2; loaders++) {
            char out[32], name[64];
            tiny_threads(b, threads[i]);
            snprintf(out, sizeof out, "run-%d-%d", threads[i], loaders);
            cairn_train_settings settings = tiny_settings(b, out);
            settings.loaders = loaders;
            assert_ok(b, cairn_train(b->ctx, &settings, NULL, NULL));
            snprintf(name, sizeof name, "%s/weights/last.safetensors", out);
            assert_same_file(b, name, "run-1-0/weights/last.safetensors");
            snprintf(name, sizeof name, "%s/metrics.jsonl", out);
            assert_same_metrics(b, name, "run-1-0/metrics.jsonl");
        }
    }
}

static void the_seed_matters(void **state)
{
    bench *b = *state;
    train(b, "a");
    cairn_train_settings settings = tiny_settings(b, "b");
    settings.seed++;
    assert_ok(b, cairn_train(b->ctx, &settings, NULL, NULL));
    char x[CAIRN_SHA256_TEXT], y[CAIRN_SHA256_TEXT];
    tiny_hash(b, "a/weights/last.safetensors", x);
    tiny_hash(b, "b/weights/last.safetensors", y);
    assert_string_not_equal(x, y);
}

/* Those of small pictures; the gradients of the others are compared with reference values elsewhere. */
static void small_networks_train(void **state)
{
    static const char *const names[] = {"lenet5.paper", "lenet5.tutorial", "resnet20", "plain20"};
    bench *b = *state;
    for (size_t i = 0; i < CAIRN_COUNT(names); i++) {
        cairn_train_settings settings = tiny_settings(b, names[i]);
        settings.model = names[i];
        settings.lr = 0.01f;
        settings.epochs = 2;
        settings.warmup = 0;
        cairn_train_result result;
        assert_ok(b, cairn_train(b->ctx, &settings, NULL, &result));
        assert_int_equal(result.epochs_done, 2);
    }
}

static void part_of_the_training_set_can_validate(void **state)
{
    bench *b = *state;
    cairn_train_settings settings = tiny_settings(b, "run");
    settings.val_split = 0.5f;
    watch w = {0};
    cairn_train_hooks hooks = hooks_of(&w);
    assert_ok(b, cairn_train(b->ctx, &settings, &hooks, NULL));
    /* one or two images of each class stay for training: 10 or 12 images, 2 steps */
    assert_true(w.asked >= TINY_EPOCHS * 2);
    cairn_weights *weights;
    assert_ok(b, cairn_weights_load(b->ctx, bench_path(b, "run/weights/last.safetensors"), &weights));
    assert_non_null(strstr(cairn_weights_meta(weights, "cairn.metrics"), "\"set\":\"val\""));
    cairn_weights_destroy(weights);
}

/* ---- beginning from other weights ---- */

static void trained_weights_can_be_taken_over(void **state)
{
    bench *b = *state;
    train(b, "first");
    cairn_train_settings settings = tiny_settings(b, "second");
    settings.init = bench_path(b, "first/weights/last.safetensors");
    settings.lr = 0;
    settings.epochs = 1;
    assert_ok(b, cairn_train(b->ctx, &settings, NULL, NULL));
    cairn_weights *x, *y;
    assert_ok(b, cairn_weights_load(b->ctx, bench_path(b, "first/weights/last.safetensors"), &x));
    assert_ok(b, cairn_weights_load(b->ctx, bench_path(b, "second/weights/last.safetensors"), &y));
    assert_int_equal(cairn_weights_count(x), cairn_weights_count(y));
    for (int i = 0; i < cairn_weights_count(x); i++) {
        const cairn_tensor *from = cairn_weights_at(x, i), *to = cairn_weights_find(y, from->name);
        assert_non_null(to);
        assert_memory_equal(from->data, to->data, 4 * (size_t)cairn_shape_elements(&from->shape));
    }
    cairn_weights_destroy(x);
    cairn_weights_destroy(y);
}

static void a_head_of_another_size_begins_anew(void **state)
{
    bench *b = *state;
    train(b, "first");
    assert_ok(b, cairn_folder_make(b->ctx, bench_path(b, "few")));
    tiny_write(b, "few/train-images-idx3-ubyte", 5, true, 1);
    tiny_write(b, "few/train-labels-idx1-ubyte", 5, false, 0);
    tiny_write(b, "few/t10k-images-idx3-ubyte", 5, true, 2);
    tiny_write(b, "few/t10k-labels-idx1-ubyte", 5, false, 0);
    cairn_train_settings settings = tiny_settings(b, "second");
    settings.data = bench_path(b, "few");
    settings.init = bench_path(b, "first");
    assert_ok(b, cairn_train(b->ctx, &settings, NULL, NULL));
    uint8_t *log;
    size_t size;
    settings = tiny_settings(b, "third");
    settings.model = "lenet5.tutorial";
    settings.init = bench_path(b, "first");
    assert_fails(b, cairn_train(b->ctx, &settings, NULL, NULL), CAIRN_INPUT, "wrong shape");
    assert_int_equal(cairn_path_look(bench_path(b, "third")), CAIRN_PATH_MISSING);
    assert_ok(b, cairn_file_read(b->ctx, bench_path(b, "second/args.json"), 1 << 16, &log, &size));
    assert_non_null(strstr((char *)log, "/first\""));
    cairn_free(b->ctx, log);
}

/* ---- refusals ---- */

static void folders_that_do_not_fit_are_refused(void **state)
{
    bench *b = *state;
    train(b, "run");
    watch w = {0};
    cairn_train_hooks hooks = hooks_of(&w);
    cairn_train_settings settings = tiny_settings(b, "run");
    assert_fails(b, cairn_train(b->ctx, &settings, &hooks, NULL), CAIRN_USAGE, "holds a run already");
    settings = tiny_settings(b, "digits/train-labels-idx1-ubyte/run");
    assert_int_equal(cairn_train(b->ctx, &settings, &hooks, NULL), CAIRN_IO);
    settings = tiny_settings(b, "new");
    settings.data = bench_path(b, "nowhere");
    assert_int_equal(cairn_train(b->ctx, &settings, &hooks, NULL), CAIRN_IO);
    assert_int_equal(cairn_path_look(bench_path(b, "new")), CAIRN_PATH_MISSING);
    assert_fails(b, cairn_train_resume(b->ctx, bench_path(b, "nothing"), &hooks, NULL), CAIRN_IO,
                 "no run to resume");
    assert_int_equal(w.asked, 0);
}

static void settings_that_make_no_sense_are_refused(void **state)
{
    bench *b = *state;
#define REFUSED(piece, ...)                                                                                  \
    do {                                                                                                     \
        cairn_train_settings settings = tiny_settings(b, "run");                                             \
        __VA_ARGS__;                                                                                         \
        assert_fails(b, cairn_train(b->ctx, &settings, NULL, NULL), CAIRN_USAGE, piece);                     \
    } while (0)
    REFUSED("no network 'lenet9'", settings.model = "lenet9");
    REFUSED("epochs", settings.epochs = -1);
    REFUSED("batch", settings.batch = 1 << 20);
    REFUSED("lr", settings.lr = __builtin_nanf(""));
    REFUSED("lr", settings.lr = __builtin_inff());
    REFUSED("momentum", settings.momentum = 1);
    REFUSED("label_smoothing", settings.label_smoothing = 1.5f);
    REFUSED("val_split", settings.val_split = 1);
    REFUSED("warmup", settings.warmup = 4);
    REFUSED("nesterov", settings.momentum = 0);
    REFUSED("schedule", settings.schedule = "sawtooth");
    REFUSED("seed", settings.seed = UINT64_MAX);
    REFUSED("loaders", settings.loaders = 65);
    REFUSED("did you mean 'flip'", settings.augment = "flop");
    REFUSED("at least the network's 32x32, found 16", settings.augment = "window=16");
    REFUSED("max_bad", settings.max_bad = 1);
    REFUSED("", settings.set = "no=such");
#undef REFUSED
    assert_int_equal(cairn_path_look(bench_path(b, "run")), CAIRN_PATH_MISSING);
}

static void damaged_settings_are_refused(void **state)
{
    bench *b = *state;
    train(b, "run");
    uint8_t *text;
    size_t size;
    const char *path = bench_path(b, "run/args.json");
    char copy[256];
    snprintf(copy, sizeof copy, "%s", path);
    assert_ok(b, cairn_file_read(b->ctx, copy, 1 << 16, &text, &size));
    for (size_t i = 0; i + 2 < size; i += 7) {
        bench_put(copy, text, i);
        assert_int_equal(cairn_train_resume(b->ctx, bench_path(b, "run"), NULL, NULL), CAIRN_INPUT);
    }
    char *epochs = strstr((char *)text, "\"epochs\": 3");
    assert_non_null(epochs);
    epochs[10] = '4';
    bench_put(copy, text, size);
    assert_fails(b, cairn_train_resume(b->ctx, bench_path(b, "run"), NULL, NULL), CAIRN_USAGE, "config");
    cairn_free(b->ctx, text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TINY(a_run_learns_and_leaves_its_files),
        TINY(weights_say_what_they_are),
        TINY(threads_and_loaders_change_no_bit),
        TINY(the_seed_matters),
        TINY(small_networks_train),
        TINY(part_of_the_training_set_can_validate),
        TINY(trained_weights_can_be_taken_over),
        TINY(a_head_of_another_size_begins_anew),
        TINY(folders_that_do_not_fit_are_refused),
        TINY(settings_that_make_no_sense_are_refused),
        TINY(damaged_settings_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
