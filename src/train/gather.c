/* From a picture of a data set to its inputs. */
#include "train/gather.h"
#include <string.h>

#define SUBSTITUTES 10 /* that are tried for one broken picture */

size_t cairn_gather_input_bytes(const cairn_loader_options *o)
{
    return (size_t)o->h * (size_t)o->w * (size_t)o->c * (o->floats ? sizeof(float) : 1);
}

static bool augments(const cairn_loader_options *o)
{
    static const cairn_augment none = {0};
    return o->augment != NULL && memcmp(o->augment, &none, sizeof none) != 0;
}

bool cairn_gather_only_pads(const cairn_loader_options *o)
{
    const cairn_preprocess *p = o->preprocess;
    const cairn_dataset_info *data = cairn_dataset_about(o->dataset);
    int h = data->h, w = data->w;
    bool resizes =
        p->resize != 0 && (p->squash ? h != p->resize || w != p->resize : cairn_min(h, w) != p->resize);
    bool crops = p->crop != 0 && (h != p->crop || w != p->crop);
    return h != 0 && !resizes && !crops && !p->bgr && data->c == p->channels && o->views == 1 && !o->floats &&
           !augments(o);
}

/* ---- the ways to an input ---- */

static cairn_status read_padded(cairn_gatherer *g, const cairn_gather_job *job, cairn_gathered *gathered)
{
    const cairn_loader_options *o = g->options;
    const cairn_dataset_info *data = cairn_dataset_about(o->dataset);
    int pad = o->preprocess->pad, label = 0;
    uint8_t *to = job->to, *from = pad == 0 ? to : g->raw;
    cairn_status status =
        cairn_dataset_read(o->dataset, o->split, job->index, from, &label, &gathered->sample);
    gathered->label = label;
    if (status != CAIRN_OK || pad == 0)
        return status;
    size_t c = (size_t)o->c, row = (size_t)data->w * c, pitch = (size_t)o->w * c;
    memset(to, o->preprocess->pad_value, (size_t)o->h * pitch);
    to += (size_t)pad * pitch + (size_t)pad * c;
    for (size_t y = 0; y < (size_t)data->h; y++)
        memcpy(to + y * pitch, from + y * row, row);
    return CAIRN_OK;
}

static cairn_status check_size(const cairn_loader_options *o, cairn_ctx *ctx, const cairn_picture *input)
{
    if (input->h == o->h && input->w == o->w && input->c == o->c)
        return CAIRN_OK;
    return cairn_fail(ctx, CAIRN_USAGE,
                      "preprocessing gives pictures of %dx%dx%d (expected %dx%dx%d); another size comes from "
                      "its 'resize' and 'crop'",
                      input->h, input->w, input->c, o->h, o->w, o->c);
}

static cairn_status prepare_views(cairn_gatherer *g, const cairn_gather_job *job, cairn_gathered *gathered)
{
    const cairn_loader_options *o = g->options;
    cairn_decode_options decode = {.channels = o->preprocess->channels, .exif = o->preprocess->exif};
    cairn_picture picture, inputs[CAIRN_TEN_CROPS] = {{0}};
    size_t bytes = cairn_gather_input_bytes(o);
    int label = 0;
    cairn_status status = cairn_dataset_picture(&g->ctx, o->dataset, o->split, job->index, &decode, &picture,
                                                &label, &gathered->sample);
    gathered->label = label;
    if (status == CAIRN_OK)
        status = o->views == CAIRN_TEN_CROPS
                     ? cairn_preprocess_ten_crops(&g->ctx, o->preprocess, &picture, o->h, o->w, inputs)
                     : cairn_preprocess_apply(&g->ctx, o->preprocess, &picture, &inputs[0]);
    cairn_picture_free(&g->ctx, &picture);
    for (int view = 0; view < o->views; view++) {
        if (status == CAIRN_OK)
            status = check_size(o, &g->ctx, &inputs[view]);
        if (status == CAIRN_OK)
            memcpy(job->to + (size_t)view * bytes, inputs[view].data, bytes);
        cairn_picture_free(&g->ctx, &inputs[view]);
    }
    return status;
}

static cairn_status prepare_augmented(cairn_gatherer *g, const cairn_gather_job *job,
                                      cairn_gathered *gathered)
{
    static const cairn_augment none = {0};
    const cairn_loader_options *o = g->options;
    const cairn_augment *augment = o->augment == NULL ? &none : o->augment;
    cairn_augment_key key = {.seed = o->seed, .epoch = job->epoch};
    cairn_picture input;
    int label = 0;
    cairn_status status = cairn_dataset_augmented(&g->ctx, o->dataset, o->split, job->index, augment,
                                                  o->preprocess, &key, o->h, o->w, &input, &label);
    gathered->label = label;
    gathered->sample = key.sample;
    if (status == CAIRN_OK)
        status = check_size(o, &g->ctx, &input);
    if (status == CAIRN_OK && o->floats) {
        cairn_augment_floats(augment, o->preprocess, &key, &input, (float *)(void *)job->to);
    } else if (status == CAIRN_OK) {
        if (o->preprocess->bgr)
            cairn_picture_turn_channels(&input);
        memcpy(job->to, input.data, cairn_gather_input_bytes(o));
    }
    cairn_picture_free(&g->ctx, &input);
    return status;
}

static cairn_status gather_index(cairn_gatherer *g, const cairn_gather_job *job, cairn_gathered *gathered)
{
    if (g->raw != NULL)
        return read_padded(g, job, gathered);
    if (augments(g->options) || g->options->floats)
        return prepare_augmented(g, job, gathered);
    return prepare_views(g, job, gathered);
}

/* ---- broken ones ---- */

static bool is_broken(cairn_status status)
{
    return status == CAIRN_INPUT || status == CAIRN_IO;
}

/* Others of the split in an order that the sample and the epoch decide, until one can be read. */
static cairn_status substitute(cairn_gatherer *g, const cairn_gather_job *job, cairn_gathered *gathered)
{
    const cairn_loader_options *o = g->options;
    cairn_augment_key key = {.seed = o->seed, .epoch = job->epoch, .sample = gathered->sample};
    cairn_status status = gathered->status;
    for (int attempt = 0; attempt < SUBSTITUTES && is_broken(status); attempt++) {
        cairn_gather_job other = *job;
        other.index =
            cairn_augment_substitute(&key, attempt, cairn_dataset_about(o->dataset)->count[o->split]);
        status = gather_index(g, &other, gathered);
    }
    return status;
}

void cairn_gather(cairn_gatherer *g, const cairn_gather_job *job, cairn_gathered *gathered)
{
    const cairn_loader_options *o = g->options;
    *gathered = (cairn_gathered){.index = job->index};
    gathered->status = gather_index(g, job, gathered);
    if (gathered->status == CAIRN_OK)
        return;
    gathered->message = cairn_strdup(&g->ctx, g->ctx.error);
    if (gathered->message == NULL)
        gathered->status = CAIRN_MEMORY;
    if (!is_broken(gathered->status))
        return;
    gathered->broken = gathered->status;
    if (o->broken == CAIRN_BROKEN_REPLACED)
        gathered->status = substitute(g, job, gathered);
    if (o->broken == CAIRN_BROKEN_MARKED) {
        memset(job->to, 0, (size_t)o->views * cairn_gather_input_bytes(o));
        gathered->status = CAIRN_OK;
    }
}
