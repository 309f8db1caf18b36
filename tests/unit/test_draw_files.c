/* Files of drawings: well-formed, what their endings say, and always the same; and what happens when a path
 * is wrong or memory is short. */
#include "drawing.h"
#include <math.h>

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
    cairn_graph *graph = new_drawing(ctx, "lenet5", false);
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
    cairn_graph *graph = new_drawing(ctx, "lenet5", false);
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
    cairn_graph *graph = new_drawing(ctx, "lenet5", false);
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
    cairn_graph *graphs[] = {new_drawing(ctx, "lenet5", false), new_branching(ctx)};
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
        cmocka_unit_test(svg_is_well_formed),
        cmocka_unit_test(files_are_what_their_endings_say),
        cmocka_unit_test(wrong_use_is_refused),
        cmocka_unit_test(want_of_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
