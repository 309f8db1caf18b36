/* Training: the same bits for any threads, interruptions and resumes; what a run leaves; what it refuses. */
#include "tiny.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define ALL_STEPS (TINY_STEPS * TINY_EPOCHS)

/* Counts what the hooks were told; stops when `stop_at` steps were asked about, if that is not 0. */
typedef struct watch {
    int asked, stop_at, epochs, shown;
    cairn_epoch_metrics last;
} watch;

static bool on_stop(void *user)
{
    watch *w = user;
    return ++w->asked == w->stop_at;
}

static void on_epoch(void *user, const cairn_epoch_metrics *metrics)
{
    watch *w = user;
    w->epochs++;
    w->last = *metrics;
}

static void on_progress(void *user, const cairn_train_progress *progress)
{
    watch *w = user;
    w->shown++;
    assert_in_range(progress->epoch, 1, progress->epochs);
    assert_in_range(progress->step, 1, progress->steps);
}

static cairn_train_hooks hooks_of(watch *w)
{
    return (cairn_train_hooks){.progress = on_progress, .epoch = on_epoch, .stop = on_stop, .user = w};
}

static void assert_ok(bench *b, cairn_status status)
{
    if (status != CAIRN_OK)
        fail_msg("status %d: %s", (int)status, cairn_error(b->ctx));
}

static void train(bench *b, const char *out)
{
    cairn_train_settings settings = tiny_settings(b, out);
    assert_ok(b, cairn_train(b->ctx, &settings, NULL, NULL));
}

/* Whether two files of metrics are the same but for times and rates. */
static void assert_same_metrics(bench *b, const char *x, const char *y)
{
    char *text[2];
    const char *const names[] = {x, y};
    for (int i = 0; i < 2; i++) {
        uint8_t *data;
        size_t size;
        assert_ok(b, cairn_file_read(b->ctx, bench_path(b, names[i]), 1 << 20, &data, &size));
        text[i] = (char *)data;
        for (char *time; (time = strstr(text[i], ",\"seconds\":")) != NULL;)
            memmove(time, strchr(time, '}'), strlen(strchr(time, '}')) + 1);
    }
    assert_string_equal(text[0], text[1]);
    cairn_free(b->ctx, text[0]);
    cairn_free(b->ctx, text[1]);
}

static void assert_same_run(bench *b, const char *x, const char *y)
{
    static const char *const same[] = {"weights/last.safetensors", "weights/best.safetensors",
                                       "checkpoints/step-000009/train.safetensors", "args.json",
                                       "labels.txt"};
    char path_x[96], path_y[96];
    for (size_t i = 0; i < CAIRN_COUNT(same); i++) {
        snprintf(path_x, sizeof path_x, "%s/%s", x, same[i]);
        snprintf(path_y, sizeof path_y, "%s/%s", y, same[i]);
        assert_same_file(b, path_x, path_y);
    }
    snprintf(path_x, sizeof path_x, "%s/metrics.jsonl", x);
    snprintf(path_y, sizeof path_y, "%s/metrics.jsonl", y);
    assert_same_metrics(b, path_x, path_y);
}

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

/* ---- interruption ---- */

static void interrupted_at_every_step_it_ends_in_the_same_bits(void **state)
{
    bench *b = *state;
    train(b, "whole");
    /* the hook is also asked during evaluation: 2 batches after each epoch */
    for (int stop_at = 1; stop_at <= ALL_STEPS + 2 * TINY_EPOCHS; stop_at++) {
        char out[32];
        snprintf(out, sizeof out, "cut-%d", stop_at);
        watch w = {.stop_at = stop_at};
        cairn_train_hooks hooks = hooks_of(&w);
        cairn_train_settings settings = tiny_settings(b, out);
        assert_fails(b, cairn_train(b->ctx, &settings, &hooks, NULL), CAIRN_INTERRUPTED,
                     "interrupted in epoch");
        assert_int_equal(w.asked, stop_at);
        tiny_threads(b, 1 + stop_at % 3);
        assert_ok(b, cairn_train_resume(b->ctx, bench_path(b, out), NULL, NULL));
        assert_same_run(b, "whole", out);
        assert_int_equal(b->warnings, 0);
    }
}

static void interrupted_after_each_step_it_ends_in_the_same_bits(void **state)
{
    bench *b = *state;
    train(b, "whole");
    watch w = {.stop_at = 1};
    cairn_train_hooks hooks = hooks_of(&w);
    cairn_train_settings settings = tiny_settings(b, "cut");
    assert_int_equal(cairn_train(b->ctx, &settings, &hooks, NULL), CAIRN_INTERRUPTED);
    int turns = 1;
    cairn_status status;
    do {
        w.asked = 0;
        w.stop_at = 1 + turns % 2 + (turns > 4); /* an evaluation needs more than one answer to be passed */
        status = cairn_train_resume(b->ctx, bench_path(b, "cut"), &hooks, NULL);
        turns++;
    } while (status == CAIRN_INTERRUPTED && turns < 50);
    assert_ok(b, status);
    assert_true(turns > 5);
    assert_same_run(b, "whole", "cut");
}

static bool die_when_told(void *user)
{
    watch *w = user;
    if (++w->asked == w->stop_at)
        raise(SIGKILL);
    return false;
}

static void killed_at_any_step_it_ends_in_the_same_bits(void **state)
{
    bench *b = *state;
    train(b, "whole");
    for (int step = 1; step <= ALL_STEPS; step++) {
        char out[32];
        snprintf(out, sizeof out, "killed-%d", step);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            watch w = {.stop_at = step + 2 * ((step - 1) / TINY_STEPS)};
            cairn_train_hooks hooks = {.stop = die_when_told, .user = &w};
            cairn_train_settings settings = tiny_settings(b, out);
            cairn_train(b->ctx, &settings, &hooks, NULL);
            _exit(1);
        }
        int code;
        assert_int_equal(waitpid(child, &code, 0), child);
        assert_true(WIFSIGNALED(code) && WTERMSIG(code) == SIGKILL);
        assert_ok(b, cairn_train_resume(b->ctx, bench_path(b, out), NULL, NULL));
        assert_same_run(b, "whole", out);
    }
}

static void a_damaged_checkpoint_costs_time_but_no_bit(void **state)
{
    bench *b = *state;
    train(b, "whole");
    watch w = {.stop_at = ALL_STEPS + 3};
    cairn_train_hooks hooks = hooks_of(&w);
    cairn_train_settings settings = tiny_settings(b, "hurt");
    assert_int_equal(cairn_train(b->ctx, &settings, &hooks, NULL), CAIRN_INTERRUPTED);
    bench_put(bench_path(b, "hurt/checkpoints/step-000008/train.safetensors"), "short", 5);
    assert_ok(b, cairn_train_resume(b->ctx, bench_path(b, "hurt"), NULL, NULL));
    assert_int_equal(b->warnings, 1);
    assert_non_null(strstr(b->last_warning, "step-000008/train.safetensors"));
    assert_same_run(b, "whole", "hurt");
}

static void a_finished_run_gives_its_result_again(void **state)
{
    bench *b = *state;
    cairn_train_settings settings = tiny_settings(b, "run");
    cairn_train_result first, again;
    assert_ok(b, cairn_train(b->ctx, &settings, NULL, &first));
    char before[CAIRN_SHA256_TEXT], after[CAIRN_SHA256_TEXT];
    tiny_hash(b, "run/metrics.jsonl", before);
    watch w = {0};
    cairn_train_hooks hooks = hooks_of(&w);
    assert_ok(b, cairn_train_resume(b->ctx, bench_path(b, "run"), &hooks, &again));
    assert_int_equal(w.asked, 0);
    assert_true(first.best_epoch == again.best_epoch && first.best_top1 == again.best_top1 &&
                first.last_top1 == again.last_top1 && first.epochs_done == again.epochs_done);
    tiny_hash(b, "run/metrics.jsonl", after);
    assert_string_equal(before, after);
}

static void another_kernel_level_is_said(void **state)
{
    bench *b = *state;
    train(b, "run");
    static const char environment[] = "{\"isa\": \"abacus\"}";
    bench_put(bench_path(b, "run/env.json"), environment, strlen(environment));
    assert_ok(b, cairn_train_resume(b->ctx, bench_path(b, "run"), NULL, NULL));
    assert_int_equal(b->warnings, 1);
    assert_non_null(strstr(b->last_warning, "abacus"));
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

/* ---- guarded steps ---- */

/* Weights of the run "first" with one number that is none. */
static void poison(bench *b)
{
    train(b, "first");
    cairn_weights *weights;
    assert_ok(b, cairn_weights_load(b->ctx, bench_path(b, "first/weights/last.safetensors"), &weights));
    const cairn_tensor *last = cairn_weights_at(weights, cairn_weights_count(weights) - 1);
    memcpy(last->data, &(uint32_t){0x7fc00000}, 4);
    assert_ok(b, cairn_weights_save(weights, bench_path(b, "poison.safetensors")));
    cairn_weights_destroy(weights);
}

static void steps_that_are_not_finite_change_nothing(void **state)
{
    bench *b = *state;
    poison(b);
    cairn_train_settings settings = tiny_settings(b, "run");
    settings.init = bench_path(b, "poison.safetensors");
    assert_ok(b, cairn_train(b->ctx, &settings, NULL, NULL));
    cairn_weights *x, *y;
    assert_ok(b, cairn_weights_load(b->ctx, bench_path(b, "poison.safetensors"), &x));
    assert_ok(b, cairn_weights_load(b->ctx, bench_path(b, "run/weights/last.safetensors"), &y));
    for (int i = 0; i < cairn_weights_count(x); i++) {
        const cairn_tensor *from = cairn_weights_at(x, i), *to = cairn_weights_find(y, from->name);
        assert_memory_equal(from->data, to->data, 4 * (size_t)cairn_shape_elements(&from->shape));
    }
    cairn_weights_destroy(x);
    cairn_weights_destroy(y);
}

static void a_diverged_run_ends(void **state)
{
    bench *b = *state;
    poison(b);
    cairn_train_settings settings = tiny_settings(b, "run");
    settings.init = bench_path(b, "poison.safetensors");
    settings.epochs = 20;
    watch w = {0};
    cairn_train_hooks hooks = hooks_of(&w);
    /* 24 steps are 8 epochs, each followed by an evaluation; the 25th is the first of epoch 9 */
    assert_fails(b, cairn_train(b->ctx, &settings, &hooks, NULL), CAIRN_NUMERIC,
                 "step 1 of epoch 9, where the weights '");
    assert_int_equal(w.epochs, 8);
}

/* ---- full disks, locks, lost folders ---- */

static void set_file_limit(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void fill_disk_after_the_first_epoch(void *user, const cairn_epoch_metrics *metrics)
{
    on_epoch(user, metrics);
    if (metrics->epoch == 1)
        set_file_limit(50000);
    else if (metrics->epoch == ((const watch *)user)->stop_at)
        set_file_limit(RLIM_INFINITY);
}

static void a_full_disk_is_said_and_survived(void **state)
{
    bench *b = *state;
    signal(SIGXFSZ, SIG_IGN);
    train(b, "whole");
    watch w = {.stop_at = 2};
    cairn_train_hooks hooks = {.epoch = fill_disk_after_the_first_epoch, .user = &w};
    cairn_train_settings settings = tiny_settings(b, "run");
    assert_ok(b, cairn_train(b->ctx, &settings, &hooks, NULL));
    assert_int_equal(b->warnings, 1);
    assert_non_null(strstr(b->last_warning, "the training goes on"));
    assert_same_run(b, "whole", "run");
}

static void a_disk_full_to_the_end_is_an_error_that_can_be_resumed(void **state)
{
    bench *b = *state;
    signal(SIGXFSZ, SIG_IGN);
    train(b, "whole");
    watch w = {.stop_at = 0};
    cairn_train_hooks hooks = {.epoch = fill_disk_after_the_first_epoch, .user = &w};
    cairn_train_settings settings = tiny_settings(b, "run");
    assert_int_equal(cairn_train(b->ctx, &settings, &hooks, NULL), CAIRN_IO);
    set_file_limit(RLIM_INFINITY);
    assert_int_equal(w.epochs, TINY_EPOCHS);
    assert_ok(b, cairn_train_resume(b->ctx, bench_path(b, "run"), NULL, NULL));
    assert_same_run(b, "whole", "run");
}

static void resume_meanwhile(void *user, const cairn_epoch_metrics *metrics)
{
    bench *b = user;
    (void)metrics;
    cairn_ctx *other;
    assert_int_equal(cairn_ctx_create(NULL, &other), CAIRN_OK);
    assert_int_equal(cairn_train_resume(other, bench_path(b, "run"), NULL, NULL), CAIRN_IO);
    assert_non_null(strstr(cairn_error(other), "is at work in this folder"));
    cairn_train_settings settings = tiny_settings(b, "run");
    assert_int_equal(cairn_train(other, &settings, NULL, NULL), CAIRN_IO);
    cairn_ctx_destroy(other);
}

static void one_training_at_a_time_in_a_folder(void **state)
{
    bench *b = *state;
    cairn_train_hooks hooks = {.epoch = resume_meanwhile, .user = b};
    cairn_train_settings settings = tiny_settings(b, "run");
    assert_ok(b, cairn_train(b->ctx, &settings, &hooks, NULL));
    assert_ok(b, cairn_train_resume(b->ctx, bench_path(b, "run"), NULL, NULL));
}

static void remove_folder(void *user, const cairn_epoch_metrics *metrics)
{
    bench *b = user;
    if (metrics->epoch == 1)
        assert_int_equal(cairn_tree_remove(b->ctx, bench_path(b, "run")), CAIRN_OK);
}

static void a_lost_folder_is_an_error_at_the_end(void **state)
{
    bench *b = *state;
    cairn_train_hooks hooks = {.epoch = remove_folder, .user = b};
    cairn_train_settings settings = tiny_settings(b, "run");
    assert_int_equal(cairn_train(b->ctx, &settings, &hooks, NULL), CAIRN_IO);
    assert_int_equal(b->warnings, 1);
    assert_int_equal(cairn_path_look(bench_path(b, "run")), CAIRN_PATH_MISSING);
}

static void a_log_that_cannot_be_written_stops_nothing(void **state)
{
    bench *b = *state;
    assert_ok(b, cairn_folder_make(b->ctx, bench_path(b, "run/train.log")));
    train(b, "run");
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

/* ---- memory ---- */

typedef struct meter {
    long calls, fail_at, held;
} meter;

static void *metered(void *user, void *ptr, size_t size)
{
    meter *m = user;
    if (size == 0) {
        m->held--;
        free(ptr);
        return NULL;
    }
    if (++m->calls == m->fail_at)
        return NULL;
    void *block = realloc(ptr, size);
    m->held += ptr == NULL && block != NULL;
    return block;
}

static cairn_status train_metered(bench *b, meter *m, const char *out)
{
    cairn_ctx_options options = {.threads = 1, .allocator = {metered, m}};
    cairn_ctx *ctx;
    cairn_status status = cairn_ctx_create(&options, &ctx);
    if (status == CAIRN_OK) {
        cairn_train_settings settings = tiny_settings(b, out);
        settings.epochs = 1;
        settings.warmup = 0;
        status = cairn_train(ctx, &settings, NULL, NULL);
    }
    cairn_ctx_destroy(ctx);
    return status;
}

static void without_memory_it_ends_cleanly(void **state)
{
    bench *b = *state;
    meter count = {0};
    assert_int_equal(train_metered(b, &count, "run"), CAIRN_OK);
    assert_int_equal(count.held, 0);
    long step = count.calls < 60 ? 1 : count.calls / 60;
    for (long at = 1; at <= count.calls; at += step) {
        char out[32];
        snprintf(out, sizeof out, "run-%ld", at);
        meter m = {.fail_at = at};
        cairn_status status = train_metered(b, &m, out);
        if (status != CAIRN_MEMORY && status != CAIRN_OK) /* a line of the log may be lost without harm */
            fail_msg("allocation %ld of %ld: status %d", at, count.calls, (int)status);
        assert_int_equal(m.held, 0);
        assert_int_equal(cairn_tree_remove(b->ctx, bench_path(b, out)), CAIRN_OK);
    }
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
        TINY(interrupted_at_every_step_it_ends_in_the_same_bits),
        TINY(interrupted_after_each_step_it_ends_in_the_same_bits),
        TINY(killed_at_any_step_it_ends_in_the_same_bits),
        TINY(a_damaged_checkpoint_costs_time_but_no_bit),
        TINY(a_finished_run_gives_its_result_again),
        TINY(another_kernel_level_is_said),
        TINY(trained_weights_can_be_taken_over),
        TINY(a_head_of_another_size_begins_anew),
        TINY(steps_that_are_not_finite_change_nothing),
        TINY(a_diverged_run_ends),
        TINY(a_full_disk_is_said_and_survived),
        TINY(a_disk_full_to_the_end_is_an_error_that_can_be_resumed),
        TINY(one_training_at_a_time_in_a_folder),
        TINY(a_lost_folder_is_an_error_at_the_end),
        TINY(a_log_that_cannot_be_written_stops_nothing),
        TINY(folders_that_do_not_fit_are_refused),
        TINY(settings_that_make_no_sense_are_refused),
        TINY(damaged_settings_are_refused),
        TINY(without_memory_it_ends_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
