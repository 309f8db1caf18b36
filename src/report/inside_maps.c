/* The maps that a network makes of one picture, read from a plan that keeps every value. */
#include "report/inside.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define MOST_MAPS 16 /* of a layer that are shown */
#define LARGEST_MAP 44.0
#define LEFT 74.0
#define STRIP_HEIGHT 9.0
#define NAME_TYPE ((cairn_type){.size = 7.5, .bold = true, .paint = CAIRN_INK})
#define SIZE_TYPE ((cairn_type){.size = 7, .paint = CAIRN_MUTED})

cairn_status cairn_seen_picture(const cairn_run_record *record, int64_t index, cairn_picture *picture)
{
    const cairn_preprocess *chain = record->network->preprocess;
    cairn_decode_options decode = {.channels = chain->channels, .exif = chain->exif};
    cairn_picture raw;
    int label;
    *picture = (cairn_picture){0};
    cairn_status status = cairn_dataset_picture(record->ctx, record->dataset, record->split, index, &decode,
                                                &raw, &label, NULL);
    if (!status)
        status = cairn_preprocess_apply(record->ctx, chain, &raw, picture);
    cairn_picture_free(record->ctx, &raw);
    return status;
}

/* A map as grey levels, dark where it is low, spread over what the layer holds. */
static void grey(const float *data, int64_t count, int64_t step, float low, float high, uint8_t *pixels)
{
    for (int64_t i = 0; i < count; i++) {
        float value = data[i * step];
        float t = isfinite(value) && high > low ? (value - low) / (high - low) : 0;
        pixels[i] = (uint8_t)lroundf(255 * t);
    }
}

static void range_of(const float *data, int64_t count, float *low, float *high)
{
    *low = INFINITY;
    *high = -INFINITY;
    for (int64_t i = 0; i < count; i++)
        if (isfinite(data[i])) {
            *low = fminf(*low, data[i]);
            *high = fmaxf(*high, data[i]);
        }
}

/* A flat layer is a strip: a field for each unit. */
static double draw_strip(cairn_scene *scene, const float *data, int64_t units, float low, float high,
                         uint8_t *pixels, double y)
{
    double width = fmin(scene->width - LEFT - 2, (double)units * STRIP_HEIGHT);
    cairn_box box = {LEFT, y + 4, LEFT + width, y + 4 + STRIP_HEIGHT};
    grey(data, units, 1, low, high, pixels);
    cairn_scene_picture(scene, box, pixels, 1, (int)units, 1);
    cairn_scene_rect(scene, box, (cairn_brush){.stroke = CAIRN_FAINT, .line = 0.4});
    return STRIP_HEIGHT + 10;
}

static double draw_row(cairn_scene *scene, const cairn_layer *layer, const float *data, float low, float high,
                       uint8_t *pixels, double y)
{
    const int64_t *dim = layer->shape.dim;
    int64_t plane = dim[0] * dim[1];
    int count = (int)cairn_min(dim[2], MOST_MAPS);
    double pitch = fmin((scene->width - LEFT) / MOST_MAPS * (count <= 6 ? 2 : 1), LARGEST_MAP + 3),
           side = pitch - 3;
    for (int c = 0; c < count; c++) {
        cairn_box box = {LEFT + c * pitch, y, LEFT + c * pitch + side,
                         y + side * (double)dim[0] / (double)dim[1]};
        grey(data + c, plane, dim[2], low, high, pixels);
        cairn_scene_picture(scene, box, pixels, (int)dim[0], (int)dim[1], 1);
        cairn_scene_rect(scene, box, (cairn_brush){.stroke = CAIRN_FAINT, .line = 0.4});
    }
    return fmax(20, side * (double)dim[0] / (double)dim[1]) + 7;
}

static double draw_layer(cairn_scene *scene, const cairn_layer *layer, const float *data, double y)
{
    int64_t elements = cairn_shape_elements(&layer->shape);
    bool flat = layer->shape.rank != 3 || layer->shape.dim[0] * layer->shape.dim[1] == 1;
    uint8_t *pixels = cairn_alloc(scene->ctx, (size_t)elements, 1);
    if (!pixels) {
        scene->status = CAIRN_MEMORY;
        return 0;
    }
    char name[128], size[64];
    float low, high;
    snprintf(name, sizeof name, "%s", layer->name);
    cairn_scene_shorten(scene, name, NAME_TYPE, LEFT - 10);
    cairn_layer_size(layer, size, sizeof size);
    cairn_scene_text(scene, (cairn_point){2, y + 8}, name, NAME_TYPE);
    cairn_scene_text(scene, (cairn_point){2, y + 17}, size, SIZE_TYPE);
    range_of(data, elements, &low, &high);
    double height = flat ? draw_strip(scene, data, elements, low, high, pixels, y)
                         : draw_row(scene, layer, data, low, high, pixels, y);
    cairn_free(scene->ctx, pixels);
    return fmax(height, 24);
}

static double draw_input(cairn_scene *scene, const cairn_picture *picture, double y)
{
    double scale = LARGEST_MAP * 1.4 / (double)cairn_max(picture->h, picture->w);
    double h = scale * picture->h, w = scale * picture->w;
    cairn_box box = {LEFT, y, LEFT + w, y + h};
    cairn_scene_text(scene, (cairn_point){2, y + 8}, "input", NAME_TYPE);
    cairn_scene_picture(scene, box, picture->data, picture->h, picture->w, picture->c);
    cairn_scene_rect(scene, box, (cairn_brush){.stroke = CAIRN_FAINT, .line = 0.4});
    return h + 7;
}

/* Runs the picture through the plan and draws what is found under the names of the layers. */
static cairn_status run_and_draw(cairn_scene *scene, const cairn_run_record *record, cairn_plan *plan,
                                 const cairn_picture *picture)
{
    uint8_t *image = cairn_plan_data(plan, "image");
    cairn_shape shape = cairn_plan_shape(plan, "image");
    if (!image || cairn_shape_elements(&shape) != (int64_t)picture->h * picture->w * picture->c)
        return cairn_fail(scene->ctx, CAIRN_INPUT, "feature maps: size of the picture (expected %lld bytes)",
                          (long long)cairn_shape_elements(&shape));
    memcpy(image, picture->data, (size_t)cairn_shape_elements(&shape));
    cairn_status status = cairn_plan_run(plan, &(cairn_run_options){.n = 1});
    if (status)
        return status;
    double y = 2;
    y += draw_input(scene, picture, y);
    for (int i = 0; i < record->architecture.count; i++) {
        const cairn_layer *layer = &record->architecture.layer[i];
        const float *data = layer->kind == CAIRN_LAYER_INPUT ? NULL : cairn_plan_data(plan, layer->result);
        if (data)
            y += draw_layer(scene, layer, data, y);
    }
    scene->height = y;
    scene->title = "Feature maps of one picture";
    return scene->status;
}

static bool takes_bytes(const cairn_graph *graph)
{
    for (int i = 0; i < cairn_node_count(graph); i++)
        if (strcmp(cairn_node_at(graph, i).op, "normalize") == 0)
            return true;
    return false;
}

cairn_status cairn_draw_maps(cairn_scene *scene, const cairn_run_record *record, int64_t index)
{
    cairn_ctx *ctx = record->ctx;
    cairn_weights *loaded = NULL, *weights = NULL;
    cairn_plan *plan = NULL;
    cairn_picture picture = {0};
    if (!takes_bytes(record->network->graph))
        return cairn_fail(ctx, CAIRN_INPUT, "feature maps: the network takes no bytes");
    cairn_status status = cairn_weights_open(ctx, record->network->weights_path, &loaded);
    if (!status)
        status = cairn_weights_bind(ctx, record->network->graph, loaded, CAIRN_F32, &weights);
    if (!status)
        status = cairn_plan_create(ctx, record->network->graph, weights, NULL,
                                   &(cairn_plan_options){.batch = 1, .keep_all = true, .outputs = "logits"},
                                   &plan);
    if (!status)
        status = cairn_seen_picture(record, index, &picture);
    if (!status)
        status = run_and_draw(scene, record, plan, &picture);
    cairn_picture_free(ctx, &picture);
    if (plan)
        cairn_plan_destroy(plan);
    if (weights)
        cairn_weights_destroy(weights);
    if (loaded)
        cairn_weights_destroy(loaded);
    return status;
}
