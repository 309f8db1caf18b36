/* Where everything stands in a network drawn from top to bottom. */
#include "report/draw_flow.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define PAGE_SHAPE 1.5 /* width by height that is aimed at */
#define MOST_COLUMNS 24
#define TEXT_ROOM 8.0 /* beside a text in a box */

int cairn_flow_lines(const cairn_layer *layer, char line[2][96])
{
    const int64_t *dim = layer->shape.dim;
    char size[48] = "";
    bool join = layer->kind == CAIRN_LAYER_JOIN;
    if (layer->shape.rank == 3)
        snprintf(size, sizeof size, "%lldx%lld", (long long)dim[0], (long long)dim[1]);
    if (layer->shape.rank == 3 && layer->kind == CAIRN_LAYER_INPUT)
        snprintf(size, sizeof size, "%lldx%lldx%lld", (long long)dim[0], (long long)dim[1],
                 (long long)dim[2]);
    if (join) {
        snprintf(line[0], sizeof line[0], "%s, %lld%s%s", layer->brief, (long long)dim[layer->shape.rank - 1],
                 layer->brief_after[0] ? ", " : "", layer->brief_after);
        return 1;
    }
    const char *after = layer->brief_after;
    bool norm = layer->kind == CAIRN_LAYER_NORM;
    snprintf(line[0], sizeof line[0], "%s%s%s", layer->brief, norm && after[0] ? ", " : "",
             norm ? after : "");
    if (norm)
        after = "";
    snprintf(line[1], sizeof line[1], "%s%s%s", after, after[0] && size[0] ? " · " : "", size);
    return line[1][0] ? 2 : 1;
}

bool cairn_flow_is_sum(const cairn_flow *flow, int layer)
{
    return layer >= 0 && strcmp(flow->architecture->layer[layer].op, "add") == 0;
}

/* ---- extents ---- */

static int layers_below(const cairn_flow *flow, int at)
{
    const cairn_tree_node *node = &flow->tree->node[at];
    int count = node->layer >= 0;
    for (int child = node->first; child >= 0; child = flow->tree->node[child].next)
        count += layers_below(flow, child);
    return count;
}

int cairn_flow_main_branch(const cairn_flow *flow, int module)
{
    const cairn_tree_node *node = &flow->tree->node[module];
    int best = -1, most = -1;
    if (!cairn_flow_is_sum(flow, node->layer))
        return -1;
    for (int child = node->first; child >= 0; child = flow->tree->node[child].next) {
        int count = layers_below(flow, child);
        if (count > most) {
            most = count;
            best = child;
        }
    }
    return best;
}

static cairn_extent measure(cairn_flow *flow, int at);

static cairn_extent measure_layer(const cairn_flow *flow, int layer)
{
    char line[2][96];
    double half = flow->box_width / 2;
    if (cairn_flow_is_sum(flow, layer)) {
        const char *after = flow->architecture->layer[layer].brief_after;
        double text = after[0] ? cairn_scene_measure(flow->scene, after, CAIRN_FLOW_NOTE_TYPE) + 4 : 0;
        return (cairn_extent){CAIRN_FLOW_SUM + text, CAIRN_FLOW_SUM, 2 * CAIRN_FLOW_SUM};
    }
    bool low = cairn_flow_lines(&flow->architecture->layer[layer], line) == 1;
    return (cairn_extent){half, half, low ? CAIRN_FLOW_LOW_BOX : CAIRN_FLOW_BOX};
}

static cairn_extent measure_series(cairn_flow *flow, int at)
{
    cairn_extent all = {0, 0, 0};
    int first = flow->tree->node[at].first;
    for (int child = first; child >= 0; child = flow->tree->node[child].next) {
        cairn_extent e = measure(flow, child);
        all.left = fmax(all.left, e.left);
        all.right = fmax(all.right, e.right);
        all.height += e.height + (child == first ? 0 : CAIRN_FLOW_GAP);
    }
    if (first < 0)
        all.left = all.right = CAIRN_FLOW_SHORTCUT;
    return all;
}

/* Branches side by side; a residual one keeps its longest on the axis and the others right of it. */
static cairn_extent measure_module(cairn_flow *flow, int at)
{
    const cairn_tree_node *node = &flow->tree->node[at];
    double tallest = 0, width = 0;
    for (int child = node->first; child >= 0; child = flow->tree->node[child].next) {
        cairn_extent e = measure(flow, child);
        tallest = fmax(tallest, e.height);
        width += e.left + e.right + (child == node->first ? 0 : CAIRN_FLOW_BESIDE);
    }
    int main = cairn_flow_main_branch(flow, at);
    double left = main < 0 ? width / 2 : flow->extent[main].left;
    cairn_extent all = {left, width - left, tallest + 2 * CAIRN_FLOW_GAP};
    if (node->layer >= 0) {
        cairn_extent join = measure_layer(flow, node->layer);
        all.left = fmax(all.left, join.left);
        all.right = fmax(all.right, join.right);
        all.height += join.height;
    }
    return all;
}

static cairn_extent measure_frame(cairn_flow *flow, int at)
{
    const cairn_tree_node *node = &flow->tree->node[at];
    cairn_extent all = measure_series(flow, at);
    double name = cairn_scene_measure(flow->scene, node->name, CAIRN_FLOW_SCOPE_TYPE);
    all.left = fmax(all.left, name + 2) + CAIRN_FLOW_FRAME_PAD;
    all.right += CAIRN_FLOW_FRAME_PAD;
    all.height += CAIRN_FLOW_FRAME_TOP + CAIRN_FLOW_FRAME_PAD;
    return all;
}

static cairn_extent measure(cairn_flow *flow, int at)
{
    const cairn_tree_node *node = &flow->tree->node[at];
    cairn_extent e = {0, 0, 0};
    switch (node->kind) {
    case CAIRN_TREE_LEAF:
        e = measure_layer(flow, node->layer);
        break;
    case CAIRN_TREE_SERIES:
        e = measure_series(flow, at);
        break;
    case CAIRN_TREE_MODULE:
        e = measure_module(flow, at);
        break;
    case CAIRN_TREE_GROUP:
    case CAIRN_TREE_REPEAT:
        e = measure_frame(flow, at);
        break;
    case CAIRN_TREE_HEAD:
        /* The main path goes on at the left of it. */
        e = measure(flow, node->first);
        e = (cairn_extent){0, CAIRN_FLOW_SHORTCUT + CAIRN_FLOW_BESIDE + e.left + e.right,
                           CAIRN_FLOW_GAP + e.height};
        break;
    }
    flow->extent[at] = e;
    return e;
}

static double widest_box(cairn_flow *flow)
{
    double width = 60;
    char line[2][96];
    for (int i = 0; i < flow->architecture->count; i++) {
        const cairn_layer *layer = &flow->architecture->layer[i];
        if (layer->kind == CAIRN_LAYER_JOIN && layer->inputs > 1)
            continue; /* as wide as its branches */
        int lines = cairn_flow_lines(layer, line);
        width = fmax(width, cairn_scene_measure(flow->scene, line[0], CAIRN_FLOW_TYPE) + TEXT_ROOM);
        if (lines > 1)
            width = fmax(width, cairn_scene_measure(flow->scene, line[1], CAIRN_FLOW_NOTE_TYPE) + TEXT_ROOM);
    }
    return width;
}

/* ---- columns of the page ---- */

static bool begins_stage(const cairn_flow *flow, int before, int at)
{
    const cairn_tree_node *node = flow->tree->node;
    return node[at].stage[0] && (before < 0 || strcmp(node[before].stage, node[at].stage) != 0);
}

cairn_extent cairn_flow_column(const cairn_flow *flow, int first, int end)
{
    const cairn_tree_node *node = flow->tree->node;
    cairn_extent all = {0, 0, 0};
    for (int at = first, before = -1; at != end; before = at, at = node[at].next) {
        cairn_extent e = flow->extent[at];
        double pad = node[at].stage[0] ? CAIRN_FLOW_FRAME_PAD : 0;
        bool last =
            node[at].next == end || begins_stage(flow, at, node[at].next) || !node[node[at].next].stage[0];
        all.left = fmax(all.left, e.left + pad);
        all.right = fmax(all.right, e.right + pad);
        all.height += e.height + (at == first ? 0 : CAIRN_FLOW_GAP);
        all.height += begins_stage(flow, before, at) ? CAIRN_FLOW_FRAME_TOP : 0;
        all.height += pad > 0 && last ? pad : 0;
    }
    return all;
}

/* Where a column may end behind a child: a head stays below the layer that it leaves. */
static int behind(const cairn_flow *flow, int at)
{
    do
        at = flow->tree->node[at].next;
    while (at >= 0 && flow->tree->node[at].kind == CAIRN_TREE_HEAD);
    return at;
}

/* Fills columns of at most `limit` in height; gives their number. */
static int fill(cairn_flow *flow, double limit)
{
    int count = 0, at = flow->tree->node[flow->tree->root].first;
    flow->width = flow->height = 0;
    while (at >= 0) {
        int end = behind(flow, at);
        cairn_extent e = cairn_flow_column(flow, at, end);
        while (end >= 0) {
            cairn_extent more = cairn_flow_column(flow, at, behind(flow, end));
            if (more.height > limit)
                break;
            e = more;
            end = behind(flow, end);
        }
        if (count >= MOST_COLUMNS)
            return MOST_COLUMNS + 1;
        flow->column_start[count++] = at;
        flow->column_start[count] = end;
        flow->width += e.left + e.right + (count > 1 ? CAIRN_FLOW_COLUMN_GAP : 0);
        flow->height = fmax(flow->height, e.height);
        at = end;
    }
    return count;
}

/* The lowest page with so many columns. */
static void fill_evenly(cairn_flow *flow, int columns, double whole)
{
    double low = 0, high = whole;
    for (int i = 0; i < 24; i++) {
        double middle = (low + high) / 2;
        *(fill(flow, middle) <= columns ? &high : &low) = middle;
    }
    flow->columns = fill(flow, high);
}

static void choose_columns(cairn_flow *flow)
{
    double whole = cairn_flow_column(flow, flow->tree->node[flow->tree->root].first, -1).height, best = 0;
    int chosen = 1;
    for (int columns = 1; columns <= MOST_COLUMNS; columns++) {
        fill_evenly(flow, columns, whole);
        double off = fabs(log(flow->width / fmax(flow->height, 1) / PAGE_SHAPE));
        if (columns == 1 || off < best) {
            best = off;
            chosen = columns;
        }
    }
    fill_evenly(flow, chosen, whole);
}

cairn_status cairn_flow_arrange(cairn_flow *flow)
{
    cairn_ctx *ctx = flow->scene->ctx;
    flow->extent = cairn_alloc(ctx, (size_t)flow->tree->count, sizeof *flow->extent);
    flow->column_start = cairn_alloc(ctx, MOST_COLUMNS + 1, sizeof *flow->column_start);
    if (!flow->extent || !flow->column_start) {
        cairn_flow_free(flow);
        return CAIRN_MEMORY;
    }
    flow->box_width = widest_box(flow);
    measure_series(flow, flow->tree->root);
    choose_columns(flow);
    return CAIRN_OK;
}

void cairn_flow_free(cairn_flow *flow)
{
    cairn_free(flow->scene->ctx, flow->extent);
    cairn_free(flow->scene->ctx, flow->column_start);
    flow->extent = NULL;
    flow->column_start = NULL;
}
