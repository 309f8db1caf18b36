/* Weights meet a graph: every parameter must be there in its shape; more than that is said, not refused. */
#include "io/dtype.h"
#include "io/names.h"
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

/* Compares the shapes that files have of a parameter and the tensor found for it (without data: none was). */
static cairn_status check_param(cairn_ctx *ctx, const cairn_tensor *wanted, const cairn_tensor *found)
{
    char expected[SHAPE_TEXT], actual[SHAPE_TEXT];
    cairn_shape shape = cairn_tensor_file_form(wanted).shape;
    print_shape(expected, &shape);
    if (found->data == NULL)
        return cairn_fail(ctx, CAIRN_INPUT, "weights: tensor '%s' is missing (expected shape %s)",
                          wanted->name, expected);
    cairn_shape file_shape = cairn_tensor_file_form(found).shape;
    print_shape(actual, &file_shape);
    if (!same_shape(&shape, &file_shape))
        return cairn_fail(ctx, CAIRN_INPUT,
                          "weights: tensor '%s' has the wrong shape (expected %s, found %s)", wanted->name,
                          expected, actual);
    return CAIRN_OK;
}

/* Counters of other libraries, and auxiliary heads where the network is built without. */
static bool ignorable(const char *name)
{
    static const char suffix[] = "num_batches_tracked";
    static const char *const heads[] = {"aux1.", "aux2.", "AuxLogits.", "loss1/", "loss2/"};
    size_t length = strlen(name);
    for (size_t i = 0; i < CAIRN_COUNT(heads); i++)
        if (strncmp(name, heads[i], strlen(heads[i])) == 0)
            return true;
    return length >= sizeof suffix - 1 && strcmp(name + length - (sizeof suffix - 1), suffix) == 0;
}

/* The tensors of a container by parameter of a graph, and which of them are of use. */
typedef struct matching {
    cairn_tensor *found;
    bool *used;
} matching;

static void free_matching(cairn_ctx *ctx, matching *m)
{
    cairn_free(ctx, m->found);
    cairn_free(ctx, m->used);
}

static cairn_status make_matching(cairn_ctx *ctx, const cairn_graph *graph, const cairn_name_rule *rules,
                                  const cairn_weights *weights, matching *m)
{
    m->found = cairn_alloc(ctx, (size_t)cairn_param_count(graph) + 1, sizeof *m->found);
    m->used = cairn_alloc(ctx, (size_t)cairn_weights_count(weights) + 1, sizeof *m->used);
    if (m->found == NULL || m->used == NULL)
        return CAIRN_MEMORY;
    return cairn_names_match(ctx, graph, rules, weights, m->found, m->used);
}

static void warn_extra(cairn_ctx *ctx, const cairn_weights *weights, const matching *m)
{
    int count = cairn_weights_count(weights);
    for (int i = 0; i < count; i++) {
        const char *name = cairn_weights_at(weights, i)->name;
        if (!m->used[i] && !ignorable(name))
            cairn_log(ctx, CAIRN_LOG_WARNING, "weights: tensor '%s' is not used by this network", name);
    }
}

static cairn_status check_all(cairn_ctx *ctx, const cairn_graph *graph, const matching *m)
{
    int count = cairn_param_count(graph), missing = 0;
    for (int i = 0; i < count; i++)
        missing += m->found[i].data == NULL;
    for (int i = 0; i < count; i++) {
        cairn_param_info param = cairn_param_at(graph, i);
        cairn_tensor wanted = wanted_tensor(&param);
        cairn_status status = check_param(ctx, &wanted, &m->found[i]);
        if (status != CAIRN_OK && missing > 1 && m->found[i].data == NULL)
            return cairn_fail(ctx, CAIRN_INPUT,
                              "weights: %d of the network's %d tensors are missing, the first is '%s': another "
                              "network's file?",
                              missing, count, param.name);
        if (status != CAIRN_OK)
            return status;
    }
    return CAIRN_OK;
}

cairn_status cairn_weights_check(const cairn_weights *weights, const cairn_graph *graph)
{
    cairn_ctx *ctx = cairn_weights_ctx(weights);
    matching m = {0};
    cairn_status status = make_matching(ctx, graph, NULL, weights, &m);
    if (status == CAIRN_OK)
        status = check_all(ctx, graph, &m);
    for (int i = 0; i < cairn_param_count(graph) && status == CAIRN_OK; i++) {
        cairn_param_info param = cairn_param_at(graph, i);
        if (m.found[i].layout != cairn_layout_of(&param.shape))
            status = cairn_fail(ctx, CAIRN_INPUT,
                                "weights: tensor '%s' lies as in a file: cairn_weights_bind first", param.name);
    }
    if (status == CAIRN_OK)
        warn_extra(ctx, weights, &m);
    free_matching(ctx, &m);
    return status;
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
                                const matching *m, cairn_dtype dtype, cairn_weights *bound)
{
    int count = cairn_param_count(graph);
    for (int i = 0; i < count; i++) {
        cairn_param_info param = cairn_param_at(graph, i);
        const cairn_tensor *to;
        cairn_status status = cairn_weights_add(bound, param.name, dtype, cairn_layout_of(&param.shape),
                                                &param.shape, &to);
        if (status == CAIRN_OK)
            status = copy_tensor(ctx, &m->found[i], to);
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

cairn_status cairn_weights_bind_as(cairn_ctx *ctx, const cairn_graph *graph, const cairn_name_rule *rules,
                                   const cairn_weights *loaded, cairn_dtype dtype, cairn_weights **weights)
{
    *weights = NULL;
    if (dtype != CAIRN_F32 && dtype != CAIRN_F64)
        return cairn_fail(ctx, CAIRN_USAGE, "weights: expected type F32 or F64, found %s",
                          cairn_dtype_name(dtype));
    matching m = {0};
    cairn_weights *bound = NULL;
    cairn_status status = make_matching(ctx, graph, rules, loaded, &m);
    if (status == CAIRN_OK)
        status = check_all(ctx, graph, &m);
    if (status == CAIRN_OK)
        status = cairn_weights_create(ctx, &bound);
    if (status == CAIRN_OK)
        status = bind_params(ctx, graph, loaded, &m, dtype, bound);
    if (status == CAIRN_OK) {
        warn_extra(ctx, loaded, &m);
        *weights = bound;
    } else {
        cairn_weights_destroy(bound);
    }
    free_matching(ctx, &m);
    return status;
}

cairn_status cairn_weights_bind(cairn_ctx *ctx, const cairn_graph *graph, const cairn_weights *loaded,
                                cairn_dtype dtype, cairn_weights **weights)
{
    return cairn_weights_bind_as(ctx, graph, NULL, loaded, dtype, weights);
}
