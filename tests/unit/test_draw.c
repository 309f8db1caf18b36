/* Drawings of networks: nothing covers a text, all lies on the page, files are well-formed and always the
 * same. */
#include "report/draw.h"
#include <cairn/cairn.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const zoo[] = {"lenet5", "lenet5.paper", "lenet5.tutorial"};

static cairn_ctx *new_ctx(void)
{
    cairn_ctx *ctx;
    assert_int_equal(cairn_ctx_create(NULL, &ctx), CAIRN_OK);
    return ctx;
}

static cairn_graph *new_graph(cairn_ctx *ctx, const char *name)
{
    const float mean = 0.5f, std = 0.5f;
    cairn_graph *graph;
    const cairn_model *model = cairn_model_find(name);
    assert_non_null(model);
    assert_int_equal(cairn_model_graph(ctx, model, NULL, CAIRN_INPUT_BYTES, 0, &mean, &std, NULL, &graph),
                     CAIRN_OK);
    return graph;
}

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

static cairn_graph *new_branching(cairn_ctx *ctx)
{
    cairn_graph *graph;
    assert_int_equal(cairn_graph_create(ctx, &graph), CAIRN_OK);
    cairn_val x = cairn_image(graph, 8, 8, 1);
    cairn_val a = cairn_conv2d(graph, x, "left", 4, .k = 3, .pad = 1);
    cairn_val b = cairn_conv2d(graph, x, "right", 4, .k = 1);
    cairn_output(graph, cairn_linear(graph, cairn_relu(graph, cairn_add(graph, a, b)), "fc", 10), "logits");
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
        check_layout(new_graph(ctx, zoo[i]), ctx);
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
    cairn_graph *graph = new_graph(ctx, "lenet5.paper");
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
    cairn_output(graph, cairn_add(graph, cairn_add(graph, a, b), d), "logits");
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
    assert_true(has_text(&scene, "sum of 2, 3"));
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
    cairn_graph *graph = new_graph(ctx, "lenet5");
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

/* ---- files ---- */

/* Tags close in the order they opened, and text holds no raw markup. */
static void check_xml(const char *text, size_t size)
{
    char open[16][32];
    int depth = 0;
    assert_int_equal(strlen(text), size);
    const char *at = strstr(text, "?>\n");
    assert_non_null(at);
    for (at += 3; *at;) {
        if (*at == '&')
            assert_true(strcspn(at, ";") <= 6);
        if (*at != '<') {
            assert_true(depth > 0 || *at == '\n');
            assert_true(*at != '>' && ((unsigned char)*at >= 0x20 || *at == '\n'));
            at++;
            continue;
        }
        const char *end = strchr(at, '>');
        assert_non_null(end);
        size_t name = strcspn(at + 1 + (at[1] == '/'), " />");
        assert_in_range(name, 1, 31);
        if (at[1] == '/') {
            assert_true(depth > 0);
            depth--;
            assert_memory_equal(open[depth], at + 2, name);
        } else if (end[-1] != '/') {
            assert_true(depth < 16);
            memcpy(open[depth], at + 1, name);
            open[depth++][name] = '\0';
        }
        at = end + 1;
    }
    assert_int_equal(depth, 0);
}

static void svg_is_well_formed(void **state)
{
    (void)state;
    cairn_ctx *ctx = new_ctx();
    cairn_graph *graph = new_graph(ctx, "lenet5");
    cairn_architecture architecture;
    assert_int_equal(cairn_architecture_read(ctx, graph, CAIRN_DETAIL_STAGES, &architecture), CAIRN_OK);
    cairn_scene scene;
    cairn_text svg = {.ctx = ctx};
    cairn_scene_begin(&scene, ctx, CAIRN_DRAW_WIDTH);
    cairn_draw_scene(&scene, &architecture, CAIRN_DRAW_AUTO, "<b>\"&'\x01\xFF\xC3\xA9</b>", true);
    assert_int_equal(cairn_scene_render(&scene, CAIRN_FORMAT_SVG, &svg), CAIRN_OK);
    check_xml(svg.data, svg.size);
    assert_non_null(strstr(svg.data, "&lt;b&gt;&quot;&amp;&#39;"));
    assert_non_null(strstr(svg.data, ">6@28x28</text>"));
    cairn_free(ctx, svg.data);
    cairn_scene_end(&scene);
    cairn_architecture_free(&architecture);
    cairn_graph_destroy(graph);
    cairn_ctx_destroy(ctx);
}

static uint8_t *slurp(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    uint8_t *bytes = malloc(1 << 22);
    assert_non_null(bytes);
    *size = fread(bytes, 1, 1 << 22, file);
    fclose(file);
    return bytes;
}

static uint32_t big_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void files_are_what_their_endings_say(void **state)
{
    (void)state;
    static const char *const endings[] = {"svg", "pdf", "png", "dot", "PNG"};
    static const char *const magic[] = {"<?xml", "%PDF-", "\x89PNG\r\n", "digraph", "\x89PNG\r\n"};
    cairn_ctx *ctx = new_ctx();
    cairn_graph *graph = new_graph(ctx, "lenet5");
    char folder[] = "/tmp/cairn-draw-XXXXXX", path[2][64];
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < CAIRN_COUNT(endings); i++) {
        uint8_t *bytes[2];
        size_t size[2];
        for (int k = 0; k < 2; k++) {
            snprintf(path[k], sizeof path[k], "%s/%d.%s", folder, k, endings[i]);
            assert_int_equal(cairn_draw(ctx, graph, path[k], &(cairn_draw_options){.title = "LeNet-5"}),
                             CAIRN_OK);
            bytes[k] = slurp(path[k], &size[k]);
            assert_int_equal(unlink(path[k]), 0);
        }
        assert_memory_equal(bytes[0], magic[i], strlen(magic[i]));
        assert_int_equal(size[0], size[1]);
        assert_memory_equal(bytes[0], bytes[1], size[0]);
        if (magic[i][0] == '\x89')
            assert_true(big_endian(bytes[0] + 16) >= 1600);
        free(bytes[0]);
        free(bytes[1]);
    }
    assert_int_equal(rmdir(folder), 0);
    cairn_graph_destroy(graph);
    cairn_ctx_destroy(ctx);
}

static void wrong_use_is_refused(void **state)
{
    (void)state;
    cairn_ctx *ctx = new_ctx();
    cairn_graph *graph = new_graph(ctx, "lenet5");
    static const char *const names[] = {"lenet.gif", "lenet", "", "dir.svg/lenet", "lenet.svg.bak"};
    for (size_t i = 0; i < CAIRN_COUNT(names); i++) {
        assert_int_equal(cairn_draw(ctx, graph, names[i], NULL), CAIRN_USAGE);
        assert_non_null(strstr(cairn_error(ctx), ".svg, .pdf, .png or .dot"));
    }
    static const double widths[] = {-1, 10, 1e9, (double)NAN};
    for (size_t i = 0; i < CAIRN_COUNT(widths); i++)
        assert_int_equal(cairn_draw(ctx, graph, "x.svg", &(cairn_draw_options){.width = widths[i]}),
                         CAIRN_USAGE);
    assert_int_equal(cairn_draw(ctx, graph, "/nonexistent/folder/x.svg", NULL), CAIRN_IO);
    cairn_graph_destroy(graph);
    cairn_ctx_destroy(ctx);
}

/* ---- memory ---- */

typedef struct ration {
    long left, live;
} ration;

static void *rationed(void *user, void *ptr, size_t size)
{
    ration *r = user;
    if (size == 0) {
        r->live -= ptr != NULL;
        free(ptr);
        return NULL;
    }
    if (r->left-- <= 0)
        return NULL;
    r->live += ptr == NULL;
    return realloc(ptr, size);
}

static void check_rationed(cairn_ctx *ctx, cairn_graph *graph, ration *r)
{
    const char *path = "cairn-draw-memory.svg";
    long before = r->live;
    cairn_status status = CAIRN_MEMORY;
    for (long allowed = 0; status != CAIRN_OK; allowed += allowed < 60 ? 1 : 29) {
        r->left = allowed;
        status = cairn_draw(ctx, graph, path, NULL);
        assert_int_equal(r->live, before);
        assert_true(status == CAIRN_MEMORY || (status == CAIRN_OK && r->left >= 0));
        assert_int_equal(access(path, F_OK) == 0, status == CAIRN_OK);
    }
    assert_int_equal(unlink(path), 0);
    r->left = 1L << 40;
}

static void want_of_memory_is_reported(void **state)
{
    (void)state;
    ration r = {1L << 40, 0};
    cairn_ctx *ctx;
    assert_int_equal(cairn_ctx_create(&(cairn_ctx_options){.allocator = {rationed, &r}}, &ctx), CAIRN_OK);
    cairn_graph *graphs[] = {new_graph(ctx, "lenet5"), new_branching(ctx)};
    for (size_t i = 0; i < CAIRN_COUNT(graphs); i++)
        check_rationed(ctx, graphs[i], &r);
    for (size_t i = 0; i < CAIRN_COUNT(graphs); i++)
        cairn_graph_destroy(graphs[i]);
    cairn_ctx_destroy(ctx);
    assert_int_equal(r.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layouts_keep_texts_apart), cmocka_unit_test(volumes_say_sizes_and_parameters),
        cmocka_unit_test(tangles_become_strips),    cmocka_unit_test(receptive_fields_grow),
        cmocka_unit_test(svg_is_well_formed),       cmocka_unit_test(files_are_what_their_endings_say),
        cmocka_unit_test(wrong_use_is_refused),     cmocka_unit_test(want_of_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
