/* Paints a branching network from top to bottom: branches side by side, shortcuts as lines beside the blocks
 * that they pass, scopes and repeats in frames, columns of the page from left to right. */
#include "report/draw_flow.h"
#include "report/draw.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define MARGIN 6.0
#define ARROW 3.2
#define SHADOW 2.5
#define LEAST_WIDTH 300.0 /* for heading and legend */

static const cairn_brush wire = {.stroke = CAIRN_MUTED, .line = 0.7, .open = true};

static void paint_series(const cairn_flow *flow, int at, double x, double y);

/* ---- lines ---- */

/* A line through the points, with an arrow at its end unless it only passes on to another. */
static void connect(const cairn_flow *flow, const cairn_point *point, int count, bool arrow)
{
    cairn_scene_path(flow->scene, point, count, wire);
    cairn_point end = point[count - 1], before = point[count - 2];
    double length = hypot(end.x - before.x, end.y - before.y);
    if (!arrow || length == 0)
        return;
    double dx = (end.x - before.x) / length, dy = (end.y - before.y) / length;
    double bx = end.x - ARROW * 1.4 * dx, by = end.y - ARROW * 1.4 * dy;
    cairn_point head[] = {
        end, {bx - dy * ARROW / 2, by + dx * ARROW / 2}, {bx + dy * ARROW / 2, by - dx * ARROW / 2}};
    cairn_scene_path(flow->scene, head, 3, (cairn_brush){CAIRN_MUTED, CAIRN_MUTED, .line = 0.4});
}

static bool framed(const cairn_tree_node *node)
{
    return node->kind == CAIRN_TREE_GROUP || node->kind == CAIRN_TREE_REPEAT;
}

/* Where the line that leads into a part ends, and whether with an arrow: a module goes on with lines. */
static double entry(const cairn_flow *flow, int at, double y, bool *arrow)
{
    const cairn_tree_node *node = &flow->tree->node[at];
    if (framed(node))
        return entry(flow, node->first, y + CAIRN_FLOW_FRAME_TOP, arrow);
    *arrow = node->kind != CAIRN_TREE_MODULE;
    return y;
}

/* Where the line that leads out of a part begins. */
static double leaving(const cairn_flow *flow, int at, double y)
{
    double bottom = y + flow->extent[at].height;
    const cairn_tree_node *node = flow->tree->node;
    for (int child = at; framed(&node[child]);) {
        bottom -= CAIRN_FLOW_FRAME_PAD;
        for (child = node[child].first; node[child].next >= 0;)
            child = node[child].next;
    }
    return bottom;
}

/* ---- boxes ---- */

static void paint_box(const cairn_flow *flow, int index, cairn_box box)
{
    const cairn_layer *layer = &flow->architecture->layer[index];
    char line[2][96];
    int lines = cairn_flow_lines(layer, line);
    double x = (box.left + box.right) / 2, room = box.right - box.left - 4;
    cairn_scene_rect(
        flow->scene, box,
        (cairn_brush){cairn_layer_fill(layer->kind), cairn_layer_line(layer->kind), .line = 0.6});
    cairn_scene_shorten(flow->scene, line[0], CAIRN_FLOW_TYPE, room);
    cairn_scene_text(flow->scene, (cairn_point){x, box.top + 9}, line[0], CAIRN_FLOW_TYPE);
    if (lines < 2)
        return;
    cairn_scene_shorten(flow->scene, line[1], CAIRN_FLOW_NOTE_TYPE, room);
    cairn_scene_text(flow->scene, (cairn_point){x, box.top + 17.6}, line[1], CAIRN_FLOW_NOTE_TYPE);
}

static void paint_sum(const cairn_flow *flow, int index, double x, double y)
{
    const cairn_layer *layer = &flow->architecture->layer[index];
    double r = CAIRN_FLOW_SUM, cy = y + r, arm = 0.55 * r;
    cairn_brush cross = {.stroke = cairn_layer_line(layer->kind), .line = 0.9};
    cairn_scene_circle(
        flow->scene, (cairn_point){x, cy}, r,
        (cairn_brush){cairn_layer_fill(layer->kind), cairn_layer_line(layer->kind), .line = 0.6});
    cairn_scene_line(flow->scene, (cairn_point){x - arm, cy}, (cairn_point){x + arm, cy}, cross);
    cairn_scene_line(flow->scene, (cairn_point){x, cy - arm}, (cairn_point){x, cy + arm}, cross);
    cairn_type type = CAIRN_FLOW_NOTE_TYPE;
    type.anchor = CAIRN_ANCHOR_END;
    if (layer->brief_after[0])
        cairn_scene_text(flow->scene, (cairn_point){x - r - 3, cy + 2.5}, layer->brief_after, type);
}

static void paint_layer(const cairn_flow *flow, int layer, double x, double y, cairn_extent e)
{
    if (cairn_flow_is_sum(flow, layer))
        paint_sum(flow, layer, x, y);
    else
        paint_box(flow, layer, (cairn_box){x - e.left, y, x + e.right, y + e.height});
}

static void paint_frame(const cairn_flow *flow, cairn_box box, const char *name, int count, bool inner)
{
    cairn_brush brush = {cairn_rgb(inner ? 0xFFFFFF : 0xF4F6F8), cairn_rgb(0xAEB6BF), .line = 0.6};
    char text[16];
    if (count > 1)
        cairn_scene_rect(
            flow->scene,
            (cairn_box){box.left + SHADOW, box.top + SHADOW, box.right + SHADOW, box.bottom + SHADOW}, brush);
    cairn_scene_rect(flow->scene, box, brush);
    if (name[0])
        cairn_scene_text(flow->scene, (cairn_point){box.left + 4, box.top + 9}, name, CAIRN_FLOW_SCOPE_TYPE);
    snprintf(text, sizeof text, "x%d", count);
    if (count > 1)
        cairn_scene_text(flow->scene, (cairn_point){box.right - 4, box.top + 10}, text,
                         CAIRN_FLOW_COUNT_TYPE);
}

/* ---- modules ---- */

/* From the end of a branch to the join. */
static void paint_branch_end(const cairn_flow *flow, int join, double x, double branch_x, double from,
                             double to)
{
    bool sum = cairn_flow_is_sum(flow, join);
    if (sum && branch_x != x) {
        double cy = to + CAIRN_FLOW_SUM;
        connect(flow, (cairn_point[]){{branch_x, from}, {branch_x, cy}, {x + CAIRN_FLOW_SUM, cy}}, 3, true);
    } else {
        connect(flow, (cairn_point[]){{branch_x, from}, {branch_x, to}}, 2, join >= 0);
    }
}

static void paint_branch(const cairn_flow *flow, int module, int branch, double x, double branch_x, double y,
                         double join_y)
{
    int first = flow->tree->node[branch].first;
    double top = y + CAIRN_FLOW_GAP, from = y;
    if (branch_x != x)
        connect(flow, (cairn_point[]){{x, y}, {branch_x, y}}, 2, false);
    if (first >= 0) {
        bool arrow;
        double to = entry(flow, first, top, &arrow);
        paint_series(flow, branch, branch_x, top);
        connect(flow, (cairn_point[]){{branch_x, y}, {branch_x, to}}, 2, arrow);
        from = top + flow->extent[branch].height;
    }
    paint_branch_end(flow, flow->tree->node[module].layer, x, branch_x, from, join_y);
}

static void paint_module(const cairn_flow *flow, int at, double x, double y)
{
    const cairn_tree_node *node = &flow->tree->node[at];
    int main = cairn_flow_main_branch(flow, at);
    double width = 0, tallest = 0, edge = 0;
    for (int child = node->first; child >= 0; child = flow->tree->node[child].next) {
        cairn_extent e = flow->extent[child];
        width += e.left + e.right + (child == node->first ? 0 : CAIRN_FLOW_BESIDE);
        tallest = fmax(tallest, e.height);
    }
    double join_y = y + tallest + 2 * CAIRN_FLOW_GAP;
    edge = x - width / 2;
    if (main >= 0) {
        paint_branch(flow, at, main, x, x, y, join_y);
        edge = x + flow->extent[main].right + CAIRN_FLOW_BESIDE;
    }
    for (int child = node->first; child >= 0; child = flow->tree->node[child].next) {
        cairn_extent e = flow->extent[child];
        if (child == main)
            continue;
        paint_branch(flow, at, child, x, edge + e.left, y, join_y);
        /* Without a join the branches' lines run together. */
        if (node->layer < 0 && edge + e.left != x)
            connect(flow, (cairn_point[]){{edge + e.left, join_y}, {x, join_y}}, 2, false);
        edge += e.left + e.right + CAIRN_FLOW_BESIDE;
    }
    if (node->layer >= 0)
        paint_layer(flow, node->layer, x, join_y, (cairn_extent){width / 2, width / 2, CAIRN_FLOW_LOW_BOX});
}

/* ---- the tree ---- */

static void paint(const cairn_flow *flow, int at, double x, double y, bool inner)
{
    const cairn_tree_node *node = &flow->tree->node[at];
    cairn_extent e = flow->extent[at];
    switch (node->kind) {
    case CAIRN_TREE_LEAF:
        paint_layer(flow, node->layer, x, y, e);
        break;
    case CAIRN_TREE_SERIES:
        paint_series(flow, at, x, y);
        break;
    case CAIRN_TREE_MODULE:
        paint_module(flow, at, x, y);
        break;
    case CAIRN_TREE_GROUP:
    case CAIRN_TREE_REPEAT:
        paint_frame(flow, (cairn_box){x - e.left, y, x + e.right, y + e.height}, node->name, node->count,
                    inner);
        paint_series(flow, at, x, y + CAIRN_FLOW_FRAME_TOP);
        break;
    case CAIRN_TREE_HEAD: {
        bool arrow;
        cairn_extent head = flow->extent[node->first];
        double head_x = x + CAIRN_FLOW_SHORTCUT + CAIRN_FLOW_BESIDE + head.left, top = y + CAIRN_FLOW_GAP;
        double to = entry(flow, flow->tree->node[node->first].first, top, &arrow);
        paint_series(flow, node->first, head_x, top);
        connect(flow, (cairn_point[]){{x, y}, {head_x, y}, {head_x, to}}, 3, arrow);
        break;
    }
    }
}

/* Joins what was left with what comes; heads stand beside the line. */
static void link_down(const cairn_flow *flow, int at, double x, double y, double from)
{
    bool arrow;
    double to = entry(flow, at, y, &arrow);
    connect(flow, (cairn_point[]){{x, from}, {x, to}}, 2, arrow);
}

static void paint_series(const cairn_flow *flow, int at, double x, double y)
{
    const cairn_tree_node *node = flow->tree->node;
    double from = -1;
    for (int child = node[at].first; child >= 0; child = node[child].next) {
        paint(flow, child, x, y, true);
        if (node[child].kind != CAIRN_TREE_HEAD) {
            if (from >= 0)
                link_down(flow, child, x, y, from);
            from = leaving(flow, child, y);
        }
        y += flow->extent[child].height + CAIRN_FLOW_GAP;
    }
}

/* ---- the page ---- */

/* A frame around the blocks of a stage that stand in this column; gives the first child behind them. */
static int paint_stage(const cairn_flow *flow, int at, int end, double x, double y)
{
    const cairn_tree_node *node = flow->tree->node;
    int behind = at;
    while (behind != end &&
           (behind == at || (node[behind].stage[0] && strcmp(node[behind].stage, node[at].stage) == 0)))
        behind = node[behind].next;
    cairn_extent e = cairn_flow_column(flow, at, behind);
    paint_frame(flow, (cairn_box){x - e.left, y, x + e.right, y + e.height}, node[at].stage, 1, false);
    return behind;
}

/* Paints a column whose first layer is entered from the point; gives the point where its last line leaves. */
static cairn_point paint_column(const cairn_flow *flow, int first, int end, double x, double y, double from)
{
    const cairn_tree_node *node = flow->tree->node;
    for (int at = first, behind = first; at != end; at = node[at].next) {
        bool begins = at == behind, staged = node[at].stage[0] != '\0';
        if (begins)
            behind = staged ? paint_stage(flow, at, end, x, y) : node[at].next;
        y += begins && staged ? CAIRN_FLOW_FRAME_TOP : 0;
        paint(flow, at, x, y, staged);
        if (node[at].kind != CAIRN_TREE_HEAD) {
            if (from >= 0)
                link_down(flow, at, x, y, from);
            from = leaving(flow, at, y);
        }
        y += flow->extent[at].height + CAIRN_FLOW_GAP;
        y += staged && node[at].next == behind ? CAIRN_FLOW_FRAME_PAD : 0;
    }
    return (cairn_point){x, from};
}

/* Columns from left to right; from the foot of one a line leads to the head of the next one. */
static void paint_page(const cairn_flow *flow, double y)
{
    double edge = MARGIN + fmax(0, flow->scene->width - 2 * MARGIN - flow->width) / 2;
    double head = y - CAIRN_FLOW_GAP, foot = 0;
    cairn_point from = {-1, -1};
    for (int i = 0; i < flow->columns; i++) {
        int first = flow->column_start[i], end = flow->column_start[i + 1];
        cairn_extent e = cairn_flow_column(flow, first, end);
        double x = edge + e.left, gutter = edge - CAIRN_FLOW_COLUMN_GAP / 2;
        if (i > 0)
            connect(flow, (cairn_point[]){from, {from.x, foot}, {gutter, foot}, {gutter, head}, {x, head}}, 5,
                    false);
        from = paint_column(flow, first, end, x, y, i > 0 ? head : -1);
        foot = y + e.height + CAIRN_FLOW_GAP;
        edge += e.left + e.right + CAIRN_FLOW_COLUMN_GAP;
    }
}

bool cairn_draw_flow(cairn_scene *scene, const cairn_architecture *architecture, const char *title, bool fold)
{
    cairn_tree tree;
    scene->status = scene->status ? scene->status : cairn_tree_build(&tree, architecture, fold);
    if (scene->status)
        return true;
    if (!tree.tangled) {
        cairn_flow flow = {.scene = scene, .architecture = architecture, .tree = &tree};
        scene->status = cairn_flow_arrange(&flow);
        if (!scene->status) {
            scene->width = fmax(LEAST_WIDTH, flow.width + 2 * MARGIN);
            double y = cairn_draw_heading(scene, architecture, title) + CAIRN_FLOW_GAP;
            paint_page(&flow, y);
            scene->height = cairn_draw_legend(scene, architecture, y + flow.height + 2 * CAIRN_FLOW_GAP);
            cairn_flow_free(&flow);
        }
    }
    bool drawn = !tree.tangled;
    cairn_tree_free(&tree);
    return drawn;
}
