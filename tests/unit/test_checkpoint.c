/* Checkpoints: what damage is found, what is loaded then, what is kept and what is removed. */
#include "support.h"

#include "base/text.h"
#include "train/checkpoint.h"
#include <zlib.h>

static const char *const files[] = {"model.safetensors", "train.safetensors", "state.json", "MANIFEST.json"};

typedef struct store {
    bench *b;
    cairn_checkpoints checkpoints;
    cairn_saved saved;
} store;

static cairn_weights *make_weights(bench *b, const char *name)
{
    cairn_weights *weights;
    const cairn_tensor *tensor;
    cairn_shape shape = {.rank = 1, .dim = {7}};
    assert_int_equal(cairn_weights_create(b->ctx, &weights), CAIRN_OK);
    assert_int_equal(cairn_weights_add(weights, name, CAIRN_F32, CAIRN_LAYOUT_PLAIN, &shape, &tensor),
                     CAIRN_OK);
    return weights;
}

static cairn_identity identity(void)
{
    return (cairn_identity){.arch = "lenet5", .config = "c0ffee", .data = "da7a"};
}

static void reopen(store *s)
{
    cairn_identity who = identity();
    if (s->checkpoints.folder != NULL)
        cairn_checkpoints_close(&s->checkpoints);
    assert_int_equal(cairn_checkpoints_open(s->b->ctx, s->b->folder, &who, &s->checkpoints), CAIRN_OK);
}

static store begin(void **state)
{
    store s = {.b = *state};
    reopen(&s);
    s.saved.model = make_weights(s.b, "fc.weight");
    s.saved.train = make_weights(s.b, "fc.weight/momentum");
    cairn_state_begin(&s.saved.state);
    return s;
}

static void end(store *s)
{
    cairn_weights_destroy(s->saved.model);
    cairn_weights_destroy(s->saved.train);
    cairn_checkpoints_close(&s->checkpoints);
}

/* Saves step n; its model holds n everywhere. */
static void save(store *s, int64_t step, bool best)
{
    float *data = cairn_weights_at(s->saved.model, 0)->data;
    for (int i = 0; i < 7; i++)
        data[i] = (float)step;
    s->saved.state.step = step;
    if (cairn_checkpoint_save(&s->checkpoints, &s->saved, best) != CAIRN_OK)
        fail_msg("%s", cairn_error(s->b->ctx));
}

/* The step that a load finds, 0 for none, -1 for a failure. */
static int64_t load(store *s)
{
    cairn_saved loaded;
    bool found;
    if (cairn_checkpoint_load(&s->checkpoints, &loaded, &found) != CAIRN_OK)
        return -1;
    if (!found)
        return 0;
    assert_true((int64_t)((const float *)cairn_weights_at(loaded.model, 0)->data)[3] == loaded.state.step);
    int64_t step = loaded.state.step;
    cairn_saved_free(s->b->ctx, &loaded);
    return step;
}

static const char *path_of(store *s, int64_t step, const char *file)
{
    char name[96];
    snprintf(name, sizeof name, "checkpoints/step-%06lld%s%s", (long long)step, file[0] == '\0' ? "" : "/",
             file);
    return bench_path(s->b, name);
}

static bool is_there(store *s, int64_t step)
{
    return access(path_of(s, step, ""), F_OK) == 0;
}

static void a_state_survives_to_the_bit(void **state)
{
    bench *b = *state;
    cairn_state before = {.epoch = 3,
                          .batch = 17,
                          .step = 5000000000,
                          .skipped = 2,
                          .bad_in_row = 1,
                          .tally = {0.1 + 0.2, 640, 500, 630},
                          .plateau = {1.0 / 3, 1, 2},
                          .best_epoch = 2,
                          .best_top1 = 91.23,
                          .last_top1 = -0.0,
                          .results_bytes = 99,
                          .metrics_bytes = 77},
                after;
    int64_t broken[] = {3, 7, 5000000000};
    before.broken_evaluated = (cairn_broken){.index = broken, .count = 3};
    char *text = cairn_state_print(b->ctx, &before);
    assert_non_null(text);
    assert_int_equal(cairn_state_parse(b->ctx, "state", text, strlen(text), &after), CAIRN_OK);
    assert_memory_equal(&before, &after, offsetof(cairn_state, broken_train));
    assert_int_equal(after.broken_train.count, 0);
    assert_int_equal(after.broken_evaluated.count, 3);
    assert_memory_equal(after.broken_evaluated.index, broken, sizeof broken);
    cairn_state_free(b->ctx, &after);
    char *seven = strstr(text, "[3, 7");
    seven[4] = '3';
    assert_fails(b, cairn_state_parse(b->ctx, "state", text, strlen(text), &after), CAIRN_INPUT,
                 "'broken_evaluated': expected ascending");
    cairn_state_free(b->ctx, &after);
    char *key = strstr(text, "\"skipped\"");
    memcpy(key, "\"skippex\"", 9);
    assert_fails(b, cairn_state_parse(b->ctx, "state", text, strlen(text), &after), CAIRN_INPUT, "'skipped'");
    cairn_state_free(b->ctx, &after);
    cairn_free(b->ctx, text);
}

static void the_last_one_is_loaded(void **state)
{
    store s = begin(state);
    assert_int_equal(load(&s), 0);
    save(&s, 10, false);
    assert_int_equal(load(&s), 10);
    save(&s, 20, false);
    assert_int_equal(load(&s), 20);
    save(&s, 20, false); /* the same step again takes its place */
    assert_int_equal(load(&s), 20);
    assert_int_equal(s.b->warnings, 0);
    end(&s);
}

static void two_and_the_best_are_kept(void **state)
{
    store s = begin(state);
    for (int64_t step = 1; step <= 6; step++)
        save(&s, step, step == 2);
    for (int64_t step = 1; step <= 6; step++)
        assert_int_equal(is_there(&s, step), step == 2 || step >= 5);
    save(&s, 1234567, true);
    assert_true(is_there(&s, 1234567) && is_there(&s, 6) && !is_there(&s, 5) && !is_there(&s, 2));
    assert_int_equal(load(&s), 1234567);
    end(&s);
}

/* Every prefix and every flipped bit of every file of the newest checkpoint. */
static void all_damage_is_found(void **state)
{
    store s = begin(state);
    save(&s, 1, false);
    save(&s, 2, false);
    for (size_t f = 0; f < CAIRN_COUNT(files); f++) {
        char path[256];
        snprintf(path, sizeof path, "%s", path_of(&s, 2, files[f]));
        uint8_t *bytes;
        size_t size;
        assert_int_equal(cairn_file_read(s.b->ctx, path, 1 << 20, &bytes, &size), CAIRN_OK);
        for (size_t i = 0; i < size; i++) {
            bench_put(path, bytes, i);
            assert_int_equal(load(&s), 1);
            for (int bit = 0; bit < 8; bit++) {
                bytes[i] ^= (uint8_t)(1 << bit);
                bench_put(path, bytes, size);
                if (load(&s) != 1)
                    fail_msg("%s: bit %d of byte %zu went unnoticed", files[f], bit, i);
                bytes[i] ^= (uint8_t)(1 << bit);
            }
        }
        bench_put(path, bytes, size);
        assert_int_equal(load(&s), 2);
        cairn_free(s.b->ctx, bytes);
    }
    end(&s);
}

static void damage_is_named(void **state)
{
    store s = begin(state);
    cairn_shape shape = {.rank = 1, .dim = {600000}};
    const cairn_tensor *big;
    assert_int_equal(cairn_weights_add(s.saved.model, "fc.big", CAIRN_F32, CAIRN_LAYOUT_PLAIN, &shape, &big),
                     CAIRN_OK);
    save(&s, 1, false);
    FILE *file = fopen(path_of(&s, 1, "model.safetensors"), "r+b");
    assert_int_equal(fseek(file, 1500000, SEEK_SET), 0);
    fputc(1, file);
    fclose(file);
    assert_int_equal(load(&s), -1);
    assert_int_equal(s.b->warnings, 1);
    assert_non_null(strstr(s.b->last_warning, "step-000001/model.safetensors: is damaged: section 2 of 3"));
    assert_non_null(strstr(cairn_error(s.b->ctx), "no checkpoint is sound"));
    end(&s);
}

static void pointers_are_only_hints(void **state)
{
    static const char *const texts[] = {"",
                                        "step-000009\n",
                                        "../step-000001\n",
                                        "rubbish",
                                        "step--00001",
                                        "step-99999999999999999999999\n",
                                        "step-000001/../step-000001"};
    store s = begin(state);
    save(&s, 1, false);
    save(&s, 2, false);
    for (size_t i = 0; i < CAIRN_COUNT(texts); i++) {
        bench_put(bench_path(s.b, "checkpoints/last"), texts[i], strlen(texts[i]));
        assert_int_equal(load(&s), 2);
    }
    assert_int_equal(unlink(bench_path(s.b, "checkpoints/last")), 0);
    assert_int_equal(load(&s), 2);
    bench_put(bench_path(s.b, "checkpoints/last"), "step-000001\n", 12);
    assert_int_equal(load(&s), 1);
    end(&s);
}

/* Rewrites one piece of a manifest and its seal. */
static void forge(store *s, const char *from, const char *to)
{
    char path[256];
    snprintf(path, sizeof path, "%s", path_of(s, 2, "MANIFEST.json"));
    uint8_t *text;
    size_t size;
    assert_int_equal(cairn_file_read(s->b->ctx, path, 1 << 20, &text, &size), CAIRN_OK);
    char *at = strstr((char *)text, from), *seal = strstr((char *)text, ",\"crc32\":\"");
    assert_non_null(at);
    assert_non_null(seal);
    *seal = '\0';
    cairn_text forged = {.ctx = s->b->ctx};
    cairn_text_add_bytes(&forged, text, (size_t)(at - (char *)text));
    cairn_text_add(&forged, to);
    cairn_text_add(&forged, at + strlen(from));
    unsigned long crc = crc32(0, (const Bytef *)forged.data, (uInt)forged.size);
    cairn_text_format(&forged, ",\"crc32\":\"%08lx\"}\n", crc);
    bench_put(path, forged.data, forged.size);
    cairn_free(s->b->ctx, forged.data);
    cairn_free(s->b->ctx, text);
}

static void checkpoints_of_others_are_not_taken(void **state)
{
    store s = begin(state);
    save(&s, 1, false);
    static const char *const forgeries[][2] = {{"\"schema\":1", "\"schema\":2"},
                                               {"\"byte_order\":\"little\"", "\"byte_order\":\"middle\""},
                                               {"\"arch\":\"lenet5\"", "\"arch\":\"lenet6\""},
                                               {"\"world\":1", "\"world\":4"}};
    for (size_t i = 0; i < CAIRN_COUNT(forgeries); i++) {
        save(&s, 2, false);
        forge(&s, forgeries[i][0], forgeries[i][1]);
        s.b->warnings = 0;
        assert_int_equal(load(&s), 1);
        assert_int_equal(s.b->warnings, 1);
    }
    cairn_saved loaded;
    bool found;
    save(&s, 2, false);
    forge(&s, "\"config\":\"c0ffee\"", "\"config\":\"cacao\"");
    assert_fails(s.b, cairn_checkpoint_load(&s.checkpoints, &loaded, &found), CAIRN_USAGE, "config");
    end(&s);
}

static void rubbish_is_removed_at_the_start(void **state)
{
    store s = begin(state);
    save(&s, 1, false);
    save(&s, 2, false);
    save(&s, 3, false);
    assert_int_equal(unlink(path_of(&s, 3, "MANIFEST.json")), 0);
    assert_int_equal(cairn_folder_make(s.b->ctx, bench_path(s.b, "checkpoints/step-000007.tmp")), CAIRN_OK);
    bench_put(bench_path(s.b, "checkpoints/step-000007.tmp/model.safetensors.tmp.12"), "x", 1);
    bench_put(bench_path(s.b, "checkpoints/last.tmp.99"), "x", 1);
    bench_put(bench_path(s.b, "checkpoints/notes.txt"), "mine", 4);
    reopen(&s);
    assert_int_equal(load(&s), 2);
    char **names;
    size_t count;
    assert_int_equal(cairn_folder_list(s.b->ctx, bench_path(s.b, "checkpoints"), &names, &count), CAIRN_OK);
    assert_int_equal(count, 3);
    assert_string_equal(names[0], "last");
    assert_string_equal(names[1], "notes.txt");
    assert_string_equal(names[2], "step-000002");
    cairn_names_free(s.b->ctx, names, count);
    end(&s);
}

/* Killed between the manifest and the last rename, while the same step was replaced. */
static void a_save_that_was_all_but_done_is_finished(void **state)
{
    store s = begin(state);
    save(&s, 5, false);
    assert_int_equal(rename(path_of(&s, 5, ""), bench_path(s.b, "checkpoints/step-000005.tmp")), 0);
    assert_int_equal(cairn_folder_make(s.b->ctx, path_of(&s, 5, "")), CAIRN_OK);
    bench_put(path_of(&s, 5, "state.json"), "{", 1);
    reopen(&s);
    assert_int_equal(load(&s), 5);
    assert_int_equal(s.b->warnings, 0);
    end(&s);
}

static void what_lies_after_a_loaded_one_does_not_outlive_the_next_save(void **state)
{
    store s = begin(state);
    save(&s, 1, false);
    save(&s, 9, false);
    bench_put(path_of(&s, 9, "state.json"), "{}", 2);
    assert_int_equal(load(&s), 1);
    save(&s, 4, false);
    assert_true(!is_there(&s, 9) && is_there(&s, 1) && is_there(&s, 4));
    end(&s);
}

static void links_are_never_followed(void **state)
{
    store s = begin(state);
    save(&s, 1, false);
    assert_int_equal(cairn_folder_make(s.b->ctx, bench_path(s.b, "victim")), CAIRN_OK);
    bench_put(bench_path(s.b, "victim/model.safetensors"), "precious", 8);
    bench_put(bench_path(s.b, "victim/MANIFEST.json"), "precious", 8);
    bench_put(bench_path(s.b, "precious"), "precious", 8);
    assert_int_equal(symlink("../victim", path_of(&s, 2, "")), 0);
    assert_int_equal(symlink("../victim", bench_path(s.b, "checkpoints/step-000003.tmp")), 0);
    assert_int_equal(symlink("../precious", bench_path(s.b, "checkpoints/best")), 0);
    save(&s, 2, false);
    save(&s, 3, false);
    s.saved.state.step = 4;
    assert_int_equal(cairn_checkpoint_save(&s.checkpoints, &s.saved, true), CAIRN_IO);
    reopen(&s);
    uint8_t *data;
    size_t size;
    static const char *const precious[] = {"victim/model.safetensors", "victim/MANIFEST.json", "precious"};
    for (size_t i = 0; i < CAIRN_COUNT(precious); i++) {
        assert_int_equal(cairn_file_read(s.b->ctx, bench_path(s.b, precious[i]), 100, &data, &size),
                         CAIRN_OK);
        assert_int_equal(size, 8);
        cairn_free(s.b->ctx, data);
    }
    end(&s);
    assert_int_equal(cairn_tree_remove(s.b->ctx, bench_path(s.b, "checkpoints")), CAIRN_OK);
    assert_int_equal(symlink("victim", bench_path(s.b, "checkpoints")), 0);
    cairn_identity who = identity();
    assert_fails(s.b, cairn_checkpoints_open(s.b->ctx, s.b->folder, &who, &s.checkpoints), CAIRN_IO,
                 "symbolic link");
}

static void a_failed_save_leaves_the_old_one(void **state)
{
    store s = begin(state);
    save(&s, 1, false);
    /* a folder where the pointer should be */
    assert_int_equal(unlink(bench_path(s.b, "checkpoints/last")), 0);
    assert_int_equal(cairn_folder_make(s.b->ctx, bench_path(s.b, "checkpoints/last")), CAIRN_OK);
    s.saved.state.step = 2;
    assert_int_equal(cairn_checkpoint_save(&s.checkpoints, &s.saved, false), CAIRN_IO);
    assert_true(is_there(&s, 1));
    assert_int_equal(rmdir(bench_path(s.b, "checkpoints/last")), 0);
    /* the folder itself is gone */
    assert_int_equal(cairn_tree_remove(s.b->ctx, bench_path(s.b, "checkpoints")), CAIRN_OK);
    bench_put(bench_path(s.b, "checkpoints"), "a file", 6);
    assert_int_equal(cairn_checkpoint_save(&s.checkpoints, &s.saved, false), CAIRN_IO);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_state_survives_to_the_bit),
        TEST(the_last_one_is_loaded),
        TEST(two_and_the_best_are_kept),
        TEST(all_damage_is_found),
        TEST(damage_is_named),
        TEST(pointers_are_only_hints),
        TEST(checkpoints_of_others_are_not_taken),
        TEST(rubbish_is_removed_at_the_start),
        TEST(a_save_that_was_all_but_done_is_finished),
        TEST(what_lies_after_a_loaded_one_does_not_outlive_the_next_save),
        TEST(links_are_never_followed),
        TEST(a_failed_save_leaves_the_old_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
