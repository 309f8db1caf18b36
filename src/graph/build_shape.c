/* The builder calls that arrange numbers: concatenation, padding, shortcuts without parameters, global pools,
 * flattening in channel order. */
#include "graph/graph.h"

cairn_val cairn_concat(cairn_graph *graph, int count, const cairn_val *values)
{
    return cairn_add_node(graph, &cairn_op_concat, "concat", NULL, count, values, NULL);
}

cairn_val cairn_zero_pad(cairn_graph *graph, cairn_val x, int top, int bottom, int left, int right)
{
    cairn_zero_pad_attrs attrs = {top, bottom, left, right};
    return cairn_add_node(graph, &cairn_op_zero_pad, "zero_pad", &attrs, 1, &x, NULL);
}

cairn_val cairn_subsample(cairn_graph *graph, cairn_val x, int stride, int channels_before,
                          int channels_after)
{
    cairn_subsample_attrs attrs = {.stride = stride, .before = channels_before, .after = channels_after};
    return cairn_add_node(graph, &cairn_op_subsample, "subsample", &attrs, 1, &x, NULL);
}

cairn_val cairn_scale(cairn_graph *graph, cairn_val x, double factor)
{
    cairn_scale_attrs attrs = {factor};
    return cairn_add_node(graph, &cairn_op_scale, "scale", &attrs, 1, &x, NULL);
}

cairn_val cairn_global_avgpool(cairn_graph *graph, cairn_val x)
{
    return cairn_add_node(graph, &cairn_op_global_avgpool, "avgpool", NULL, 1, &x, NULL);
}

cairn_val cairn_adaptive_avgpool(cairn_graph *graph, cairn_val x, int h, int w)
{
    cairn_shape shape = cairn_shape_of(graph, x);
    if (shape.rank == 3 && shape.dim[0] == h && shape.dim[1] == w)
        return x;
    cairn_adaptive_attrs attrs = {.out_h = h, .out_w = w};
    return cairn_add_node(graph, &cairn_op_adaptive_avgpool, "avgpool", &attrs, 1, &x, NULL);
}

cairn_val cairn_flatten_chw(cairn_graph *graph, cairn_val x)
{
    return cairn_add_node(graph, &cairn_op_flatten_chw, "flatten", NULL, 1, &x, NULL);
}

cairn_val cairn_loss_sum(cairn_graph *graph, cairn_val loss, cairn_val other, double weight)
{
    graph->in_training = true;
    cairn_val both[2] = {loss, cairn_scale(graph, other, weight)};
    cairn_val sum = cairn_add_node(graph, &cairn_op_add, "loss_sum", NULL, 2, both, NULL);
    graph->in_training = false;
    return sum;
}
