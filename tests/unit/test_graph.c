/* The graph: building, names, errors that stick, counts, gradients as nodes, initialisation. */
#include "graph/graph.h"
#include "ops/attrs.h"
#include <cairn/cairn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cairn_ctx *ctx;

static int set_up(void **state)
{
    (void)state;
    return (int)cairn_ctx_create(NULL, &ctx);
}

static int tear_down(void **state)
{
    (void)state;
    cairn_ctx_destroy(ctx);
    return 0;
}

static cairn_graph *new_graph(void)
{
    cairn_graph *graph;
    assert_int_equal(cairn_graph_create(ctx, &graph), CAIRN_OK);
    return graph;
}

static void shapes_of_windows(void **state)
{
    (void)state;
    cairn_graph *g = new_graph();
    cairn_val x = cairn_image(g, 224, 223, 3);
    cairn_shape s = cairn_shape_of(g, cairn_conv2d(g, x, "a", 8, .k = 7, .stride = 2, .pad = 3));
    assert_int_equal(s.dim[0], 112);
    assert_int_equal(s.dim[1], 112);
    assert_int_equal(s.dim[2], 8);
    s = cairn_shape_of(
        g, cairn_conv2d(g, x, "b", 8, .k_h = 1, .k_w = 7, .padding = CAIRN_PAD_SAME, .stride = 2));
    assert_int_equal(s.dim[0], 112);
    assert_int_equal(s.dim[1], 112);
    s = cairn_shape_of(g, cairn_maxpool(g, x, .k = 3, .stride = 2, .ceil = true));
    assert_int_equal(s.dim[0], 112);
    assert_int_equal(s.dim[1], 111);
    s = cairn_shape_of(g, cairn_conv2d(g, x, "c", 4, .k = 3, .dilation = 2, .pad_bottom = 1));
    assert_int_equal(s.dim[0], 221);
    assert_int_equal(s.dim[1], 219);
    assert_int_equal(cairn_graph_status(g), CAIRN_OK);
    cairn_graph_destroy(g);
}

static void names_have_scopes(void **state)
{
    (void)state;
    cairn_graph *g = new_graph();
    cairn_val x = cairn_image(g, 8, 8, 4);
    cairn_enter(g, "layer%d.%d", 1, 0);
    x = cairn_conv2d(g, x, "conv1", 4, .k = 1);
    cairn_leave(g);
    x = cairn_relu(g, cairn_relu(g, x));
    assert_string_equal(cairn_param_at(g, 0).name, "layer1.0.conv1.weight");
    assert_string_equal(cairn_param_at(g, 1).name, "layer1.0.conv1.bias");
    assert_string_equal(cairn_node_at(g, cairn_node_count(g) - 1).name, "relu_1");
    cairn_graph_destroy(g);
}

static void first_error_sticks(void **state)
{
    (void)state;
    cairn_graph *g = new_graph();
    cairn_val x = cairn_image(g, 4, 4, 3);
    cairn_enter(g, "stem");
    cairn_val y = cairn_conv2d(g, x, "conv", 8, .k = 7);
    assert_int_not_equal(cairn_graph_status(g), CAIRN_OK);
    assert_non_null(strstr(cairn_error(ctx), "stem.conv"));
    char first[600];
    snprintf(first, sizeof first, "%s", cairn_error(ctx));
    cairn_linear(g, cairn_relu(g, y), "fc", 0);
    cairn_leave(g);
    assert_string_equal(cairn_error(ctx), first);
    cairn_graph_destroy(g);
}

static void bad_options_are_errors(void **state)
{
    (void)state;
    for (int i = 0; i < 12; i++) {
        cairn_graph *g = new_graph();
        cairn_val x = cairn_image(g, 9, 9, 6), flat = cairn_flatten(g, x);
        switch (i) {
        case 0:
            cairn_conv2d(g, x, "c", 4, .k = 0);
            break;
        case 1:
            cairn_conv2d(g, x, "c", 4, .k = 3, .stride = -1);
            break;
        case 2:
            cairn_conv2d(g, x, "c", 4, .k = 3, .groups = 5);
            break;
        case 3:
            cairn_conv2d(g, x, "c", -4, .k = 3);
            break;
        case 4:
            cairn_conv2d(g, x, "c", 4, .k = 3, .pad = -3);
            break;
        case 5:
            cairn_conv2d(g, x, "c", 4, .k = 3, .dilation = 2000000000);
            break;
        case 6:
            cairn_conv2d(g, flat, "c", 4, .k = 3);
            break;
        case 7:
            cairn_maxpool(g, x, .k = 10);
            break;
        case 8:
            cairn_add(g, x, flat);
            break;
        case 9:
            cairn_dropout(g, x, 1.0f);
            break;
        case 10:
            cairn_linear(g, (cairn_val){12345}, "f", 3);
            break;
        case 11:
            cairn_conv2d(g, x, "c", 4, .k = 3, .pad = 2147483647);
            break;
        }
        assert_int_not_equal(cairn_graph_status(g), CAIRN_OK);
        assert_true(strlen(cairn_error(ctx)) > 0);
        cairn_graph_destroy(g);
    }
}

static void counts_of_the_lenets(void **state)
{
    (void)state;
    static const struct {
        const char *name, *set;
        int64_t params, macs;
    } cases[] = {{"lenet5", "", 61706, 416520},
                 {"lenet5.paper", "", 60850, 326520},
                 {"lenet5.paper", "output=rbf", 60000, 325680},
                 {"lenet5.tutorial", "", 520082, 1285000}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cairn_graph *g;
        cairn_model_settings settings = {.set = cases[i].set};
        assert_int_equal(cairn_model_graph(ctx, cairn_model_find(cases[i].name), &settings,
                                           CAIRN_INPUT_NUMBERS, 0, NULL, NULL, NULL, &g),
                         CAIRN_OK);
        int64_t params = 0, macs = 0;
        for (int n = 0; n < cairn_node_count(g); n++) {
            params += cairn_node_at(g, n).params;
            macs += cairn_node_at(g, n).macs;
        }
        assert_int_equal(params, cases[i].params);
        assert_int_equal(macs, cases[i].macs);
        cairn_graph_destroy(g);
    }
}

static void switches_are_checked(void **state)
{
    (void)state;
    cairn_graph *g;
    const cairn_model *model = cairn_model_find("lenet5.paper");
    static const char *const wrong[] = {"squash=relu", "output", "colour=red", "squash=tanh1998,output=rb"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        cairn_model_settings settings = {.set = wrong[i]};
        assert_int_equal(
            cairn_model_graph(ctx, model, &settings, CAIRN_INPUT_NUMBERS, 0, NULL, NULL, NULL, &g),
            CAIRN_USAGE);
        assert_null(g);
    }
    cairn_model_settings digits = {.set = "output=rbf", .classes = 11};
    assert_int_equal(cairn_model_graph(ctx, model, &digits, CAIRN_INPUT_NUMBERS, 0, NULL, NULL, NULL, &g),
                     CAIRN_USAGE);
    cairn_model_settings small = {.h = 12, .w = 12};
    assert_int_not_equal(cairn_model_graph(ctx, model, &small, CAIRN_INPUT_NUMBERS, 0, NULL, NULL, NULL, &g),
                         CAIRN_OK);
}

static void initial_weights_follow_their_rule(void **state)
{
    (void)state;
    cairn_graph *g = new_graph();
    cairn_val x = cairn_image(g, 8, 8, 16);
    cairn_conv2d(g, x, "u", 64, .k = 3);
    cairn_conv2d(g, x, "n", 64, .k = 3, .init = {CAIRN_INIT_KAIMING_NORMAL, 0});
    cairn_weights *a, *b, *c;
    assert_int_equal(cairn_weights_init(ctx, g, CAIRN_F32, 5, &a), CAIRN_OK);
    assert_int_equal(cairn_weights_init(ctx, g, CAIRN_F32, 5, &b), CAIRN_OK);
    assert_int_equal(cairn_weights_init(ctx, g, CAIRN_F32, 6, &c), CAIRN_OK);
    int64_t elements = 3 * 3 * 16 * 64;
    const float *u = cairn_weights_find(a, "u.weight")->data, *n = cairn_weights_find(a, "n.weight")->data;
    assert_memory_equal(u, cairn_weights_find(b, "u.weight")->data, (size_t)elements * 4);
    assert_memory_not_equal(u, cairn_weights_find(c, "u.weight")->data, (size_t)elements * 4);
    double sum = 0, square = 0, largest = 0;
    for (int64_t i = 0; i < elements; i++) {
        sum += (double)n[i];
        square += (double)n[i] * (double)n[i];
        largest = largest > (double)(u[i] < 0 ? -u[i] : u[i]) ? largest : (double)(u[i] < 0 ? -u[i] : u[i]);
    }
    double variance = 2.0 / (9 * 64), limit = 0.09128709291752768; /* sqrt(6 / (9 (16 + 64))) */
    assert_true(square / (double)elements > 0.95 * variance && square / (double)elements < 1.05 * variance);
    assert_true(sum / (double)elements < 0.002 && sum / (double)elements > -0.002);
    assert_true(largest <= limit && largest > 0.99 * limit);
    cairn_weights_destroy(a);
    cairn_weights_destroy(b);
    cairn_weights_destroy(c);
    cairn_graph_destroy(g);
}

static void gradients_are_nodes(void **state)
{
    (void)state;
    cairn_graph *g = new_graph();
    cairn_val x = cairn_linear(g, cairn_flatten(g, cairn_image(g, 2, 2, 1)), "fc1", 3);
    x = cairn_add(g, x, x); /* two uses of one value: gradients add up */
    x = cairn_linear(g, x, "fc2", 2);
    int visible = cairn_node_count(g);
    cairn_val loss = cairn_mean(g, cairn_cross_entropy(g, x, cairn_labels(g), (cairn_loss_options){0}));
    cairn_differentiate(g, loss);
    cairn_param_group(g, "fc1", 0, 0);
    cairn_update(g, loss, (cairn_update_options){.momentum = 0.9});
    assert_int_equal(cairn_graph_status(g), CAIRN_OK);
    assert_int_equal(cairn_node_count(g), visible);
    assert_int_not_equal(cairn_find(g, "fc1.weight/grad").id, 0);
    assert_int_not_equal(cairn_find(g, "fc2.bias/grad").id, 0);
    assert_int_equal(cairn_find(g, "image/grad").id, 0);
    assert_int_not_equal(cairn_find(g, "finite").id, 0);
    char text[8000];
    assert_true(cairn_graph_print(g, text, sizeof text) < sizeof text);
    assert_non_null(strstr(text, "linear_bwd_weights"));
    cairn_graph_destroy(g);
}

/* Counts, for each value, how often a check of finite numbers looks at it, itself or by the flags that it
 * takes. */
static void count_looks(const cairn_graph *g, cairn_val flag, int *looks)
{
    const cairn_node *node = cairn_maker(g, flag);
    assert_ptr_equal(node->op, &cairn_op_finite);
    for (int i = 0; i < node->inputs; i++) {
        if (cairn_maker(g, node->in[i])->op == &cairn_op_finite)
            count_looks(g, node->in[i], looks);
        else
            looks[node->in[i].id]++;
    }
}

/* Two values a layer and the loss: trees of one to three levels, with full nodes and with a single one left.
 */
static void every_gradient_is_checked_once(void **state)
{
    (void)state;
    const int layers[] = {1, 3, 4, 8, 31, 32, 40};
    for (size_t k = 0; k < CAIRN_COUNT(layers); k++) {
        cairn_graph *g = new_graph();
        cairn_val x = cairn_flatten(g, cairn_image(g, 2, 2, 1));
        char name[32];
        for (int i = 0; i < layers[k]; i++) {
            snprintf(name, sizeof name, "fc%d", i);
            x = cairn_linear(g, x, name, 2);
        }
        cairn_val loss = cairn_mean(g, cairn_cross_entropy(g, x, cairn_labels(g), (cairn_loss_options){0}));
        cairn_differentiate(g, loss);
        cairn_update(g, loss, (cairn_update_options){.momentum = 0.9});
        assert_int_equal(cairn_graph_status(g), CAIRN_OK);
        int *looks = calloc((size_t)g->value_count, sizeof *looks), all = 0;
        count_looks(g, cairn_find(g, "finite"), looks);
        for (int i = 0; i < g->value_count; i++)
            all += looks[i];
        assert_int_equal(all, 2 * layers[k] + 1);
        assert_int_equal(looks[loss.id], 1);
        for (int i = 0; i < 2 * layers[k]; i++) {
            snprintf(name, sizeof name, "fc%d.%s/grad", i / 2, i % 2 == 0 ? "weight" : "bias");
            assert_int_equal(looks[cairn_find(g, name).id], 1);
        }
        free(looks);
        cairn_graph_destroy(g);
    }
}

/* What is told before the network is built holds for all of it. */
static void layers_are_frozen_before_they_are_built(void **state)
{
    (void)state;
    cairn_graph *g = new_graph();
    cairn_graph_for_training(g);
    cairn_graph_freeze(g, "a.conv");
    cairn_graph_freeze(g, "norm");
    cairn_graph_set_dropout(g, 0.25f);
    cairn_enter(g, "a");
    cairn_val x = cairn_conv2d(g, cairn_image(g, 8, 8, 1), "conv", 4, .k = 3);
    x = cairn_conv2d(g, x, "conv2", 4, .k = 3); /* no part of a.conv */
    cairn_leave(g);
    x = cairn_dropout(g, cairn_batchnorm(g, x, "norm"), 0.5f);
    x = cairn_linear(g, cairn_flatten(g, cairn_batchnorm(g, x, "other")), "fc", 2);
    cairn_val loss = cairn_mean(g, cairn_cross_entropy(g, x, cairn_labels(g), (cairn_loss_options){0}));
    cairn_differentiate(g, loss);
    cairn_update(g, loss, (cairn_update_options){.optimizer = CAIRN_RMSPROP, .clip_norm = 2, .average = 0.9});
    assert_int_equal(cairn_graph_status(g), CAIRN_OK);
    assert_int_equal(cairn_find(g, "a.conv.weight/grad").id, 0);
    assert_int_not_equal(cairn_find(g, "a.conv2.weight/grad").id, 0); /* through the frozen normalisation */
    assert_int_equal(cairn_find(g, "norm.weight/grad").id, 0);
    char text[16000];
    assert_true(cairn_graph_print(g, text, sizeof text) < sizeof text);
    static const char *const there[] = {"fc.weight/square", "fc.weight/velocity",
                                        "other.running_mean/average", "square_sum", "rmsprop"};
    for (size_t i = 0; i < CAIRN_COUNT(there); i++)
        if (strstr(text, there[i]) == NULL)
            fail_msg("there is no %s in %s", there[i], text);
    assert_null(strstr(text, "norm.running_mean/average"));
    int dropouts = 0;
    for (int i = 0; i < g->node_count; i++)
        if (g->nodes[i].op == &cairn_op_dropout) {
            assert_true(((const cairn_dropout_attrs *)(const void *)g->nodes[i].attrs)->rate == 0.25f);
            dropouts++;
        }
    assert_int_equal(dropouts, 1);
    cairn_graph_destroy(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_of_windows),
        cmocka_unit_test(names_have_scopes),
        cmocka_unit_test(first_error_sticks),
        cmocka_unit_test(bad_options_are_errors),
        cmocka_unit_test(counts_of_the_lenets),
        cmocka_unit_test(switches_are_checked),
        cmocka_unit_test(gradients_are_nodes),
        cmocka_unit_test(every_gradient_is_checked_once),
        cmocka_unit_test(layers_are_frozen_before_they_are_built),
        cmocka_unit_test(initial_weights_follow_their_rule),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
