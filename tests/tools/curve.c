/* curve NETWORK WEIGHTS BATCHES STEPS PRECISION: trains on given batches from given weights, for comparison
 * with another program's training, and writes the loss of each step. BATCHES is a safetensors file with F32
 * tensors "images" (batches * N, H, W, 3) and "labels" (batches, N); the batches are taken in turn, and there
 * are as many classes as labels say. SGD with momentum 0.9 and weight decay 1e-4 on all parameters. LR=NUMBER
 * [0.02], THREADS=N. See tests/peers/curves.py, `make curves`. */
#include <cairn/cairn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct run {
    cairn_ctx *ctx;
    cairn_graph *graph;
    cairn_weights *loaded, *weights, *state, *batches;
    cairn_plan *plan;
    const cairn_tensor *images, *labels;
    cairn_dtype precision;
    double lr;
} run;

static double number(const char *name, double standard)
{
    const char *text = getenv(name);
    return text != NULL ? atof(text) : standard;
}

static int classes_of(const cairn_tensor *labels)
{
    const float *label = labels->data;
    int most = 0;
    for (int64_t i = 0; i < cairn_shape_elements(&labels->shape); i++)
        most = (int)label[i] > most ? (int)label[i] : most;
    return most + 1;
}

static cairn_status load_batches(run *r, const char *path)
{
    cairn_status status = cairn_weights_load(r->ctx, path, &r->batches);
    if (status != CAIRN_OK)
        return status;
    r->images = cairn_weights_find(r->batches, "images");
    r->labels = cairn_weights_find(r->batches, "labels");
    if (r->images == NULL || r->labels == NULL || r->images->dtype != CAIRN_F32 ||
        r->labels->dtype != CAIRN_F32 || r->images->shape.rank != 4 || r->labels->shape.rank != 2 ||
        r->images->shape.dim[0] != cairn_shape_elements(&r->labels->shape) || r->images->shape.dim[3] != 3) {
        fprintf(stderr, "curve: %s: expected F32 images (pictures, H, W, 3) and labels for each\n", path);
        return CAIRN_INPUT;
    }
    return CAIRN_OK;
}

static cairn_status make_plan(run *r, const cairn_model *model, const char *weights)
{
    const int64_t *dim = r->images->shape.dim;
    cairn_model_settings settings = {.classes = classes_of(r->labels), .h = (int)dim[1], .w = (int)dim[2]};
    cairn_model_training training = {.update = {.momentum = 0.9, .weight_decay = 1e-4}};
    cairn_plan_options options = {
        .batch = (int)r->labels->shape.dim[1], .training = true, .precision = r->precision};
    cairn_dtype stored = r->precision == CAIRN_F64 ? CAIRN_F64 : CAIRN_F32;
    cairn_status status =
        cairn_model_graph(r->ctx, model, &settings, CAIRN_INPUT_NUMBERS, 0, NULL, NULL, &training, &r->graph);
    if (status == CAIRN_OK)
        status = cairn_weights_load(r->ctx, weights, &r->loaded);
    if (status == CAIRN_OK)
        status = cairn_weights_bind(r->ctx, r->graph, r->loaded, stored, &r->weights);
    if (status == CAIRN_OK)
        status = cairn_weights_create(r->ctx, &r->state);
    if (status == CAIRN_OK)
        status = cairn_plan_create(r->ctx, r->graph, r->weights, r->state, &options, &r->plan);
    return status;
}

static cairn_status take_step(run *r, int64_t step)
{
    const int64_t *dim = r->images->shape.dim;
    int64_t n = r->labels->shape.dim[1], batch = step % r->labels->shape.dim[0];
    int64_t count = n * dim[1] * dim[2] * dim[3];
    const float *images = (const float *)r->images->data + batch * count;
    const float *labels = (const float *)r->labels->data + batch * n;
    void *image = cairn_plan_data(r->plan, "image"), *loss = cairn_plan_data(r->plan, "loss");
    int32_t *label = cairn_plan_data(r->plan, "labels");
    for (int64_t i = 0; i < count; i++)
        if (r->precision == CAIRN_F64)
            ((double *)image)[i] = (double)images[i];
        else
            ((float *)image)[i] = images[i];
    for (int64_t i = 0; i < n; i++)
        label[i] = (int32_t)labels[i];
    cairn_status status = cairn_plan_run(r->plan, &(cairn_run_options){.lr = r->lr, .step = step});
    if (status == CAIRN_OK)
        printf("%.17g\n", r->precision == CAIRN_F64 ? *(double *)loss : (double)*(float *)loss);
    return status;
}

static bool read_precision(const char *text, cairn_dtype *precision)
{
    static const struct {
        const char *name;
        cairn_dtype precision;
    } known[] = {{"f32", CAIRN_F32}, {"f64", CAIRN_F64}, {"bf16", CAIRN_BF16}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(text, known[i].name) == 0) {
            *precision = known[i].precision;
            return true;
        }
    return false;
}

int main(int argc, char **argv)
{
    run r = {.lr = number("LR", 0.02)};
    const cairn_model *model = argc == 6 ? cairn_model_find(argv[1]) : NULL;
    if (model == NULL || !read_precision(argv[5], &r.precision)) {
        fprintf(stderr, "usage: curve NETWORK WEIGHTS BATCHES STEPS f32|f64|bf16\n");
        return 2;
    }
    if (cairn_ctx_create(&(cairn_ctx_options){.threads = (int)number("THREADS", 0)}, &r.ctx) != CAIRN_OK)
        return 2;
    cairn_status status = load_batches(&r, argv[3]);
    if (status == CAIRN_OK)
        status = make_plan(&r, model, argv[2]);
    for (int64_t step = 0; step < atoll(argv[4]) && status == CAIRN_OK; step++)
        status = take_step(&r, step);
    if (status != CAIRN_OK)
        fprintf(stderr, "curve: %s\n", cairn_error(r.ctx));
    cairn_plan_destroy(r.plan);
    cairn_weights_destroy(r.weights);
    cairn_weights_destroy(r.state);
    cairn_weights_destroy(r.loaded);
    cairn_weights_destroy(r.batches);
    cairn_graph_destroy(r.graph);
    cairn_ctx_destroy(r.ctx);
    return status == CAIRN_OK ? 0 : 1;
}
