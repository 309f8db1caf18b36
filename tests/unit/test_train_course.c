/* The course of a training: early ends, best epochs, growing pictures, divergence, the search for a rate, and
 * event files. */
#include "runs.h"

#include "train/events.h"
#include "train/state.h"
#include <math.h>

/* ---- ends and best epochs ---- */

static void no_progress_ends_a_run(void **state)
{
    bench *b = *state;
    static const char *const options[] = {"patience=2", "lr=1e-12", "warmup=0", NULL};
    watch w = {0};
    cairn_train_hooks hooks = hooks_of(&w);
    cairn_train_settings settings = tiny_settings(b, "run");
    settings.epochs = 20;
    settings.options = options;
    cairn_train_result result, again;
    assert_ok(b, cairn_train(b->ctx, &settings, &hooks, &result));
    assert_int_equal(result.epochs_done, 3);
    assert_int_equal(result.best_epoch, 1);
    assert_non_null(strstr(w.note, "stopped after epoch 3 of 20"));
    assert_ok(b, cairn_train_resume(b->ctx, bench_path(b, "run"), NULL, &again)); /* it is over */
    assert_int_equal(again.epochs_done, 3);
}

static void settings_without_effect_are_named(void **state)
{
    bench *b = *state;
    static const char *const dropout[] = {"dropout=0.3", NULL}, *const weight[] = {"aux_weight=0.2", NULL};
    cairn_train_settings settings = tiny_settings(b, "run");
    settings.options = dropout;
    cairn_train_result result;
    watch w = {0};
    cairn_train_hooks hooks = hooks_of(&w);
    assert_ok(b, cairn_train(b->ctx, &settings, &hooks, &result));
    assert_string_equal(w.note, "dropout: has no effect, this lenet5 has no dropout");
    settings = tiny_settings(b, "again");
    settings.options = weight;
    assert_ok(b, cairn_train(b->ctx, &settings, &hooks, &result));
    assert_string_equal(w.note, "aux_weight: has no effect, this lenet5 has no auxiliary heads");
    assert_int_equal(w.notes, 2);
    settings = tiny_settings(b, "silent");
    assert_ok(b, cairn_train(b->ctx, &settings, &hooks, &result));
    assert_ok(b, cairn_train_resume(b->ctx, bench_path(b, "again"), &hooks, &result)); /* says it once */
    assert_int_equal(w.notes, 2);
}

static void the_best_epochs_are_kept(void **state)
{
    bench *b = *state;
    static const char *const options[] = {"keep=2", NULL};
    cairn_train_settings settings = tiny_settings(b, "run");
    settings.epochs = 8;
    settings.options = options;
    cairn_train_result result;
    assert_ok(b, cairn_train(b->ctx, &settings, NULL, &result));
    char **names, best[64];
    size_t count;
    assert_ok(b, cairn_folder_list(b->ctx, bench_path(b, "run/weights/top"), &names, &count));
    assert_int_equal(count, 2);
    cairn_names_free(b->ctx, names, count);
    snprintf(best, sizeof best, "run/weights/top/epoch-%04d.safetensors", result.best_epoch);
    assert_same_file(b, best, "run/weights/best.safetensors");
}

static void the_list_of_best_epochs(void **state)
{
    (void)state;
    cairn_state s;
    cairn_state_begin(&s);
    assert_int_equal(cairn_state_keep(&s, 2, 1, 50), 0);
    assert_int_equal(cairn_state_keep(&s, 2, 2, 60), 0);
    assert_int_equal(cairn_state_keep(&s, 2, 3, 40), 3);
    assert_int_equal(cairn_state_keep(&s, 2, 4, 60), 1); /* the earlier of equals comes first */
    assert_true(s.kept[0] == 2 && s.kept[1] == 4 && s.kept[2] == 0);
    assert_int_equal(cairn_state_keep(&s, 2, 5, 60), 5);
    assert_int_equal(cairn_state_keep(&s, 2, 6, 99), 4);
    assert_true(s.kept[0] == 6 && s.kept[1] == 2);
}

/* ---- sizes ---- */

static void pictures_grow_and_are_evaluated_larger(void **state)
{
    bench *b = *state;
    static const char *const options[] = {"input=64", "progressive=32", "eval_input=80", "lr=0.01", NULL};
    static const char *const wrong[][3] = {{"input=32", "progressive=33"}, {"progressive=33"}};
    cairn_train_settings settings = tiny_settings(b, "run");
    settings.model = "resnet20";
    settings.epochs = 3;
    settings.options = options;
    assert_ok(b, cairn_train(b->ctx, &settings, NULL, NULL));
    cairn_weights *weights;
    tensor_of(b, "run/weights/last.safetensors", "conv1.weight", &weights);
    assert_string_equal(cairn_weights_meta(weights, "cairn.input_size"), "[1,80,80]");
    cairn_weights_destroy(weights);
    resume_after(b, "resnet20", options, 4);
    settings.out = bench_path(b, "wrong");
    for (int i = 0; i < 2; i++) {
        settings.options = wrong[i];
        assert_fails(b, cairn_train(b->ctx, &settings, NULL, NULL), CAIRN_USAGE,
                     "progressive: expected at most the input's side of 32, found 33");
    }
}

/* ---- guards ---- */

static void divergence_names_its_place(void **state)
{
    bench *b = *state;
    static const char *const options[] = {"lr=1e30", "warmup=0", "schedule=constant", NULL};
    cairn_train_settings settings = tiny_settings(b, "run");
    settings.model = "lenet5.tutorial"; /* ReLU: nothing saturates */
    settings.epochs = 20;
    settings.options = options;
    assert_fails(b, cairn_train(b->ctx, &settings, NULL, NULL), CAIRN_NUMERIC,
                 "25 steps in a row were not finite, the last of them step ");
    assert_non_null(strstr(cairn_error(b->ctx), "where "));
    assert_non_null(strstr(cairn_error(b->ctx), "sample "));
    assert_true(strstr(cairn_error(b->ctx), "output of layer '") ||
                strstr(cairn_error(b->ctx), "weights '") || strstr(cairn_error(b->ctx), "gradient of '"));
}

static void the_rate_is_found(void **state)
{
    bench *b = *state;
    cairn_lr_search search, again;
    cairn_train_settings settings = tiny_settings(b, "unused");
    assert_ok(b, cairn_train_find_lr(b->ctx, &settings, NULL, &search));
    assert_true(search.count > 50 && search.count <= CAIRN_LR_STEPS);
    assert_true(fabs(search.lr[0] - 1e-7) < 1e-20);
    int lowest = 0;
    for (int i = 1; i < search.count; i++) {
        assert_true(fabs(search.lr[i] / search.lr[i - 1] - pow(1e8, 1.0 / 99)) < 1e-9);
        lowest = search.smoothed[i] < search.smoothed[lowest] ? i : lowest;
    }
    assert_true(search.suggestion > 1e-4 && search.suggestion == search.lr[lowest] / 10);
    assert_int_equal(cairn_path_look(bench_path(b, "unused")), CAIRN_PATH_MISSING);
    tiny_threads(b, 2);
    assert_ok(b, cairn_train_find_lr(b->ctx, &settings, NULL, &again));
    assert_memory_equal(&search, &again, sizeof search);
}

/* ---- event files ---- */

static uint64_t little(const uint8_t *bytes, int count)
{
    uint64_t value = 0;
    for (int i = count; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

static uint32_t masked(const void *bytes, size_t size)
{
    uint32_t crc = cairn_crc32c(bytes, size);
    return (crc >> 15 | crc << 17) + 0xA282EAD8u;
}

static void event_files_are_sound(void **state)
{
    bench *b = *state;
    static const char *const options[] = {"tensorboard=true", NULL};
    assert_int_equal(cairn_crc32c("123456789", 9), 0xE3069283u); /* the check value of CRC-32C */
    train_with(b, "run", "lenet5", options);
    char **names, path[64] = "";
    size_t count, size;
    assert_ok(b, cairn_folder_list(b->ctx, bench_path(b, "run"), &names, &count));
    for (size_t i = 0; i < count; i++)
        if (strncmp(names[i], "events.out.tfevents.", 20) == 0)
            snprintf(path, sizeof path, "run/%.50s", names[i]);
    cairn_names_free(b->ctx, names, count);
    uint8_t *bytes;
    assert_ok(b, cairn_file_read(b->ctx, bench_path(b, path), 1 << 20, &bytes, &size));
    int records = 0;
    size_t at = 0;
    while (at < size) {
        uint64_t length = little(bytes + at, 8);
        assert_true(length > 8 && at + 16 + length <= size);
        assert_int_equal(little(bytes + at + 8, 4), masked(bytes + at, 8));
        assert_int_equal(little(bytes + at + 12 + length, 4), masked(bytes + at + 12, (size_t)length));
        at += 16 + (size_t)length;
        records++;
    }
    assert_int_equal(at, size);
    assert_int_equal(records, 1 + 7 * TINY_EPOCHS); /* the version, and seven numbers an epoch */
    cairn_free(b->ctx, bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TINY(settings_without_effect_are_named),
        TINY(no_progress_ends_a_run),
        TINY(the_best_epochs_are_kept),
        TINY(the_list_of_best_epochs),
        TINY(pictures_grow_and_are_evaluated_larger),
        TINY(divergence_names_its_place),
        TINY(the_rate_is_found),
        TINY(event_files_are_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
