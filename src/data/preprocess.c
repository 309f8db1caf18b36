/* From any picture to the network's bytes: channels, resize, centre crop, border; and the several views of a
 * picture that careful evaluation looks at. */
#include "data/picture.h"
#include <string.h>

/* ---- applying ---- */

void cairn_scaled_size(int side, int from_h, int from_w, int64_t *h, int64_t *w)
{
    int64_t s = side;
    *h = *w = s;
    if (from_w <= from_h)
        *h = (int64_t)((double)(s * from_h) / from_w);
    else
        *w = (int64_t)((double)(s * from_w) / from_h);
}

/* The size after resizing: short side to `resize` with the aspect kept, or both sides. */
static void resized_size(const cairn_preprocess *p, const cairn_picture *from, int64_t *h, int64_t *w)
{
    *h = from->h;
    *w = from->w;
    if (p->resize != 0 && p->squash)
        *h = *w = p->resize;
    else if (p->resize != 0)
        cairn_scaled_size(p->resize, from->h, from->w, h, w);
}

int64_t cairn_crop_start(int64_t side, int64_t crop)
{
    int64_t rest = side - crop;
    if (rest < 0)
        return -((-rest) / 2);
    int64_t half = rest / 2;
    return rest % 2 != 0 && half % 2 != 0 ? half + 1 : half;
}

cairn_status cairn_picture_cut(cairn_ctx *ctx, const cairn_picture *from, int64_t top, int64_t left,
                               int64_t h, int64_t w, uint8_t value, cairn_picture *to)
{
    cairn_status status = cairn_picture_make(ctx, "cropped picture", h, w, from->c, CAIRN_MAX_PIXELS, to);
    if (status != CAIRN_OK)
        return status;
    size_t c = (size_t)from->c, row = (size_t)w * c;
    memset(to->data, value, (size_t)h * row);
    int64_t begin = cairn_max(left, 0), end = cairn_min(left + w, from->w);
    for (int64_t y = cairn_max(top, 0); y < cairn_min(top + h, from->h) && begin < end; y++)
        memcpy(to->data + (size_t)(y - top) * row + (size_t)(begin - left) * c,
               from->data + ((size_t)y * (size_t)from->w + (size_t)begin) * c, (size_t)(end - begin) * c);
    return CAIRN_OK;
}

static cairn_status crop(cairn_ctx *ctx, const cairn_preprocess *p, cairn_picture *picture)
{
    /* a picture that is taken as it is, is cropped only where it is larger */
    int64_t h = p->resize == 0 ? cairn_min(p->crop, picture->h) : p->crop;
    int64_t w = p->resize == 0 ? cairn_min(p->crop, picture->w) : p->crop;
    cairn_picture to;
    cairn_status status = cairn_picture_cut(ctx, picture, cairn_crop_start(picture->h, h),
                                            cairn_crop_start(picture->w, w), h, w, 0, &to);
    if (status != CAIRN_OK)
        return status;
    cairn_picture_free(ctx, picture);
    *picture = to;
    return CAIRN_OK;
}

static cairn_status add_border(cairn_ctx *ctx, const cairn_preprocess *p, cairn_picture *picture)
{
    int64_t pad = p->pad;
    cairn_picture to;
    cairn_status status = cairn_picture_cut(ctx, picture, -pad, -pad, picture->h + 2 * pad,
                                            picture->w + 2 * pad, p->pad_value, &to);
    if (status != CAIRN_OK)
        return status;
    cairn_picture_free(ctx, picture);
    *picture = to;
    return CAIRN_OK;
}

void cairn_picture_turn_channels(cairn_picture *picture)
{
    size_t size = picture->c == 3 ? (size_t)picture->h * (size_t)picture->w * 3 : 0;
    for (size_t i = 0; i < size; i += 3) {
        uint8_t red = picture->data[i];
        picture->data[i] = picture->data[i + 2];
        picture->data[i + 2] = red;
    }
}

/* The first step, which also makes the copy that the others change: the network's channels in its order. */
static cairn_status copy_with_channels(cairn_ctx *ctx, const cairn_preprocess *p, const cairn_picture *from,
                                       cairn_picture *to)
{
    cairn_status status = cairn_picture_cut(ctx, from, 0, 0, from->h, from->w, 0, to);
    if (status == CAIRN_OK)
        status = cairn_picture_set_channels(ctx, p->channels, to);
    if (status == CAIRN_OK && p->bgr)
        cairn_picture_turn_channels(to);
    return status;
}

/* Channels and resizing. */
static cairn_status copy_resized(cairn_ctx *ctx, const cairn_preprocess *p, const cairn_picture *from,
                                 cairn_picture *to)
{
    cairn_picture resized;
    int64_t h, w;
    *to = (cairn_picture){0};
    resized_size(p, from, &h, &w);
    if (h > INT32_MAX || w > INT32_MAX)
        return cairn_fail(ctx, CAIRN_INPUT, "picture: its aspect is too extreme to resize (%d x %d)", from->w,
                          from->h);
    cairn_status status = copy_with_channels(ctx, p, from, to);
    if (status == CAIRN_OK && (h != to->h || w != to->w)) {
        status = cairn_picture_resize(ctx, to, (int)h, (int)w, p->filter, p->pass_order, &resized);
        cairn_picture_free(ctx, to);
        *to = resized;
    }
    return status;
}

cairn_status cairn_preprocess_apply(cairn_ctx *ctx, const cairn_preprocess *preprocess,
                                    const cairn_picture *from, cairn_picture *to)
{
    cairn_status status = copy_resized(ctx, preprocess, from, to);
    if (status == CAIRN_OK && preprocess->crop > 0)
        status = crop(ctx, preprocess, to);
    if (status == CAIRN_OK && preprocess->pad > 0)
        status = add_border(ctx, preprocess, to);
    if (status != CAIRN_OK)
        cairn_picture_free(ctx, to);
    return status;
}

/* ---- several views ---- */

void cairn_picture_mirror(cairn_picture *picture)
{
    size_t c = (size_t)picture->c, row = (size_t)picture->w * c;
    for (int y = 0; y < picture->h; y++)
        for (size_t left = 0, right = row - c; left < right; left += c, right -= c)
            for (size_t k = 0; k < c; k++) {
                uint8_t *pixels = picture->data + (size_t)y * row, byte = pixels[left + k];
                pixels[left + k] = pixels[right + k];
                pixels[right + k] = byte;
            }
}

cairn_status cairn_preprocess_whole(cairn_ctx *ctx, const cairn_preprocess *preprocess,
                                    const cairn_picture *from, int side, cairn_picture *to)
{
    cairn_preprocess whole = *preprocess;
    whole.resize = side;
    whole.squash = false;
    cairn_status status = copy_resized(ctx, &whole, from, to);
    if (status != CAIRN_OK)
        cairn_picture_free(ctx, to);
    return status;
}

/* Corners and centre of one square. */
static cairn_status five_crops(cairn_ctx *ctx, const cairn_picture *square, int h, int w, cairn_picture to[5])
{
    int64_t bottom = square->h - h, right = square->w - w;
    const int64_t corner[5][2] = {{0, 0},
                                  {0, right},
                                  {bottom, 0},
                                  {bottom, right},
                                  {cairn_crop_start(square->h, h), cairn_crop_start(square->w, w)}};
    cairn_status status = CAIRN_OK;
    for (int i = 0; status == CAIRN_OK && i < 5; i++)
        status = cairn_picture_cut(ctx, square, corner[i][0], corner[i][1], h, w, 0, &to[i]);
    return status;
}

cairn_status cairn_preprocess_ten_crops(cairn_ctx *ctx, const cairn_preprocess *preprocess,
                                        const cairn_picture *from, int h, int w,
                                        cairn_picture to[CAIRN_TEN_CROPS])
{
    cairn_picture resized, square = {0};
    memset(to, 0, CAIRN_TEN_CROPS * sizeof *to);
    cairn_status status = copy_resized(ctx, preprocess, from, &resized);
    /* a side smaller than the crop gets zeros around it, as in the single view */
    int64_t side = cairn_min(resized.h, resized.w), high = cairn_max(side, h), wide = cairn_max(side, w);
    if (status == CAIRN_OK)
        status = cairn_picture_cut(ctx, &resized, cairn_crop_start(resized.h, high),
                                   cairn_crop_start(resized.w, wide), high, wide, 0, &square);
    if (status == CAIRN_OK)
        status = five_crops(ctx, &square, h, w, to);
    if (status == CAIRN_OK) {
        cairn_picture_mirror(&square);
        status = five_crops(ctx, &square, h, w, to + 5);
    }
    cairn_picture_free(ctx, &resized);
    cairn_picture_free(ctx, &square);
    return status;
}
