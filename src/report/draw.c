/* Drawings of networks: the choice of style and format, and the pieces that all styles share. */
#include "report/draw.h"
#include "base/file.h"
#include "report/draw_tree.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define MOST_VOLUMES 14 /* layers up to which AUTO draws volumes */
#define TITLE_TYPE ((cairn_type){.size = 12, .bold = true, .paint = CAIRN_INK})
#define TOTALS_TYPE ((cairn_type){.size = 8, .paint = CAIRN_MUTED})
#define LEGEND_TYPE ((cairn_type){.size = 7.5, .paint = CAIRN_INK})
#define MARGIN 2.0

/* A line of the heading, shortened to the page. */
static void heading_line(cairn_scene *scene, double y, const char *text, cairn_type type)
{
    char *line = cairn_strdup(scene->ctx, text);
    if (!line) {
        scene->status = CAIRN_MEMORY;
        return;
    }
    cairn_scene_shorten(scene, line, type, scene->width - 2 * MARGIN);
    cairn_scene_text(scene, (cairn_point){MARGIN, y}, line, type);
    cairn_free(scene->ctx, line);
}

double cairn_draw_heading(cairn_scene *scene, const cairn_architecture *architecture, const char *title)
{
    char params[CAIRN_NUMBER_BYTES], macs[CAIRN_NUMBER_BYTES], totals[128];
    double y = MARGIN;
    if (title && *title) {
        heading_line(scene, y + 11, title, TITLE_TYPE);
        y += 16;
    }
    snprintf(totals, sizeof totals, "%s parameters, %s multiply-accumulates",
             cairn_number_grouped(params, architecture->params),
             cairn_number_grouped(macs, architecture->macs));
    heading_line(scene, y + 8, totals, TOTALS_TYPE);
    return y + 22;
}

double cairn_draw_legend(cairn_scene *scene, const cairn_architecture *architecture, double y)
{
    bool occurs[CAIRN_LAYER_KINDS] = {false};
    for (int i = 0; i < architecture->count; i++)
        occurs[architecture->layer[i].kind] = true;
    double x = MARGIN;
    for (int kind = 0; kind < CAIRN_LAYER_KINDS; kind++) {
        if (!occurs[kind])
            continue;
        const char *name = cairn_layer_kind_name((cairn_layer_kind)kind);
        double width = 13 + cairn_scene_measure(scene, name, LEGEND_TYPE);
        if (x > MARGIN && x + width > scene->width) {
            x = MARGIN;
            y += 12;
        }
        cairn_scene_rect(scene, (cairn_box){x, y + 1, x + 9, y + 8},
                         (cairn_brush){cairn_layer_fill((cairn_layer_kind)kind),
                                       cairn_layer_line((cairn_layer_kind)kind), .line = 0.5});
        cairn_scene_text(scene, (cairn_point){x + 13, y + 7.2}, name, LEGEND_TYPE);
        x += width + 16;
    }
    return y + 11 + MARGIN;
}

void cairn_draw_scene(cairn_scene *scene, const cairn_architecture *architecture, cairn_draw_style style,
                      const char *title, bool fold)
{
    bool volumes = style == CAIRN_DRAW_VOLUMES
                       ? architecture->count <= MOST_VOLUMES * 4
                       : style == CAIRN_DRAW_AUTO && architecture->count <= MOST_VOLUMES;
    scene->title = title;
    if (volumes && architecture->chain)
        cairn_draw_volumes(scene, architecture, title);
    else if (style == CAIRN_DRAW_STRIPS || !cairn_draw_flow(scene, architecture, title, fold))
        cairn_draw_strips(scene, architecture, title);
}

/* ---- Graphviz ---- */

static void dot_escape(cairn_text *out, const char *text)
{
    while (*text) {
        size_t length = cairn_utf8_visible(text);
        if (*text == '"' || *text == '\\')
            cairn_text_add(out, "\\");
        if (length > 0)
            cairn_text_add_bytes(out, text, length);
        else
            cairn_text_add(out, "?");
        text += length ? length : 1;
    }
}

static void dot_layer(cairn_text *out, const cairn_architecture *architecture, int i)
{
    const cairn_layer *layer = &architecture->layer[i];
    char action[160], size[64], params[CAIRN_NUMBER_BYTES];
    cairn_layer_action(layer, action, sizeof action);
    cairn_layer_size(layer, size, sizeof size);
    cairn_text_format(out, "  n%d [label=\"", i);
    dot_escape(out, layer->name);
    cairn_text_add(out, "\\n");
    dot_escape(out, action);
    cairn_text_format(out, "\\n%s", size);
    if (layer->params > 0)
        cairn_text_format(out, "\\n%s parameters", cairn_number_grouped(params, layer->params));
    cairn_text_format(out, "\", fillcolor=\"#%06x\", color=\"#%06x\"];\n",
                      (unsigned)cairn_layer_fill(layer->kind).rgb,
                      (unsigned)cairn_layer_line(layer->kind).rgb);
}

static void dot_members(cairn_text *out, const cairn_tree *tree, int at)
{
    if (tree->node[at].layer >= 0)
        cairn_text_format(out, " n%d;", tree->node[at].layer);
    for (int child = tree->node[at].first; child >= 0; child = tree->node[child].next)
        dot_members(out, tree, child);
}

/* Scopes as clusters. */
static void dot_groups(cairn_text *out, const cairn_tree *tree)
{
    for (int i = 0; i < tree->count; i++) {
        if (tree->node[i].kind != CAIRN_TREE_GROUP)
            continue;
        cairn_text_format(out, "  subgraph cluster_%d { label=\"", i);
        dot_escape(out, tree->node[i].name);
        cairn_text_add(out, "\"; fontname=\"" CAIRN_FONT_FAMILY ", sans-serif\"; fontsize=10;");
        dot_members(out, tree, i);
        cairn_text_add(out, " }\n");
    }
}

void cairn_draw_dot(cairn_text *out, const cairn_architecture *architecture, const char *title)
{
    cairn_tree tree;
    cairn_status status = cairn_tree_build(&tree, architecture, false);
    out->failed |= status != CAIRN_OK;
    if (status)
        return;
    cairn_text_add(out, "digraph network {\n  label=\"");
    dot_escape(out, title ? title : "");
    cairn_text_add(out, "\";\n  labelloc=t;\n  node [shape=box, style=filled, fontname=\"" CAIRN_FONT_FAMILY
                        ", sans-serif\", fontsize=10];\n");
    for (int i = 0; i < architecture->count; i++)
        dot_layer(out, architecture, i);
    if (!tree.tangled)
        dot_groups(out, &tree);
    for (int i = 0; i < architecture->count; i++)
        for (int k = 0; k < architecture->layer[i].inputs; k++)
            cairn_text_format(out, "  n%d -> n%d;\n", architecture->layer[i].input[k], i);
    cairn_text_add(out, "}\n");
    cairn_tree_free(&tree);
}

/* ---- files ---- */

static cairn_status draw_file(cairn_ctx *ctx, const cairn_architecture *architecture, const char *path,
                              cairn_picture_format format, cairn_draw_options options)
{
    cairn_text bytes = {.ctx = ctx};
    cairn_status status = CAIRN_OK;
    if (format == CAIRN_FORMAT_DOT) {
        cairn_draw_dot(&bytes, architecture, options.title);
    } else {
        cairn_scene scene;
        cairn_scene_begin(&scene, ctx, options.width);
        cairn_draw_scene(&scene, architecture, options.style, options.title, !options.unfold);
        status = cairn_scene_render(&scene, format, &bytes);
        cairn_scene_end(&scene);
    }
    if (!status)
        status = bytes.failed ? CAIRN_MEMORY : cairn_file_write(ctx, path, bytes.data, bytes.size);
    cairn_free(ctx, bytes.data);
    return status;
}

cairn_status cairn_draw(cairn_ctx *ctx, const cairn_graph *graph, const char *path,
                        const cairn_draw_options *options)
{
    cairn_draw_options chosen = options ? *options : (cairn_draw_options){0};
    if (chosen.width == 0)
        chosen.width = CAIRN_DRAW_WIDTH;
    if (!(chosen.width >= 200 && chosen.width <= 5000))
        return cairn_fail(ctx, CAIRN_USAGE, "%s: width of a drawing (expected 200 to 5000 points)", path);
    cairn_picture_format format = cairn_format_of(path);
    if (format == CAIRN_FORMAT_NONE)
        return cairn_fail(ctx, CAIRN_USAGE,
                          "%s: unknown kind of picture (expected a name that ends in .svg, .pdf, "
                          ".png or .dot)",
                          path);
    cairn_architecture architecture;
    cairn_status status = cairn_architecture_read(
        ctx, graph, chosen.detail ? CAIRN_DETAIL_ALL : CAIRN_DETAIL_STAGES, &architecture);
    if (status)
        return status;
    status = draw_file(ctx, &architecture, path, format, chosen);
    cairn_architecture_free(&architecture);
    return status;
}
