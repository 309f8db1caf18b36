/* Weights meet a graph: every parameter must be there in its shape; more than that is said, not refused. */
#include "io/dtype.h"
#include "io/weights.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SHAPE_TEXT 96

static void print_shape(char text[SHAPE_TEXT], const cairn_shape *shape)
{
    size_t used = (size_t)snprintf(text, SHAPE_TEXT, "[");
    for (int i = 0; i < shape->rank; i++)
        used +=
            (size_t)snprintf(text + used, SHAPE_TEXT - used, "%s%" PRId64, i > 0 ? "," : "", shape->dim[i]);
    snprintf(text + used, SHAPE_TEXT - used, "]");
}

static bool same_shape(const cairn_shape *a, const cairn_shape *b)
{
    return a->rank == b->rank && memcmp(a->dim, b->dim, (size_t)a->rank * sizeof a->dim[0]) == 0;
}

/* A parameter as the tensor that holds it, without data. */
static cairn_tensor wanted_tensor(const cairn_param_info *param)
{
    return (cairn_tensor){
        .name = param->name, .layout = cairn_layout_of(&param->shape), .shape = param->shape};
}

/* Looks for the tensor of a parameter and compares the shapes that files have. */
static cairn_status find_param(cairn_ctx *ctx, const cairn_weights *weights, const cairn_tensor *wanted,
                               const cairn_tensor **found)
{
    char expected[SHAPE_TEXT], actual[SHAPE_TEXT];
    cairn_shape shape = cairn_tensor_file_form(wanted).shape;
    print_shape(expected, &shape);
    *found = cairn_weights_find(weights, wanted->name);
    if (*found == NULL)
        return cairn_fail(ctx, CAIRN_INPUT, "weights: tensor '%s' is missing (expected shape %s)",
                          wanted->name, expected);
    cairn_shape file_shape = cairn_tensor_file_form(*found).shape;
    print_shape(actual, &file_shape);
    if (!same_shape(&shape, &file_shape))
        return cairn_fail(ctx, CAIRN_INPUT,
                          "weights: tensor '%s' has the wrong shape (expected %s, found %s)", wanted->name,
                          expected, actual);
    return CAIRN_OK;
}

static bool has_param(const cairn_graph *graph, const char *name)
{
    int count = cairn_param_count(graph);
    for (int i = 0; i < count; i++)
        if (strcmp(cairn_param_at(graph, i).name, name) == 0)
            return true;
    return false;
}

/* Counters of other libraries, that no network needs. */
static bool ignorable(const char *name)
{
    static const char suffix[] = "num_batches_tracked";
    size_t length = strlen(name);
    return length >= sizeof suffix - 1 && strcmp(name + length - (sizeof suffix - 1), suffix) == 0;
}

static void warn_extra(cairn_ctx *ctx, const cairn_weights *weights, const cairn_graph *graph)
{
    int count = cairn_weights_count(weights);
    for (int i = 0; i < count; i++) {
        const char *name = cairn_weights_at(weights, i)->name;
        if (!ignorable(name) && !has_param(graph, name))
            cairn_log(ctx, CAIRN_LOG_WARNING, "weights: tensor '%s' is not used by this network", name);
    }
}

cairn_status cairn_weights_check(const cairn_weights *weights, const cairn_graph *graph)
{
    cairn_ctx *ctx = cairn_weights_ctx(weights);
    int count = cairn_param_count(graph);
    for (int i = 0; i < count; i++) {
        cairn_param_info param = cairn_param_at(graph, i);
        cairn_tensor wanted = wanted_tensor(&param);
        const cairn_tensor *found;
        cairn_status status = find_param(ctx, weights, &wanted, &found);
        if (status != CAIRN_OK)
            return status;
        if (found->layout != wanted.layout)
            return cairn_fail(ctx, CAIRN_INPUT,
                              "weights: tensor '%s' lies as in a file: cairn_weights_bind first",
                              wanted.name);
    }
    warn_extra(ctx, weights, graph);
    return CAIRN_OK;
}

static cairn_status copy_tensor(cairn_ctx *ctx, const cairn_tensor *from, const cairn_tensor *to)
{
    if (!cairn_dtype_is_real(from->dtype))
        return cairn_fail(ctx, CAIRN_INPUT,
                          "weights: tensor '%s' holds integers (expected F32, F64, F16 or BF16, "
                          "found %s)",
                          from->name, cairn_dtype_name(from->dtype));
    if (from->layout == CAIRN_LAYOUT_PLAIN)
        return cairn_tensor_set(to, from->dtype, from->data);
    size_t elements;
    cairn_shape_count(&from->shape, &elements);
    void *file = cairn_alloc(ctx, elements, cairn_dtype_size(from->dtype));
    if (file == NULL)
        return CAIRN_MEMORY;
    cairn_status status = cairn_tensor_get(from, from->dtype, file);
    if (status == CAIRN_OK)
        status = cairn_tensor_set(to, from->dtype, file);
    cairn_free(ctx, file);
    return status;
}

static cairn_status bind_params(cairn_ctx *ctx, const cairn_graph *graph, const cairn_weights *loaded,
                                cairn_dtype dtype, cairn_weights *bound)
{
    int count = cairn_param_count(graph);
    for (int i = 0; i < count; i++) {
        cairn_param_info param = cairn_param_at(graph, i);
        cairn_tensor wanted = wanted_tensor(&param);
        const cairn_tensor *from, *to;
        cairn_status status = find_param(ctx, loaded, &wanted, &from);
        if (status == CAIRN_OK)
            status = cairn_weights_add(bound, wanted.name, dtype, wanted.layout, &wanted.shape, &to);
        if (status == CAIRN_OK)
            status = copy_tensor(ctx, from, to);
        if (status != CAIRN_OK)
            return status;
    }
    for (int i = 0; i < cairn_weights_meta_count(loaded); i++) {
        const char *key, *value;
        cairn_weights_meta_at(loaded, i, &key, &value);
        cairn_status status = cairn_weights_set_meta(bound, key, value);
        if (status != CAIRN_OK)
            return status;
    }
    return CAIRN_OK;
}

cairn_status cairn_weights_bind(cairn_ctx *ctx, const cairn_graph *graph, const cairn_weights *loaded,
                                cairn_dtype dtype, cairn_weights **weights)
{
    *weights = NULL;
    if (dtype != CAIRN_F32 && dtype != CAIRN_F64)
        return cairn_fail(ctx, CAIRN_USAGE, "weights: expected type F32 or F64, found %s",
                          cairn_dtype_name(dtype));
    cairn_weights *bound;
    cairn_status status = cairn_weights_create(ctx, &bound);
    if (status == CAIRN_OK)
        status = bind_params(ctx, graph, loaded, dtype, bound);
    if (status != CAIRN_OK) {
        cairn_weights_destroy(bound);
        return status;
    }
    warn_extra(ctx, loaded, graph);
    *weights = bound;
    return CAIRN_OK;
}
