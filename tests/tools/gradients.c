/* gradients [NAME...]: what fast kernels and fusion do to the gradients of networks. From the same weights
 * and pictures, one training plan as it is and one that is neither fused nor uses Winograd give gradients,
 * whose difference is told as a share of their norm, over all parameters and for the worst of them. Exit code
 * 1 when a network is beyond its limit. BATCH=N [2], PRECISION=f32|bf16 [f32], THREADS=N. Also `make
 * gradients`. */
#include <cairn/cairn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT 1e-3 /* normalisation over a batch magnifies roundings */
#define LIMIT_WITHOUT_NORM 1e-5

typedef struct gradients {
    cairn_plan *plan;
    cairn_weights *state;
} gradients;

static int number(const char *name, int standard)
{
    const char *text = getenv(name);
    return text != NULL ? atoi(text) : standard;
}

static cairn_status run(cairn_ctx *ctx, const cairn_graph *graph, cairn_weights *weights,
                        const cairn_plan_options *options, gradients *g)
{
    cairn_status status = cairn_weights_create(ctx, &g->state);
    if (status == CAIRN_OK)
        status = cairn_plan_create(ctx, graph, weights, g->state, options, &g->plan);
    if (status != CAIRN_OK)
        return status;
    float *image = cairn_plan_data(g->plan, "image");
    int32_t *labels = cairn_plan_data(g->plan, "labels");
    cairn_shape shape = cairn_plan_shape(g->plan, "image");
    uint64_t random = 9;
    for (int64_t i = 0; i < options->batch * cairn_shape_elements(&shape); i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        image[i] = (float)(random >> 40) * 0x1p-23f - 1;
    }
    for (int n = 0; n < options->batch; n++)
        labels[n] = n % 10;
    return cairn_plan_run(g->plan, NULL);
}

static void end(gradients *g)
{
    cairn_plan_destroy(g->plan);
    cairn_weights_destroy(g->state);
}

/* Squares of the differences and of the numbers. */
static void compare(const float *x, const float *y, int64_t count, double *differences, double *numbers)
{
    for (int64_t i = 0; i < count; i++) {
        double d = (double)x[i] - (double)y[i];
        *differences += d * d;
        *numbers += (double)y[i] * (double)y[i];
    }
}

static int report(const char *name, const cairn_graph *graph, const gradients *fast, const gradients *plain)
{
    double differences = 0, numbers = 0, worst = 0;
    const char *where = "";
    bool normalised = false;
    for (int i = 0; i < cairn_param_count(graph); i++) {
        char grad[300];
        cairn_param_info param = cairn_param_at(graph, i);
        snprintf(grad, sizeof grad, "%.280s/grad", param.name);
        const float *x = cairn_plan_data(fast->plan, grad), *y = cairn_plan_data(plain->plan, grad);
        double d = 0, n = 0;
        normalised |= !param.trainable;
        if (x == NULL || y == NULL)
            continue;
        compare(x, y, cairn_shape_elements(&param.shape), &d, &n);
        differences += d;
        numbers += n;
        if (n > 0 && d / n > worst) {
            worst = d / n;
            where = param.name;
        }
    }
    double share = sqrt(differences / numbers), limit = normalised ? LIMIT : LIMIT_WITHOUT_NORM;
    bool good = numbers > 0 && share <= limit;
    printf("%-28s %-4s gradients differ by %.1e of their norm (limit %.0e), at most %.1e at %s\n", name,
           good ? "ok" : "BAD", share, limit, sqrt(worst), where);
    fflush(stdout);
    return !good;
}

static int look_at(cairn_ctx *ctx, const cairn_model *model)
{
    const char *precision = getenv("PRECISION");
    cairn_graph *graph = NULL;
    cairn_weights *weights = NULL;
    gradients fast = {0}, plain = {0};
    cairn_model_training training = {.gradients_only = true};
    cairn_plan_options options = {.batch = number("BATCH", 2), .training = true, .no_dropout = true};
    cairn_status status =
        cairn_model_graph(ctx, model, NULL, CAIRN_INPUT_NUMBERS, 0, NULL, NULL, &training, &graph);
    if (status == CAIRN_OK)
        status = cairn_weights_init(ctx, graph, CAIRN_F32, 1, &weights);
    options.precision = precision != NULL && strcmp(precision, "bf16") == 0 ? CAIRN_BF16 : CAIRN_F32;
    if (status == CAIRN_OK)
        status = run(ctx, graph, weights, &options, &fast);
    options.precision = CAIRN_F32;
    options.exact = options.keep_all = true;
    if (status == CAIRN_OK)
        status = run(ctx, graph, weights, &options, &plain);
    int bad = status == CAIRN_OK ? report(model->name, graph, &fast, &plain) : 1;
    if (status != CAIRN_OK)
        printf("%-28s BAD  %s\n", model->name, cairn_error(ctx));
    end(&fast);
    end(&plain);
    cairn_weights_destroy(weights);
    cairn_graph_destroy(graph);
    return bad;
}

int main(int argc, char **argv)
{
    cairn_ctx *ctx;
    int bad = 0;
    if (cairn_ctx_create(&(cairn_ctx_options){.threads = number("THREADS", 0)}, &ctx) != CAIRN_OK)
        return 2;
    for (int i = 1; i < argc; i++) {
        const cairn_model *model = cairn_model_find(argv[i]);
        if (model == NULL)
            printf("%-28s BAD  no such network\n", argv[i]);
        bad |= model == NULL || look_at(ctx, model);
    }
    for (int i = 0; argc == 1 && i < cairn_model_count(); i++)
        bad |= look_at(ctx, cairn_model_at(i));
    cairn_ctx_destroy(ctx);
    return bad;
}
