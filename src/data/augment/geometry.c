/* Which part of a picture is seen. */
#include "base/real.h"
#include "data/augment/steps.h"
#include <math.h>

#define TRIES 10
#define LEAST_RATIO (3.0 / 4.0)
#define MOST_RATIO (4.0 / 3.0)

bool cairn_augment_chooses_part(const cairn_augment *a)
{
    return a->rrc_high > 0 || a->scale_high > 0 || a->window > 0;
}

/* A whole number that is drawn, at most `most`. */
static int draw_place(cairn_draws *draws, int64_t most)
{
    return (int)cairn_draw_below(draws, (uint32_t)most + 1);
}

/* C. Szegedy et al., "Going deeper with convolutions", 2014, as torchvision draws it. Where no try fits, the
 * middle of the picture with the nearest ratio. */
static void choose_resized_crop(const cairn_augment *a, const cairn_augment_key *key, int from_h, int from_w,
                                int *top, int *left, int *h, int *w)
{
    cairn_draws draws = cairn_draws_for(key, CAIRN_DRAW_RESIZED_CROP);
    double area = (double)from_h * (double)from_w, ratio = (double)from_w / (double)from_h;
    double least = cairn_real_log(LEAST_RATIO), most = cairn_real_log(MOST_RATIO);
    for (int i = 0; i < TRIES; i++) {
        double part = area * cairn_draw_between(&draws, a->rrc_low, a->rrc_high);
        double of_part = cairn_real_exp(cairn_draw_between(&draws, least, most));
        *w = (int)nearbyint(sqrt(part * of_part));
        *h = (int)nearbyint(sqrt(part / of_part));
        if (*w > 0 && *w <= from_w && *h > 0 && *h <= from_h) {
            *top = draw_place(&draws, from_h - *h);
            *left = draw_place(&draws, from_w - *w);
            return;
        }
    }
    *h = from_h;
    *w = from_w;
    if (ratio < LEAST_RATIO)
        *h = (int)nearbyint(from_w / LEAST_RATIO);
    else if (ratio > MOST_RATIO)
        *w = (int)nearbyint(from_h * MOST_RATIO);
    *top = (from_h - *h) / 2;
    *left = (from_w - *w) / 2;
}

/* The short side becomes `side`, the long one keeps the aspect, cut to whole pixels. */
static cairn_status scale_whole(cairn_ctx *ctx, int side, int from_h, int from_w, cairn_span *rows,
                                cairn_span *columns)
{
    int64_t h, w;
    cairn_scaled_size(side, from_h, from_w, &h, &w);
    if (h > INT32_MAX || w > INT32_MAX)
        return cairn_fail(ctx, CAIRN_INPUT, "picture: its aspect is too extreme to resize (%d x %d)", from_w,
                          from_h);
    *rows = (cairn_span){.length = from_h, .to = (int)h};
    *columns = (cairn_span){.length = from_w, .to = (int)w};
    return CAIRN_OK;
}

static cairn_status choose_scaled(cairn_ctx *ctx, const cairn_augment *a, const cairn_augment_key *key,
                                  int from_h, int from_w, int h, int w, cairn_span *rows, cairn_span *columns)
{
    cairn_draws draws = cairn_draws_for(key, CAIRN_DRAW_SCALE);
    int low = (int)a->scale_low, high = (int)a->scale_high;
    int side = low + draw_place(&draws, high - low);
    cairn_status status = scale_whole(ctx, side, from_h, from_w, rows, columns);
    if (status != CAIRN_OK)
        return status;
    rows->first = draw_place(&draws, rows->to - h);
    columns->first = draw_place(&draws, columns->to - w);
    return CAIRN_OK;
}

/* A. Krizhevsky et al., "ImageNet classification with deep convolutional neural networks", 2012. */
static cairn_status choose_window(cairn_ctx *ctx, const cairn_augment *a, const cairn_augment_key *key,
                                  int from_h, int from_w, int h, int w, cairn_span *rows, cairn_span *columns)
{
    cairn_draws draws = cairn_draws_for(key, CAIRN_DRAW_WINDOW);
    int side = (int)a->window;
    cairn_status status = scale_whole(ctx, side, from_h, from_w, rows, columns);
    if (status != CAIRN_OK)
        return status;
    rows->first = (int)cairn_crop_start(rows->to, side) + draw_place(&draws, side - h);
    columns->first = (int)cairn_crop_start(columns->to, side) + draw_place(&draws, side - w);
    return CAIRN_OK;
}

cairn_status cairn_augment_part(cairn_ctx *ctx, const cairn_augment *augment, const cairn_augment_key *key,
                                int from_h, int from_w, int h, int w, cairn_span *rows, cairn_span *columns)
{
    cairn_status status = CAIRN_OK;
    if (augment->rrc_high > 0) {
        int top, left, part_h, part_w;
        choose_resized_crop(augment, key, from_h, from_w, &top, &left, &part_h, &part_w);
        *rows = (cairn_span){.start = top, .length = part_h, .to = h};
        *columns = (cairn_span){.start = left, .length = part_w, .to = w};
    } else if (augment->scale_high > 0) {
        status = choose_scaled(ctx, augment, key, from_h, from_w, h, w, rows, columns);
    } else {
        status = choose_window(ctx, augment, key, from_h, from_w, h, w, rows, columns);
    }
    rows->count = h;
    columns->count = w;
    return status;
}

cairn_status cairn_augment_chain(cairn_ctx *ctx, const cairn_augment *augment,
                                 const cairn_preprocess *preprocess, const cairn_augment_key *key,
                                 const cairn_picture *from, int h, int w, cairn_picture *to)
{
    cairn_preprocess chain = *preprocess;
    chain.bgr = false;
    cairn_status status = cairn_preprocess_apply(ctx, &chain, from, to);
    int pad = (int)augment->pad;
    if (status != CAIRN_OK || pad == 0)
        return status;
    cairn_draws draws = cairn_draws_for(key, CAIRN_DRAW_WINDOW);
    int top = draw_place(&draws, cairn_max(to->h + 2 * pad - h, 0));
    int left = draw_place(&draws, cairn_max(to->w + 2 * pad - w, 0));
    cairn_picture window;
    status = cairn_picture_cut(ctx, to, top - pad, left - pad, h, w, 0, &window);
    cairn_picture_free(ctx, to);
    if (status == CAIRN_OK)
        *to = window;
    return status;
}
