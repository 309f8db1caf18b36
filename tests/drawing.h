/* What the tests of drawings share: networks to draw. */
#ifndef CAIRN_TESTS_DRAWING_H
#define CAIRN_TESTS_DRAWING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "report/draw.h"
#include <cairn/cairn.h>

static inline cairn_ctx *new_ctx(void)
{
    cairn_ctx *ctx;
    assert_int_equal(cairn_ctx_create(NULL, &ctx), CAIRN_OK);
    return ctx;
}

/* A network of the zoo, with its auxiliary heads or without. */
static inline cairn_graph *new_drawing(cairn_ctx *ctx, const char *name, bool heads)
{
    cairn_graph *graph;
    const cairn_model *model = cairn_model_find(name);
    assert_non_null(model);
    cairn_model_settings settings = {.heads = heads};
    assert_int_equal(
        cairn_model_graph(ctx, model, &settings, CAIRN_INPUT_NUMBERS, 0, NULL, NULL, NULL, &graph), CAIRN_OK);
    return graph;
}

static inline cairn_graph *new_branching(cairn_ctx *ctx)
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

#endif
