/* gradients [NAME...]: what fast kernels and fusion do to the gradients of networks. From the same weights
 * and pictures, one training plan as it is and one that is neither fused nor uses Winograd give gradients,
 * whose difference is told as a share of their norm. Beside it stands the most that a few other roundings of
 * the weights change them: the sign of a number near a kink of ReLU hangs on its last bit, whoever computes
 * it, and of a million such numbers one that flips is a thousandth of the norm. Exit code 1 when a network is
 * beyond its limit and beyond twice that. BATCH=N [2], PRECISION=f32|bf16 [f32], THREADS=N. Also `make
 * gradients`. */
#include <cairn/cairn.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT 1e-3 /* normalisation over a batch magnifies roundings */
#define LIMIT_WITHOUT_NORM 1e-5
#define ROUNDINGS 3

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

/* The norm of the difference as a share of the norm of y. */
static double difference(const cairn_graph *graph, const gradients *x, const gradients *y)
{
    double differences = 0, numbers = 0;
    for (int i = 0; i < cairn_param_count(graph); i++) {
        char grad[300];
        cairn_param_info param = cairn_param_at(graph, i);
        snprintf(grad, sizeof grad, "%.280s/grad", param.name);
        const float *p = cairn_plan_data(x->plan, grad), *q = cairn_plan_data(y->plan, grad);
        if (p != NULL && q != NULL)
            compare(p, q, cairn_shape_elements(&param.shape), &differences, &numbers);
    }
    return sqrt(differences / numbers);
}

static bool is_normalised(const cairn_graph *graph)
{
    bool found = false;
    for (int i = 0; i < cairn_param_count(graph); i++)
        found |= !cairn_param_at(graph, i).trainable;
    return found;
}

/* Every weight by half a rounding, up or down. */
static void nudge(cairn_weights *weights, uint64_t random)
{
    for (int i = 0; i < cairn_weights_count(weights); i++) {
        const cairn_tensor *tensor = cairn_weights_at(weights, i);
        float *numbers = tensor->data;
        for (int64_t k = 0; k < cairn_shape_elements(&tensor->shape); k++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            numbers[k] *= random >> 63 != 0 ? 1 + 0x1p-23f : 1 - 0x1p-24f;
        }
    }
}

static int look_at(cairn_ctx *ctx, const cairn_model *model)
{
    const char *precision = getenv("PRECISION");
    cairn_graph *graph = NULL;
    cairn_weights *weights = NULL;
    gradients fast = {0}, plain = {0};
    cairn_model_training training = {.gradients_only = true};
    cairn_plan_options options = {.batch = number("BATCH", 2), .training = true, .no_dropout = true},
                       exact = options;
    exact.exact = exact.keep_all = true;
    options.precision = precision != NULL && strcmp(precision, "bf16") == 0 ? CAIRN_BF16 : CAIRN_F32;
    cairn_status status =
        cairn_model_graph(ctx, model, NULL, CAIRN_INPUT_NUMBERS, 0, NULL, NULL, &training, &graph);
    if (status == CAIRN_OK)
        status = cairn_weights_init(ctx, graph, CAIRN_F32, 1, &weights);
    if (status == CAIRN_OK)
        status = run(ctx, graph, weights, &options, &fast);
    if (status == CAIRN_OK)
        status = run(ctx, graph, weights, &exact, &plain);
    double rounding = 0;
    for (uint64_t seed = 1; seed <= ROUNDINGS && status == CAIRN_OK; seed++) {
        gradients nudged = {0};
        nudge(weights, seed);
        status = run(ctx, graph, weights, &exact, &nudged);
        if (status == CAIRN_OK)
            rounding = fmax(rounding, difference(graph, &nudged, &plain));
        end(&nudged);
    }
    int bad = 1;
    if (status == CAIRN_OK) {
        double share = difference(graph, &fast, &plain);
        double limit = is_normalised(graph) ? LIMIT : LIMIT_WITHOUT_NORM;
        bad = !(share <= fmax(limit, 2 * rounding));
        printf(
            "%-28s %-8s gradients differ by %.1e of their norm (limit %.0e), by %.1e for other roundings\n",
            model->name,
            bad              ? "BAD"
            : share <= limit ? "ok"
                             : "rounding",
            share, limit, rounding);
    } else {
        printf("%-28s BAD      %s\n", model->name, cairn_error(ctx));
    }
    fflush(stdout);
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
