/* Data sets of the MNIST family: four IDX files in one folder. */
#include "base/file.h"
#include "data/idx.h"
#include "data/source.h"
#include <stdio.h>

/* The path of one file of the set in either naming style, plain or compressed; *path NULL when there is none.
 */
static cairn_status find_file(const cairn_source *source, const char *stem, const char *kind, char **path)
{
    *path = NULL;
    for (int form = 0; form < 4; form++) {
        char name[64];
        snprintf(name, sizeof name, "%s%c%s%s", stem, form % 2 == 0 ? '-' : '.', kind, form < 2 ? "" : ".gz");
        *path = cairn_path_join(source->ctx, source->path, name);
        if (*path == NULL)
            return CAIRN_MEMORY;
        if (cairn_path_look(*path) != CAIRN_PATH_MISSING)
            return CAIRN_OK;
        cairn_free(source->ctx, *path);
        *path = NULL;
    }
    return CAIRN_OK;
}

static cairn_status check_part(cairn_ctx *ctx, const char *path, const cairn_idx *images,
                               const cairn_idx *labels)
{
    if (images->dim[0] != labels->dim[0])
        return cairn_fail(ctx, CAIRN_INPUT, "%s: %u labels (expected one for each of %u images)", path,
                          labels->dim[0], images->dim[0]);
    if (images->dim[0] > 0 && (images->dim[1] == 0 || images->dim[2] == 0))
        return cairn_fail(ctx, CAIRN_INPUT, "%s: images of %u x %u pixels", path, images->dim[1],
                          images->dim[2]);
    return CAIRN_OK;
}

/* Takes the pictures of the one and the numbers of the other. */
static cairn_status take(cairn_ctx *ctx, cairn_idx *images, const cairn_idx *labels, cairn_part *part)
{
    part->labels = cairn_alloc(ctx, labels->size, sizeof *part->labels);
    if (part->labels == NULL)
        return CAIRN_MEMORY;
    for (size_t i = 0; i < labels->size; i++)
        part->labels[i] = labels->data[i];
    part->count = images->dim[0];
    part->pixels = images->data;
    images->data = NULL;
    return CAIRN_OK;
}

static cairn_status load_files(cairn_source *source, const char *image_path, const char *label_path,
                               cairn_part *part)
{
    cairn_ctx *ctx = source->ctx;
    cairn_idx images = {0}, labels = {0};
    cairn_status status = cairn_idx_load(ctx, image_path, 3, &images);
    if (status == CAIRN_OK)
        status = cairn_idx_load(ctx, label_path, 1, &labels);
    if (status == CAIRN_OK)
        status = check_part(ctx, label_path, &images, &labels);
    int h = (int)images.dim[1], w = (int)images.dim[2];
    if (status == CAIRN_OK && images.dim[0] > 0) {
        if (source->h != 0 && (h != source->h || w != source->w))
            status =
                cairn_fail(ctx, CAIRN_INPUT, "%s: training images of %d x %d pixels, test images of %d x %d",
                           source->path, source->h, source->w, h, w);
        else
            status = take(ctx, &images, &labels, part);
        source->h = h;
        source->w = w;
    }
    cairn_idx_free(ctx, &images);
    cairn_idx_free(ctx, &labels);
    return status;
}

/* Images and labels; both files or neither. */
static cairn_status load_part(cairn_source *source, const char *prefix, cairn_part *part)
{
    char stem[32], *images = NULL, *labels = NULL;
    snprintf(stem, sizeof stem, "%s-images", prefix);
    cairn_status status = find_file(source, stem, "idx3-ubyte", &images);
    snprintf(stem, sizeof stem, "%s-labels", prefix);
    if (status == CAIRN_OK)
        status = find_file(source, stem, "idx1-ubyte", &labels);
    if (status == CAIRN_OK && (images == NULL) != (labels == NULL))
        status = cairn_fail(source->ctx, CAIRN_INPUT, "%s: %s-%s-ubyte is missing", source->path, prefix,
                            images == NULL ? "images-idx3" : "labels-idx1");
    if (status == CAIRN_OK && images != NULL)
        status = load_files(source, images, labels, part);
    cairn_free(source->ctx, images);
    cairn_free(source->ctx, labels);
    return status;
}

cairn_status cairn_source_idx(cairn_source *source)
{
    source->c = 1;
    cairn_status status = load_part(source, "train", &source->train);
    return status == CAIRN_OK ? load_part(source, "t10k", &source->test) : status;
}
