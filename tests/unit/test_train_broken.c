/* Training that is interrupted, killed, diverges, or lacks disk or memory: nothing is lost, and what is
 * resumed ends in the same bits. */
#include "runs.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

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

/* ---- guarded steps ---- */

#define NAN_BITS 0x7fc00000u
#define HUGE_BITS 0x7f000000u    /* 2^127 */
#define LARGEST_BITS 0x7f7fffffu /* of floats; bfloat16 has none that is near, and rounds it to infinity */

/* Weights of a short run of the model with one tensor (NULL: the last) that begins with `count` times the
 * same bits.
 */
static void poison(bench *b, const char *model, const char *name, uint32_t bits, int count)
{
    train_with(b, "first", model, NULL);
    cairn_weights *weights;
    assert_ok(b, cairn_weights_load(b->ctx, bench_path(b, "first/weights/last.safetensors"), &weights));
    const cairn_tensor *tensor = name == NULL ? cairn_weights_at(weights, cairn_weights_count(weights) - 1)
                                              : cairn_weights_find(weights, name);
    assert_non_null(tensor);
    assert_true(count <= cairn_shape_elements(&tensor->shape));
    for (int i = 0; i < count; i++)
        memcpy((char *)tensor->data + 4 * i, &bits, 4);
    assert_ok(b, cairn_weights_save(weights, bench_path(b, "poison.safetensors")));
    cairn_weights_destroy(weights);
}

static void steps_that_are_not_finite_change_nothing(void **state)
{
    bench *b = *state;
    poison(b, "lenet5", NULL, NAN_BITS, 1);
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
    poison(b, "lenet5", NULL, NAN_BITS, 1);
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

/* In bfloat16 by a value that is finite in floats. */
static void a_diverged_run_names_the_layer(void **state)
{
    bench *b = *state;
    static const struct {
        const char *model, *options[2], *tensor;
        uint32_t bits;
        int count;
        const char *layer;
    } runs[] = {{"lenet5", {"precision=f32"}, "fc2.weight", HUGE_BITS, 840, "fc2"},
                {"lenet5.tutorial", {"precision=bf16"}, "conv2.bias", LARGEST_BITS, 1, "conv2"}};
    for (size_t k = 0; k < CAIRN_COUNT(runs); k++) {
        char expected[64];
        poison(b, runs[k].model, runs[k].tensor, runs[k].bits, runs[k].count);
        assert_int_equal(cairn_tree_remove(b->ctx, bench_path(b, "first")), CAIRN_OK);
        cairn_train_settings settings = settings_with(b, runs[k].layer, runs[k].model, runs[k].options);
        settings.init = bench_path(b, "poison.safetensors");
        settings.epochs = 20;
        snprintf(expected, sizeof expected, "where the output of layer '%s' is not", runs[k].layer);
        assert_fails(b, cairn_train(b->ctx, &settings, NULL, NULL), CAIRN_NUMERIC, expected);
    }
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
        TINY(interrupted_at_every_step_it_ends_in_the_same_bits),
        TINY(interrupted_after_each_step_it_ends_in_the_same_bits),
        TINY(killed_at_any_step_it_ends_in_the_same_bits),
        TINY(a_damaged_checkpoint_costs_time_but_no_bit),
        TINY(a_finished_run_gives_its_result_again),
        TINY(another_kernel_level_is_said),
        TINY(steps_that_are_not_finite_change_nothing),
        TINY(a_diverged_run_ends),
        TINY(a_diverged_run_names_the_layer),
        TINY(a_full_disk_is_said_and_survived),
        TINY(a_disk_full_to_the_end_is_an_error_that_can_be_resumed),
        TINY(one_training_at_a_time_in_a_folder),
        TINY(a_lost_folder_is_an_error_at_the_end),
        TINY(a_log_that_cannot_be_written_stops_nothing),
        TINY(without_memory_it_ends_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
