/* What tests of whole trainings share: their hooks, and one that succeeds. */
#ifndef CAIRN_TESTS_TRAINING_RUNS_H
#define CAIRN_TESTS_TRAINING_RUNS_H

#include "tiny.h"

static inline void assert_ok(bench *b, cairn_status status)
{
    if (status != CAIRN_OK)
        fail_msg("status %d: %s", (int)status, cairn_error(b->ctx));
}

typedef struct watch {
    int asked, stop_at, notes;
    char last[400];
} watch;

static inline bool on_stop(void *user)
{
    watch *w = user;
    return ++w->asked == w->stop_at;
}

static inline void on_note(void *user, const char *line)
{
    watch *w = user;
    w->notes++;
    snprintf(w->last, sizeof w->last, "%s", line);
}

static inline cairn_train_hooks hooks_of(watch *w)
{
    return (cairn_train_hooks){.note = on_note, .stop = on_stop, .user = w};
}

static inline void train(bench *b, const char *out, const char *model, const char *const *options)
{
    cairn_train_settings settings = tiny_settings(b, out);
    settings.model = model;
    settings.nesterov = 0;
    settings.options = options;
    assert_ok(b, cairn_train(b->ctx, &settings, NULL, NULL));
}

/* The same run once whole and once with an end after `steps` steps. */
static inline void resume_after(bench *b, const char *model, const char *const *options, int steps)
{
    static const char *const same[] = {
        "weights/last.safetensors", "weights/best.safetensors", "checkpoints/step-000009/train.safetensors",
        "checkpoints/step-000009/model.safetensors", "checkpoints/step-000009/state.json"};
    watch w = {.stop_at = steps};
    cairn_train_hooks hooks = hooks_of(&w);
    cairn_train_settings settings = tiny_settings(b, "broken");
    settings.model = model;
    settings.nesterov = 0;
    settings.options = options;
    train(b, "whole", model, options);
    assert_int_equal(cairn_train(b->ctx, &settings, &hooks, NULL), CAIRN_INTERRUPTED);
    assert_ok(b, cairn_train_resume(b->ctx, bench_path(b, "broken"), NULL, NULL));
    for (size_t i = 0; i < CAIRN_COUNT(same); i++) {
        char x[96], y[96];
        snprintf(x, sizeof x, "whole/%s", same[i]);
        snprintf(y, sizeof y, "broken/%s", same[i]);
        if (strstr(x, "state.json") == NULL)
            assert_same_file(b, x, y);
    }
    assert_int_equal(cairn_tree_remove(b->ctx, bench_path(b, "whole")), CAIRN_OK);
    assert_int_equal(cairn_tree_remove(b->ctx, bench_path(b, "broken")), CAIRN_OK);
}

static const cairn_tensor *tensor_of(bench *b, const char *file, const char *name, cairn_weights **weights)
{
    assert_ok(b, cairn_weights_load(b->ctx, bench_path(b, file), weights));
    const cairn_tensor *found = cairn_weights_find(*weights, name);
    if (found == NULL)
        fail_msg("%s has no %s", file, name);
    return found;
}

#endif
