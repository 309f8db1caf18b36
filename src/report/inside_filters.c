/* Learned filters as pictures. */
#include "report/inside.h"
#include "report/plot.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define MOST_FILTERS 64 /* tiles of a first convolution */
#define MOST_OUTPUTS 24 /* columns and rows of a matrix of tiles */
#define MOST_INPUTS 12
#define LABEL_TYPE ((cairn_type){.size = 7, .paint = CAIRN_MUTED})

typedef struct filters {
    const float *weight; /* (O, I, KH, KW) */
    int64_t out, in, h, w;
    float most; /* largest absolute value */
} filters;

const cairn_layer *cairn_nth_convolution(const cairn_architecture *architecture, int n)
{
    for (int i = 0; i < architecture->count; i++)
        if (architecture->layer[i].kind == CAIRN_LAYER_CONV && n-- == 0)
            return &architecture->layer[i];
    return NULL;
}

/* Blue for negative, orange for positive, through white. */
static void diverging(float value, uint8_t rgb[3])
{
    static const float negative[3] = {0, 84, 150}, positive[3] = {200, 80, 0};
    const float *end = value < 0 ? negative : positive;
    float t = isfinite(value) ? fminf(fabsf(value), 1) : 0;
    for (int k = 0; k < 3; k++)
        rgb[k] = (uint8_t)lroundf(255 + (end[k] - 255) * t);
}

static void paint_plane(const filters *f, int64_t out, int64_t in, uint8_t *pixels)
{
    const float *plane = f->weight + (out * f->in + in) * f->h * f->w;
    for (int64_t i = 0; i < f->h * f->w; i++)
        diverging(f->most > 0 ? plane[i] / f->most : 0, pixels + 3 * i);
}

/* Three input maps are shown as red, green and blue around grey. */
static void paint_colour(const filters *f, int64_t out, uint8_t *pixels)
{
    for (int64_t i = 0; i < f->h * f->w; i++)
        for (int64_t k = 0; k < 3; k++) {
            float value = f->weight[(out * f->in + k) * f->h * f->w + i] / fmaxf(f->most, 1e-30f);
            pixels[3 * i + k] =
                (uint8_t)lroundf(fminf(fmaxf(isfinite(value) ? 127.5f + 127.5f * value : 127.5f, 0), 255));
        }
}

static void draw_row_of_filters(cairn_scene *scene, const filters *f, uint8_t *pixels)
{
    int count = (int)cairn_min(f->out, MOST_FILTERS);
    cairn_tile tiles[MOST_FILTERS] = {0};
    for (int i = 0; i < count; i++) {
        uint8_t *tile = pixels + (size_t)(i * f->h * f->w * 3);
        if (f->in == 3)
            paint_colour(f, i, tile);
        else
            paint_plane(f, i, 0, tile);
        tiles[i] = (cairn_tile){.pixels = tile, .h = (int)f->h, .w = (int)f->w, .channels = 3};
        snprintf(tiles[i].line[0], sizeof tiles[i].line[0], "%d", i + 1);
        tiles[i].paint[0] = CAIRN_MUTED;
    }
    cairn_plot_tiles(scene, tiles, count, count <= 8 ? 8 : 12, 52);
}

static void draw_matrix(cairn_scene *scene, const filters *f, uint8_t *pixels)
{
    int columns = (int)cairn_min(f->out, MOST_OUTPUTS), rows = (int)cairn_min(f->in, MOST_INPUTS);
    double left = 30, top = 24, pitch = fmin(30, (scene->width - left) / columns), side = pitch - 3;
    cairn_type label = LABEL_TYPE;
    label.anchor = CAIRN_ANCHOR_MIDDLE;
    cairn_scene_text(scene, (cairn_point){left + columns * pitch / 2, 8}, "output map", label);
    for (int o = 0; o < columns; o++) {
        char text[16];
        snprintf(text, sizeof text, "%d", o + 1);
        cairn_scene_text(scene, (cairn_point){left + (o + 0.5) * pitch - 1.5, 20}, text, label);
    }
    cairn_type upward = label;
    upward.upward = true;
    cairn_scene_text(scene, (cairn_point){8, top + rows * pitch / 2}, "input map", upward);
    label.anchor = CAIRN_ANCHOR_END;
    for (int i = 0; i < rows; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i + 1);
        cairn_scene_text(scene, (cairn_point){left - 5, top + i * pitch + side / 2 + 2.5}, text, label);
        for (int o = 0; o < columns; o++) {
            cairn_box box = {left + o * pitch, top + i * pitch, left + o * pitch + side,
                             top + i * pitch + side};
            paint_plane(f, o, i, pixels);
            cairn_scene_picture(scene, box, pixels, (int)f->h, (int)f->w, 3);
            cairn_scene_rect(scene, box, (cairn_brush){.stroke = CAIRN_FAINT, .line = 0.4});
        }
    }
    scene->height = top + rows * pitch;
}

static cairn_status draw(cairn_scene *scene, filters *f, const cairn_tensor *tensor, float *weight)
{
    int64_t elements = cairn_shape_elements(&tensor->shape);
    cairn_status status = cairn_tensor_get(tensor, CAIRN_F32, weight);
    if (status)
        return status;
    f->weight = weight;
    for (int64_t i = 0; i < elements; i++)
        f->most = fmaxf(f->most, isfinite(weight[i]) ? fabsf(weight[i]) : 0);
    uint8_t *pixels = cairn_alloc(scene->ctx, (size_t)(cairn_min(f->out, MOST_FILTERS) * f->h * f->w), 3);
    if (!pixels)
        return CAIRN_MEMORY;
    if (f->in == 1 || f->in == 3)
        draw_row_of_filters(scene, f, pixels);
    else
        draw_matrix(scene, f, pixels);
    cairn_free(scene->ctx, pixels);
    return scene->status;
}

cairn_status cairn_draw_filters(cairn_scene *scene, const cairn_weights *weights, const cairn_layer *layer)
{
    char name[256];
    snprintf(name, sizeof name, "%s.weight", layer->name);
    const cairn_tensor *tensor = cairn_weights_find(weights, name);
    if (!tensor || tensor->layout != CAIRN_LAYOUT_CONV || tensor->shape.rank != 4)
        return cairn_fail(scene->ctx, CAIRN_INPUT, "%s: no filters of a convolution", name);
    const int64_t *dim = tensor->shape.dim;
    filters f = {.h = dim[0], .w = dim[1], .in = dim[2], .out = dim[3]};
    float *weight = cairn_alloc(scene->ctx, (size_t)cairn_shape_elements(&tensor->shape), sizeof *weight);
    if (!weight)
        return CAIRN_MEMORY;
    scene->title = "Learned filters";
    cairn_status status = draw(scene, &f, tensor, weight);
    cairn_free(scene->ctx, weight);
    return status;
}
