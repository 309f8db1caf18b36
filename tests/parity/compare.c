/* Comparing one zoo network with its golden file: the weights are made under the names and in the layouts of
 * the library that the numbers come from, and reach the graph as any such file would. */
#include "parity/compare.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- weights ---- */

static cairn_shape shape_of(const json_t *row)
{
    const json_t *dims = json_array_get(row, 1);
    cairn_shape shape = {.rank = (int)json_array_size(dims)};
    for (int i = 0; i < shape.rank && i < CAIRN_MAX_RANK; i++)
        shape.dim[i] = json_integer_value(json_array_get(dims, (size_t)i));
    return shape;
}

/* The parameters as their library would store them: values by the formula, or their own number instead. */
static cairn_status make_file(const comparison *c, uint64_t seed, bool numbered, cairn_weights **file)
{
    const json_t *params = json_object_get(c->net, "params");
    cairn_status status = cairn_weights_create(c->ctx, file);
    for (size_t i = 0; i < json_array_size(params) && status == CAIRN_OK; i++) {
        const json_t *row = json_array_get(params, i);
        const char *name = json_string_value(json_array_get(row, 0));
        cairn_shape shape = shape_of(row);
        const cairn_tensor *tensor;
        status = cairn_weights_add(*file, name, CAIRN_F32, CAIRN_LAYOUT_PLAIN, &shape, &tensor);
        uint64_t elements = (uint64_t)cairn_shape_elements(&shape);
        for (uint64_t k = 0; k < elements && numbered && status == CAIRN_OK; k++)
            ((float *)tensor->data)[k] = (float)i;
        if (status == CAIRN_OK && !numbered &&
            !golden_parameter(name, json_string_value(json_array_get(row, 2)), item(row, 3), seed, elements,
                              tensor->data))
            status = CAIRN_INPUT;
    }
    return status;
}

cairn_status golden_bind(const comparison *c, const cairn_graph *graph, uint64_t seed, bool numbered,
                         cairn_weights **weights)
{
    cairn_weights *file = NULL;
    cairn_status status = make_file(c, seed, numbered, &file);
    if (status == CAIRN_OK)
        status = cairn_weights_bind_as(c->ctx, graph, c->model->names, file,
                                       numbered ? CAIRN_F32 : c->precision, weights);
    cairn_weights_destroy(file);
    return status;
}

/* Which of our tensors each golden parameter became, as indices of the bound container; -1: none. */
int *golden_trace_names(const comparison *c, const cairn_graph *graph)
{
    size_t count = json_array_size(json_object_get(c->net, "params"));
    int *ours = malloc((count + 1) * sizeof *ours);
    cairn_weights *numbered = NULL;
    if (ours == NULL || golden_bind(c, graph, 0, true, &numbered) != CAIRN_OK) {
        free(ours);
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        ours[i] = -1;
    for (int i = 0; i < cairn_weights_count(numbered); i++) {
        const cairn_tensor *tensor = cairn_weights_at(numbered, i);
        /* the connection table of LeNet's C3 does not touch what is stored */
        ours[(size_t)((const float *)tensor->data)[0]] = i;
    }
    cairn_weights_destroy(numbered);
    return ours;
}

/* ---- inputs ---- */

void golden_fill_image(cairn_plan *plan, cairn_dtype precision, uint64_t seed, int batch)
{
    cairn_shape shape = cairn_plan_shape(plan, "image");
    uint64_t elements = (uint64_t)cairn_shape_elements(&shape) * (uint64_t)batch;
    void *image = cairn_plan_data(plan, "image");
    uint64_t hash = golden_hash("input");
    for (uint64_t i = 0; i < elements; i++) {
        if (precision == CAIRN_F64)
            ((double *)image)[i] = golden_unit(hash, seed, i);
        else
            ((float *)image)[i] = (float)golden_unit(hash, seed, i);
    }
}

double golden_value_at(const void *data, cairn_dtype precision, uint64_t index)
{
    return precision == CAIRN_F64 ? ((const double *)data)[index] : (double)((const float *)data)[index];
}

/* ---- inference ---- */

static void compare_logits(const comparison *c, cairn_plan *plan, const char *name)
{
    const json_t *rows = json_object_get(json_object_get(c->net, "eval"), name);
    const void *logits = cairn_plan_data(plan, name);
    double worst = 0, largest = 0;
    size_t classes = json_array_size(json_array_get(rows, 0));
    if (rows == NULL)
        return;
    for (size_t n = 0; n < json_array_size(rows); n++)
        for (size_t k = 0; k < classes; k++) {
            double expected = item(json_array_get(rows, n), k);
            double found =
                logits == NULL ? (double)NAN : golden_value_at(logits, c->precision, n * classes + k);
            double difference = fabs(found - expected);
            worst = difference <= worst ? worst : difference;
            largest = fmax(largest, fabs(expected));
        }
    if (!(worst / largest <= c->result->logits))
        c->result->logits = worst / largest;
}

/* The first row of the golden layer table that our layer of the same name contradicts. */
static void find_divergence(const comparison *c, cairn_plan *plan, int batch)
{
    const json_t *layers = json_object_get(c->net, "layers");
    for (size_t i = 0; i < json_array_size(layers); i++) {
        const json_t *row = json_array_get(layers, i);
        const char *name = json_string_value(json_array_get(row, 0));
        const void *data = cairn_plan_data(plan, name);
        cairn_shape shape = cairn_plan_shape(plan, name);
        uint64_t elements = (uint64_t)cairn_shape_elements(&shape) * (uint64_t)batch;
        double sum = 0;
        for (uint64_t k = 0; data != NULL && k < elements; k++)
            sum += golden_value_at(data, c->precision, k) * golden_value_at(data, c->precision, k);
        double norm = sqrt(sum), expected = item(row, 7);
        if (data != NULL && !(fabs(norm - expected) <= 1e-4 * expected)) {
            snprintf(c->result->layer, sizeof c->result->layer, "%s: norm %.6g, expected %.6g", name, norm,
                     expected);
            return;
        }
    }
}

static cairn_status infer(const comparison *c, const cairn_graph *graph, bool keep_all)
{
    const json_t *eval = json_object_get(c->net, "eval");
    cairn_weights *weights = NULL;
    cairn_plan *plan = NULL;
    cairn_plan_options options = {
        .batch = (int)number(eval, "batch"), .precision = c->precision, .keep_all = keep_all};
    cairn_status status = golden_bind(c, graph, seed_of(eval), false, &weights);
    if (status == CAIRN_OK)
        status = cairn_plan_create(c->ctx, graph, weights, NULL, &options, &plan);
    if (status == CAIRN_OK) {
        golden_fill_image(plan, c->precision, seed_of(eval), options.batch);
        status = cairn_plan_run(plan, NULL);
    }
    static const char *const outputs[] = {"logits", "aux1_logits", "aux2_logits"};
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs && status == CAIRN_OK && !keep_all; i++)
        compare_logits(c, plan, outputs[i]);
    if (status == CAIRN_OK && keep_all)
        find_divergence(c, plan, options.batch);
    cairn_plan_destroy(plan);
    cairn_weights_destroy(weights);
    return status;
}

/* ---- all of it ---- */

/* Parameters with the heads that the golden network has, work without them. */
static cairn_status compare_counts(const comparison *c, cairn_model_settings settings)
{
    golden_result *r = c->result;
    for (int heads = 0; heads < 2; heads++) {
        cairn_graph *graph;
        settings.heads = heads == 1;
        cairn_status status =
            cairn_model_graph(c->ctx, c->model, &settings, CAIRN_INPUT_NUMBERS, 0, NULL, NULL, NULL, &graph);
        if (status != CAIRN_OK)
            return status;
        r->params = 0;
        for (int i = 0; i < cairn_node_count(graph); i++) {
            cairn_node_info info = cairn_node_at(graph, i);
            r->params += info.params;
            r->macs += heads == 0 ? info.macs : 0;
        }
        int64_t macs = json_integer_value(json_object_get(c->net, "macs"));
        r->macs_equal |= r->macs == macs;
        if (heads == 1 && !r->macs_equal) { /* the tutorial's three outputs are all counted */
            int64_t all = 0;
            for (int i = 0; i < cairn_node_count(graph); i++)
                all += cairn_node_at(graph, i).macs;
            r->macs_equal = all == macs;
        }
        cairn_graph_destroy(graph);
    }
    r->params_equal = r->params == json_integer_value(json_object_get(c->net, "params_trainable"));
    return CAIRN_OK;
}

static void set_size(cairn_model_settings *settings, const json_t *size)
{
    settings->h = (int)json_integer_value(json_array_get(size, 0));
    settings->w = (int)json_integer_value(json_array_get(size, 1));
    settings->c = (int)json_integer_value(json_array_get(size, 2));
}

cairn_status golden_compare(cairn_ctx *ctx, const cairn_model *model, const char *set, const json_t *net,
                            cairn_dtype precision, bool exact, const golden_limits *limits,
                            golden_result *result)
{
    const json_t *section = json_object_get(net, "train");
    cairn_model_settings settings = {.classes = (int)number(net, "classes"), .set = set, .heads = true};
    comparison c = {ctx, model, net, precision, exact, limits, result};
    *result = (golden_result){.logits = -1, .grad_norm = -1, .probe = -1, .sample = -1, .stats = -1};
    set_size(&settings, json_object_get(net, "input"));
    cairn_status status = compare_counts(&c, settings);
    cairn_graph *graph = NULL;
    if (status == CAIRN_OK)
        status = cairn_model_graph(ctx, model, &settings, CAIRN_INPUT_NUMBERS, 0, NULL, NULL, NULL, &graph);
    if (status == CAIRN_OK)
        status = infer(&c, graph, false);
    if (status == CAIRN_OK && !(result->logits <= 1e-3))
        status = infer(&c, graph, true);
    cairn_graph_destroy(graph);
    graph = NULL;
    if (status != CAIRN_OK || !json_is_object(section))
        return status;
    cairn_model_training training = {
        .update = {.momentum = number(section, "momentum"), .weight_decay = number(section, "weight_decay")}};
    set_size(&settings, json_object_get(section, "input"));
    status = cairn_model_graph(ctx, model, &settings, CAIRN_INPUT_NUMBERS, 0, NULL, NULL, &training, &graph);
    if (status == CAIRN_OK)
        status = golden_train(&c, graph);
    bool apart = !(fmax(result->grad_norm, result->probe) <= limits->kinks);
    if (status == CAIRN_OK && precision == CAIRN_F32 && apart)
        status = golden_find_kinks(&c, graph);
    cairn_graph_destroy(graph);
    return status;
}
