/* Data sets: found by name or folder, decoded into memory once. Reading a picture is a copy, so any number of
 * threads may. */
#include "base/file.h"
#include "base/rng.h"
#include "data/idx.h"
#include "data/locate.h"
#include <cairn/data.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CLASSES 256 /* labels are bytes */
#define RNG_OP_SPLIT 1  /* of the user stream; frozen, old splits must repeat */

/* ---- the data set ---- */

/* Pictures and labels as they lie in one pair of files. */
typedef struct part {
    cairn_idx images, labels;
} part;

typedef struct split {
    const part *from;
    int64_t count;
    int64_t *samples; /* indices in the part, ascending; NULL: all of it */
} split;

struct cairn_dataset {
    cairn_ctx *ctx;
    cairn_dataset_info info;
    part train, test;
    split splits[3]; /* by cairn_split */
    char *name, *path;
    char *label_text[MAX_CLASSES]; /* made for sets whose names are not known */
    const char *labels[MAX_CLASSES];
};

static void free_part(cairn_ctx *ctx, part *p)
{
    cairn_idx_free(ctx, &p->images);
    cairn_idx_free(ctx, &p->labels);
}

void cairn_dataset_close(cairn_dataset *set)
{
    if (set == NULL)
        return;
    cairn_ctx *ctx = set->ctx;
    free_part(ctx, &set->train);
    free_part(ctx, &set->test);
    for (size_t i = 0; i < CAIRN_COUNT(set->splits); i++)
        cairn_free(ctx, set->splits[i].samples);
    for (int i = 0; i < MAX_CLASSES; i++)
        cairn_free(ctx, set->label_text[i]);
    cairn_free(ctx, set->name);
    cairn_free(ctx, set->path);
    cairn_free(ctx, set);
}

const cairn_dataset_info *cairn_dataset_about(const cairn_dataset *dataset)
{
    return &dataset->info;
}

cairn_status cairn_dataset_read(const cairn_dataset *dataset, cairn_split which, int64_t index,
                                uint8_t *pixels, int *label, int64_t *sample)
{
    const split *s = &dataset->splits[which];
    if (index < 0 || index >= s->count)
        return CAIRN_USAGE; /* no message: the context's text is not to be written by many threads */
    int64_t at = s->samples == NULL ? index : s->samples[index];
    size_t size = (size_t)dataset->info.h * (size_t)dataset->info.w;
    memcpy(pixels, s->from->images.data + (size_t)at * size, size);
    *label = s->from->labels.data[at];
    if (sample != NULL)
        *sample = at;
    return CAIRN_OK;
}

/* ---- loading ---- */

/* The path of one file of the set in either naming style, plain or compressed; *path NULL when there is none.
 */
static cairn_status find_file(cairn_dataset *set, const char *stem, const char *kind, char **path)
{
    *path = NULL;
    for (int form = 0; form < 4; form++) {
        char name[64];
        snprintf(name, sizeof name, "%s%c%s%s", stem, form % 2 == 0 ? '-' : '.', kind, form < 2 ? "" : ".gz");
        *path = cairn_path_join(set->ctx, set->path, name);
        if (*path == NULL)
            return CAIRN_MEMORY;
        if (cairn_path_look(*path) != CAIRN_PATH_MISSING)
            return CAIRN_OK;
        cairn_free(set->ctx, *path);
        *path = NULL;
    }
    return CAIRN_OK;
}

static cairn_status check_part(cairn_ctx *ctx, const char *path, const part *p)
{
    if (p->images.dim[0] != p->labels.dim[0])
        return cairn_fail(ctx, CAIRN_INPUT, "%s: %u labels (expected one for each of %u images)", path,
                          p->labels.dim[0], p->images.dim[0]);
    if (p->images.dim[0] > 0 && (p->images.dim[1] == 0 || p->images.dim[2] == 0))
        return cairn_fail(ctx, CAIRN_INPUT, "%s: images of %u x %u pixels", path, p->images.dim[1],
                          p->images.dim[2]);
    return CAIRN_OK;
}

/* Loads images and labels; both files or neither. */
static cairn_status load_part(cairn_dataset *set, const char *prefix, part *p)
{
    cairn_ctx *ctx = set->ctx;
    char stem[32], *images = NULL, *labels = NULL;
    snprintf(stem, sizeof stem, "%s-images", prefix);
    cairn_status status = find_file(set, stem, "idx3-ubyte", &images);
    snprintf(stem, sizeof stem, "%s-labels", prefix);
    if (status == CAIRN_OK)
        status = find_file(set, stem, "idx1-ubyte", &labels);
    if (status == CAIRN_OK && (images == NULL) != (labels == NULL))
        status = cairn_fail(ctx, CAIRN_INPUT, "%s: %s-%s-ubyte is missing", set->path, prefix,
                            images == NULL ? "images-idx3" : "labels-idx1");
    if (status == CAIRN_OK && images != NULL) {
        status = cairn_idx_load(ctx, images, 3, &p->images);
        if (status == CAIRN_OK)
            status = cairn_idx_load(ctx, labels, 1, &p->labels);
        if (status == CAIRN_OK)
            status = check_part(ctx, labels, p);
    }
    cairn_free(ctx, images);
    cairn_free(ctx, labels);
    return status;
}

static cairn_status load_parts(cairn_dataset *set)
{
    cairn_status status = load_part(set, "train", &set->train);
    if (status == CAIRN_OK)
        status = load_part(set, "t10k", &set->test);
    if (status != CAIRN_OK)
        return status;
    const cairn_idx *train = &set->train.images, *test = &set->test.images;
    if (train->dim[0] == 0 && test->dim[0] == 0)
        return cairn_fail(set->ctx, CAIRN_INPUT,
                          "%s: holds no data set (expected IDX files such as "
                          "t10k-images-idx3-ubyte.gz)",
                          set->path);
    const cairn_idx *first = train->dim[0] > 0 ? train : test;
    if (train->dim[0] > 0 && test->dim[0] > 0 &&
        (train->dim[1] != test->dim[1] || train->dim[2] != test->dim[2]))
        return cairn_fail(set->ctx, CAIRN_INPUT,
                          "%s: training images of %u x %u pixels, test images of %u x %u", set->path,
                          train->dim[1], train->dim[2], test->dim[1], test->dim[2]);
    set->info.h = (int)first->dim[1];
    set->info.w = (int)first->dim[2];
    set->info.c = 1;
    return CAIRN_OK;
}

/* ---- classes ---- */

static cairn_status check_labels(cairn_dataset *set, const char *what, const part *p)
{
    for (uint32_t i = 0; i < p->labels.dim[0]; i++)
        if (p->labels.data[i] >= set->info.classes)
            return cairn_fail(set->ctx, CAIRN_INPUT, "%s: %s label %u: expected a class below %d, found %u",
                              set->path, what, i, set->info.classes, p->labels.data[i]);
    return CAIRN_OK;
}

static int highest_label(const part *p)
{
    int highest = -1;
    for (uint32_t i = 0; i < p->labels.dim[0]; i++)
        highest = p->labels.data[i] > highest ? p->labels.data[i] : highest;
    return highest;
}

/* Number of classes and their names. */
static cairn_status name_classes(cairn_dataset *set, int wanted)
{
    const cairn_known_set *known = cairn_known_set_find(set->name);
    int found = (int)cairn_max(highest_label(&set->train), highest_label(&set->test)) + 1;
    set->info.classes = wanted > 0 ? wanted : known != NULL ? known->classes : found;
    if (set->info.classes > MAX_CLASSES)
        return cairn_fail(set->ctx, CAIRN_USAGE, "%s: %d classes (expected at most %d)", set->path,
                          set->info.classes, MAX_CLASSES);
    cairn_status status = check_labels(set, "training", &set->train);
    if (status == CAIRN_OK)
        status = check_labels(set, "test", &set->test);
    for (int i = 0; status == CAIRN_OK && i < set->info.classes; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", i);
        if (known != NULL && i < known->classes)
            set->labels[i] = known->labels[i];
        else if ((set->labels[i] = set->label_text[i] = cairn_strdup(set->ctx, number)) == NULL)
            status = CAIRN_MEMORY;
    }
    set->info.labels = set->labels;
    return status;
}

/* ---- splits ---- */

typedef struct ranked {
    uint64_t rank;
    int64_t sample;
    int label;
} ranked;

static int compare_ranked(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->label != y->label)
        return x->label < y->label ? -1 : 1;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return x->sample < y->sample ? -1 : 1;
}

/* Marks the samples that go to validation: of each class the share nearest to what was asked, those with the
 * smallest random rank. A function of seed and sample only. */
static void choose_validation(const cairn_dataset_options *options, ranked *order, int64_t count,
                              bool *chosen)
{
    for (int64_t i = 0; i < count; i++) {
        uint32_t words[4];
        cairn_rng rng =
            cairn_rng_at(options->seed, CAIRN_STREAM_USER, RNG_OP_SPLIT, 0, (uint64_t)order[i].sample, 0);
        cairn_rng_block(&rng, 0, words);
        order[i].rank = (uint64_t)words[0] << 32 | words[1];
    }
    qsort(order, (size_t)count, sizeof *order, compare_ranked);
    for (int64_t begin = 0, end; begin < count; begin = end) {
        for (end = begin; end < count && order[end].label == order[begin].label;)
            end++;
        int64_t share = (int64_t)floor((double)options->val_split * (double)(end - begin) + 0.5);
        for (int64_t i = begin; i < begin + share; i++)
            chosen[order[i].sample] = true;
    }
}

static cairn_status split_training(cairn_dataset *set, const cairn_dataset_options *options)
{
    cairn_ctx *ctx = set->ctx;
    int64_t count = set->train.images.dim[0];
    split *train = &set->splits[CAIRN_TRAIN], *validation = &set->splits[CAIRN_VALIDATION];
    ranked *order = cairn_alloc(ctx, (size_t)count, sizeof *order);
    bool *chosen = cairn_alloc(ctx, (size_t)count, sizeof *chosen);
    train->samples = cairn_alloc(ctx, (size_t)count, sizeof *train->samples);
    validation->samples = cairn_alloc(ctx, (size_t)count, sizeof *validation->samples);
    bool ok = order != NULL && chosen != NULL && train->samples != NULL && validation->samples != NULL;
    if (ok) {
        for (int64_t i = 0; i < count; i++)
            order[i] = (ranked){.sample = i, .label = set->train.labels.data[i]};
        choose_validation(options, order, count, chosen);
        train->count = 0;
        for (int64_t i = 0; i < count; i++) {
            split *s = chosen[i] ? validation : train;
            s->samples[s->count++] = i;
        }
    }
    cairn_free(ctx, order);
    cairn_free(ctx, chosen);
    return ok ? CAIRN_OK : CAIRN_MEMORY;
}

static cairn_status make_splits(cairn_dataset *set, const cairn_dataset_options *options)
{
    float share = options == NULL ? 0 : options->val_split;
    set->splits[CAIRN_TRAIN] = (split){.from = &set->train, .count = set->train.images.dim[0]};
    set->splits[CAIRN_TEST] = (split){.from = &set->test, .count = set->test.images.dim[0]};
    set->splits[CAIRN_VALIDATION] = (split){.from = &set->train};
    if (!(share >= 0 && share < 1))
        return cairn_fail(set->ctx, CAIRN_USAGE, "validation split: expected a share from 0 to below 1");
    cairn_status status = share > 0 ? split_training(set, options) : CAIRN_OK;
    for (int i = 0; i < 3; i++)
        set->info.count[i] = set->splits[i].count;
    return status;
}

/* ---- mean and deviation ---- */

/* From a histogram in integers, so exact and the same everywhere; of the test part when it is all there is.
 */
static void measure_pixels(cairn_dataset *set)
{
    const split *s = &set->splits[set->splits[CAIRN_TRAIN].count > 0 ? CAIRN_TRAIN : CAIRN_TEST];
    size_t size = (size_t)set->info.h * (size_t)set->info.w;
    uint64_t histogram[256] = {0}, n = 0, sum = 0, squares = 0; /* at most 2^31 pixels: no overflow */
    for (int64_t i = 0; i < s->count; i++) {
        const uint8_t *pixels =
            s->from->images.data + (size_t)(s->samples == NULL ? i : s->samples[i]) * size;
        for (size_t j = 0; j < size; j++)
            histogram[pixels[j]]++;
    }
    for (uint64_t value = 0; value < 256; value++) {
        n += histogram[value];
        sum += histogram[value] * value;
        squares += histogram[value] * value * value;
    }
    double mean = n == 0 ? 0 : (double)sum / (double)n;
    unsigned __int128 spread =
        (unsigned __int128)n * squares - (unsigned __int128)sum * sum; /* n^2 variance */
    set->info.mean[0] = (float)(mean / 255);
    set->info.std[0] = spread > 0 ? (float)(sqrt((double)spread) / (double)n / 255) : 1;
    set->info.light_on_dark = mean < 127.5;
}

cairn_status cairn_dataset_open(cairn_ctx *ctx, const char *name_or_folder,
                                const cairn_dataset_options *options, cairn_dataset **dataset)
{
    *dataset = NULL;
    cairn_dataset *set = cairn_alloc(ctx, 1, sizeof *set);
    if (set == NULL)
        return CAIRN_MEMORY;
    set->ctx = ctx;
    cairn_status status = cairn_dataset_locate(ctx, name_or_folder, &set->name, &set->path);
    if (status == CAIRN_OK)
        status = load_parts(set);
    if (status == CAIRN_OK)
        status = name_classes(set, options == NULL ? 0 : options->classes);
    if (status == CAIRN_OK)
        status = make_splits(set, options);
    if (status != CAIRN_OK) {
        cairn_dataset_close(set);
        return status;
    }
    set->info.name = set->name;
    set->info.path = set->path;
    measure_pixels(set);
    *dataset = set;
    return CAIRN_OK;
}
