/* Why gradients in single precision may be far from exact ones although every operator is right: a ReLU whose
 * input is nearer to zero than single precision tells passes or stops all of a gradient, and of two maxima
 * nearer to each other the wrong one gets it. */
#include "parity/compare.h"
#include <math.h>
#include <string.h>

/* One value of the graph as both runs have it. */
typedef struct both {
    const float *single;
    const double *exact;
    cairn_shape shape; /* of one image */
    uint64_t elements; /* of the whole batch */
    double rms;        /* of the exact ones */
} both;

static both look(const golden_training t[2], const char *name, int batch)
{
    both b = {.single = cairn_plan_data(t[0].plan, name),
              .exact = cairn_plan_data(t[1].plan, name),
              .shape = cairn_plan_shape(t[0].plan, name)};
    if (b.single == NULL || b.exact == NULL || b.shape.rank == 0)
        return b;
    b.elements = (uint64_t)cairn_shape_elements(&b.shape) * (uint64_t)batch;
    double square = 0;
    for (uint64_t k = 0; k < b.elements; k++)
        square += b.exact[k] * b.exact[k];
    b.rms = sqrt(square / (double)b.elements);
    return b;
}

static void count(const comparison *c, double distance)
{
    c->result->kinks++;
    c->result->kink_distance = fmax(c->result->kink_distance, distance);
}

/* Counts the numbers of one layer that are zero in one of the runs only: a ReLU decided otherwise. */
static void count_zeros(const comparison *c, const both *y)
{
    for (uint64_t k = 0; k < y->elements; k++)
        if ((y->single[k] == 0) != (y->exact[k] == 0))
            count(c, fabs(y->single[k] + y->exact[k]) / y->rms);
}

/* Counts the window at `corner` (row and column of the picture, perhaps outside) of one channel of one image
 * if the runs have their first largest number in different places; `x` begins at that image and channel. */
static void count_maximum(const comparison *c, const cairn_node_info *pool, const both *x, uint64_t begin,
                          const int64_t corner[2])
{
    uint64_t best[2] = {0, 0};
    bool any = false;
    for (int dy = 0; dy < pool->k_h; dy++)
        for (int dx = 0; dx < pool->k_w; dx++) {
            int64_t row = corner[0] + (int64_t)dy * pool->dilation_h;
            int64_t column = corner[1] + (int64_t)dx * pool->dilation_w;
            if (row < 0 || row >= x->shape.dim[0] || column < 0 || column >= x->shape.dim[1])
                continue;
            uint64_t at = begin + (uint64_t)((row * x->shape.dim[1] + column) * x->shape.dim[2]);
            best[0] = !any || x->single[at] > x->single[best[0]] ? at : best[0];
            best[1] = !any || x->exact[at] > x->exact[best[1]] ? at : best[1];
            any = true;
        }
    if (best[0] != best[1])
        count(c, (x->exact[best[1]] - x->exact[best[0]]) / x->rms);
}

static void count_maxima(const comparison *c, const cairn_node_info *pool, const both *x, int batch)
{
    uint64_t image = x->elements / (uint64_t)batch;
    for (int n = 0; n < batch; n++)
        for (int64_t row = 0; row < pool->shape.dim[0]; row++)
            for (int64_t column = 0; column < pool->shape.dim[1]; column++)
                for (int64_t channel = 0; channel < x->shape.dim[2]; channel++) {
                    int64_t corner[2] = {row * pool->stride_h - pool->pad_top,
                                         column * pool->stride_w - pool->pad_left};
                    count_maximum(c, pool, x, (uint64_t)n * image + (uint64_t)channel, corner);
                }
}

static const char *name_of(const cairn_graph *graph, cairn_val value)
{
    int i = 0;
    while (cairn_node_at(graph, i).output.id != value.id)
        i++;
    return cairn_node_at(graph, i).name;
}

/* Runs the step in single and in double precision and compares what every layer put out. */
cairn_status golden_find_kinks(const comparison *c, const cairn_graph *graph)
{
    comparison exact = *c;
    exact.precision = CAIRN_F64;
    golden_training t[2] = {{0}, {0}};
    cairn_run_options run = {.lr = 0};
    cairn_status status = golden_start_training(c, graph, true, &t[0]);
    if (status == CAIRN_OK)
        status = golden_start_training(&exact, graph, true, &t[1]);
    for (int i = 0; i < 2 && status == CAIRN_OK; i++)
        status = cairn_plan_run(t[i].plan, &run);
    int batch = (int)number(json_object_get(c->net, "train"), "batch");
    for (int i = 0; i < cairn_node_count(graph) && status == CAIRN_OK; i++) {
        cairn_node_info node = cairn_node_at(graph, i);
        both y = look(t, node.name, batch);
        if (y.elements > 0)
            count_zeros(c, &y);
        if (strcmp(node.op, "maxpool") != 0)
            continue;
        both x = look(t, name_of(graph, node.input[0]), batch);
        if (x.elements > 0)
            count_maxima(c, &node, &x, batch);
    }
    golden_end_training(&t[0]);
    golden_end_training(&t[1]);
    return status;
}
