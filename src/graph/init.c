/* Filling parameters by their initialisation rules: a pure function of seed, parameter ordinal and element.
 */
#include "base/real.h"
#include "base/rng.h"
#include "base/threads.h"
#include "graph/graph.h"
#include <math.h>

typedef enum distribution { FILLED, UNIFORM, NORMAL, TRUNCATED } distribution;

typedef struct rule {
    distribution distribution;
    double scale; /* the value itself, the half width, or the standard deviation */
} rule;

static rule rule_of(const cairn_variable *variable)
{
    double in = (double)variable->fan_in, out = (double)variable->fan_out;
    switch (variable->init.kind) {
    case CAIRN_INIT_DEFAULT:
    case CAIRN_INIT_ZEROS:
        break;
    case CAIRN_INIT_CONSTANT:
        return (rule){FILLED, (double)variable->init.value};
    case CAIRN_INIT_UNIFORM:
        return (rule){UNIFORM, (double)variable->init.value};
    case CAIRN_INIT_NORMAL:
        return (rule){NORMAL, (double)variable->init.value};
    case CAIRN_INIT_GLOROT_UNIFORM:
        return (rule){UNIFORM, sqrt(6.0 / (in + out))};
    case CAIRN_INIT_TORCH:
        return (rule){UNIFORM, 1.0 / sqrt(in)};
    case CAIRN_INIT_KAIMING_NORMAL:
        return (rule){NORMAL, sqrt(2.0 / out)};
    case CAIRN_INIT_CAFFE_XAVIER:
        return (rule){UNIFORM, sqrt(3.0 / in)};
    case CAIRN_INIT_KAIMING_FAN_IN:
        return (rule){NORMAL, sqrt(2.0 / in)};
    case CAIRN_INIT_TRUNCATED:
        return (rule){TRUNCATED, (double)variable->init.value};
    case CAIRN_INIT_LECUN_1998:
        return (rule){UNIFORM, 2.4 / in};
    }
    return (rule){FILLED, 0.0};
}

/* Four values from one block of random words. */
static void draw(const rule *r, const uint32_t words[4], double values[4])
{
    for (int i = 0; i < 4; i++)
        values[i] = (2.0 * (double)cairn_rng_unit(words[i]) - 1.0) * r->scale;
    if (r->distribution != NORMAL && r->distribution != TRUNCATED)
        return;
    for (int i = 0; i < 4; i += 2) { /* Box and Muller 1958; 1 - u is never 0 */
        double radius = r->scale * sqrt(-2.0 * cairn_real_log(1.0 - (double)cairn_rng_unit(words[i])));
        double sine, cosine;
        cairn_real_sincos((double)cairn_rng_unit(words[i + 1]), &sine, &cosine);
        values[i] = radius * cosine;
        values[i + 1] = radius * sine;
    }
}

/* Values beyond 2 are drawn again, from the next blocks of the same element. */
#define TRUNCATION 2.0

static void draw_all(const rule *r, cairn_rng *rng, double values[4])
{
    uint32_t words[4];
    cairn_rng_block(rng, 0, words);
    draw(r, words, values);
    for (int i = 0; i < 4 && r->distribution == TRUNCATED; i++)
        for (uint32_t block = 1; fabs(values[i]) > TRUNCATION && block < 64; block++) {
            double again[4];
            cairn_rng_block(rng, block * 4 + (uint32_t)i, words);
            draw(r, words, again);
            values[i] = again[0];
        }
}

static void store(const cairn_tensor *tensor, int64_t element, double value)
{
    if (tensor->dtype == CAIRN_F64)
        ((double *)tensor->data)[element] = value;
    else
        ((float *)tensor->data)[element] = (float)value;
}

/* A parameter is filled in parts, which threads share. */
#define PART_ELEMENTS 65536

typedef struct filling {
    rule r;
    uint32_t ordinal;
    uint64_t seed;
    const cairn_tensor *tensor;
    int64_t elements;
} filling;

static void fill_part(void *arg, size_t part)
{
    const filling *f = arg;
    int64_t begin = (int64_t)part * PART_ELEMENTS, end = cairn_min(begin + PART_ELEMENTS, f->elements);
    if (f->r.distribution == FILLED) {
        for (int64_t i = begin; i < end; i++)
            store(f->tensor, i, f->r.scale);
        return;
    }
    for (int64_t i = begin; i < end; i += 4) {
        cairn_rng rng = cairn_rng_at(f->seed, CAIRN_STREAM_INIT, 0, 0, (uint64_t)i / 4, f->ordinal);
        double values[4];
        draw_all(&f->r, &rng, values);
        for (int64_t k = 0; k < 4 && i + k < end; k++)
            store(f->tensor, i + k, values[k]);
    }
}

static cairn_status fill(cairn_ctx *ctx, const cairn_variable *variable, uint32_t ordinal, uint64_t seed,
                         const cairn_tensor *tensor)
{
    filling f = {rule_of(variable), ordinal, seed, tensor, cairn_shape_elements(&tensor->shape)};
    return cairn_for_each(ctx, (size_t)cairn_ceil_div(f.elements, PART_ELEMENTS), fill_part, &f);
}

/* Weights that a connection table leaves out are zero. */
static void apply_tables(const cairn_graph *graph, const cairn_variable *variable, const cairn_tensor *tensor)
{
    for (int n = 0; n < graph->node_count; n++) {
        const cairn_node *node = &graph->nodes[n];
        if (node->op != &cairn_op_multiply || node->in[0].id != variable->value.id)
            continue;
        const cairn_constant *mask = cairn_constant_of(graph, node->in[1]);
        for (int64_t i = 0; mask != NULL && i < cairn_shape_elements(&tensor->shape); i++)
            if (mask->data[i] == 0)
                store(tensor, i, 0.0);
    }
}

cairn_status cairn_weights_init(cairn_ctx *ctx, const cairn_graph *graph, cairn_dtype dtype, uint64_t seed,
                                cairn_weights **result)
{
    cairn_weights *weights;
    *result = NULL;
    if (dtype != CAIRN_F32 && dtype != CAIRN_F64)
        return cairn_fail(ctx, CAIRN_USAGE, "weights: expected single or double precision");
    if (!cairn_graph_ok(graph))
        return graph->status;
    cairn_status status = cairn_weights_create(ctx, &weights);
    if (status != CAIRN_OK)
        return status;
    uint32_t ordinal = 0;
    for (int i = 0; i < graph->variable_count && status == CAIRN_OK; i++) {
        const cairn_variable *variable = &graph->variables[i];
        if (variable->role == CAIRN_ROLE_STATE)
            continue;
        cairn_shape shape = cairn_shape_of(graph, variable->value);
        const cairn_tensor *tensor;
        status = cairn_weights_add(weights, variable->name, dtype, cairn_layout_of(&shape), &shape, &tensor);
        if (status != CAIRN_OK)
            break;
        status = fill(ctx, variable, ordinal++, seed, tensor);
        apply_tables(graph, variable, tensor);
    }
    if (status == CAIRN_OK)
        *result = weights;
    else
        cairn_weights_destroy(weights);
    return status;
}
