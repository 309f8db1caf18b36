/* Data sets: found by name or folder. Small pictures of one size are decoded into memory once, larger ones
 * are files that are read when they are asked for; either way any number of threads may. */
#include "data/dataset.h"
#include "base/file.h"
#include "base/rng.h"
#include "data/locate.h"
#include "data/picture.h"
#include "data/source.h"
#include <cairn/augment.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RNG_OP_SPLIT 1 /* of the user stream; frozen, old splits must repeat */

/* ---- the data set ---- */

typedef struct split {
    const cairn_part *from;
    int64_t count;
    int64_t *samples; /* indices in the part, ascending; NULL: all of it */
} split;

struct cairn_dataset {
    cairn_ctx *ctx;
    cairn_dataset_info info;
    cairn_source source;
    split splits[3]; /* by cairn_split */
    char *name, *path;
};

void cairn_dataset_close(cairn_dataset *set)
{
    if (set == NULL)
        return;
    cairn_ctx *ctx = set->ctx;
    cairn_part_free(ctx, &set->source.train);
    cairn_part_free(ctx, &set->source.test);
    cairn_names_free(ctx, set->source.classes.name, (size_t)set->source.classes.count);
    for (size_t i = 0; i < CAIRN_COUNT(set->splits); i++)
        cairn_free(ctx, set->splits[i].samples);
    cairn_free(ctx, set->name);
    cairn_free(ctx, set->path);
    cairn_free(ctx, set);
}

const cairn_dataset_info *cairn_dataset_about(const cairn_dataset *dataset)
{
    return &dataset->info;
}

/* The part that a picture of a split is in, its place there, and its class; NULL when there is no such
 * picture. */
static const cairn_part *find_sample(const cairn_dataset *dataset, cairn_split which, int64_t index,
                                     int64_t *at, int *label, int64_t *sample)
{
    const split *s = &dataset->splits[which];
    if (index < 0 || index >= s->count)
        return NULL;
    *at = s->samples == NULL ? index : s->samples[index];
    *label = s->from->labels[*at];
    if (sample != NULL)
        *sample = *at;
    return s->from;
}

static size_t picture_bytes(const cairn_dataset *dataset)
{
    return (size_t)dataset->info.h * (size_t)dataset->info.w * (size_t)dataset->info.c;
}

cairn_status cairn_dataset_read(const cairn_dataset *dataset, cairn_split which, int64_t index,
                                uint8_t *pixels, int *label, int64_t *sample)
{
    int64_t at;
    const cairn_part *part = find_sample(dataset, which, index, &at, label, sample);
    if (part == NULL || part->pixels == NULL)
        return CAIRN_USAGE; /* no message: the context's text is not to be written by many threads */
    size_t size = picture_bytes(dataset);
    memcpy(pixels, part->pixels + (size_t)at * size, size);
    return CAIRN_OK;
}

cairn_status cairn_dataset_fetch(cairn_ctx *ctx, const cairn_dataset *dataset, cairn_split which,
                                 int64_t index, cairn_stored *stored, int *label, int64_t *sample)
{
    const cairn_dataset_info *info = &dataset->info;
    cairn_picture whole = {.h = info->h, .w = info->w, .c = info->c};
    int64_t at;
    int unused;
    *stored = (cairn_stored){0};
    const cairn_part *part = find_sample(dataset, which, index, &at, label == NULL ? &unused : label, sample);
    if (part == NULL)
        return cairn_fail(ctx, CAIRN_USAGE, "%s: has no picture %lld", info->path, (long long)index);
    return cairn_part_fetch(ctx, part, at, &whole, stored);
}

/* A copy of a stored picture that needs no decoding. */
static cairn_status copy_pixels(cairn_ctx *ctx, const cairn_stored *stored, int channels,
                                cairn_picture *picture)
{
    cairn_status status =
        cairn_picture_make(ctx, stored->name, stored->h, stored->w, stored->c, CAIRN_MAX_PIXELS, picture);
    if (status != CAIRN_OK)
        return status;
    memcpy(picture->data, stored->bytes, stored->size);
    if (channels != 0)
        status = cairn_picture_set_channels(ctx, channels, picture);
    if (status != CAIRN_OK)
        cairn_picture_free(ctx, picture);
    return status;
}

cairn_status cairn_dataset_picture(cairn_ctx *ctx, const cairn_dataset *dataset, cairn_split which,
                                   int64_t index, const cairn_decode_options *options, cairn_picture *picture,
                                   int *label, int64_t *sample)
{
    cairn_stored stored;
    *picture = (cairn_picture){0};
    cairn_status status = cairn_dataset_fetch(ctx, dataset, which, index, &stored, label, sample);
    if (status == CAIRN_OK && stored.h > 0)
        status = copy_pixels(ctx, &stored, options == NULL ? 0 : options->channels, picture);
    else if (status == CAIRN_OK)
        status = cairn_picture_decode(ctx, stored.name, stored.bytes, stored.size, options, picture);
    status = cairn_stored_check(ctx, &stored, status);
    if (status != CAIRN_OK)
        cairn_picture_free(ctx, picture);
    cairn_stored_free(ctx, &stored);
    return status;
}

cairn_status cairn_dataset_augmented(cairn_ctx *ctx, const cairn_dataset *dataset, cairn_split which,
                                     int64_t index, const cairn_augment *augment,
                                     const cairn_preprocess *preprocess, cairn_augment_key *key, int h, int w,
                                     cairn_picture *to, int *label)
{
    cairn_stored stored;
    cairn_picture copy = {0};
    *to = (cairn_picture){0};
    cairn_status status = cairn_dataset_fetch(ctx, dataset, which, index, &stored, label, &key->sample);
    cairn_picture from = {stored.h, stored.w, stored.c, (uint8_t *)(uintptr_t)stored.bytes};
    if (status == CAIRN_OK && stored.h > 0 && stored.c != preprocess->channels) {
        status = copy_pixels(ctx, &stored, preprocess->channels, &copy);
        from = copy;
    }
    if (status == CAIRN_OK && stored.h > 0)
        status = cairn_augment_picture(ctx, augment, preprocess, key, &from, h, w, to);
    else if (status == CAIRN_OK)
        status = cairn_augment_decode(ctx, augment, preprocess, key, stored.name, stored.bytes, stored.size,
                                      h, w, to);
    status = cairn_stored_check(ctx, &stored, status);
    if (status != CAIRN_OK)
        cairn_picture_free(ctx, to);
    cairn_picture_free(ctx, &copy);
    cairn_stored_free(ctx, &stored);
    return status;
}

bool cairn_dataset_fault(const void *address)
{
    return cairn_map_fault(address);
}

const char *cairn_dataset_file(const cairn_dataset *dataset, cairn_split which, int64_t sample)
{
    const cairn_part *part = dataset->splits[which].from;
    return part != NULL && part->names != NULL && sample >= 0 && sample < part->count ? part->names[sample]
                                                                                      : NULL;
}

/* ---- classes ---- */

#define NO_ACCIDENT 14.0 /* natural logarithm: one in a million */

static cairn_status check_labels(cairn_dataset *set, const char *what, const cairn_part *part)
{
    for (int64_t i = 0; i < part->count; i++)
        if (part->labels[i] >= set->info.classes)
            return cairn_fail(set->ctx, CAIRN_INPUT, "%s: %s label %lld: expected a class below %d, found %d",
                              set->path, what, (long long)i, set->info.classes, part->labels[i]);
    return CAIRN_OK;
}

static int highest_label(const cairn_part *part)
{
    int highest = -1;
    for (int64_t i = 0; i < part->count; i++)
        highest = part->labels[i] > highest ? part->labels[i] : highest;
    return highest;
}

/* Gives every class a name: the folder's, the weights', the known set's, or its number. */
static cairn_status complete_names(cairn_dataset *set, const cairn_known_set *known)
{
    cairn_class_list *list = &set->source.classes;
    const cairn_dataset_options *options = set->source.options;
    cairn_status status = CAIRN_OK;
    while (status == CAIRN_OK && list->count < set->info.classes) {
        char number[16];
        const char *name = number;
        snprintf(number, sizeof number, "%d", list->count);
        if (set->source.mapped)
            name = options->class_names[list->count];
        else if (known != NULL && list->count < known->classes && known->labels[list->count] != NULL)
            name = known->labels[list->count];
        status = cairn_class_add(set->ctx, list, name);
    }
    set->info.labels = (const char *const *)list->name;
    return status;
}

/* Whether so many pictures in memory, of which nothing but labels is known, are of no more than the `found`
 * classes that occur: where each of `wanted` classes is as likely as any other, it is next to impossible that
 * none is of the rest. */
static bool are_fewer(const cairn_source *source, int found, int wanted)
{
    double count = (double)(source->train.count + source->test.count);
    return source->h > 0 && found < wanted && count * log((double)wanted / fmax(found, 1)) > NO_ACCIDENT;
}

static cairn_status name_classes(cairn_dataset *set)
{
    const cairn_source *source = &set->source;
    int wanted = source->options == NULL ? 0 : source->options->classes;
    const cairn_known_set *known = cairn_known_set_find(set->name);
    int found = (int)cairn_max(highest_label(&source->train), highest_label(&source->test)) + 1;
    found = source->classes.count > 0 ? source->classes.count : known != NULL ? known->classes : found;
    bool of_weights =
        source->mapped || (source->classes.count == 0 && known == NULL && !are_fewer(source, found, wanted));
    set->info.classes = wanted > 0 && of_weights ? wanted : found;
    set->info.mapped = source->mapped;
    int most = wanted > set->info.classes ? wanted : set->info.classes;
    if (most > CAIRN_MAX_CLASSES)
        return cairn_fail(set->ctx, CAIRN_USAGE, "%s: %d classes (expected at most %d)", set->path, most,
                          CAIRN_MAX_CLASSES);
    cairn_status status = check_labels(set, "training", &source->train);
    if (status == CAIRN_OK)
        status = check_labels(set, "test", &source->test);
    return status == CAIRN_OK ? complete_names(set, known) : status;
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
    int64_t count = set->source.train.count;
    split *train = &set->splits[CAIRN_TRAIN], *validation = &set->splits[CAIRN_VALIDATION];
    ranked *order = cairn_alloc(ctx, (size_t)count, sizeof *order);
    bool *chosen = cairn_alloc(ctx, (size_t)count, sizeof *chosen);
    train->samples = cairn_alloc(ctx, (size_t)count, sizeof *train->samples);
    validation->samples = cairn_alloc(ctx, (size_t)count, sizeof *validation->samples);
    bool ok = order != NULL && chosen != NULL && train->samples != NULL && validation->samples != NULL;
    if (ok) {
        for (int64_t i = 0; i < count; i++)
            order[i] = (ranked){.sample = i, .label = set->source.train.labels[i]};
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

static cairn_status make_splits(cairn_dataset *set)
{
    const cairn_source *source = &set->source;
    float share = source->options == NULL ? 0 : source->options->val_split;
    set->splits[CAIRN_TRAIN] = (split){.from = &source->train, .count = source->train.count};
    set->splits[CAIRN_TEST] = (split){.from = &source->test, .count = source->test.count};
    set->splits[CAIRN_VALIDATION] = (split){.from = &source->train};
    if (!(share >= 0 && share < 1))
        return cairn_fail(set->ctx, CAIRN_USAGE, "validation split: expected a share from 0 to below 1");
    cairn_status status = share > 0 ? split_training(set, source->options) : CAIRN_OK;
    for (int i = 0; i < 3; i++)
        set->info.count[i] = set->splits[i].count;
    return status;
}

/* ---- mean and deviation ---- */

/* Of ImageNet, which stand in for those of sets whose pictures are not all read at once. */
static const float imagenet_mean[3] = {0.485f, 0.456f, 0.406f}, imagenet_std[3] = {0.229f, 0.224f, 0.225f};

/* From a histogram in integers, so exact and the same everywhere. */
static double measure_channel(const cairn_dataset *set, const split *s, int channel, float *std)
{
    size_t size = picture_bytes(set), step = (size_t)set->info.c;
    uint64_t histogram[256] = {0}, n = 0, sum = 0, squares = 0; /* at most 2^31 pixels: no overflow */
    for (int64_t i = 0; i < s->count; i++) {
        const uint8_t *pixels = s->from->pixels + (size_t)(s->samples == NULL ? i : s->samples[i]) * size;
        for (size_t j = (size_t)channel; j < size; j += step)
            histogram[pixels[j]]++;
    }
    for (uint64_t value = 0; value < 256; value++) {
        n += histogram[value];
        sum += histogram[value] * value;
        squares += histogram[value] * value * value;
    }
    unsigned __int128 spread =
        (unsigned __int128)n * squares - (unsigned __int128)sum * sum; /* n^2 variance */
    *std = spread > 0 ? (float)(sqrt((double)spread) / (double)n / 255) : 1;
    return n == 0 ? 0 : (double)sum / (double)n;
}

/* Of the training part, or of the test part when it is all there is. */
static void measure_pixels(cairn_dataset *set)
{
    const split *s = &set->splits[set->splits[CAIRN_TRAIN].count > 0 ? CAIRN_TRAIN : CAIRN_TEST];
    double sum = 0;
    if (s->from->pixels == NULL) {
        memcpy(set->info.mean, imagenet_mean, sizeof imagenet_mean);
        memcpy(set->info.std, imagenet_std, sizeof imagenet_std);
        return;
    }
    for (int k = 0; k < set->info.c; k++) {
        double mean = measure_channel(set, s, k, &set->info.std[k]);
        set->info.mean[k] = (float)(mean / 255);
        sum += mean;
    }
    set->info.light_on_dark = sum / set->info.c < 127.5;
}

/* ---- opening ---- */

static bool is_empty(const cairn_source *source)
{
    return source->train.count == 0 && source->test.count == 0;
}

/* Asks each reader in turn whether the folder is of its kind. */
static cairn_status read_source(cairn_dataset *set)
{
    cairn_source *source = &set->source;
    source->path = set->path;
    cairn_status status = cairn_source_idx(source);
    if (status == CAIRN_OK && is_empty(source))
        status = cairn_source_cifar(source);
    if (status == CAIRN_OK && is_empty(source))
        status = cairn_source_pack(source);
    if (status == CAIRN_OK && is_empty(source))
        status = cairn_source_tar(source);
    if (status == CAIRN_OK && is_empty(source))
        status = cairn_source_pictures(source);
    if (status == CAIRN_OK && is_empty(source))
        status =
            cairn_fail(set->ctx, CAIRN_INPUT,
                       "%s: holds no data set (expected IDX files such as t10k-images-idx3-ubyte.gz, CIFAR "
                       "binaries such as test_batch.bin, tar shards, or folders of pictures)",
                       set->path);
    set->info.h = source->h;
    set->info.w = source->w;
    set->info.c = source->c;
    return status;
}

cairn_status cairn_dataset_open(cairn_ctx *ctx, const char *name_or_folder,
                                const cairn_dataset_options *options, cairn_dataset **dataset)
{
    *dataset = NULL;
    cairn_dataset *set = cairn_alloc(ctx, 1, sizeof *set);
    if (set == NULL)
        return CAIRN_MEMORY;
    set->ctx = set->source.ctx = ctx;
    set->source.options = options;
    cairn_status status = cairn_dataset_locate(ctx, name_or_folder, &set->name, &set->path);
    if (status == CAIRN_OK)
        status = read_source(set);
    if (status == CAIRN_OK)
        status = name_classes(set);
    if (status == CAIRN_OK)
        status = make_splits(set);
    if (status != CAIRN_OK) {
        cairn_dataset_close(set);
        return status;
    }
    set->source.options = NULL; /* the caller's */
    set->info.name = set->name;
    set->info.path = set->path;
    measure_pixels(set);
    *dataset = set;
    return CAIRN_OK;
}
