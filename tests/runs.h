/* What tests of training share: a training that is watched, and whether two have left the same. */
#ifndef CAIRN_TESTS_RUNS_H
#define CAIRN_TESTS_RUNS_H

#include "tiny.h"

#define ALL_STEPS (TINY_STEPS * TINY_EPOCHS)

/* Counts what the hooks were told; stops when `stop_at` steps were asked about, if that is not 0. */
typedef struct watch {
    int asked, stop_at, epochs, shown, notes;
    cairn_epoch_metrics last;
    char note[400];
} watch;

static inline bool on_stop(void *user)
{
    watch *w = user;
    return ++w->asked == w->stop_at;
}

static inline void on_epoch(void *user, const cairn_epoch_metrics *metrics)
{
    watch *w = user;
    w->epochs++;
    w->last = *metrics;
}

static inline void on_progress(void *user, const cairn_train_progress *progress)
{
    watch *w = user;
    w->shown++;
    assert_in_range(progress->epoch, 1, progress->epochs);
    assert_in_range(progress->step, 1, progress->steps);
}

static inline void on_note(void *user, const char *line)
{
    watch *w = user;
    w->notes++;
    snprintf(w->note, sizeof w->note, "%s", line);
}

static inline cairn_train_hooks hooks_of(watch *w)
{
    return (cairn_train_hooks){
        .progress = on_progress, .epoch = on_epoch, .note = on_note, .stop = on_stop, .user = w};
}

static inline void assert_ok(bench *b, cairn_status status)
{
    if (status != CAIRN_OK)
        fail_msg("status %d: %s", (int)status, cairn_error(b->ctx));
}

static inline void train(bench *b, const char *out)
{
    cairn_train_settings settings = tiny_settings(b, out);
    assert_ok(b, cairn_train(b->ctx, &settings, NULL, NULL));
}

/* A short training of any network that is told more. */
static inline cairn_train_settings settings_with(bench *b, const char *out, const char *model,
                                                 const char *const *options)
{
    cairn_train_settings settings = tiny_settings(b, out);
    settings.model = model;
    settings.nesterov = 0;
    settings.options = options;
    return settings;
}

static inline void train_with(bench *b, const char *out, const char *model, const char *const *options)
{
    cairn_train_settings settings = settings_with(b, out, model, options);
    assert_ok(b, cairn_train(b->ctx, &settings, NULL, NULL));
}

/* Whether two files of metrics are the same but for times and rates. */
static inline void assert_same_metrics(bench *b, const char *x, const char *y)
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

static inline void assert_same_run(bench *b, const char *x, const char *y)
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

/* The same run once whole and once with an end after `steps` steps. */
static inline void resume_after(bench *b, const char *model, const char *const *options, int steps)
{
    static const char *const same[] = {"weights/last.safetensors", "weights/best.safetensors",
                                       "checkpoints/step-000009/train.safetensors",
                                       "checkpoints/step-000009/model.safetensors"};
    watch w = {.stop_at = steps};
    cairn_train_hooks hooks = hooks_of(&w);
    cairn_train_settings settings = settings_with(b, "broken", model, options);
    train_with(b, "whole", model, options);
    assert_int_equal(cairn_train(b->ctx, &settings, &hooks, NULL), CAIRN_INTERRUPTED);
    assert_ok(b, cairn_train_resume(b->ctx, bench_path(b, "broken"), NULL, NULL));
    for (size_t i = 0; i < CAIRN_COUNT(same); i++) {
        char x[96], y[96];
        snprintf(x, sizeof x, "whole/%s", same[i]);
        snprintf(y, sizeof y, "broken/%s", same[i]);
        assert_same_file(b, x, y);
    }
    assert_int_equal(cairn_tree_remove(b->ctx, bench_path(b, "whole")), CAIRN_OK);
    assert_int_equal(cairn_tree_remove(b->ctx, bench_path(b, "broken")), CAIRN_OK);
}

/* A tensor of a file, whose weights are to be destroyed. */
static inline const cairn_tensor *tensor_of(bench *b, const char *file, const char *name,
                                            cairn_weights **weights)
{
    assert_ok(b, cairn_weights_load(b->ctx, bench_path(b, file), weights));
    const cairn_tensor *found = cairn_weights_find(*weights, name);
    if (found == NULL)
        fail_msg("%s has no %s", file, name);
    return found;
}

#endif
