/* The same network on larger pictures: its nodes are added again to a new graph, one by one, with the
 * operators working out the new shapes. */
#include "graph/dense.h"
#include "ops/op.h"
#include <string.h>

/* What a value of the old graph is in the new one. */
typedef struct image {
    cairn_val to;
    cairn_shape
        map; /* rank 3: it was flattened from, or stands for, one such map; now there are many places */
    bool channel_slowest; /* in the flattened order */
} image;

typedef struct rebuild {
    const cairn_graph *from;
    cairn_graph *to;
    image *images; /* by value of the old graph */
    int h, w;
    cairn_shape turned;      /* the map whose flattening had the channel slowest */
    const char *turned_name; /* the weight that reads it */
} rebuild;

extern const cairn_op cairn_op_conv2d;

static bool is_op(const cairn_node *node, const char *name)
{
    return strcmp(node->op->name, name) == 0;
}

static bool is_flatten(const cairn_node *node)
{
    return is_op(node, "flatten") || is_op(node, "flatten_chw");
}

/* The dense layer that reads a flattened map: its window. */
static const cairn_shape *window_of(const rebuild *r, const cairn_node *node)
{
    const cairn_shape *map = &r->images[node->in[0].id].map;
    return is_op(node, "linear") && map->rank == 3 ? map : NULL;
}

static cairn_shape kernel_shape(const cairn_shape *map, const cairn_shape *matrix)
{
    return (cairn_shape){.rank = 4, .dim = {map->dim[0], map->dim[1], map->dim[2], matrix->dim[1]}};
}

/* A variable or constant of the old graph; kernel: the shape that it has now, or NULL. */
static cairn_val copy_source(rebuild *r, cairn_val old, const cairn_shape *kernel)
{
    const cairn_shape *shape = kernel != NULL ? kernel : &cairn_type_of(r->from, old)->shape;
    const cairn_variable *v = cairn_variable_of(r->from, old);
    const cairn_constant *c = cairn_constant_of(r->from, old);
    if (v != NULL)
        return cairn_add_variable(r->to, v->name, shape, v->role, v->init, v->fan_in, v->fan_out);
    if (c != NULL)
        return cairn_add_constant(r->to, cairn_maker(r->from, old)->name, shape, c->data);
    cairn_graph_fail(r->to, CAIRN_USAGE, "%s: comes too late", cairn_maker(r->from, old)->name);
    return (cairn_val){0};
}

static cairn_val value_of(rebuild *r, cairn_val old)
{
    image *i = &r->images[old.id];
    if (i->to.id == 0 && cairn_graph_ok(r->to))
        i->to = copy_source(r, old, NULL);
    return i->to;
}

static void add_input(rebuild *r, const cairn_node *node)
{
    cairn_value_type type = *cairn_type_of(r->from, node->out[0]);
    if (strcmp(node->name, "image") == 0) {
        type.shape.dim[0] = r->h;
        type.shape.dim[1] = r->w;
    }
    r->images[node->out[0].id].to = cairn_add_input(r->to, node->name, &type.shape, type.element);
}

static void add_convolution(rebuild *r, const cairn_node *node, const cairn_shape *map)
{
    cairn_shape kernel = kernel_shape(map, &cairn_type_of(r->from, node->in[1])->shape);
    cairn_conv2d_attrs attrs = {.groups = 1};
    attrs.geometry.window = (cairn_window){.k_h = (int32_t)map->dim[0],
                                           .k_w = (int32_t)map->dim[1],
                                           .stride_h = 1,
                                           .stride_w = 1,
                                           .dilation_h = 1,
                                           .dilation_w = 1};
    cairn_val in[3] = {value_of(r, node->in[0])};
    if (r->images[node->in[0].id].channel_slowest) {
        r->turned = *map;
        r->turned_name = cairn_maker(r->from, node->in[1])->name;
    }
    in[1] = copy_source(r, node->in[1], &kernel);
    if (node->inputs > 2)
        in[2] = value_of(r, node->in[2]);
    image *out = &r->images[node->out[0].id];
    out->to = cairn_add_node(r->to, &cairn_op_conv2d, node->name, &attrs, node->inputs, in, NULL);
    out->map = (cairn_shape){.rank = 3, .dim = {1, 1, kernel.dim[3]}, .batched = true};
}

static void add_same(rebuild *r, const cairn_node *node)
{
    cairn_val in[CAIRN_MAX_OPERANDS], out[CAIRN_MAX_OPERANDS];
    const image *x = &r->images[node->in[0].id];
    for (int i = 0; i < node->inputs; i++)
        in[i] = value_of(r, node->in[i]);
    cairn_add_node(r->to, node->op, node->name, node->attrs, node->inputs, in, out);
    for (int i = 0; i < node->outputs; i++) {
        r->images[node->out[i].id].to = out[i];
        r->images[node->out[i].id].map = x->map; /* places stay places */
        r->images[node->out[i].id].channel_slowest = x->channel_slowest;
    }
}

static void add_again(rebuild *r, const cairn_node *node)
{
    const cairn_shape *window = node->inputs > 0 ? window_of(r, node) : NULL;
    if (is_op(node, "input"))
        add_input(r, node);
    else if (is_op(node, "variable") || is_op(node, "constant"))
        return; /* with the first node that reads it */
    else if (is_flatten(node) && cairn_type_of(r->from, node->in[0])->shape.rank == 3)
        r->images[node->out[0].id] = (image){.to = value_of(r, node->in[0]),
                                             .map = cairn_type_of(r->from, node->in[0])->shape,
                                             .channel_slowest = is_op(node, "flatten_chw")};
    else if (window != NULL)
        add_convolution(r, node, window);
    else
        add_same(r, node);
}

static void add_scores(rebuild *r)
{
    const cairn_port *port = cairn_port_find(r->from, "logits");
    const image *logits = &r->images[port->value.id];
    cairn_val value = logits->map.rank == 3 ? cairn_global_avgpool(r->to, logits->to) : logits->to;
    cairn_output(r->to, value, "logits");
}

/* Fills r->to, and what is noted in r. */
static cairn_status build_again(rebuild *r)
{
    const cairn_graph *from = r->from;
    cairn_status status = cairn_graph_create(from->ctx, &r->to);
    if (status != CAIRN_OK)
        return status;
    r->images = cairn_alloc(from->ctx, (size_t)from->value_count, sizeof *r->images);
    if (r->images == NULL)
        status = CAIRN_MEMORY;
    for (int i = 0; status == CAIRN_OK && i < from->node_count; i++) {
        add_again(r, &from->nodes[i]);
        status = cairn_graph_status(r->to);
    }
    if (status == CAIRN_OK) {
        add_scores(r);
        status = cairn_graph_status(r->to);
    }
    cairn_free(from->ctx, r->images);
    if (status != CAIRN_OK)
        cairn_graph_destroy(r->to);
    return status;
}

cairn_status cairn_graph_dense(const cairn_graph *from, int h, int w, cairn_graph **dense)
{
    rebuild r = {.from = from, .h = h, .w = w};
    cairn_status status = build_again(&r);
    *dense = status == CAIRN_OK ? r.to : NULL;
    return status;
}

/* ---- weights ---- */

/* A matrix whose rows are (C, H, W) as a kernel (H, W, C, O). */
static void turn(const cairn_shape *map, size_t columns, const float *from, float *to)
{
    size_t h = (size_t)map->dim[0], w = (size_t)map->dim[1], c = (size_t)map->dim[2];
    for (size_t y = 0; y < h; y++)
        for (size_t x = 0; x < w; x++)
            for (size_t k = 0; k < c; k++, to += columns)
                memcpy(to, from + ((k * h + y) * w + x) * columns, columns * sizeof *to);
}

static cairn_status copy_weight(const rebuild *r, const cairn_weights *weights, const cairn_param_info *param,
                                cairn_weights *dense)
{
    const cairn_tensor *from = cairn_weights_find(weights, param->name), *to;
    size_t elements = (size_t)cairn_shape_elements(&param->shape);
    if (from == NULL || from->dtype != CAIRN_F32 || (size_t)cairn_shape_elements(&from->shape) != elements)
        return cairn_fail(r->from->ctx, CAIRN_INPUT, "weights: tensor '%s' does not fit", param->name);
    cairn_status status =
        cairn_weights_add(dense, param->name, CAIRN_F32, cairn_layout_of(&param->shape), &param->shape, &to);
    if (status != CAIRN_OK)
        return status;
    if (r->turned_name != NULL && strcmp(param->name, r->turned_name) == 0)
        turn(&r->turned, (size_t)param->shape.dim[3], from->data, to->data);
    else
        memcpy(to->data, from->data, elements * sizeof(float));
    return CAIRN_OK;
}

cairn_status cairn_weights_dense(const cairn_graph *from, const cairn_weights *weights, cairn_weights **dense)
{
    const cairn_shape *input = &cairn_type_of(from, cairn_port_find(from, "image")->value)->shape;
    rebuild r = {.from = from, .h = (int)input->dim[0], .w = (int)input->dim[1]};
    cairn_weights *made = NULL;
    *dense = NULL;
    cairn_status status = build_again(&r);
    if (status != CAIRN_OK)
        return status;
    status = cairn_weights_create(from->ctx, &made);
    for (int i = 0; status == CAIRN_OK && i < cairn_param_count(r.to); i++) {
        cairn_param_info param = cairn_param_at(r.to, i);
        status = copy_weight(&r, weights, &param, made);
    }
    cairn_graph_destroy(r.to);
    if (status == CAIRN_OK)
        *dense = made;
    else
        cairn_weights_destroy(made);
    return status;
}
