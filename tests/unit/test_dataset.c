/* Data sets: finding them, naming styles, checks between files (rows I3 and I5), splits, statistics, CIFAR,
 * and the installed Fashion-MNIST. */
#include "dataset_files.h"

#include <math.h>
#include <pthread.h>

/* ---- making sets ---- */

static void put_images(bench *b, const char *name, uint32_t count, uint8_t h, uint8_t w)
{
    uint8_t bytes[16 + 4096] = {0, 0, 8, 3, 0, 0, (uint8_t)(count >> 8), (uint8_t)count, 0, 0,
                                0, h, 0, 0, 0, w};
    size_t size = (size_t)count * h * w;
    assert_true(size <= 4096);
    for (size_t i = 0; i < size; i++)
        bytes[16 + i] = (uint8_t)(i * 7);
    bench_put(bench_path(b, name), bytes, 16 + size);
}

/* Labels 0, 1, ... modulo classes, in runs of unequal share. */
static void put_labels(bench *b, const char *name, uint32_t count, uint8_t classes)
{
    uint8_t bytes[8 + 2048] = {0, 0, 8, 1, 0, 0, (uint8_t)(count >> 8), (uint8_t)count};
    for (size_t i = 0; i < count; i++)
        bytes[8 + i] = (uint8_t)(i % classes);
    bench_put(bench_path(b, name), bytes, 8 + count);
}

static void put_set(bench *b)
{
    put_images(b, "train-images-idx3-ubyte", 100, 2, 3);
    put_labels(b, "train-labels-idx1-ubyte", 100, 10);
    put_images(b, "t10k-images.idx3-ubyte", 7, 2, 3);
    put_labels(b, "t10k-labels.idx1-ubyte", 7, 7);
}

/* ---- folders ---- */

static void opens_folder_in_both_naming_styles(void **state)
{
    bench *b = *state;
    put_set(b);
    cairn_dataset *set = open_set(b, b->folder, NULL);
    const cairn_dataset_info *info = cairn_dataset_about(set);
    assert_string_equal(info->name, strrchr(b->folder, '/') + 1);
    assert_int_equal(info->h, 2);
    assert_int_equal(info->w, 3);
    assert_int_equal(info->c, 1);
    assert_int_equal(info->classes, 10);
    assert_string_equal(info->labels[9], "9");
    assert_int_equal(info->count[CAIRN_TRAIN], 100);
    assert_int_equal(info->count[CAIRN_TEST], 7);
    assert_int_equal(info->count[CAIRN_VALIDATION], 0);
    uint8_t pixels[6];
    int label;
    int64_t sample;
    assert_int_equal(cairn_dataset_read(set, CAIRN_TRAIN, 13, pixels, &label, &sample), CAIRN_OK);
    assert_int_equal(label, 3);
    assert_int_equal(sample, 13);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(pixels[i], (uint8_t)((13 * 6 + i) * 7));
    assert_int_equal(cairn_dataset_read(set, CAIRN_TRAIN, 100, pixels, &label, NULL), CAIRN_USAGE);
    assert_int_equal(cairn_dataset_read(set, CAIRN_TRAIN, -1, pixels, &label, NULL), CAIRN_USAGE);
    assert_int_equal(cairn_dataset_read(set, CAIRN_VALIDATION, 0, pixels, &label, NULL), CAIRN_USAGE);
    cairn_dataset_close(set);
}

static void test_part_alone_is_enough(void **state)
{
    bench *b = *state;
    put_images(b, "t10k-images-idx3-ubyte", 7, 2, 3);
    put_labels(b, "t10k-labels-idx1-ubyte", 7, 4);
    cairn_dataset *set = open_set(b, b->folder, NULL);
    assert_int_equal(cairn_dataset_about(set)->count[CAIRN_TRAIN], 0);
    assert_int_equal(cairn_dataset_about(set)->count[CAIRN_TEST], 7);
    assert_int_equal(cairn_dataset_about(set)->classes, 4);
    assert_true(cairn_dataset_about(set)->std[0] > 0);
    cairn_dataset_close(set);
    assert_int_equal(unlink(bench_path(b, "t10k-labels-idx1-ubyte")), 0);
    assert_fails(b, open_fails(b, b->folder, NULL), CAIRN_INPUT, "t10k-labels-idx1-ubyte is missing");
}

static void I3_images_without_labels(void **state)
{
    bench *b = *state;
    put_set(b);
    put_labels(b, "train-labels-idx1-ubyte", 99, 10);
    assert_fails(b, open_fails(b, b->folder, NULL), CAIRN_INPUT,
                 "99 labels (expected one for each of 100 images)");
    put_labels(b, "train-labels-idx1-ubyte", 100, 10);
    put_images(b, "train-images-idx3-ubyte", 100, 3, 2);
    assert_fails(b, open_fails(b, b->folder, NULL), CAIRN_INPUT,
                 "training images of 3 x 2 pixels, test images of 2 x 3");
}

static void I5_label_out_of_range(void **state)
{
    bench *b = *state;
    put_set(b);
    cairn_dataset_options nine = {.classes = 9};
    assert_fails(b, open_fails(b, b->folder, &nine), CAIRN_INPUT,
                 "training label 9: expected a class below 9, found 9");
    put_labels(b, "t10k-labels.idx1-ubyte", 7, 7);
    cairn_dataset_options six = {.classes = 6};
    put_labels(b, "train-labels-idx1-ubyte", 100, 6);
    assert_fails(b, open_fails(b, b->folder, &six), CAIRN_INPUT,
                 "test label 6: expected a class below 6, found 6");
    cairn_dataset_options many = {.classes = 100001};
    assert_fails(b, open_fails(b, b->folder, &many), CAIRN_USAGE, "at most 100000");
}

/* Labels alone do not tell that there are no other classes, but many of them do. */
static void weights_of_more_classes(void **state)
{
    bench *b = *state;
    put_set(b);
    cairn_dataset_options thousand = {.classes = 1000}, eleven = {.classes = 11};
    cairn_dataset *set = open_set(b, b->folder, &thousand);
    assert_int_equal(cairn_dataset_about(set)->classes, 10);
    cairn_dataset_close(set);
    set = open_set(b, b->folder, &eleven);
    assert_int_equal(cairn_dataset_about(set)->classes, 11);
    cairn_dataset_close(set);
}

/* ---- finding ---- */

static void finds_known_sets(void **state)
{
    bench *b = *state;
    assert_fails(b, open_fails(b, "fashon-mnist", NULL), CAIRN_USAGE, "did you mean 'fashion-mnist'?");
    assert_fails(b, open_fails(b, "no-such-set", NULL), CAIRN_USAGE, "unknown data set 'no-such-set'");
    assert_fails(b, open_fails(b, "no/such/folder", NULL), CAIRN_IO, "no/such/folder: cannot open");
    bench_put(bench_path(b, "file"), "x", 1);
    assert_fails(b, open_fails(b, bench_path(b, "file"), NULL), CAIRN_INPUT, "is not a folder");
    assert_fails(b, open_fails(b, b->folder, NULL), CAIRN_INPUT, "holds no data set");
    char before[256], folder[256];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(b->folder), 0);
    snprintf(folder, sizeof folder, "/nowhere:%s/sets", b->folder);
    setenv("CAIRN_DATA", folder, 1);
    cairn_status status = open_fails(b, "mnist", NULL);
    if (status != CAIRN_OK) /* unless the system has it */
        assert_fails(b, status, CAIRN_IO, "/nowhere/mnist, ");
    /* below the second folder of CAIRN_DATA, with its name and labels */
    assert_int_equal(cairn_folder_make(b->ctx, bench_path(b, "sets/mnist")), CAIRN_OK);
    put_images(b, "sets/mnist/t10k-images-idx3-ubyte", 7, 2, 3);
    put_labels(b, "sets/mnist/t10k-labels-idx1-ubyte", 7, 4);
    cairn_dataset *set = open_set(b, "mnist", NULL);
    assert_string_equal(cairn_dataset_about(set)->name, "mnist");
    assert_int_equal(cairn_dataset_about(set)->classes, 10);
    assert_int_equal(cairn_dataset_about(set)->path[0], '/');
    cairn_dataset_close(set);
    unsetenv("CAIRN_DATA");
    assert_int_equal(rename(bench_path(b, "sets"), bench_path(b, "data")), 0);
    set = open_set(b, "mnist", NULL); /* below ./data */
    assert_non_null(strstr(cairn_dataset_about(set)->path, "/data/mnist"));
    cairn_dataset_close(set);
    assert_int_equal(chdir(before), 0);
}

/* ---- splits and statistics ---- */

static void splits_by_class(void **state)
{
    bench *b = *state;
    put_set(b);
    cairn_dataset_options options = {.val_split = 0.2f, .seed = 5}, other = {.val_split = 0.2f, .seed = 6};
    cairn_dataset *set = open_set(b, b->folder, &options), *again = open_set(b, b->folder, &options);
    cairn_dataset *different = open_set(b, b->folder, &other);
    assert_int_equal(cairn_dataset_about(set)->count[CAIRN_TRAIN], 80);
    assert_int_equal(cairn_dataset_about(set)->count[CAIRN_VALIDATION], 20);
    uint8_t pixels[6];
    int label, per_class[10] = {0}, moved = 0;
    int64_t sample, same, elsewhere, previous = -1;
    bool seen[100] = {false};
    for (int64_t i = 0; i < 20; i++) {
        assert_int_equal(cairn_dataset_read(set, CAIRN_VALIDATION, i, pixels, &label, &sample), CAIRN_OK);
        assert_int_equal(pixels[0], (uint8_t)(sample * 6 * 7));
        assert_true(sample > previous);
        previous = sample;
        seen[sample] = true;
        per_class[label]++;
        cairn_dataset_read(again, CAIRN_VALIDATION, i, pixels, &label, &same);
        cairn_dataset_read(different, CAIRN_VALIDATION, i, pixels, &label, &elsewhere);
        assert_int_equal(sample, same);
        moved += sample != elsewhere;
    }
    assert_true(moved > 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(per_class[i], 2);
    for (int64_t i = 0; i < 80; i++) {
        assert_int_equal(cairn_dataset_read(set, CAIRN_TRAIN, i, pixels, &label, &sample), CAIRN_OK);
        assert_false(seen[sample]);
        seen[sample] = true;
    }
    cairn_dataset_close(set);
    cairn_dataset_close(again);
    cairn_dataset_close(different);
    cairn_dataset_options bad[] = {{.val_split = 1}, {.val_split = -0.1f}, {.val_split = NAN}};
    for (size_t i = 0; i < CAIRN_COUNT(bad); i++)
        assert_fails(b, open_fails(b, b->folder, &bad[i]), CAIRN_USAGE, "expected a share from 0 to below 1");
}

static void measures_pixels(void **state)
{
    bench *b = *state;
    put_images(b, "train-images-idx3-ubyte", 2, 1, 2); /* 0, 7, 14, 21 */
    put_labels(b, "train-labels-idx1-ubyte", 2, 2);
    cairn_dataset *set = open_set(b, b->folder, NULL);
    const cairn_dataset_info *info = cairn_dataset_about(set);
    assert_true(info->mean[0] == (float)(10.5 / 255));
    assert_true(fabs((double)info->std[0] - sqrt(61.25) / 255) < 1e-9);
    assert_true(info->light_on_dark);
    cairn_dataset_close(set);
}

/* ---- CIFAR ---- */

/* Records of `labels` bytes and planes: label i % classes, red i, green 2 i + column, blue 255 - row. */
static void put_cifar(bench *b, const char *name, int count, int labels, int classes)
{
    size_t record = (size_t)labels + 3072;
    uint8_t *bytes = calloc((size_t)count, record);
    assert_non_null(bytes);
    for (int i = 0; i < count; i++) {
        uint8_t *r = bytes + (size_t)i * record;
        r[0] = 99; /* the coarse label, unless the next line writes over it */
        r[labels - 1] = (uint8_t)(i % classes);
        for (int k = 0; k < 1024; k++) {
            r[labels + k] = (uint8_t)i;
            r[labels + 1024 + k] = (uint8_t)(2 * i + k % 32);
            r[labels + 2048 + k] = (uint8_t)(255 - k / 32);
        }
    }
    bench_put(bench_path(b, name), bytes, (size_t)count * record);
    free(bytes);
}

static void assert_cifar_picture(const cairn_dataset *set, cairn_split split, int index)
{
    uint8_t pixels[3072];
    int label;
    assert_int_equal(cairn_dataset_read(set, split, index, pixels, &label, NULL), CAIRN_OK);
    for (int k = 0; k < 1024; k++) {
        assert_int_equal(pixels[3 * k], index);
        assert_int_equal(pixels[3 * k + 1], 2 * index + k % 32);
        assert_int_equal(pixels[3 * k + 2], 255 - k / 32);
    }
}

static void cifar_10(void **state)
{
    bench *b = *state;
    put_cifar(b, "test_batch.bin", 12, 1, 10);
    bench_put(bench_path(b, "batches.meta.txt"), "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n", 21);
    cairn_dataset *set = open_set(b, b->folder, NULL);
    const cairn_dataset_info *info = cairn_dataset_about(set);
    assert_true(info->h == 32 && info->w == 32 && info->c == 3 && info->classes == 10);
    assert_string_equal(info->labels[9], "j");
    assert_int_equal(info->count[CAIRN_TRAIN], 0);
    assert_int_equal(info->count[CAIRN_TEST], 12);
    assert_true(fabs((double)info->mean[0] - 5.5 / 255) < 1e-6);
    assert_true(fabs((double)info->mean[2] - 239.5 / 255) < 1e-6);
    assert_cifar_picture(set, CAIRN_TEST, 11);
    cairn_dataset_close(set);
    put_cifar(b, "data_batch_1.bin", 3, 1, 10);
    assert_fails(b, open_fails(b, b->folder, NULL), CAIRN_IO, "data_batch_2.bin");
    for (char i = '2'; i <= '5'; i++) {
        char name[] = "data_batch_0.bin";
        name[11] = i;
        put_cifar(b, name, 3, 1, 10);
    }
    set = open_set(b, b->folder, NULL);
    assert_int_equal(cairn_dataset_about(set)->count[CAIRN_TRAIN], 15);
    assert_cifar_picture(set, CAIRN_TRAIN, 2);
    cairn_dataset_close(set);
    put_cifar(b, "test_batch.bin", 12, 1, 11);
    assert_fails(b, open_fails(b, b->folder, NULL), CAIRN_INPUT,
                 "label 10: expected a class below 10, found 10");
    bench_put(bench_path(b, "test_batch.bin"), "too short", 9);
    assert_fails(b, open_fails(b, b->folder, NULL), CAIRN_INPUT, "9 bytes (expected a multiple of 3073)");
}

static void cifar_100_below_its_archive_s_folder(void **state)
{
    bench *b = *state;
    assert_int_equal(cairn_folder_make(b->ctx, bench_path(b, "cifar-100-binary")), CAIRN_OK);
    put_cifar(b, "cifar-100-binary/test.bin", 101, 2, 100);
    cairn_dataset *set = open_set(b, b->folder, NULL);
    assert_int_equal(cairn_dataset_about(set)->classes, 100);
    assert_string_equal(cairn_dataset_about(set)->labels[42], "42");
    assert_cifar_picture(set, CAIRN_TEST, 100);
    cairn_dataset_close(set);
    bench_put(bench_path(b, "cifar-100-binary/fine_label_names.txt"), "apple\nbear\n", 11);
    assert_fails(b, open_fails(b, b->folder, NULL), CAIRN_INPUT, "2 names (expected 100)");
}

/* ---- the real one ---- */

typedef struct reading {
    const cairn_dataset *set;
    uint64_t sum;
} reading;

static void *read_all(void *argument)
{
    reading *r = argument;
    uint8_t pixels[28 * 28];
    int label;
    for (int64_t i = 0; i < 60000; i++)
        if (cairn_dataset_read(r->set, CAIRN_TRAIN, i, pixels, &label, NULL) == CAIRN_OK)
            r->sum += pixels[14 * 28 + 14] + (uint64_t)label;
    return NULL;
}

static void fashion_mnist(void **state)
{
    bench *b = *state;
    cairn_dataset *set = open_set(b, "fashion-mnist", NULL);
    const cairn_dataset_info *info = cairn_dataset_about(set);
    assert_int_equal(info->count[CAIRN_TRAIN], 60000);
    assert_int_equal(info->count[CAIRN_TEST], 10000);
    assert_string_equal(info->labels[0], "T-shirt/top");
    assert_string_equal(info->labels[9], "Ankle boot");
    assert_true(fabs((double)info->mean[0] - 0.2860406) < 1e-6); /* the figures that everyone uses */
    assert_true(fabs((double)info->std[0] - 0.3530242) < 1e-6);
    assert_true(info->light_on_dark);
    reading readings[4];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        readings[i] = (reading){set, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, read_all, &readings[i]), 0);
    }
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < 4; i++)
        assert_true(readings[i].sum > 0 && readings[i].sum == readings[0].sum);
    cairn_dataset_close(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(opens_folder_in_both_naming_styles),
        TEST(test_part_alone_is_enough),
        TEST(I3_images_without_labels),
        TEST(I5_label_out_of_range),
        TEST(weights_of_more_classes),
        TEST(finds_known_sets),
        TEST(splits_by_class),
        TEST(measures_pixels),
        TEST(fashion_mnist),
        TEST(cifar_10),
        TEST(cifar_100_below_its_archive_s_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
