/* CIFAR-10 and CIFAR-100 in their binary form: records of one or two labels and the planes R, G, B of 32x32
 * pixels. */
#include "base/file.h"
#include "data/source.h"
#include <stdio.h>
#include <string.h>

#define SIDE 32
#define PIXELS (SIDE * SIDE)
#define PICTURE (3 * PIXELS)
#define MOST_BYTES ((size_t)1 << 30) /* of one file; the largest of the real sets has 154 MB */
#define MOST_NAME_BYTES 65536

typedef struct layout {
    const char *folder; /* where the archive unpacks to */
    const char *train[5], *test, *names;
    int labels; /* bytes before the pixels; the last one is the class */
    int classes;
} layout;

static const layout layouts[] = {
    {"cifar-10-batches-bin",
     {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"},
     "test_batch.bin",
     "batches.meta.txt",
     1,
     10},
    {"cifar-100-binary", {"train.bin"}, "test.bin", "fine_label_names.txt", 2, 100},
};

/* Whether a file of the folder is there; *path is its path either way, for cairn_free. */
static cairn_status look(cairn_ctx *ctx, const char *folder, const char *name, char **path, bool *there)
{
    *path = cairn_path_join(ctx, folder, name);
    *there = *path != NULL && cairn_path_look(*path) != CAIRN_PATH_MISSING;
    return *path == NULL ? CAIRN_MEMORY : CAIRN_OK;
}

/* Adds the records of one file, planes turned into pixels. */
static cairn_status add_records(cairn_ctx *ctx, const char *path, const layout *set, const uint8_t *bytes,
                                size_t size, cairn_part *part)
{
    size_t record = (size_t)set->labels + PICTURE, count = size / record;
    if (size == 0 || size % record != 0)
        return cairn_fail(ctx, CAIRN_INPUT, "%s: %zu bytes (expected a multiple of %zu)", path, size, record);
    size_t before = (size_t)part->count, total = before + count;
    uint8_t *pixels = cairn_resize(ctx, part->pixels, total, PICTURE);
    if (pixels == NULL)
        return CAIRN_MEMORY;
    part->pixels = pixels;
    int32_t *labels = cairn_resize(ctx, part->labels, total, sizeof *labels);
    if (labels == NULL)
        return CAIRN_MEMORY;
    part->labels = labels;
    for (size_t i = 0; i < count; i++, bytes += record) {
        int label = bytes[set->labels - 1];
        if (label >= set->classes)
            return cairn_fail(ctx, CAIRN_INPUT, "%s: label %zu: expected a class below %d, found %d", path, i,
                              set->classes, label);
        labels[before + i] = label;
        const uint8_t *planes = bytes + set->labels;
        uint8_t *to = pixels + (before + i) * PICTURE;
        for (size_t k = 0; k < PIXELS; k++, to += 3) {
            to[0] = planes[k];
            to[1] = planes[PIXELS + k];
            to[2] = planes[2 * PIXELS + k];
        }
    }
    part->count = (int64_t)total;
    return CAIRN_OK;
}

static cairn_status load_file(cairn_ctx *ctx, const char *folder, const char *name, const layout *set,
                              cairn_part *part)
{
    char *path = cairn_path_join(ctx, folder, name);
    uint8_t *bytes = NULL;
    size_t size = 0;
    cairn_status status = path == NULL ? CAIRN_MEMORY : cairn_file_read(ctx, path, MOST_BYTES, &bytes, &size);
    if (status == CAIRN_OK)
        status = add_records(ctx, path, set, bytes, size, part);
    cairn_free(ctx, bytes);
    cairn_free(ctx, path);
    return status;
}

/* A name a line; without the file the classes stay without names. */
static cairn_status load_names(cairn_source *source, const char *folder, const layout *set)
{
    cairn_ctx *ctx = source->ctx;
    char *path;
    bool there;
    char *text = NULL;
    cairn_status status = look(ctx, folder, set->names, &path, &there);
    if (status == CAIRN_OK && there)
        status = cairn_file_read_text(ctx, path, MOST_NAME_BYTES, &text);
    if (status == CAIRN_OK && there) {
        char *rest = NULL;
        for (char *line = strtok_r(text, "\r\n", &rest); status == CAIRN_OK && line != NULL;
             line = strtok_r(NULL, "\r\n", &rest))
            status = cairn_class_add(ctx, &source->classes, line);
        if (status == CAIRN_OK && source->classes.count != set->classes)
            status = cairn_fail(ctx, CAIRN_INPUT, "%s: %d names (expected %d)", path, source->classes.count,
                                set->classes);
    }
    cairn_free(ctx, text);
    cairn_free(ctx, path);
    return status;
}

/* Reads the set if its files are in the folder: the test file, the training files, or all. */
static cairn_status load_layout(cairn_source *source, const char *folder, const layout *set)
{
    cairn_ctx *ctx = source->ctx;
    bool has_test, has_train;
    char *path;
    cairn_status status = look(ctx, folder, set->test, &path, &has_test);
    cairn_free(ctx, path);
    if (status == CAIRN_OK)
        status = look(ctx, folder, set->train[0], &path, &has_train);
    if (status != CAIRN_OK)
        return status;
    cairn_free(ctx, path);
    if (!has_test && !has_train)
        return CAIRN_OK;
    source->h = source->w = SIDE;
    source->c = 3;
    for (size_t i = 0; has_train && i < CAIRN_COUNT(set->train) && set->train[i] != NULL; i++)
        if (status == CAIRN_OK)
            status = load_file(ctx, folder, set->train[i], set, &source->train);
    if (status == CAIRN_OK && has_test)
        status = load_file(ctx, folder, set->test, set, &source->test);
    return status == CAIRN_OK ? load_names(source, folder, set) : status;
}

cairn_status cairn_source_cifar(cairn_source *source)
{
    cairn_status status = CAIRN_OK;
    for (size_t i = 0; i < CAIRN_COUNT(layouts) && status == CAIRN_OK; i++) {
        char *below = cairn_path_join(source->ctx, source->path, layouts[i].folder);
        if (below == NULL)
            return CAIRN_MEMORY;
        bool nested = cairn_path_look(below) == CAIRN_PATH_FOLDER;
        status = load_layout(source, nested ? below : source->path, &layouts[i]);
        cairn_free(source->ctx, below);
        if (source->train.count + source->test.count > 0)
            break;
    }
    return status;
}
