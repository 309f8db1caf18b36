/* A network as a table that one can see through: a row a layer, with a bar as long as its output is large.
 * For networks of any length and with branches; a row whose input is not the row above says which rows it
 * reads. */
#include "report/draw.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define ROW 13.0
#define FIRST_NAME 28.0 /* behind the numbers */
#define GAP 10.0        /* between columns */
#define TEXT_SHARE 0.56 /* of the page, for names and operations */
#define MOST_WIDTH 700.0
#define TEXT_TYPE ((cairn_type){.size = 7.2, .paint = CAIRN_INK})
#define HEAD_TYPE ((cairn_type){.size = 7.2, .bold = true, .paint = CAIRN_MUTED})

/* Where the columns begin; those of numbers end there. */
typedef struct columns {
    double number, name, action, bar, bar_end, params, macs;
} columns;

static void cell(cairn_scene *scene, double x, double y, const char *text, cairn_type type,
                 cairn_anchor anchor, double room)
{
    char line[192];
    snprintf(line, sizeof line, "%s", text);
    type.anchor = anchor;
    cairn_scene_shorten(scene, line, type, room);
    cairn_scene_text(scene, (cairn_point){x, y}, line, type);
}

static void paint_head(cairn_scene *scene, columns c, double y)
{
    cell(scene, c.name, y, "layer", HEAD_TYPE, CAIRN_ANCHOR_START, c.action - c.name - 4);
    cell(scene, c.action, y, "operation", HEAD_TYPE, CAIRN_ANCHOR_START, c.bar - c.action - 4);
    cell(scene, c.bar, y, "output", HEAD_TYPE, CAIRN_ANCHOR_START, c.bar_end - c.bar);
    cell(scene, c.params, y, "parameters", HEAD_TYPE, CAIRN_ANCHOR_END, c.params - c.bar_end - 4);
    cell(scene, c.macs, y, "MACs", HEAD_TYPE, CAIRN_ANCHOR_END, c.macs - c.params - 4);
    cairn_scene_line(scene, (cairn_point){2, y + 4}, (cairn_point){scene->width - 2, y + 4},
                     (cairn_brush){.stroke = CAIRN_MUTED, .line = 0.5});
}

/* What is done, and to which rows unless it is the row above. Batch normalisation stands behind so many
 * convolutions that it has to be short. */
static void action_text(const cairn_layer *layer, int index, char *text, size_t size)
{
    bool norm = strncmp(layer->brief_after, "BN", 2) == 0;
    const char *after = norm ? layer->brief_after : layer->after;
    bool chained = layer->inputs == 1 && layer->input[0] == index - 1;
    snprintf(text, size, "%s", layer->operation);
    for (int i = 0; i < layer->inputs && !chained; i++) {
        size_t length = strlen(text);
        snprintf(text + length, size - length, "%s%d",
                 i == 0                  ? " of "
                 : i < layer->inputs - 1 ? ", "
                                         : " and ",
                 layer->input[i] + 1);
    }
    size_t length = strlen(text);
    snprintf(text + length, size - length, "%s%s", after[0] ? ", " : "", after);
}

/* Names and operations get the width they need, and a page that is too narrow for them grows. */
static columns find_columns(cairn_scene *scene, const cairn_architecture *architecture)
{
    double name = 24, action = 40;
    for (int i = 0; i < architecture->count; i++) {
        char text[192];
        action_text(&architecture->layer[i], i, text, sizeof text);
        name = fmax(name, cairn_scene_measure(scene, architecture->layer[i].name, TEXT_TYPE));
        action = fmax(action, cairn_scene_measure(scene, text, TEXT_TYPE));
    }
    double texts = FIRST_NAME + name + action + 2 * GAP;
    scene->width = fmax(scene->width, fmin(texts / TEXT_SHARE, MOST_WIDTH));
    double width = scene->width;
    columns c = {.number = FIRST_NAME - 6,
                 .name = FIRST_NAME,
                 .bar_end = 0.76 * width,
                 .params = 0.87 * width,
                 .macs = width - 2};
    c.action = c.name + fmin(name, 0.25 * width) + GAP;
    c.bar = fmin(c.action + action + GAP, TEXT_SHARE * width);
    return c;
}

static void paint_layer(cairn_scene *scene, const cairn_layer *layer, int index, double most, columns c,
                        double y)
{
    char text[192], number[CAIRN_NUMBER_BYTES];
    cairn_type muted = TEXT_TYPE;
    muted.paint = CAIRN_MUTED;
    snprintf(text, sizeof text, "%d", index + 1);
    cell(scene, c.number, y, text, muted, CAIRN_ANCHOR_END, c.number - 2);
    cell(scene, c.name, y, layer->name, TEXT_TYPE, CAIRN_ANCHOR_START, c.action - c.name - 4);
    action_text(layer, index, text, sizeof text);
    cell(scene, c.action, y, text, TEXT_TYPE, CAIRN_ANCHOR_START, c.bar - c.action - 6);
    cairn_layer_size(layer, text, sizeof text);
    double size_width = cairn_scene_measure(scene, text, TEXT_TYPE),
           room = c.bar_end - c.bar - size_width - 8;
    double elements = (double)cairn_shape_elements(&layer->shape);
    double length = fmax(2, room * sqrt(elements / most));
    cairn_scene_rect(
        scene, (cairn_box){c.bar, y - 6.5, c.bar + length, y + 1.5},
        (cairn_brush){cairn_layer_fill(layer->kind), cairn_layer_line(layer->kind), .line = 0.5});
    cell(scene, c.bar + length + 4, y, text, TEXT_TYPE, CAIRN_ANCHOR_START, size_width + 1);
    if (layer->params > 0)
        cell(scene, c.params, y, cairn_number_grouped(number, layer->params), TEXT_TYPE, CAIRN_ANCHOR_END,
             c.params - c.bar_end);
    if (layer->macs > 0)
        cell(scene, c.macs, y, cairn_number_grouped(number, layer->macs), TEXT_TYPE, CAIRN_ANCHOR_END,
             c.macs - c.params - 4);
}

void cairn_draw_strips(cairn_scene *scene, const cairn_architecture *architecture, const char *title)
{
    columns c = find_columns(scene, architecture);
    double most = 1, y = cairn_draw_heading(scene, architecture, title) + 4;
    for (int i = 0; i < architecture->count; i++)
        most = fmax(most, (double)cairn_shape_elements(&architecture->layer[i].shape));
    paint_head(scene, c, y);
    y += 3;
    for (int i = 0; i < architecture->count; i++)
        paint_layer(scene, &architecture->layer[i], i, most, c, y += ROW);
    scene->height = cairn_draw_legend(scene, architecture, y + 12);
}
