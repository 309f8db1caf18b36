/* The table of layers: Keras' own text for the tutorial's network, and the figures of the fuller table. */
#include <cairn/cairn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static cairn_graph *new_graph(cairn_ctx *ctx, const char *name, bool training)
{
    cairn_graph *graph;
    cairn_model_training how = {.update = {.momentum = 0.9f}};
    assert_int_equal(cairn_model_graph(ctx, cairn_model_find(name), NULL, CAIRN_INPUT_NUMBERS, 0, NULL, NULL,
                                       training ? &how : NULL, &graph),
                     CAIRN_OK);
    return graph;
}

static char *summarise(cairn_ctx *ctx, const cairn_graph *graph, cairn_summary_options options)
{
    char *text;
    assert_int_equal(cairn_summary_text(ctx, graph, "functional", &options, &text), CAIRN_OK);
    return text;
}

static char *golden(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, CAIRN_TEST_DATA "/summary/%s.txt", name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = calloc(1, 1 << 16);
    assert_non_null(text);
    assert_true(fread(text, 1, (1 << 16) - 1, file) > 0);
    fclose(file);
    /* The file was printed with one more line end. */
    text[strlen(text) - 1] = '\0';
    return text;
}

/* A chain, and a network with shortcuts, whose layers Keras lists by their distance from the output. */
static void keras_table_is_keras_table(void **state)
{
    (void)state;
    static const char *const names[][2] = {{"lenet5.tutorial", "tutorial_lenet5"},
                                           {"resnet18.tutorial", "tutorial_resnet18"}};
    cairn_ctx *ctx;
    assert_int_equal(cairn_ctx_create(NULL, &ctx), CAIRN_OK);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cairn_graph *graph = new_graph(ctx, names[i][0], false);
        char *text = summarise(ctx, graph, (cairn_summary_options){.keras = true});
        char *expected = golden(names[i][1]);
        assert_string_equal(text, expected);
        free(expected);
        cairn_text_free(ctx, text);
        cairn_graph_destroy(graph);
    }
    cairn_ctx_destroy(ctx);
}

static void check_has(const char *text, const char *const *expected, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!strstr(text, expected[i]))
            fail_msg("'%s' is not in\n%s", expected[i], text);
}

static void full_table_has_figures(void **state)
{
    (void)state;
    cairn_ctx *ctx;
    assert_int_equal(cairn_ctx_create(NULL, &ctx), CAIRN_OK);
    cairn_graph *graph = new_graph(ctx, "lenet5", false), *training = new_graph(ctx, "lenet5", true);
    char *text = summarise(ctx, graph, (cairn_summary_options){.batch = 64, .training = training});
    static const char *const expected[] = {"MACs",
                                           "Field",
                                           "conv1 (Conv2D, tanh)",
                                           "14x14",
                                           "117,600",
                                           "Total params: 61,706 (241.04 KB)",
                                           "Multiply-accumulates: 416,520",
                                           "Memory for inference, batch 64: ",
                                           "Memory for training, batch 64: "};
    check_has(text, expected, sizeof expected / sizeof *expected);
    cairn_text_free(ctx, text);
    cairn_graph_destroy(training);
    cairn_graph_destroy(graph);
    cairn_ctx_destroy(ctx);
}

/* Two branches that see 5 and, dilated, 9 pixels, and the sum of both; in one row with --depth. */
static void branches_say_what_they_read(void **state)
{
    (void)state;
    cairn_ctx *ctx;
    cairn_graph *graph;
    assert_int_equal(cairn_ctx_create(NULL, &ctx), CAIRN_OK);
    assert_int_equal(cairn_graph_create(ctx, &graph), CAIRN_OK);
    cairn_val x = cairn_image(graph, 16, 16, 1);
    cairn_enter(graph, "block");
    cairn_val a = cairn_conv2d(graph, x, "near", 4, .k = 5, .pad = 2);
    cairn_val b = cairn_conv2d(graph, x, "far", 4, .k = 3, .dilation = 4, .pad = 4);
    x = cairn_add(graph, a, b);
    cairn_leave(graph);
    cairn_output(graph, x, "logits");
    static const char *const rows[] = {
        "│ block.near (Conv2D) │ (16, 16, 4)  │     104 │ 25,600 │   5x5 │ input        │",
        "│ block.far (Conv2D)  │ (16, 16, 4)  │      40 │  9,216 │   9x9 │ input        │",
        "│ block.add (Add)     │ (16, 16, 4)  │       0 │      0 │   9x9 │ block.near,  │",
        "│                     │              │         │        │       │ block.far    │"};
    static const char *const row[] = {
        "│ block (3 layers)   │ (16, 16, 4)  │     144 │ 34,816 │   9x9 │ input        │"};
    char *text = summarise(ctx, graph, (cairn_summary_options){0});
    check_has(text, rows, sizeof rows / sizeof *rows);
    cairn_text_free(ctx, text);
    text = summarise(ctx, graph, (cairn_summary_options){.depth = 1});
    check_has(text, row, 1);
    cairn_text_free(ctx, text);
    cairn_graph_destroy(graph);
    cairn_ctx_destroy(ctx);
}

static size_t characters(const char *line)
{
    size_t count = 0;
    for (; *line && *line != '\n'; line++)
        count += ((unsigned char)*line & 0xC0) != 0x80;
    return count;
}

/* All lines of the table are equally wide; gives the width. */
static size_t table_width(const char *text)
{
    size_t at = strcspn(text, "\n") + 1, width = characters(text + at);
    for (; strncmp(text + at, " Total", 6) != 0; at += strcspn(text + at, "\n") + 1)
        assert_int_equal(characters(text + at), width);
    return width;
}

static void columns_grow_with_names(void **state)
{
    (void)state;
    cairn_ctx *ctx;
    cairn_graph *graph;
    assert_int_equal(cairn_ctx_create(NULL, &ctx), CAIRN_OK);
    assert_int_equal(cairn_graph_create(ctx, &graph), CAIRN_OK);
    cairn_val x = cairn_image(graph, 8, 8, 1);
    cairn_enter(graph, "a_scope_with_a_name");
    x = cairn_conv2d(graph, x, "and_a_convolution_with_a_very_long_name_too", 3, .k = 3);
    cairn_leave(graph);
    cairn_output(graph, x, "logits");
    char *text = summarise(ctx, graph, (cairn_summary_options){0});
    assert_non_null(strstr(text, "a_scope_with_a_name.and_a_convolution_with_a_very_long_name_too (Conv2D)"));
    assert_true(table_width(text) > 100);
    cairn_text_free(ctx, text);
    cairn_graph_destroy(graph);
    cairn_ctx_destroy(ctx);
}

/* In a narrow terminal long names are broken and the last column is left out. */
static void tables_fit_into_terminals(void **state)
{
    (void)state;
    static const char *const names[] = {"lenet5", "vgg16_bn", "resnet50", "inception_v3.keras"};
    cairn_ctx *ctx;
    assert_int_equal(cairn_ctx_create(NULL, &ctx), CAIRN_OK);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cairn_graph *graph = new_graph(ctx, names[i], false);
        char *wide = summarise(ctx, graph, (cairn_summary_options){0}),
             *roomy = summarise(ctx, graph, (cairn_summary_options){.width = 300}),
             *narrow = summarise(ctx, graph, (cairn_summary_options){.width = 80});
        assert_string_equal(wide, roomy);
        assert_true(table_width(narrow) <= 80);
        assert_int_equal(strcmp(wide, narrow) == 0, table_width(wide) <= 80);
        cairn_text_free(ctx, wide);
        cairn_text_free(ctx, roomy);
        cairn_text_free(ctx, narrow);
        cairn_graph_destroy(graph);
    }
    cairn_ctx_destroy(ctx);
}

static void training_needs_a_loss(void **state)
{
    (void)state;
    cairn_ctx *ctx;
    assert_int_equal(cairn_ctx_create(NULL, &ctx), CAIRN_OK);
    cairn_graph *graph = new_graph(ctx, "lenet5", false);
    char *text;
    assert_int_equal(cairn_summary_text(ctx, graph, NULL, &(cairn_summary_options){.training = graph}, &text),
                     CAIRN_USAGE);
    assert_null(text);
    cairn_graph_destroy(graph);
    cairn_ctx_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keras_table_is_keras_table),  cmocka_unit_test(full_table_has_figures),
        cmocka_unit_test(branches_say_what_they_read), cmocka_unit_test(columns_grow_with_names),
        cmocka_unit_test(tables_fit_into_terminals),   cmocka_unit_test(training_needs_a_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
