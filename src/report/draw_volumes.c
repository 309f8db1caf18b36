/* A network as textbooks print it, after the figure of LeCun et al. 1998: feature maps as stacks of sheets
 * seen obliquely, dense layers as columns of units, and from each layer to the next the window that one
 * output sees. */
#include "report/draw.h"
#include "report/volumes.h"
#include <math.h>

#define MOST_UNITS 12 /* units of a column that are drawn one by one */
#define PARAMS_TYPE ((cairn_type){.size = 7.2, .anchor = CAIRN_ANCHOR_MIDDLE, .paint = CAIRN_MUTED})

static cairn_box front_of(const cairn_volume *b)
{
    double bottom = b->top + b->height;
    return (cairn_box){b->left, bottom - b->side_h, b->left + b->side_w, bottom};
}

static void paint_maps(cairn_scene *scene, const cairn_volume *b)
{
    cairn_brush brush = {cairn_layer_fill(b->layer->kind), cairn_layer_line(b->layer->kind), .line = 0.5};
    cairn_box front = front_of(b);
    for (int i = b->sheets - 1; i >= 0; i--) {
        double shift = b->sheets > 1 ? b->depth * i / (b->sheets - 1) : 0;
        cairn_scene_rect(
            scene,
            (cairn_box){front.left + shift, front.top - shift, front.right + shift, front.bottom - shift},
            brush);
    }
}

static void paint_column(cairn_scene *scene, const cairn_volume *b)
{
    cairn_brush brush = {cairn_layer_fill(b->layer->kind), cairn_layer_line(b->layer->kind), .line = 0.5};
    cairn_box f = front_of(b);
    double d = b->depth;
    cairn_point top[] = {
        {f.left, f.top}, {f.left + d, f.top - d}, {f.right + d, f.top - d}, {f.right, f.top}};
    cairn_point side[] = {
        {f.right, f.top}, {f.right + d, f.top - d}, {f.right + d, f.bottom - d}, {f.right, f.bottom}};
    cairn_scene_path(scene, top, 4, brush);
    cairn_scene_path(scene, side, 4, brush);
    cairn_scene_rect(scene, f, brush);
    int64_t units = cairn_shape_elements(&b->layer->shape);
    for (int64_t i = 1; i < units && units <= MOST_UNITS; i++) {
        double y = f.top + b->side_h * (double)i / (double)units;
        cairn_scene_line(scene, (cairn_point){f.left, y}, (cairn_point){f.right, y}, brush);
        cairn_scene_line(scene, (cairn_point){f.right, y}, (cairn_point){f.right + d, y - d}, brush);
    }
}

/* The two faces that a frustum joins: the window on one block, the output cell on the next. */
static void faces(const cairn_volume *from, const cairn_volume *to, cairn_box *window, cairn_box *cell)
{
    cairn_box in = front_of(from), out = front_of(to);
    *window = (cairn_box){in.left, in.top - from->depth, in.right + from->depth, in.bottom - from->depth};
    *cell = out;
    if (from->column || to->column || to->layer->k_h == 0)
        return;
    /* Windows are drawn alternately low and high, so that a map's own cell and the next window part. */
    const int64_t *in_dim = from->layer->shape.dim, *out_dim = to->layer->shape.dim;
    bool high = from->layer->jump_h != to->layer->jump_h;
    double across = 0.7, down = high ? 0.25 : 0.75;
    int64_t x = (int64_t)(across * (double)(out_dim[1] - 1)), y = (int64_t)(down * (double)(out_dim[0] - 1));
    double unit_w = from->side_w / (double)in_dim[1], unit_h = from->side_h / (double)in_dim[0];
    double w = fmin((double)to->layer->k_w, (double)in_dim[1]),
           h = fmin((double)to->layer->k_h, (double)in_dim[0]);
    double left = fmin((double)(x * to->layer->stride_w), (double)in_dim[1] - w) * unit_w;
    double top = fmin((double)(y * to->layer->stride_h), (double)in_dim[0] - h) * unit_h;
    *window =
        (cairn_box){in.left + left, in.top + top, in.left + left + w * unit_w, in.top + top + h * unit_h};
    double cell_w = to->side_w / (double)out_dim[1], cell_h = to->side_h / (double)out_dim[0];
    *cell = (cairn_box){out.left + (double)x * cell_w, out.top + (double)y * cell_h, 0, 0};
    cell->right = cell->left + cell_w;
    cell->bottom = cell->top + cell_h;
}

static void paint_link(cairn_scene *scene, const cairn_volume *from, const cairn_volume *to)
{
    cairn_box window, cell;
    faces(from, to, &window, &cell);
    cairn_paint line = cairn_layer_line(to->layer->kind), haze = line;
    haze.alpha = 0.13;
    bool whole = from->column || to->column || to->layer->k_h == 0;
    cairn_point beam[] = {{window.right, window.top},
                          {cell.left, cell.top},
                          {cell.left, cell.bottom},
                          {window.right, window.bottom}};
    cairn_scene_path(scene, beam, 4, (cairn_brush){.fill = haze});
    cairn_brush edge = {.stroke = line, .line = 0.4};
    cairn_scene_line(scene, beam[0], beam[1], edge);
    cairn_scene_line(scene, beam[3], beam[2], edge);
    if (whole)
        return;
    haze.alpha = 0.3;
    cairn_scene_rect(scene, window, (cairn_brush){haze, line, .line = 0.7});
    cairn_scene_rect(scene, cell, (cairn_brush){line, line, .line = 0.4});
}

static void paint_arrow(cairn_scene *scene, double middle, double half, double y)
{
    cairn_point tip = {middle + half, y};
    cairn_scene_line(scene, (cairn_point){middle - half, y}, (cairn_point){tip.x - 3, y},
                     (cairn_brush){.stroke = CAIRN_MUTED, .line = 0.7});
    cairn_scene_path(scene, (cairn_point[]){{tip.x - 4, y - 2}, tip, {tip.x - 4, y + 2}}, 3,
                     (cairn_brush){.fill = CAIRN_MUTED});
}

/* Paints a row whose labels begin at y; gives the y below it. */
static double paint_row(cairn_volumes *l, int row, double y)
{
    cairn_scene *scene = l->scene;
    double tallest = 0;
    int lines = 0;
    for (int i = 0; i < l->count; i++)
        if (l->block[i].row == row) {
            tallest = fmax(tallest, l->block[i].height);
            lines = l->block[i].lines > lines ? l->block[i].lines : lines;
        }
    double middle = y + 2 * CAIRN_VOLUME_LINE_HEIGHT + 5 + tallest / 2, arrow = middle + tallest / 2 + 9;
    for (int i = 0; i < l->count; i++) {
        cairn_volume *b = &l->block[i];
        if (b->row != row)
            continue;
        b->top = middle - b->height / 2;
        if (b->column)
            paint_column(scene, b);
        else
            paint_maps(scene, b);
    }
    for (int i = 0; i < l->count; i++) {
        const cairn_volume *b = &l->block[i];
        if (b->row != row)
            continue;
        double centre = b->left + b->width / 2;
        cairn_scene_text(scene, (cairn_point){centre, y + CAIRN_VOLUME_LINE_HEIGHT - 2}, b->name,
                         CAIRN_VOLUME_NAME_TYPE);
        cairn_scene_text(scene, (cairn_point){centre, y + 2 * CAIRN_VOLUME_LINE_HEIGHT - 2}, b->size,
                         CAIRN_VOLUME_SIZE_TYPE);
        if (b->layer->inputs == 0)
            continue;
        if (i > 0 && l->block[i - 1].row == row)
            paint_link(scene, b - 1, b);
        paint_arrow(scene, b->arrow, 13, arrow);
        for (int k = 0; k < b->lines; k++)
            cairn_scene_text(scene, (cairn_point){b->arrow, arrow + 10 + k * CAIRN_VOLUME_LINE_HEIGHT},
                             b->line[k].text, b->line[k].muted ? PARAMS_TYPE : CAIRN_VOLUME_ACTION_TYPE);
    }
    return arrow + 4 + lines * CAIRN_VOLUME_LINE_HEIGHT + 4;
}

void cairn_draw_volumes(cairn_scene *scene, const cairn_architecture *architecture, const char *title)
{
    cairn_volumes *l = cairn_alloc(scene->ctx, 1, sizeof *l);
    if (!l) {
        scene->status = CAIRN_MEMORY;
        return;
    }
    cairn_volumes_arrange(l, scene, architecture);
    double y = cairn_draw_heading(scene, architecture, title);
    for (int row = 0; row < l->rows; row++)
        y = paint_row(l, row, y) + (row + 1 < l->rows ? 10 : 0);
    scene->height = cairn_draw_legend(scene, architecture, y + 4);
    cairn_free(scene->ctx, l);
}
