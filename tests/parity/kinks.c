/* Why gradients in single precision may be far from exact ones although every operator is right: a ReLU whose
 * input is nearer to zero than single precision tells passes or stops all of a gradient. */
#include "parity/compare.h"
#include <math.h>

/* Counts the numbers of one layer that are zero in one of the runs only: a ReLU decided otherwise. */
static void count_kinks(const comparison *c, const float *single, const double *exact, uint64_t elements)
{
    double square = 0;
    for (uint64_t k = 0; k < elements; k++)
        square += exact[k] * exact[k];
    double rms = sqrt(square / (double)elements);
    for (uint64_t k = 0; k < elements; k++)
        if ((single[k] == 0) != (exact[k] == 0)) {
            c->result->kinks++;
            c->result->kink_distance = fmax(c->result->kink_distance, fabs(single[k] + exact[k]) / rms);
        }
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
    for (int i = 0; i < cairn_node_count(graph) && status == CAIRN_OK; i++) {
        const char *name = cairn_node_at(graph, i).name;
        const void *single = cairn_plan_data(t[0].plan, name), *precise = cairn_plan_data(t[1].plan, name);
        cairn_shape shape = cairn_plan_shape(t[0].plan, name);
        int batch = (int)json_integer_value(json_object_get(json_object_get(c->net, "train"), "batch"));
        if (shape.rank > 1 && single != NULL && precise != NULL)
            count_kinks(c, single, precise, (uint64_t)cairn_shape_elements(&shape) * (uint64_t)batch);
    }
    golden_end_training(&t[0]);
    golden_end_training(&t[1]);
    return status;
}
