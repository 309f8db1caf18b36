/* Taking branching networks apart: what is a chain, what stands side by side, what is folded and how it is
 * called, and what of it is in the picture. */
#include "report/draw.h"
#include "report/draw_tree.h"
#include <cairn/cairn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct picture {
    cairn_ctx *ctx;
    cairn_graph *graph;
    cairn_architecture architecture;
} picture;

static picture begin(void)
{
    picture p = {0};
    assert_int_equal(cairn_ctx_create(NULL, &p.ctx), CAIRN_OK);
    assert_int_equal(cairn_graph_create(p.ctx, &p.graph), CAIRN_OK);
    return p;
}

static void read_graph(picture *p)
{
    assert_int_equal(cairn_graph_status(p->graph), CAIRN_OK);
    assert_int_equal(cairn_architecture_read(p->ctx, p->graph, CAIRN_DETAIL_STAGES, &p->architecture),
                     CAIRN_OK);
}

static void end(picture *p)
{
    cairn_architecture_free(&p->architecture);
    cairn_graph_destroy(p->graph);
    cairn_ctx_destroy(p->ctx);
}

static cairn_val block(cairn_graph *graph, cairn_val x, int number, bool project)
{
    cairn_enter(graph, "stage1.%d", number);
    cairn_val y = cairn_relu(graph, cairn_conv2d(graph, x, "conv1", 8, .k = 3, .pad = 1));
    y = cairn_conv2d(graph, y, "conv2", 8, .k = 3, .pad = 1);
    cairn_val z = project ? cairn_conv2d(graph, x, "project", 8, .k = 1) : x;
    x = cairn_relu(graph, cairn_add(graph, y, z));
    cairn_leave(graph);
    return x;
}

/* One block with a projection and three alike. */
static picture residual(void)
{
    picture p = begin();
    cairn_val x = cairn_conv2d(p.graph, cairn_image(p.graph, 8, 8, 1), "stem", 4, .k = 3, .pad = 1);
    for (int i = 0; i < 4; i++)
        x = block(p.graph, x, i, i == 0);
    cairn_output(p.graph, cairn_linear(p.graph, x, "fc", 10), "logits");
    read_graph(&p);
    return p;
}

/* The tree as text: ( ) around chains, [ | ] around branches, { } around groups, xN behind repeats. */
static void describe(const cairn_tree *tree, int at, char *text)
{
    static const char *const open[] = {"", "(", "[", "{", "{", "<"}, *const close[] = {"",  ")", "]",
                                                                                       "}", "}", ">"};
    const cairn_tree_node *node = &tree->node[at];
    strcat(text, open[node->kind]);
    for (int child = node->first; child >= 0; child = tree->node[child].next) {
        describe(tree, child, text);
        if (tree->node[child].next >= 0)
            strcat(text, node->kind == CAIRN_TREE_MODULE ? "|" : " ");
    }
    strcat(text, close[node->kind]);
    if (node->layer >= 0)
        strcat(text, tree->architecture->layer[node->layer].brief);
    if (node->kind == CAIRN_TREE_REPEAT)
        sprintf(text + strlen(text), "x%d", node->count);
}

static void check_tree(const picture *p, bool fold, const char *expected)
{
    char text[4096] = "";
    cairn_tree tree;
    assert_int_equal(cairn_tree_build(&tree, &p->architecture, fold), CAIRN_OK);
    assert_false(tree.tangled);
    describe(&tree, tree.root, text);
    assert_string_equal(text, expected);
    cairn_tree_free(&tree);
}

static void blocks_are_folded_and_named(void **state)
{
    (void)state;
    picture p = residual();
    check_tree(&p, true,
               "(input 3x3 conv, 4 {[(3x3 conv, 8 3x3 conv, 8)|(1x1 conv, 8)]sum} "
               "{[(3x3 conv, 8 3x3 conv, 8)|()]sum}x3 fc, 10)");
    check_tree(&p, false,
               "(input 3x3 conv, 4 {[(3x3 conv, 8 3x3 conv, 8)|(1x1 conv, 8)]sum} "
               "{[(3x3 conv, 8 3x3 conv, 8)|()]sum} {[(3x3 conv, 8 3x3 conv, 8)|()]sum} "
               "{[(3x3 conv, 8 3x3 conv, 8)|()]sum} fc, 10)");
    cairn_tree tree;
    assert_int_equal(cairn_tree_build(&tree, &p.architecture, true), CAIRN_OK);
    bool first = false, others = false;
    for (int i = 0; i < tree.count; i++) {
        bool staged = strcmp(tree.node[i].stage, "stage1") == 0;
        first |= staged && strcmp(tree.node[i].name, "stage1.0") == 0;
        others |= staged && strcmp(tree.node[i].name, "stage1.1-3") == 0;
    }
    assert_true(first && others);
    cairn_tree_free(&tree);
    end(&p);
}

/* Branches in the order of the concatenation, one that parts again, and a head that ends beside the way. */
static void branches_keep_their_order(void **state)
{
    (void)state;
    picture p = begin();
    cairn_graph *g = p.graph;
    cairn_val x = cairn_image(g, 8, 8, 1);
    cairn_val c = cairn_conv2d(g, x, "c", 1, .k = 1);
    cairn_val b = cairn_conv2d(g, x, "b", 2, .k = 1);
    cairn_val left = cairn_conv2d(g, b, "left", 3, .k_h = 1, .k_w = 3, .pad_w = 1);
    cairn_val right = cairn_conv2d(g, b, "right", 3, .k_h = 3, .k_w = 1, .pad_h = 1);
    cairn_val all[] = {cairn_conv2d(g, x, "a", 5, .k = 1), left, right, c};
    x = cairn_concat(g, 4, all);
    cairn_output(g, cairn_linear(g, x, "aux", 7), "aux");
    cairn_output(g, cairn_linear(g, x, "fc", 10), "logits");
    read_graph(&p);
    check_tree(
        &p, true,
        "(input {[(1x1 conv, 5)|(1x1 conv, 2 [(1x3 conv, 3)|(3x1 conv, 3)])|(1x1 conv, 1)]concatenation} "
        "<(fc, 7)> fc, 10)");
    end(&p);
}

/* A module with one layer with weights is called after its own scope, not after that layer's. */
static void scopes_hold_the_join(void **state)
{
    (void)state;
    picture p = begin();
    cairn_graph *g = p.graph;
    cairn_val x = cairn_image(g, 8, 8, 1);
    cairn_enter(g, "features.3");
    cairn_enter(g, "conv");
    cairn_val conv = cairn_relu(g, cairn_conv2d(g, x, "conv", 4, .k = 3, .stride = 2));
    cairn_leave(g);
    cairn_val both[] = {conv, cairn_maxpool(g, x, .k = 3, .stride = 2)};
    x = cairn_concat(g, 2, both);
    cairn_leave(g);
    cairn_output(g, cairn_linear(g, x, "fc", 10), "logits");
    read_graph(&p);
    cairn_tree tree;
    assert_int_equal(cairn_tree_build(&tree, &p.architecture, true), CAIRN_OK);
    int named = 0;
    for (int i = 0; i < tree.count; i++)
        named += tree.node[i].kind == CAIRN_TREE_GROUP && strcmp(tree.node[i].name, "features.3") == 0;
    assert_int_equal(named, 1);
    cairn_tree_free(&tree);
    end(&p);
}

/* Single layers are folded from three on; a part of the count is the first layer's when it differs. */
static void long_chains_are_folded(void **state)
{
    (void)state;
    picture p = begin();
    cairn_val x = cairn_image(p.graph, 8, 8, 1);
    char name[16];
    for (int i = 0; i < 7; i++) {
        snprintf(name, sizeof name, "c%d", i);
        x = cairn_conv2d(p.graph, x, name, i < 5 ? 4 : 6, .k = 3, .pad = 1);
    }
    cairn_output(p.graph, x, "logits");
    read_graph(&p);
    check_tree(&p, true, "(input 3x3 conv, 4 {3x3 conv, 4}x4 3x3 conv, 6 3x3 conv, 6)");
    end(&p);
}

static int count_text(const cairn_scene *scene, const char *text)
{
    int count = 0;
    for (int i = 0; i < scene->count; i++)
        count += scene->mark[i].kind == CAIRN_MARK_TEXT && strcmp(scene->mark[i].text, text) == 0;
    return count;
}

static void pictures_show_counts_and_scopes(void **state)
{
    (void)state;
    picture p = residual();
    for (int fold = 0; fold < 2; fold++) {
        cairn_scene scene;
        cairn_scene_begin(&scene, p.ctx, CAIRN_DRAW_WIDTH);
        assert_true(cairn_draw_flow(&scene, &p.architecture, "net", fold));
        assert_int_equal(scene.status, CAIRN_OK);
        assert_int_equal(count_text(&scene, "x3"), fold);
        assert_int_equal(count_text(&scene, "stage1.1-3"), fold);
        assert_int_equal(count_text(&scene, "3x3 conv, 8"), fold ? 4 : 8);
        assert_int_equal(count_text(&scene, "sum, concatenation"), 1);
        cairn_scene_end(&scene);
    }
    end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_folded_and_named),
        cmocka_unit_test(branches_keep_their_order),
        cmocka_unit_test(scopes_hold_the_join),
        cmocka_unit_test(long_chains_are_folded),
        cmocka_unit_test(pictures_show_counts_and_scopes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
