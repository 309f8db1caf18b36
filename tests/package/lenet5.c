/* What a user's first program looks like: builds LeNet-5, counts its parameters and classifies an empty
 * picture with fresh weights. */
#include <cairn/cairn.h>
#include <stdio.h>

static cairn_val lenet5(cairn_graph *g)
{
    cairn_val x = cairn_image(g, 32, 32, 1);
    x = cairn_tanh(g, cairn_conv2d(g, x, "conv1", 6, .k = 5));   /* (28, 28, 6) */
    x = cairn_avgpool(g, x, .k = 2);                             /* (14, 14, 6) */
    x = cairn_tanh(g, cairn_conv2d(g, x, "conv2", 16, .k = 5));  /* (10, 10, 16) */
    x = cairn_avgpool(g, x, .k = 2);                             /* (5, 5, 16) */
    x = cairn_tanh(g, cairn_conv2d(g, x, "conv3", 120, .k = 5)); /* (1, 1, 120) */
    x = cairn_tanh(g, cairn_linear(g, x, "fc1", 84, .no_bias = false));
    return cairn_linear(g, x, "fc2", 10, .no_bias = false);
}

int main(void)
{
    cairn_ctx *ctx = NULL;
    cairn_graph *graph = NULL;
    cairn_weights *weights = NULL;
    cairn_plan *plan = NULL;

    cairn_status status = cairn_ctx_create(NULL, &ctx);
    if (status == CAIRN_OK)
        status = cairn_graph_create(ctx, &graph);
    if (status == CAIRN_OK) {
        cairn_output(graph, lenet5(graph), "logits");
        status = cairn_graph_status(graph);
    }
    if (status == CAIRN_OK)
        status = cairn_weights_init(ctx, graph, CAIRN_F32, 0, &weights);
    if (status == CAIRN_OK)
        status = cairn_plan_create(ctx, graph, weights, NULL, NULL, &plan);
    if (status == CAIRN_OK)
        status = cairn_plan_run(plan, NULL);

    if (status == CAIRN_OK) {
        long long parameters = 0;
        for (int i = 0; i < cairn_param_count(graph); i++) {
            cairn_shape shape = cairn_param_at(graph, i).shape;
            parameters += cairn_shape_elements(&shape);
        }
        const float *logits = cairn_plan_data(plan, "logits");
        printf("cairn %s: %lld parameters, first score %g\n", cairn_version(), parameters, (double)logits[0]);
    } else {
        fprintf(stderr, "%s\n", cairn_error(ctx));
    }
    cairn_plan_destroy(plan);
    cairn_weights_destroy(weights);
    cairn_graph_destroy(graph);
    cairn_ctx_destroy(ctx);
    return (int)status;
}
