/* The way of one picture: part, size and mirror, colours; then numbers, lighting and erasing. */
#include "base/real.h"
#include "data/augment/colour.h"
#include "data/augment/steps.h"
#include <math.h>
#include <string.h>

#define TRIES 10

/* ---- bytes ---- */

/* A factor around 1, or a shift around 0; drawn only where there is something to draw. */
static double draw_change(cairn_draws *draws, double most, double centre)
{
    double low = centre - most;
    return cairn_draw_between(draws, centre > 0 && low < 0 ? 0 : low, centre + most);
}

/* Brightness, contrast, saturation and hue in an order that is drawn first. */
static void jitter(const cairn_augment *a, const cairn_augment_key *key, cairn_picture *picture)
{
    cairn_draws draws = cairn_draws_for(key, CAIRN_DRAW_JITTER);
    int order[4] = {0, 1, 2, 3};
    for (int i = 3; i > 0; i--) {
        int j = (int)cairn_draw_below(&draws, (uint32_t)i + 1), other = order[j];
        order[j] = order[i];
        order[i] = other;
    }
    double brightness = a->brightness > 0 ? draw_change(&draws, a->brightness, 1) : 1;
    double contrast = a->contrast > 0 ? draw_change(&draws, a->contrast, 1) : 1;
    double saturation = a->saturation > 0 ? draw_change(&draws, a->saturation, 1) : 1;
    double hue = a->hue > 0 ? draw_change(&draws, a->hue, 0) : 0;
    for (int i = 0; i < 4; i++) {
        if (order[i] == 0 && a->brightness > 0)
            cairn_brighten(picture, (float)brightness);
        if (order[i] == 1 && a->contrast > 0)
            cairn_contrast(picture, (float)contrast);
        if (order[i] == 2 && a->saturation > 0)
            cairn_saturate(picture, (float)saturation);
        if (order[i] == 3 && a->hue > 0)
            cairn_turn_hue(picture, hue);
    }
}

static bool draw_flip(const cairn_augment *a, const cairn_augment_key *key)
{
    cairn_draws draws = cairn_draws_for(key, CAIRN_DRAW_FLIP);
    return a->flip > 0 && cairn_draw_chance(&draws, a->flip);
}

static cairn_status change_colours(cairn_ctx *ctx, const cairn_augment *a, const cairn_augment_key *key,
                                   cairn_picture *picture)
{
    if (a->brightness > 0 || a->contrast > 0 || a->saturation > 0 || a->hue > 0)
        jitter(a, key, picture);
    return a->trivial > 0 ? cairn_trivial_augment(ctx, key, picture) : CAIRN_OK;
}

cairn_status cairn_augment_picture(cairn_ctx *ctx, const cairn_augment *augment,
                                   const cairn_preprocess *preprocess, const cairn_augment_key *key,
                                   const cairn_picture *from, int h, int w, cairn_picture *to)
{
    cairn_span rows, columns;
    cairn_status status;
    *to = (cairn_picture){0};
    if (cairn_augment_chooses_part(augment)) {
        status = cairn_augment_part(ctx, augment, key, from->h, from->w, h, w, &rows, &columns);
        columns.mirrored = draw_flip(augment, key);
        if (status == CAIRN_OK)
            status = cairn_picture_resample(ctx, from, &rows, &columns, preprocess->filter,
                                            preprocess->pass_order, to);
    } else {
        status = cairn_augment_chain(ctx, augment, preprocess, key, from, h, w, to);
        if (status == CAIRN_OK && draw_flip(augment, key))
            cairn_picture_mirror(to);
    }
    if (status == CAIRN_OK)
        status = change_colours(ctx, augment, key, to);
    if (status != CAIRN_OK)
        cairn_picture_free(ctx, to);
    return status;
}

/* ---- files ---- */

/* The choice of the part, made while a file is read. */
typedef struct choice {
    cairn_ctx *ctx;
    const cairn_augment *augment;
    const cairn_augment_key *key;
    cairn_filter filter;
    int h, w;
    cairn_span rows, columns;
    cairn_status status;
} choice;

static cairn_part_wanted choose_part(void *user, int from_h, int from_w)
{
    choice *c = user;
    cairn_part_wanted want = {.h = from_h, .w = from_w, .most_shrink = 1};
    int bottom, right;
    c->status =
        cairn_augment_part(c->ctx, c->augment, c->key, from_h, from_w, c->h, c->w, &c->rows, &c->columns);
    if (c->status != CAIRN_OK)
        return want;
    cairn_span_needs(&c->rows, c->filter, from_h, &want.top, &bottom);
    cairn_span_needs(&c->columns, c->filter, from_w, &want.left, &right);
    want.h = bottom - want.top;
    want.w = right - want.left;
    double shrink = fmin(c->rows.length / c->rows.to, c->columns.length / c->columns.to);
    want.most_shrink = shrink > 1 ? (int)shrink : 1;
    return want;
}

/* A span of the whole picture as one of what was read of it. */
static cairn_span seen_from(const cairn_span *span, int shrink, int begin)
{
    cairn_span seen = *span;
    seen.start = span->start / shrink - begin;
    seen.length = span->length / shrink;
    return seen;
}

static cairn_status decode_part(const cairn_picture_file *file, const cairn_augment *augment,
                                const cairn_preprocess *p, const cairn_augment_key *key, int h, int w,
                                cairn_picture *to)
{
    cairn_ctx *ctx = file->ctx;
    choice c = {.ctx = ctx, .augment = augment, .key = key, .filter = p->filter, .h = h, .w = w};
    cairn_part_reader part = {.choose = choose_part, .user = &c, .shrink = 1};
    cairn_picture_file partly = *file;
    cairn_picture read = {0};
    int orientation;
    partly.part = &part;
    cairn_status status = cairn_picture_read(&partly, &read, &orientation);
    if (status == CAIRN_OK && c.rows.count == 0) /* a format that is read whole */
        choose_part(&c, read.h, read.w);
    if (status == CAIRN_OK)
        status = c.status;
    if (status == CAIRN_OK)
        status = cairn_picture_set_channels(ctx, p->channels, &read);
    cairn_span rows = seen_from(&c.rows, part.shrink, part.top);
    cairn_span columns = seen_from(&c.columns, part.shrink, part.left);
    columns.mirrored = draw_flip(augment, key);
    if (status == CAIRN_OK)
        status = cairn_picture_resample(ctx, &read, &rows, &columns, p->filter, p->pass_order, to);
    cairn_picture_free(ctx, &read);
    return status;
}

cairn_status cairn_augment_decode(cairn_ctx *ctx, const cairn_augment *augment,
                                  const cairn_preprocess *preprocess, const cairn_augment_key *key,
                                  const char *name, const void *bytes, size_t size, int h, int w,
                                  cairn_picture *to)
{
    cairn_picture_file file = {
        .ctx = ctx, .name = name, .bytes = bytes, .size = size, .max_pixels = CAIRN_MAX_PIXELS};
    cairn_picture picture;
    *to = (cairn_picture){0};
    cairn_status status;
    if (cairn_augment_chooses_part(augment) && !preprocess->exif) {
        status = decode_part(&file, augment, preprocess, key, h, w, to);
        if (status == CAIRN_OK)
            status = change_colours(ctx, augment, key, to);
        if (status != CAIRN_OK)
            cairn_picture_free(ctx, to);
        return status;
    }
    cairn_decode_options options = {.channels = preprocess->channels, .exif = preprocess->exif};
    status = cairn_picture_decode(ctx, name, bytes, size, &options, &picture);
    if (status == CAIRN_OK)
        status = cairn_augment_picture(ctx, augment, preprocess, key, &picture, h, w, to);
    cairn_picture_free(ctx, &picture);
    return status;
}

int64_t cairn_augment_substitute(const cairn_augment_key *key, int attempt, int64_t count)
{
    cairn_draws draws =
        cairn_draws_at(key->seed, CAIRN_STREAM_SUBSTITUTE, CAIRN_DRAW_SUBSTITUTE, key->sample, key->epoch);
    uint32_t index = 0;
    for (int i = 0; i <= attempt; i++)
        index = cairn_draw_below(&draws, (uint32_t)cairn_min(count, UINT32_MAX));
    return index;
}

/* ---- numbers ---- */

/* A. Krizhevsky et al. 2012: the principal components of ImageNet's colours, times random amounts. The
 * constants are those of the recipes for Torch; rows red, green, blue. */
static void draw_lighting(const cairn_augment *a, const cairn_augment_key *key, double shift[3])
{
    static const double values[3] = {0.2175, 0.0188, 0.0045};
    static const double vectors[3][3] = {
        {-0.5675, 0.7192, 0.4009}, {-0.5808, -0.0045, -0.8140}, {-0.5836, -0.6948, 0.4203}};
    cairn_draws draws = cairn_draws_for(key, CAIRN_DRAW_LIGHTING);
    memset(shift, 0, 3 * sizeof *shift);
    for (int i = 0; i < 3 && a->lighting > 0; i++) {
        double amount = a->lighting * cairn_draw_normal(&draws);
        for (int c = 0; c < 3; c++)
            shift[c] += vectors[c][i] * amount * values[i];
    }
}

/* Z. Zhong et al., "Random erasing data augmentation", 2017. Where no try fits, nothing is erased. */
static void erase(const cairn_augment *a, const cairn_augment_key *key, int h, int w, int c, float *numbers)
{
    cairn_draws draws = cairn_draws_for(key, CAIRN_DRAW_ERASE);
    if (!cairn_draw_chance(&draws, a->erase))
        return;
    double least = cairn_real_log(0.3), most = cairn_real_log(3.3);
    for (int i = 0; i < TRIES; i++) {
        double area = (double)h * (double)w * cairn_draw_between(&draws, 0.02, 0.33);
        double ratio = cairn_real_exp(cairn_draw_between(&draws, least, most));
        int box_h = (int)nearbyint(sqrt(area * ratio)), box_w = (int)nearbyint(sqrt(area / ratio));
        if (box_h >= h || box_w >= w)
            continue;
        int top = (int)cairn_draw_below(&draws, (uint32_t)(h - box_h) + 1);
        int left = (int)cairn_draw_below(&draws, (uint32_t)(w - box_w) + 1);
        for (int y = top; y < top + box_h; y++)
            memset(numbers + ((size_t)y * (size_t)w + (size_t)left) * (size_t)c, 0,
                   (size_t)box_w * (size_t)c * sizeof *numbers);
        return;
    }
}

/* Numbers that bytes become; without lighting to the bits of the network's own table. */
static void fill_table(const cairn_preprocess *p, int channel, double shift, float table[256])
{
    float scale = p->scale > 0 ? p->scale : 255;
    for (int byte = 0; byte < 256; byte++) {
        float unit = (float)byte / scale + (float)(shift * 255 / (double)scale);
        table[byte] = (unit - p->mean[channel]) / p->std[channel];
    }
}

void cairn_augment_floats(const cairn_augment *augment, const cairn_preprocess *preprocess,
                          const cairn_augment_key *key, const cairn_picture *picture, float *numbers)
{
    float table[3][256];
    double shift[3];
    int channels = picture->c;
    size_t size = (size_t)picture->h * (size_t)picture->w * (size_t)channels;
    bool turned = preprocess->bgr && channels == 3;
    draw_lighting(augment, key, shift);
    for (int c = 0; c < channels; c++)
        fill_table(preprocess, turned ? 2 - c : c, shift[c], table[c]);
    const uint8_t *bytes = picture->data;
    if (channels == 1)
        for (size_t i = 0; i < size; i++)
            numbers[i] = table[0][bytes[i]];
    size_t first = turned ? 2 : 0, last = 2 - first;
    for (size_t i = 0; channels == 3 && i < size; i += 3) {
        numbers[i + first] = table[0][bytes[i]];
        numbers[i + 1] = table[1][bytes[i + 1]];
        numbers[i + last] = table[2][bytes[i + 2]];
    }
    if (augment->erase > 0)
        erase(augment, key, picture->h, picture->w, channels, numbers);
}
