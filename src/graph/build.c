/* The builder calls of graph.h: they resolve options to attributes, make parameters, and add nodes. */
#include "graph/graph.h"
#include <stdio.h>
#include <string.h>

#define NONE ((cairn_val){0})

static cairn_shape batched(int rank, int64_t a, int64_t b, int64_t c)
{
    return (cairn_shape){.rank = rank, .dim = {a, b, c}, .batched = true};
}

static bool positive(cairn_graph *graph, const char *what, int64_t value)
{
    if (value < 1 || value > INT32_MAX)
        cairn_graph_fail(graph, CAIRN_USAGE, "%s: expected 1 to %d, found %lld", what, INT32_MAX,
                         (long long)value);
    return cairn_graph_ok(graph);
}

/* ---- inputs ---- */

static bool image_size_ok(cairn_graph *graph, int h, int w, int c)
{
    return positive(graph, "image height", h) && positive(graph, "image width", w) &&
           positive(graph, "image channels", c);
}

cairn_val cairn_image(cairn_graph *graph, int h, int w, int c)
{
    if (!image_size_ok(graph, h, w, c))
        return NONE;
    cairn_shape shape = batched(3, h, w, c);
    return cairn_add_input(graph, "image", &shape, CAIRN_REAL);
}

/* The rounding of each step is that of single precision, as in the libraries whose weights are used. */
static void fill_table(double *table, int c, float scale, const float *mean, const float *std)
{
    for (int k = 0; k < c; k++)
        for (int byte = 0; byte < 256; byte++) {
            float unit = (float)byte / scale; /* exact where the scale is 1 */
            table[k * 256 + byte] = (double)((unit - mean[k]) / std[k]);
        }
}

cairn_val cairn_image_bytes(cairn_graph *graph, int h, int w, int c, float scale, const float *mean,
                            const float *std)
{
    if (!image_size_ok(graph, h, w, c))
        return NONE;
    if (!(scale >= 0))
        cairn_graph_fail(graph, CAIRN_USAGE, "image: the scale is not positive");
    for (int k = 0; k < c; k++)
        if (!(std[k] > 0))
            cairn_graph_fail(graph, CAIRN_USAGE, "image: standard deviation of channel %d is not positive",
                             k);
    double *table = cairn_graph_ok(graph) ? cairn_alloc(graph->ctx, (size_t)c * 256, sizeof *table) : NULL;
    if (table == NULL) {
        if (cairn_graph_ok(graph))
            graph->status = CAIRN_MEMORY;
        return NONE;
    }
    fill_table(table, c, scale == 0 ? 255 : scale, mean, std);
    cairn_shape shape = batched(3, h, w, c), table_shape = {.rank = 2, .dim = {c, 256}};
    cairn_val in[2] = {cairn_add_input(graph, "image", &shape, CAIRN_BYTE),
                       cairn_add_constant(graph, "normalization", &table_shape, table)};
    cairn_free(graph->ctx, table);
    return cairn_add_node(graph, &cairn_op_normalize, "normalize", NULL, 2, in, NULL);
}

cairn_val cairn_labels(cairn_graph *graph)
{
    cairn_shape shape = batched(0, 0, 0, 0);
    return cairn_add_input(graph, "labels", &shape, CAIRN_INT32);
}

cairn_val cairn_targets(cairn_graph *graph, int classes)
{
    if (!positive(graph, "classes", classes))
        return NONE;
    cairn_shape shape = batched(1, classes, 0, 0);
    return cairn_add_input(graph, "targets", &shape, CAIRN_REAL);
}

cairn_val cairn_sample_weights(cairn_graph *graph)
{
    cairn_shape shape = batched(0, 0, 0, 0);
    return cairn_add_input(graph, "sample_weights", &shape, CAIRN_REAL);
}

cairn_val cairn_samples(cairn_graph *graph)
{
    cairn_shape shape = batched(0, 0, 0, 0);
    return cairn_add_input(graph, "samples", &shape, CAIRN_INT64);
}

/* ---- parameters ---- */

cairn_val cairn_add_parameter(cairn_graph *graph, const char *layer, const char *kind,
                              const cairn_shape *shape, cairn_role role, cairn_init init, cairn_init standard,
                              int64_t fan_in, int64_t fan_out)
{
    char name[CAIRN_NAME_BYTES];
    if (snprintf(name, sizeof name, "%s.%s", layer, kind) >= (int)sizeof name) {
        cairn_graph_fail(graph, CAIRN_USAGE, "%.64s: name too long", layer);
        return NONE;
    }
    if (init.kind == CAIRN_INIT_DEFAULT)
        init = standard;
    cairn_val value = cairn_add_variable(graph, name, shape, role, init, fan_in, fan_out);
    if (cairn_graph_ok(graph) && cairn_is_frozen(graph, layer))
        cairn_variable_of(graph, value)->lr_factor = 0;
    return value;
}

static cairn_val parameter(cairn_graph *graph, const char *layer, const char *kind, const cairn_shape *shape,
                           cairn_init init, cairn_init_kind standard, int64_t fan_in, int64_t fan_out)
{
    return cairn_add_parameter(graph, layer, kind, shape, CAIRN_ROLE_PARAMETER, init,
                               (cairn_init){standard, 0}, fan_in, fan_out);
}

static cairn_val vector(cairn_graph *graph, const char *layer, const char *kind, int64_t elements,
                        cairn_init init, cairn_init_kind standard, int64_t fan_in)
{
    cairn_shape shape = {.rank = 1, .dim = {elements}};
    return parameter(graph, layer, kind, &shape, init, standard, fan_in, elements);
}

/* ---- operators ---- */

static int either(int specific, int general, int fallback)
{
    return specific != 0 ? specific : general != 0 ? general : fallback;
}

/* Resolves the option fields shared by convolutions and pools. Values out of range are left to infer(), which
 * checks them in one place for every caller. */
typedef struct window_options {
    CAIRN_WINDOW_FIELDS
} window_options;

static cairn_window_attrs resolve_window(const window_options *o, bool pool)
{
    int k_h = either(o->k_h, o->k, 0), k_w = either(o->k_w, o->k, 0);
    cairn_window window = {
        .k_h = k_h,
        .k_w = k_w,
        .stride_h = either(o->stride_h, o->stride, pool ? k_h : 1),
        .stride_w = either(o->stride_w, o->stride, pool ? k_w : 1),
        .dilation_h = either(o->dilation_h, o->dilation, 1),
        .dilation_w = either(o->dilation_w, o->dilation, 1),
        .pad_top = either(o->pad_h, o->pad, 0) + o->pad_top,
        .pad_bottom = either(o->pad_h, o->pad, 0) + o->pad_bottom,
        .pad_left = either(o->pad_w, o->pad, 0) + o->pad_left,
        .pad_right = either(o->pad_w, o->pad, 0) + o->pad_right,
    };
    return (cairn_window_attrs){.window = window, .padding = o->padding};
}

#define RESOLVE_WINDOW(options, pool)                                                                        \
    resolve_window(&(window_options){0, (options).k, (options).k_h, (options).k_w, (options).stride,         \
                                     (options).stride_h, (options).stride_w, (options).dilation,             \
                                     (options).dilation_h, (options).dilation_w, (options).pad,              \
                                     (options).pad_h, (options).pad_w, (options).pad_top,                    \
                                     (options).pad_bottom, (options).pad_left, (options).pad_right,          \
                                     (options).padding},                                                     \
                   pool)

/* The weights seen through a connection table: zeros where a map is not fed. */
static cairn_val connect(cairn_graph *graph, cairn_val weight, const char *name, const uint8_t *table)
{
    cairn_shape shape = cairn_shape_of(graph, weight);
    int64_t taps = shape.dim[0] * shape.dim[1], pairs = shape.dim[2] * shape.dim[3];
    double *mask = cairn_alloc(graph->ctx, (size_t)(taps * pairs), sizeof *mask);
    if (mask == NULL) {
        graph->status = CAIRN_MEMORY;
        return NONE;
    }
    for (int64_t tap = 0; tap < taps; tap++)
        for (int64_t pair = 0; pair < pairs; pair++)
            mask[tap * pairs + pair] = table[pair] != 0;
    char text[CAIRN_NAME_BYTES];
    snprintf(text, sizeof text, "%.200s.table", name);
    cairn_val in[2] = {weight, cairn_add_constant(graph, text, &shape, mask)};
    cairn_free(graph->ctx, mask);
    snprintf(text, sizeof text, "%.200s.connected", name);
    return cairn_add_node(graph, &cairn_op_multiply, text, NULL, 2, in, NULL);
}

/* Is x a value of that rank with a batch? */
static bool expect_rank(cairn_graph *graph, cairn_val x, const char *name, int rank)
{
    if (!cairn_graph_ok(graph))
        return false;
    if (x.id == 0 || x.id >= (uint32_t)graph->value_count) {
        cairn_graph_fail(graph, CAIRN_USAGE, "%.64s: input is no value of this graph", name);
        return false;
    }
    cairn_shape shape = cairn_shape_of(graph, x);
    if (!shape.batched || shape.rank != rank)
        cairn_graph_fail(graph, CAIRN_USAGE, "%.64s: expected an input of %s, found %d dimensions", name,
                         rank == 3 ? "(H, W, C)" : "(C)", shape.rank);
    return cairn_graph_ok(graph);
}

cairn_val cairn_conv2d_with(cairn_graph *graph, cairn_val x, const char *name, int out,
                            cairn_conv2d_options options)
{
    cairn_conv2d_attrs attrs = {.geometry = RESOLVE_WINDOW(options, false),
                                .groups = either(options.groups, 0, 1)};
    const cairn_window *window = &attrs.geometry.window;
    if (!expect_rank(graph, x, name, 3) || !positive(graph, name, out))
        return NONE;
    int64_t in_c = cairn_shape_of(graph, x).dim[2];
    if (attrs.groups < 1 || in_c % attrs.groups != 0 || out % attrs.groups != 0 || window->k_h < 1 ||
        window->k_w < 1 || window->k_h > 4096 || window->k_w > 4096) {
        cairn_graph_fail(
            graph, CAIRN_USAGE,
            "%.64s: kernel %d x %d, %d groups do not fit %lld input and %d output channels (expected a "
            "kernel of 1 to 4096 and groups that divide both)",
            name, window->k_h, window->k_w, attrs.groups, (long long)in_c, out);
        return NONE;
    }
    int64_t taps = (int64_t)window->k_h * window->k_w, fan_in = taps * (in_c / attrs.groups);
    cairn_shape shape = {.rank = 4, .dim = {window->k_h, window->k_w, in_c / attrs.groups, out}};
    cairn_val in[3] = {x};
    in[1] =
        parameter(graph, name, "weight", &shape, options.init, CAIRN_INIT_GLOROT_UNIFORM, fan_in, taps * out);
    if (options.table != NULL && cairn_graph_ok(graph))
        in[1] = connect(graph, in[1], name, options.table);
    int inputs = 2;
    if (!options.no_bias)
        in[inputs++] = vector(graph, name, "bias", out, options.bias_init, CAIRN_INIT_ZEROS, fan_in);
    return cairn_add_node(graph, &cairn_op_conv2d, name, &attrs, inputs, in, NULL);
}

cairn_val cairn_linear_with(cairn_graph *graph, cairn_val x, const char *name, int out,
                            cairn_linear_options options)
{
    if (cairn_graph_ok(graph) && x.id != 0 && cairn_shape_of(graph, x).rank == 3)
        x = cairn_flatten(graph, x);
    if (!expect_rank(graph, x, name, 1) || !positive(graph, name, out))
        return NONE;
    cairn_linear_attrs attrs = {0};
    int64_t features = cairn_shape_of(graph, x).dim[0];
    cairn_shape shape = {.rank = 2, .dim = {features, out}};
    cairn_val in[3] = {x};
    in[1] = parameter(graph, name, "weight", &shape, options.init, CAIRN_INIT_GLOROT_UNIFORM, features, out);
    int inputs = 2;
    if (!options.no_bias)
        in[inputs++] = vector(graph, name, "bias", out, options.bias_init, CAIRN_INIT_ZEROS, features);
    return cairn_add_node(graph, &cairn_op_linear, name, &attrs, inputs, in, NULL);
}

cairn_val cairn_activation(cairn_graph *graph, cairn_val x, cairn_activation_kind kind)
{
    static const char *const names[] = {[CAIRN_ACT_RELU] = "relu",
                                        [CAIRN_ACT_TANH] = "tanh",
                                        [CAIRN_ACT_TANH1998] = "tanh1998",
                                        [CAIRN_ACT_SIGMOID] = "sigmoid"};
    if (kind == CAIRN_ACT_NONE)
        return x;
    if ((size_t)kind >= CAIRN_COUNT(names)) {
        cairn_graph_fail(graph, CAIRN_USAGE, "activation: there is none of number %d", (int)kind);
        return NONE;
    }
    cairn_activation_attrs attrs = {kind};
    return cairn_add_node(graph, &cairn_op_activation, names[kind], &attrs, 1, &x, NULL);
}

cairn_val cairn_relu(cairn_graph *graph, cairn_val x)
{
    return cairn_activation(graph, x, CAIRN_ACT_RELU);
}

cairn_val cairn_tanh(cairn_graph *graph, cairn_val x)
{
    return cairn_activation(graph, x, CAIRN_ACT_TANH);
}

cairn_val cairn_sigmoid(cairn_graph *graph, cairn_val x)
{
    return cairn_activation(graph, x, CAIRN_ACT_SIGMOID);
}

static cairn_pool_attrs pool_attrs(const cairn_pool_options *options)
{
    cairn_pool_attrs attrs = {.geometry = RESOLVE_WINDOW(*options, true)};
    attrs.geometry.ceil = options->ceil;
    attrs.divisor = options->sum               ? CAIRN_DIVISOR_ONE
                    : options->exclude_padding ? CAIRN_DIVISOR_PIXELS
                                               : CAIRN_DIVISOR_WINDOW;
    return attrs;
}

cairn_val cairn_maxpool_with(cairn_graph *graph, cairn_val x, cairn_pool_options options)
{
    cairn_pool_attrs attrs = pool_attrs(&options);
    return cairn_add_node(graph, &cairn_op_maxpool, "maxpool", &attrs, 1, &x, NULL);
}

cairn_val cairn_avgpool_with(cairn_graph *graph, cairn_val x, cairn_pool_options options)
{
    cairn_pool_attrs attrs = pool_attrs(&options);
    return cairn_add_node(graph, &cairn_op_avgpool, options.sum ? "sumpool" : "avgpool", &attrs, 1, &x, NULL);
}

cairn_val cairn_scale_bias(cairn_graph *graph, cairn_val x, const char *name, cairn_init init)
{
    if (!cairn_graph_ok(graph) || x.id == 0)
        return NONE;
    cairn_shape shape = cairn_shape_of(graph, x);
    if (!shape.batched || shape.rank < 1) {
        cairn_graph_fail(graph, CAIRN_USAGE, "%.64s: expected an input with channels", name);
        return NONE;
    }
    int64_t c = shape.dim[shape.rank - 1];
    if (init.kind == CAIRN_INIT_DEFAULT)
        init = (cairn_init){CAIRN_INIT_CONSTANT, 1.0f};
    cairn_scale_bias_attrs attrs = {0};
    cairn_val in[3] = {x};
    in[1] = vector(graph, name, "weight", c, init, CAIRN_INIT_CONSTANT, 1);
    in[2] = vector(graph, name, "bias", c, (cairn_init){CAIRN_INIT_ZEROS, 0}, CAIRN_INIT_ZEROS, 1);
    return cairn_add_node(graph, &cairn_op_scale_bias, name, &attrs, 3, in, NULL);
}

cairn_val cairn_add(cairn_graph *graph, cairn_val a, cairn_val b)
{
    cairn_val in[2] = {a, b};
    return cairn_add_node(graph, &cairn_op_add, "add", NULL, 2, in, NULL);
}

cairn_val cairn_flatten(cairn_graph *graph, cairn_val x)
{
    return cairn_add_node(graph, &cairn_op_flatten, "flatten", NULL, 1, &x, NULL);
}

cairn_val cairn_dropout(cairn_graph *graph, cairn_val x, float rate)
{
    rate = graph->own_dropout ? graph->dropout : rate;
    if (!(rate >= 0 && rate < 1)) {
        cairn_graph_fail(graph, CAIRN_USAGE, "dropout: expected a rate from 0 to below 1, found %g",
                         (double)rate);
        return NONE;
    }
    cairn_dropout_attrs attrs = {.rate = rate, .slot = (uint32_t)graph->dropouts++};
    cairn_val in[2] = {x, cairn_samples(graph)};
    return cairn_add_node(graph, &cairn_op_dropout, "dropout", &attrs, 2, in, NULL);
}

cairn_val cairn_rbf(cairn_graph *graph, cairn_val x, const char *name, int classes, const float *codes)
{
    if (!expect_rank(graph, x, name, 1) || !positive(graph, name, classes))
        return NONE;
    int64_t features = cairn_shape_of(graph, x).dim[0];
    cairn_shape shape = {.rank = 2, .dim = {classes, features}};
    double *numbers = cairn_alloc(graph->ctx, (size_t)(classes * features), sizeof *numbers);
    if (numbers == NULL) {
        graph->status = CAIRN_MEMORY;
        return NONE;
    }
    for (int64_t i = 0; i < classes * features; i++)
        numbers[i] = (double)codes[i];
    char text[CAIRN_NAME_BYTES];
    snprintf(text, sizeof text, "%.200s.codes", name);
    cairn_val in[2] = {x, cairn_add_constant(graph, text, &shape, numbers)};
    cairn_free(graph->ctx, numbers);
    return cairn_add_node(graph, &cairn_op_rbf, name, NULL, 2, in, NULL);
}
