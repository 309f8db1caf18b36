/* Data sets of picture files: folders that are classes, the weights' own classes, lists. */
#include "dataset_files.h"

/* A copy of a golden picture; its size tells which it is. */
static void put_picture(bench *b, const char *name, const char *golden)
{
    char path[512];
    uint8_t *bytes;
    size_t size;
    snprintf(path, sizeof path, CAIRN_TEST_DATA "/preprocess/%s", golden);
    assert_int_equal(cairn_file_read(b->ctx, path, 1 << 20, &bytes, &size), CAIRN_OK);
    char *folder = strdup(bench_path(b, name));
    assert_non_null(folder);
    *strrchr(folder, '/') = '\0';
    assert_int_equal(cairn_folder_make(b->ctx, folder), CAIRN_OK);
    free(folder);
    bench_put(bench_path(b, name), bytes, size);
    cairn_free(b->ctx, bytes);
}

static void assert_picture(bench *b, const cairn_dataset *set, cairn_split split, int index, int h, int label)
{
    cairn_picture picture;
    cairn_decode_options options = {.channels = 3};
    int found;
    int64_t sample;
    assert_int_equal(cairn_dataset_picture(b->ctx, set, split, index, &options, &picture, &found, &sample),
                     CAIRN_OK);
    assert_int_equal(picture.h, h);
    assert_int_equal(picture.c, 3);
    assert_int_equal(found, label);
    assert_int_equal(sample, index);
    cairn_picture_free(b->ctx, &picture);
}

static void folders_are_classes(void **state)
{
    bench *b = *state;
    put_picture(b, "set/train/b/2.PNG", "small_40x30.png");
    put_picture(b, "set/train/b/deep/1.png", "onewide_1x40.png");
    put_picture(b, "set/train/a/z.jpeg", "gray_233x311.jpg");
    put_picture(b, "set/val/b/x.png", "rgba_225x225.png");
    bench_put(bench_path(b, "set/train/a/notes.txt"), "x", 1);
    bench_put(bench_path(b, "set/train/a/.hidden.png"), "x", 1);
    assert_int_equal(symlink("..", bench_path(b, "set/train/b/deep/loop")), 0);
    cairn_dataset *set = open_set(b, bench_path(b, "set"), NULL);
    const cairn_dataset_info *info = cairn_dataset_about(set);
    assert_true(info->h == 0 && info->w == 0 && info->c == 3 && info->classes == 2 && !info->mapped);
    assert_string_equal(info->labels[0], "a");
    assert_string_equal(info->labels[1], "b");
    assert_int_equal(info->count[CAIRN_TRAIN], 3);
    assert_int_equal(info->count[CAIRN_TEST], 1);
    assert_picture(b, set, CAIRN_TRAIN, 0, 311, 0);
    assert_picture(b, set, CAIRN_TRAIN, 1, 30, 1); /* a folder's own pictures come before those below */
    assert_picture(b, set, CAIRN_TRAIN, 2, 40, 1);
    assert_picture(b, set, CAIRN_TEST, 0, 225, 1);
    uint8_t pixels[3];
    int label;
    assert_int_equal(cairn_dataset_read(set, CAIRN_TRAIN, 0, pixels, &label, NULL), CAIRN_USAGE);
    cairn_dataset_close(set);
    put_picture(b, "set/val/c/x.png", "rgba_225x225.png");
    assert_fails(b, open_fails(b, bench_path(b, "set"), NULL), CAIRN_INPUT,
                 "'c' is not in the training part");
    /* a part alone is for evaluation, or is split */
    cairn_dataset_options half = {.val_split = 0.5f};
    set = open_set(b, bench_path(b, "set/val"), NULL);
    assert_int_equal(cairn_dataset_about(set)->count[CAIRN_TEST], 2);
    cairn_dataset_close(set);
    set = open_set(b, bench_path(b, "set/train"), &half);
    assert_int_equal(cairn_dataset_about(set)->count[CAIRN_TRAIN], 1);
    assert_int_equal(cairn_dataset_about(set)->count[CAIRN_VALIDATION], 2);
    cairn_dataset_close(set);
}

static const char *const known_names[] = {"tench", "goldfish", "great_white_shark"}, *const known_ids[] = {
                                                                                         "n01440764",
                                                                                         "n01443537",
                                                                                         "n01484850"};
static const cairn_dataset_options known = {.classes = 3, .class_names = known_names, .class_ids = known_ids};

static void folders_are_the_weights_classes(void **state)
{
    bench *b = *state;
    put_picture(b, "set/great_white_shark/1.png", "small_40x30.png");
    put_picture(b, "set/n01443537/1.png", "onewide_1x40.png");
    cairn_dataset *set = open_set(b, bench_path(b, "set"), &known);
    assert_true(cairn_dataset_about(set)->mapped);
    assert_int_equal(cairn_dataset_about(set)->classes, 3);
    assert_string_equal(cairn_dataset_about(set)->labels[1], "goldfish");
    assert_picture(b, set, CAIRN_TEST, 0, 30, 2);
    assert_picture(b, set, CAIRN_TEST, 1, 40, 1);
    cairn_dataset_close(set);
    put_picture(b, "set/axolotl/1.png", "small_40x30.png");
    assert_fails(b, open_fails(b, bench_path(b, "set"), &known), CAIRN_INPUT,
                 "class 'axolotl' is not known to the weights");
    /* weights that know no names: the number of classes must agree, and their order is taken */
    const char *const numbers[] = {"0", "1", "2", "3"};
    cairn_dataset_options three = {.classes = 3, .class_names = numbers},
                          four = {.classes = 4, .class_names = numbers};
    set = open_set(b, bench_path(b, "set"), &three);
    assert_false(cairn_dataset_about(set)->mapped);
    assert_picture(b, set, CAIRN_TEST, 2, 40, 2);
    cairn_dataset_close(set);
    assert_fails(b, open_fails(b, bench_path(b, "set"), &four), CAIRN_INPUT, "3 classes (expected 4");
}

static void pictures_named_after_their_class(void **state)
{
    bench *b = *state;
    put_picture(b, "flat/n01484850_great_white_shark.JPEG", "gray_233x311.jpg");
    put_picture(b, "flat/ILSVRC2012_val_00000293_n01440764.JPEG", "cmyk_210x190.jpg");
    cairn_dataset *set = open_set(b, bench_path(b, "flat"), &known);
    assert_picture(b, set, CAIRN_TEST, 0, 190, 0);
    assert_picture(b, set, CAIRN_TEST, 1, 311, 2);
    cairn_dataset_close(set);
    set = open_set(b, bench_path(b, "flat"), NULL); /* on their own, the identifiers are the classes */
    assert_int_equal(cairn_dataset_about(set)->classes, 2);
    assert_string_equal(cairn_dataset_about(set)->labels[1], "n01484850");
    cairn_dataset_close(set);
    put_picture(b, "flat/other.png", "small_40x30.png");
    assert_fails(b, open_fails(b, bench_path(b, "flat"), &known), CAIRN_INPUT,
                 "other.png: its class is not known");
}

static void put_text(bench *b, const char *name, const char *text)
{
    bench_put(bench_path(b, name), text, strlen(text));
}

static void lists_tell_the_classes(void **state)
{
    bench *b = *state;
    put_picture(b, "flat/1.png", "small_40x30.png");
    put_picture(b, "flat/2.png", "onewide_1x40.png");
    put_text(b, "flat/val.txt", "2.png 1\n1.png 2\r\n");
    cairn_dataset *set = open_set(b, bench_path(b, "flat"), &known);
    assert_int_equal(cairn_dataset_about(set)->classes, 3);
    assert_picture(b, set, CAIRN_TEST, 0, 40, 1);
    assert_picture(b, set, CAIRN_TEST, 1, 30, 2);
    cairn_dataset_close(set);
    static const char *const wrong[] = {"1.png\n", "1.png x\n", "1.png -1\n", "1.png 1.5\n", "../1.png 1\n"};
    for (size_t i = 0; i < CAIRN_COUNT(wrong); i++) {
        put_text(b, "flat/val.txt", wrong[i]);
        assert_fails(b, open_fails(b, bench_path(b, "flat"), &known), CAIRN_INPUT, "val.txt: line 1");
    }
    put_text(b, "flat/val.txt", "1.png 3\n");
    assert_fails(b, open_fails(b, bench_path(b, "flat"), &known), CAIRN_INPUT, "expected a class below 3");
    assert_int_equal(unlink(bench_path(b, "flat/val.txt")), 0);
    /* numbers of the data set's own tools, in an order that is not the sorted one */
    put_text(b, "flat/ILSVRC2012_validation_ground_truth.txt", "2\n1\n");
    assert_fails(b, open_fails(b, bench_path(b, "flat"), &known), CAIRN_INPUT, "map_clsloc.txt is missing");
    put_text(b, "flat/map_clsloc.txt", "n01484850 1 shark\nn01440764 2 tench\n");
    set = open_set(b, bench_path(b, "flat"), &known);
    assert_picture(b, set, CAIRN_TEST, 0, 30, 0);
    assert_picture(b, set, CAIRN_TEST, 1, 40, 2);
    cairn_dataset_close(set);
    put_text(b, "flat/ILSVRC2012_validation_ground_truth.txt", "2\n1\n1\n");
    assert_fails(b, open_fails(b, bench_path(b, "flat"), &known), CAIRN_INPUT, "more lines of ground truth");
    put_text(b, "flat/ILSVRC2012_validation_ground_truth.txt", "2\n3\n");
    assert_fails(b, open_fails(b, bench_path(b, "flat"), &known), CAIRN_INPUT, "ground truth of picture 2");
}

static void folders_in_the_order_of_their_numbers(void **state)
{
    static const char *const numbers[] = {"0", "1", "2", "3"};
    static const char *const bytewise[] = {"C2", "c01", "c1x", "c20"}, *const natural[] = {"c01", "c1x", "C2",
                                                                                           "c20"};
    bench *b = *state;
    cairn_dataset_options byte = {.classes = 0}, by_number = {.natural_order = true};
    for (size_t i = 0; i < 4; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s/a.png", bytewise[i]);
        put_picture(b, name, "small_40x30.png");
    }
    put_picture(b, "C2/b.png", "small_40x30.png");
    for (int order = 0; order < 2; order++) {
        cairn_dataset *set = open_set(b, b->folder, order == 0 ? &byte : &by_number);
        for (int i = 0; i < 4; i++)
            assert_string_equal(cairn_dataset_about(set)->labels[i], (order == 0 ? bytewise : natural)[i]);
        cairn_dataset_close(set);
    }
    /* Weights without labels: the two pictures of C2 are of class 2. */
    by_number.classes = 4;
    by_number.class_names = numbers;
    cairn_dataset *set = open_set(b, b->folder, &by_number);
    assert_picture(b, set, CAIRN_TEST, 2, 30, 2);
    assert_picture(b, set, CAIRN_TEST, 3, 30, 2);
    cairn_dataset_close(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(folders_in_the_order_of_their_numbers),
        TEST(folders_are_classes),
        TEST(folders_are_the_weights_classes),
        TEST(pictures_named_after_their_class),
        TEST(lists_tell_the_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
