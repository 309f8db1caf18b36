/* Weights meet a graph: every parameter must be there in its shape; more than that is said, not refused. */
#include "io/dtype.h"
#include "io/names.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SHAPE_TEXT 96
#define MOST_NAMED 10 /* extra tensors that a warning names */

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

/* Whether a tensor was found for a parameter, in the shape that files have of it. */
static bool fits(const cairn_tensor *wanted, const cairn_tensor *found)
{
    if (found->name == NULL)
        return false;
    cairn_shape expected = cairn_tensor_file_form(wanted).shape;
    cairn_shape actual = cairn_tensor_file_form(found).shape;
    return same_shape(&expected, &actual);
}

static cairn_status fail_param(cairn_ctx *ctx, const cairn_tensor *wanted, const cairn_tensor *found)
{
    char expected[SHAPE_TEXT], actual[SHAPE_TEXT];
    cairn_shape shape = cairn_tensor_file_form(wanted).shape;
    print_shape(expected, &shape);
    if (found->name == NULL)
        return cairn_fail(ctx, CAIRN_INPUT, "weights: tensor '%s' is missing (expected shape %s)",
                          wanted->name, expected);
    shape = cairn_tensor_file_form(found).shape;
    print_shape(actual, &shape);
    return cairn_fail(ctx, CAIRN_INPUT, "weights: tensor '%s' has the wrong shape (expected %s, found %s)",
                      wanted->name, expected, actual);
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
    int count = cairn_weights_count(weights), extra = 0;
    for (int i = 0; i < count; i++)
        if (!m->used[i] && extra++ < MOST_NAMED)
            cairn_log(ctx, CAIRN_LOG_WARNING, "weights: tensor '%s' is not used by this network",
                      cairn_weights_at(weights, i)->name);
    if (extra > MOST_NAMED)
        cairn_log(ctx, CAIRN_LOG_WARNING, "weights: %d more tensors are not used by this network",
                  extra - MOST_NAMED);
}

/* The first parameter without its tensor, and how many more there are. */
static cairn_status check_all(cairn_ctx *ctx, const cairn_graph *graph, const matching *m)
{
    int count = cairn_param_count(graph), wrong = 0;
    cairn_status status = CAIRN_OK;
    for (int i = 0; i < count; i++) {
        cairn_param_info param = cairn_param_at(graph, i);
        cairn_tensor wanted = wanted_tensor(&param);
        if (fits(&wanted, &m->found[i]))
            continue;
        if (wrong++ == 0)
            status = fail_param(ctx, &wanted, &m->found[i]);
    }
    if (wrong < 2)
        return status;
    char first[CAIRN_ERROR_BYTES];
    snprintf(first, sizeof first, "%s", cairn_error(ctx));
    return cairn_fail(ctx, status, "%s; of the network's %d tensors %d are missing or have the wrong shape",
                      first, count, wrong);
}

cairn_status cairn_weights_fit(cairn_ctx *ctx, const cairn_graph *graph, const cairn_name_rule *rules,
                               const cairn_weights *loaded, cairn_fit *fit)
{
    *fit = (cairn_fit){0};
    matching m = {0};
    int params = cairn_param_count(graph), tensors = cairn_weights_count(loaded);
    cairn_status status = make_matching(ctx, graph, rules, loaded, &m);
    for (int i = 0; i < params && status == CAIRN_OK; i++) {
        cairn_param_info param = cairn_param_at(graph, i);
        cairn_tensor wanted = wanted_tensor(&param);
        if (m.found[i].name == NULL)
            fit->missing++;
        else if (fits(&wanted, &m.found[i]))
            fit->fitting++;
        else
            fit->misshapen++;
    }
    for (int i = 0; i < tensors && status == CAIRN_OK; i++)
        fit->extra += !m.used[i];
    if (status == CAIRN_OK && params > 0 && m.found[params - 1].name != NULL)
        fit->classes = (int)cairn_tensor_file_form(&m.found[params - 1]).shape.dim[0];
    free_matching(ctx, &m);
    return status;
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
            status =
                cairn_fail(ctx, CAIRN_INPUT,
                           "weights: tensor '%s' lies as in a file: cairn_weights_bind first", param.name);
    }
    if (status == CAIRN_OK)
        warn_extra(ctx, weights, &m);
    free_matching(ctx, &m);
    return status;
}

static cairn_status check_real(cairn_ctx *ctx, const cairn_tensor *from)
{
    if (cairn_dtype_is_real(from->dtype))
        return CAIRN_OK;
    return cairn_fail(ctx, CAIRN_INPUT,
                      "weights: tensor '%s' holds integers (expected F32, F64, F16 or BF16, found %s)",
                      from->name, cairn_dtype_name(from->dtype));
}

/* Other tensors are read at once: small ones are not worth a step of a plan, and of the largest, but for
 * matrices that a plan takes by columns, only one form should be in memory that a plan keeps. */
#define LEAST_LEFT_BYTES ((size_t)64 << 10)
#define MOST_LEFT_BYTES ((size_t)16 << 20)

static bool is_left(const cairn_tensor *found, const cairn_shape *shape)
{
    size_t bytes = (size_t)cairn_shape_elements(shape) * sizeof(float);
    bool by_columns = cairn_layout_of(shape) == CAIRN_LAYOUT_LINEAR && found->layout != CAIRN_LAYOUT_LINEAR;
    return found->data == NULL && bytes >= LEAST_LEFT_BYTES && (by_columns || bytes <= MOST_LEFT_BYTES);
}

/* Empty tensors for the parameters, in one block; their shapes are known to be those of real files. With
 * `leave` some of them have no data. */
static cairn_status add_params(cairn_ctx *ctx, const cairn_graph *graph, const cairn_weights *loaded,
                               const matching *m, cairn_dtype dtype, bool leave, cairn_weights *bound)
{
    int count = cairn_param_count(graph);
    size_t bytes = 0;
    for (int i = 0; i < count; i++) {
        cairn_param_info param = cairn_param_at(graph, i);
        if (!leave || !is_left(&m->found[i], &param.shape))
            bytes += cairn_weights_room((size_t)cairn_shape_elements(&param.shape) * cairn_dtype_size(dtype));
    }
    cairn_status status = cairn_weights_reserve(bound, bytes);
    for (int i = 0; i < count && status == CAIRN_OK; i++) {
        cairn_param_info param = cairn_param_at(graph, i);
        cairn_layout layout = cairn_layout_of(&param.shape);
        const cairn_tensor *to, *found = &m->found[i];
        status = check_real(ctx, found);
        if (status == CAIRN_OK && leave && is_left(found, &param.shape))
            status = cairn_weights_add_unread(bound, param.name, dtype, layout, &param.shape, found,
                                              cairn_weights_source_of(loaded, found).offset);
        else if (status == CAIRN_OK)
            status = cairn_weights_add_unset(bound, param.name, dtype, layout, &param.shape, &to);
    }
    return status;
}

static cairn_status fill_params(cairn_ctx *ctx, const cairn_weights *loaded, const matching *m,
                                const cairn_weights *bound)
{
    size_t count = 0;
    cairn_fill *fills = cairn_alloc(ctx, (size_t)cairn_weights_count(bound), sizeof *fills);
    if (fills == NULL)
        return CAIRN_MEMORY;
    for (int i = 0; i < cairn_weights_count(bound); i++) {
        const cairn_tensor *to = cairn_weights_at(bound, i);
        if (to->data == NULL)
            continue;
        fills[count] = cairn_weights_source_of(loaded, &m->found[i]);
        fills[count++].to = to;
    }
    cairn_status status = cairn_weights_fill(ctx, fills, count);
    cairn_free(ctx, fills);
    return status;
}

static cairn_status copy_meta(const cairn_weights *from, cairn_weights *to)
{
    cairn_status status = CAIRN_OK;
    for (int i = 0; i < cairn_weights_meta_count(from) && status == CAIRN_OK; i++) {
        const char *key, *value;
        cairn_weights_meta_at(from, i, &key, &value);
        status = cairn_weights_set_meta(to, key, value);
    }
    return status;
}

/* The error says what does not fit; a file of another network gets its name told too. */
static cairn_status fail_unfitting(cairn_ctx *ctx, const cairn_weights *loaded)
{
    char what[CAIRN_ERROR_BYTES];
    cairn_recognised found;
    int count;
    snprintf(what, sizeof what, "%s", cairn_error(ctx));
    cairn_status status = cairn_weights_recognise(ctx, loaded, &found, 1, &count);
    if (status != CAIRN_OK)
        return status;
    if (count == 0)
        return cairn_fail(ctx, CAIRN_INPUT, "%s", what);
    return cairn_fail(ctx, CAIRN_INPUT, "%s; the file looks like %s of %d classes", what, found.model->name,
                      found.classes);
}

/* Extra tensors are no error, but a file that is another network as a whole is: the first stages of a deeper
 * one have the names and shapes of a shallower one. */
static cairn_status refuse_other(cairn_ctx *ctx, const cairn_weights *loaded, const matching *m)
{
    cairn_recognised found;
    int count = cairn_weights_count(loaded), extra = 0, others;
    while (extra < count && m->used[extra])
        extra++;
    if (extra == count)
        return CAIRN_OK;
    cairn_status status = cairn_weights_recognise(ctx, loaded, &found, 1, &others);
    if (status != CAIRN_OK || others == 0)
        return status;
    return cairn_fail(
        ctx, CAIRN_INPUT,
        "weights: tensor '%s' is not used by this network; the file looks like %s of %d classes",
        cairn_weights_at(loaded, extra)->name, found.model->name, found.classes);
}

/* Scores of other classes: all but the number of outputs is as wanted, and that is the graph's of classes. */
static bool differs_in_classes(const cairn_tensor *wanted, const cairn_tensor *found, int64_t classes)
{
    if (found->name == NULL)
        return false;
    cairn_shape expected = cairn_tensor_file_form(wanted).shape, actual = cairn_tensor_file_form(found).shape;
    bool of_classes = expected.rank > 0 && actual.rank > 0 && expected.dim[0] == classes;
    actual.dim[0] = expected.dim[0];
    return of_classes && same_shape(&expected, &actual);
}

/* The heads, which other classes make misshapen, stay as they are in the fresh weights. */
static void keep_heads(cairn_ctx *ctx, const cairn_graph *graph, const cairn_weights *fresh, matching *m)
{
    int count = cairn_param_count(graph);
    if (count == 0)
        return;
    cairn_param_info last = cairn_param_at(graph, count - 1);
    cairn_tensor scores = wanted_tensor(&last);
    int64_t classes = cairn_tensor_file_form(&scores).shape.dim[0];
    for (int i = 0; i < count; i++) {
        cairn_param_info param = cairn_param_at(graph, i);
        cairn_tensor wanted = wanted_tensor(&param);
        if (fits(&wanted, &m->found[i]) || !differs_in_classes(&wanted, &m->found[i], classes))
            continue;
        cairn_log(ctx, CAIRN_LOG_INFO, "weights: '%s' is of other classes and begins anew", param.name);
        m->found[i] = *cairn_weights_find(fresh, param.name);
    }
}

static cairn_status bind(cairn_ctx *ctx, const cairn_graph *graph, const cairn_name_rule *rules,
                         const cairn_weights *loaded, const cairn_weights *fresh, cairn_dtype dtype,
                         bool leave, cairn_weights **weights)
{
    matching m = {0};
    cairn_weights *bound = NULL;
    *weights = NULL;
    cairn_status status = make_matching(ctx, graph, rules, loaded, &m);
    if (status == CAIRN_OK && fresh != NULL)
        keep_heads(ctx, graph, fresh, &m);
    if (status == CAIRN_OK && check_all(ctx, graph, &m) != CAIRN_OK)
        status = fail_unfitting(ctx, loaded);
    if (status == CAIRN_OK && fresh == NULL)
        status = refuse_other(ctx, loaded, &m);
    if (status == CAIRN_OK)
        status = cairn_weights_create(ctx, &bound);
    if (status == CAIRN_OK)
        status = add_params(ctx, graph, loaded, &m, dtype, leave, bound);
    if (status == CAIRN_OK && leave)
        status = cairn_weights_share_file(bound, loaded);
    if (status == CAIRN_OK)
        status = fill_params(ctx, loaded, &m, bound);
    if (status == CAIRN_OK) {
        warn_extra(ctx, loaded, &m);
        *weights = bound;
    } else {
        cairn_weights_destroy(bound);
    }
    free_matching(ctx, &m);
    return status;
}

static cairn_status bind_with_meta(cairn_ctx *ctx, const cairn_graph *graph, const cairn_name_rule *rules,
                                   const cairn_weights *loaded, cairn_dtype dtype, bool leave,
                                   cairn_weights **weights)
{
    cairn_status status = bind(ctx, graph, rules, loaded, NULL, dtype, leave, weights);
    if (status == CAIRN_OK)
        status = copy_meta(loaded, *weights);
    if (status != CAIRN_OK) {
        cairn_weights_destroy(*weights);
        *weights = NULL;
    }
    return status;
}

cairn_status cairn_weights_bind_as(cairn_ctx *ctx, const cairn_graph *graph, const cairn_name_rule *rules,
                                   const cairn_weights *loaded, cairn_dtype dtype, cairn_weights **weights)
{
    *weights = NULL;
    if (dtype != CAIRN_F32 && dtype != CAIRN_F64)
        return cairn_fail(ctx, CAIRN_USAGE, "weights: expected type F32 or F64, found %s",
                          cairn_dtype_name(dtype));
    return bind_with_meta(ctx, graph, rules, loaded, dtype, false, weights);
}

cairn_status cairn_weights_attach(cairn_ctx *ctx, const cairn_graph *graph, const cairn_name_rule *rules,
                                  const cairn_weights *opened, cairn_weights **weights)
{
    return bind_with_meta(ctx, graph, rules, opened, CAIRN_F32, true, weights);
}

cairn_status cairn_weights_bind_body(cairn_ctx *ctx, const cairn_graph *graph, const cairn_name_rule *rules,
                                     const cairn_weights *loaded, const cairn_weights *fresh,
                                     cairn_weights **weights)
{
    return bind(ctx, graph, rules, loaded, fresh, CAIRN_F32, false, weights);
}

cairn_status cairn_weights_bind(cairn_ctx *ctx, const cairn_graph *graph, const cairn_weights *loaded,
                                cairn_dtype dtype, cairn_weights **weights)
{
    return cairn_weights_bind_as(ctx, graph, NULL, loaded, dtype, weights);
}
