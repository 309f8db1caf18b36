/* Drawings of networks: nothing covers a text, no box another one, and all lies on the page. */
#include "drawing.h"
#include <math.h>

static const char *const zoo[] = {"lenet5", "lenet5.paper", "lenet5.tutorial"};

/* A chain with the long names and the many parameters that large networks have. */
static cairn_graph *new_long_chain(cairn_ctx *ctx)
{
    cairn_graph *graph;
    assert_int_equal(cairn_graph_create(ctx, &graph), CAIRN_OK);
    cairn_val x = cairn_image(graph, 227, 227, 3);
    x = cairn_relu(graph, cairn_conv2d(graph, x, "features.0", 96, .k = 11, .stride = 4));
    x = cairn_maxpool(graph, x, .k = 3, .stride = 2);
    x = cairn_relu(graph,
                   cairn_conv2d(graph, x, "features.3", 256, .k_h = 5, .k_w = 3, .pad = 2, .groups = 2));
    x = cairn_maxpool(graph, x, .k = 3, .stride = 2);
    x = cairn_relu(graph, cairn_conv2d(graph, x, "features.with.a.long.name", 384, .k = 3, .pad = 1));
    x = cairn_dropout(graph, cairn_relu(graph, cairn_linear(graph, x, "classifier.1", 4096)), 0.5f);
    x = cairn_relu(graph, cairn_linear(graph, x, "classifier.4", 4096));
    cairn_output(graph, cairn_linear(graph, x, "classifier.6", 1000), "logits");
    assert_int_equal(cairn_graph_status(graph), CAIRN_OK);
    return graph;
}

/* ---- layout ---- */

static bool meet(cairn_box a, cairn_box b)
{
    return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

static bool within(cairn_box inner, cairn_box outer)
{
    return inner.left >= outer.left && inner.top >= outer.top && inner.right <= outer.right &&
           inner.bottom <= outer.bottom;
}

/* Does a line cross the box? Lines of flows are level or upright. */
static bool crosses(const cairn_mark *line, cairn_box box)
{
    for (int i = 1; i < line->points; i++) {
        const cairn_point *a = &line->point[i - 1], *b = &line->point[i];
        if (meet((cairn_box){fmin(a->x, b->x) - 0.1, fmin(a->y, b->y) - 0.1, fmax(a->x, b->x) + 0.1,
                             fmax(a->y, b->y) + 0.1},
                 box))
            return true;
    }
    return false;
}

/* A text of a flow stands in boxes or beside them. */
static bool covered(const cairn_mark *mark, cairn_box text, bool flow)
{
    if (mark->kind == CAIRN_MARK_TEXT || !flow)
        return meet(text, mark->box);
    return mark->brush.open ? crosses(mark, text) : meet(text, mark->box) && !within(text, mark->box);
}

static void check_scene(const cairn_scene *scene, bool flow)
{
    assert_int_equal(scene->status, CAIRN_OK);
    for (int i = 0; i < scene->count; i++) {
        const cairn_mark *mark = &scene->mark[i];
        if (mark->box.left < 0 || mark->box.top < 0 || mark->box.right > scene->width ||
            mark->box.bottom > scene->height)
            fail_msg("%s %d leaves the page of %d points", mark->text ? mark->text : "figure", i,
                     (int)scene->width);
        if (mark->kind != CAIRN_MARK_TEXT)
            continue;
        assert_true(mark->type.size >= 7);
        for (int k = 0; k < scene->count; k++)
            if (k != i && covered(&scene->mark[k], mark->box, flow))
                fail_msg("'%s' meets %s %d", mark->text,
                         scene->mark[k].kind == CAIRN_MARK_TEXT ? scene->mark[k].text : "figure", k);
    }
}

static bool is_volumes(const cairn_architecture *architecture, int style)
{
    return architecture->chain && style != CAIRN_DRAW_FLOW;
}

static void check_layout(cairn_graph *graph, cairn_ctx *ctx)
{
    static const double widths[] = {200, 300, 400, 480, 720, 1500};
    cairn_architecture architecture;
    assert_int_equal(cairn_architecture_read(ctx, graph, CAIRN_DETAIL_STAGES, &architecture), CAIRN_OK);
    for (size_t w = 0; w < CAIRN_COUNT(widths); w++)
        for (int style = CAIRN_DRAW_AUTO; style <= CAIRN_DRAW_FLOW; style++) {
            cairn_scene scene;
            cairn_scene_begin(&scene, ctx, widths[w]);
            cairn_draw_scene(&scene, &architecture, (cairn_draw_style)style, "A title", true);
            /* A table needs the width of a page. */
            if (widths[w] >= 400 || style != CAIRN_DRAW_STRIPS)
                check_scene(&scene, style != CAIRN_DRAW_STRIPS && !is_volumes(&architecture, style));
            cairn_scene_end(&scene);
        }
    cairn_architecture_free(&architecture);
    cairn_graph_destroy(graph);
}

static void layouts_keep_texts_apart(void **state)
{
    (void)state;
    cairn_ctx *ctx = new_ctx();
    for (size_t i = 0; i < CAIRN_COUNT(zoo); i++)
        check_layout(new_drawing(ctx, zoo[i], false), ctx);
    check_layout(new_long_chain(ctx), ctx);
    check_layout(new_branching(ctx), ctx);
    cairn_ctx_destroy(ctx);
}

static bool has_text(const cairn_scene *scene, const char *text)
{
    for (int i = 0; i < scene->count; i++)
        if (scene->mark[i].kind == CAIRN_MARK_TEXT && strcmp(scene->mark[i].text, text) == 0)
            return true;
    return false;
}

static void volumes_say_sizes_and_parameters(void **state)
{
    (void)state;
    cairn_ctx *ctx = new_ctx();
    cairn_graph *graph = new_drawing(ctx, "lenet5.paper", false);
    cairn_architecture architecture;
    assert_int_equal(cairn_architecture_read(ctx, graph, CAIRN_DETAIL_STAGES, &architecture), CAIRN_OK);
    assert_int_equal(architecture.count, 8);
    assert_true(architecture.chain);
    assert_int_equal(architecture.params, 60850);
    cairn_scene scene;
    cairn_scene_begin(&scene, ctx, CAIRN_DRAW_WIDTH);
    cairn_draw_scene(&scene, &architecture, CAIRN_DRAW_AUTO, "LeNet-5", true);
    static const char *const expected[] = {"LeNet-5",  "1@32x32",       "6@28x28", "6@14x14",
                                           "16@10x10", "16@5x5",        "120@1x1", "84",
                                           "10",       "12 parameters", "S2",      "C3"};
    for (size_t i = 0; i < CAIRN_COUNT(expected); i++)
        if (!has_text(&scene, expected[i]))
            fail_msg("'%s' is not in the drawing", expected[i]);
    cairn_scene_end(&scene);
    cairn_architecture_free(&architecture);
    cairn_graph_destroy(graph);
    cairn_ctx_destroy(ctx);
}

/* b feeds a sum and a convolution that meet again: neither a chain nor branches side by side. */
static cairn_graph *new_tangled(cairn_ctx *ctx)
{
    cairn_graph *graph;
    assert_int_equal(cairn_graph_create(ctx, &graph), CAIRN_OK);
    cairn_val x = cairn_image(graph, 8, 8, 1);
    cairn_val a = cairn_conv2d(graph, x, "a", 4, .k = 1), b = cairn_conv2d(graph, x, "b", 4, .k = 1);
    cairn_val d = cairn_conv2d(graph, b, "d", 4, .k = 1);
    cairn_output(graph, cairn_relu(graph, cairn_add(graph, cairn_add(graph, a, b), d)), "logits");
    assert_int_equal(cairn_graph_status(graph), CAIRN_OK);
    return graph;
}

static void tangles_become_strips(void **state)
{
    (void)state;
    cairn_ctx *ctx = new_ctx();
    cairn_graph *graph = new_tangled(ctx);
    cairn_architecture architecture;
    assert_int_equal(cairn_architecture_read(ctx, graph, CAIRN_DETAIL_STAGES, &architecture), CAIRN_OK);
    assert_false(architecture.chain);
    cairn_scene scene;
    cairn_scene_begin(&scene, ctx, CAIRN_DRAW_WIDTH);
    cairn_draw_scene(&scene, &architecture, CAIRN_DRAW_VOLUMES, NULL, true);
    assert_true(has_text(&scene, "sum of 2 and 3"));
    assert_true(has_text(&scene, "sum of 5 and 4, ReLU"));
    assert_true(has_text(&scene, "1x1 convolution of 1"));
    cairn_scene_end(&scene);
    cairn_architecture_free(&architecture);
    cairn_graph_destroy(graph);
    cairn_ctx_destroy(ctx);
}

static void receptive_fields_grow(void **state)
{
    (void)state;
    static const int64_t fields[] = {1, 5, 6, 14, 16, 32, 0, 0};
    cairn_ctx *ctx = new_ctx();
    cairn_graph *graph = new_drawing(ctx, "lenet5", false);
    cairn_architecture architecture;
    assert_int_equal(cairn_architecture_read(ctx, graph, CAIRN_DETAIL_STAGES, &architecture), CAIRN_OK);
    assert_int_equal(architecture.count, CAIRN_COUNT(fields));
    for (int i = 0; i < architecture.count; i++) {
        assert_int_equal(architecture.layer[i].field_h, fields[i]);
        assert_int_equal(architecture.layer[i].field_w, fields[i]);
    }
    cairn_architecture_free(&architecture);
    cairn_graph_destroy(graph);
    cairn_ctx_destroy(ctx);
}

/* ---- the zoo ---- */

/* Boxes of layers are told by their colour. */
static bool is_layer(const cairn_mark *mark)
{
    for (int kind = 0; kind < CAIRN_LAYER_KINDS; kind++)
        if (mark->brush.fill.alpha > 0 &&
            mark->brush.fill.rgb == cairn_layer_fill((cairn_layer_kind)kind).rgb)
            return mark->kind == CAIRN_MARK_CIRCLE || (mark->kind == CAIRN_MARK_PATH && mark->points == 4);
    return false;
}

/* A frame has four corners, too, and another colour. */
static bool is_frame(const cairn_mark *mark)
{
    return mark->kind == CAIRN_MARK_PATH && mark->points == 4 && !mark->brush.open && !is_layer(mark);
}

static cairn_box inside_of(cairn_box box)
{
    return (cairn_box){box.left + 0.5, box.top + 0.5, box.right - 0.5, box.bottom - 0.5};
}

/* No box meets another one or lies on the edge of a frame, no line runs through a box, and no text had to be
 * shortened to fit into one. */
static void check_boxes(const cairn_scene *scene, const char *name)
{
    for (int i = 0; i < scene->count; i++) {
        const cairn_mark *box = &scene->mark[i];
        if (box->text && strstr(box->text, "..."))
            fail_msg("%s: '%s' is shortened", name, box->text);
        for (int k = 0; k < scene->count && is_layer(box); k++) {
            const cairn_mark *other = &scene->mark[k];
            bool clash = false;
            if (is_layer(other))
                clash = k != i && meet(box->box, other->box);
            else if (is_frame(other))
                clash = meet(box->box, other->box) && !within(box->box, other->box);
            else if (other->brush.open && box->kind == CAIRN_MARK_PATH)
                clash = crosses(other, inside_of(box->box));
            if (clash)
                fail_msg("%s: mark %d runs into the box %d", name, k, i);
        }
    }
}

#define MOST_LAYERS 420 /* of a network that is drawn unfolded, too: the checks are quadratic */

/* Draws a network folded and unfolded; gives the number of boxes when folded. */
static int check_network(cairn_ctx *ctx, const cairn_model *model)
{
    cairn_architecture architecture;
    int boxes = 0;
    cairn_graph *graph = new_drawing(ctx, model->name, true);
    assert_int_equal(cairn_architecture_read(ctx, graph, CAIRN_DETAIL_STAGES, &architecture), CAIRN_OK);
    for (int fold = 1; fold >= (architecture.count > MOST_LAYERS); fold--) {
        cairn_scene scene;
        cairn_scene_begin(&scene, ctx, CAIRN_DRAW_WIDTH);
        assert_true(cairn_draw_flow(&scene, &architecture, model->name, fold));
        check_scene(&scene, true);
        check_boxes(&scene, model->name);
        for (int i = 0; i < scene.count && fold; i++)
            boxes += is_layer(&scene.mark[i]);
        cairn_scene_end(&scene);
    }
    cairn_architecture_free(&architecture);
    cairn_graph_destroy(graph);
    return boxes;
}

static void all_networks_are_drawn_clearly(void **state)
{
    (void)state;
    cairn_ctx *ctx = new_ctx();
    assert_true(cairn_model_count() > 0);
    for (int i = 0; i < cairn_model_count(); i++) {
        const cairn_model *model = cairn_model_at(i);
        int boxes = check_network(ctx, model);
        if (boxes < 8 || boxes > 120)
            fail_msg("%s folded has %d boxes", model->name, boxes);
    }
    cairn_ctx_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layouts_keep_texts_apart),       cmocka_unit_test(volumes_say_sizes_and_parameters),
        cmocka_unit_test(tangles_become_strips),          cmocka_unit_test(receptive_fields_grow),
        cmocka_unit_test(all_networks_are_drawn_clearly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
