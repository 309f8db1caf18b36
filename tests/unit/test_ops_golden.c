/* Single operators against stored results of an independent implementation in double: outputs, gradients,
 * updates. The files and their layout are described in ops.json; weights there are (out, in, kh, kw). */
#include "op_harness.h"
#include "support.h"
#include <jansson.h>
#include <math.h>

#define DOUBLE_LIMIT 1e-8
#define FORWARD_LIMIT 1e-5
#define GRADIENT_LIMIT 1e-4

/* ---- the files ---- */

typedef struct golden {
    json_t *cases, *header;
    char *bytes, *data;
} golden;

static char *read_all(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *size = (size_t)ftell(file);
    rewind(file);
    char *bytes = malloc(*size);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *size, file), *size);
    fclose(file);
    return bytes;
}

static golden golden_open(void)
{
    golden g;
    size_t size;
    uint64_t header;
    json_t *root = json_load_file(CAIRN_TEST_DATA "/ops/ops.json", 0, NULL);
    assert_non_null(root);
    g.cases = json_incref(json_object_get(root, "cases"));
    json_decref(root);
    g.bytes = read_all(CAIRN_TEST_DATA "/ops/ops.safetensors", &size);
    memcpy(&header, g.bytes, sizeof header);
    g.header = json_loadb(g.bytes + 8, (size_t)header, 0, NULL);
    assert_non_null(g.header);
    g.data = g.bytes + 8 + header;
    return g;
}

static void golden_close(golden *g)
{
    json_decref(g->cases);
    json_decref(g->header);
    free(g->bytes);
}

/* ---- one case ---- */

typedef struct case_run {
    const golden *g;
    const json_t *item, *attrs;
    const char *name;
    cairn_ctx *ctx;
    cairn_dtype precision;
    cairn_isa level;
} case_run;

static bool has(const case_run *r, const char *tensor)
{
    return json_object_get(json_object_get(r->item, "tensors"), tensor) != NULL;
}

/* A tensor of the case with the shape of the file; per_image: the first dimension is the batch. */
static op_tensor tensor_of(const case_run *r, const char *tensor, bool per_image)
{
    char key[128];
    snprintf(key, sizeof key, "%s/%s", r->name, tensor);
    json_t *entry = json_object_get(r->g->header, key);
    if (entry == NULL)
        fail_msg("%s is missing", key);
    json_t *dims = json_object_get(entry, "shape");
    int rank = (int)json_array_size(dims), skip = per_image ? 1 : 0;
    cairn_shape shape = {.rank = rank - skip, .batched = per_image};
    for (int i = skip; i < rank; i++)
        shape.dim[i - skip] = json_integer_value(json_array_get(dims, (size_t)i));
    op_tensor t =
        op_tensor_new(shape, CAIRN_REAL, per_image ? json_integer_value(json_array_get(dims, 0)) : 1);
    json_int_t at = json_integer_value(json_array_get(json_object_get(entry, "data_offsets"), 0));
    memcpy(t.data, r->g->data + at, (size_t)op_tensor_count(&t) * sizeof *t.data);
    return t;
}

/* (out, in, kh, kw) to (kh, kw, in, out); (out, in) to (in, out). */
static op_tensor weights_of(const case_run *r, const char *tensor)
{
    op_tensor file = tensor_of(r, tensor, false);
    const int64_t *d = file.type.shape.dim;
    int64_t taps = file.type.shape.rank == 4 ? d[2] * d[3] : 1;
    cairn_shape shape = {.rank = 2, .dim = {d[1], d[0]}};
    if (file.type.shape.rank == 4)
        shape = (cairn_shape){.rank = 4, .dim = {d[2], d[3], d[1], d[0]}};
    op_tensor memory = op_tensor_new(shape, CAIRN_REAL, 1);
    for (int64_t o = 0; o < d[0]; o++)
        for (int64_t i = 0; i < d[1]; i++)
            for (int64_t t = 0; t < taps; t++)
                memory.data[(t * d[1] + i) * d[0] + o] = file.data[(o * d[1] + i) * taps + t];
    op_tensor_free(&file);
    return memory;
}

static void expect(const case_run *r, const char *what, const op_tensor *found, op_tensor expected,
                   double limit)
{
    double scale = 1e-30;
    assert_int_equal(op_tensor_count(found), op_tensor_count(&expected));
    for (int64_t i = 0; i < op_tensor_count(&expected); i++)
        scale = fmax(scale, fabs(expected.data[i]));
    if (r->precision == CAIRN_F64)
        limit = DOUBLE_LIMIT;
    for (int64_t i = 0; i < op_tensor_count(&expected); i++)
        if (!(fabs(found->data[i] - expected.data[i]) <= limit * scale))
            fail_msg("%s/%s at level %s, element %lld: expected %.12g, found %.12g", r->name, what,
                     cairn_isa_text(r->level), (long long)i, expected.data[i], found->data[i]);
    op_tensor_free(&expected);
}

/* The best kernel that the level allows and that fits: what a plan would take. */
static void run_call(const case_run *r, op_call *call)
{
    call->pitches = 1;
    assert_int_equal(op_call_infer(call, r->ctx), CAIRN_OK);
    for (int k = 0; call->op->kernels[k] != NULL; k++) {
        const cairn_kernel *kernel = call->op->kernels[k];
        if (kernel->isa > r->level || !op_kernel_runs(kernel, r->precision))
            continue;
        op_result result = op_call_run(call, kernel, r->precision);
        assert_int_not_equal(result, OP_STRAYED);
        if (result == OP_RAN)
            return;
    }
    fail_msg("%s has no kernel at level %s", call->op->name, cairn_isa_text(r->level));
}

/* Runs an operator on tensors that it takes over; the outputs are left in the call. */
static op_call run_op(const case_run *r, const cairn_op *op, const void *attrs, int inputs,
                      const op_tensor *in)
{
    op_call call = {.op = op, .inputs = inputs, .run = {.n = 1, .training = true}};
    if (attrs != NULL)
        memcpy(call.attrs, attrs, op->attr_size);
    for (int i = 0; i < inputs; i++) {
        call.in[i] = in[i];
        if (in[i].type.shape.batched)
            call.run.n = in[i].n;
    }
    run_call(r, &call);
    return call;
}

static int32_t number_at(const json_t *attrs, const char *key, size_t index)
{
    return (int32_t)json_integer_value(json_array_get(json_object_get(attrs, key), index));
}

static cairn_window_attrs geometry_of(const json_t *attrs)
{
    cairn_window_attrs a = {.window = {.k_h = number_at(attrs, "kernel", 0),
                                       .k_w = number_at(attrs, "kernel", 1),
                                       .stride_h = 1,
                                       .stride_w = 1,
                                       .dilation_h = 1,
                                       .dilation_w = 1}};
    if (json_object_get(attrs, "stride") != NULL) {
        a.window.stride_h = number_at(attrs, "stride", 0);
        a.window.stride_w = number_at(attrs, "stride", 1);
    }
    if (json_object_get(attrs, "dilation") != NULL) {
        a.window.dilation_h = number_at(attrs, "dilation", 0);
        a.window.dilation_w = number_at(attrs, "dilation", 1);
    }
    if (json_is_true(json_object_get(attrs, "tf_same"))) {
        a.padding = CAIRN_PAD_SAME;
        return a;
    }
    int32_t *pads[4] = {&a.window.pad_top, &a.window.pad_bottom, &a.window.pad_left, &a.window.pad_right};
    for (size_t i = 0; i < 4; i++)
        *pads[i] = number_at(attrs, "pad_top_bottom_left_right", i);
    a.ceil = json_is_true(json_object_get(attrs, "ceil_mode"));
    return a;
}

/* ---- convolutions and dense layers ---- */

/* A convolution with given weights, its three gradients; the gradient of the weights is returned. */
static op_tensor conv_case(const case_run *r, const cairn_conv2d_attrs *options, op_tensor w)
{
    op_tensor in[3] = {tensor_of(r, "x", true), w};
    if (has(r, "b"))
        in[2] = tensor_of(r, "b", false);
    op_call y = run_op(r, &cairn_op_conv2d, options, has(r, "b") ? 3 : 2, in);
    expect(r, "y", &y.out[0], tensor_of(r, "y", true), FORWARD_LIMIT);
    op_call dx = run_op(r, &cairn_op_conv2d_bwd_data, y.attrs, 2, (op_tensor[]){tensor_of(r, "dy", true), w});
    expect(r, "dx", &dx.out[0], tensor_of(r, "dx", true), GRADIENT_LIMIT);
    op_call dw = run_op(r, &cairn_op_conv2d_bwd_weights, y.attrs, 2,
                        (op_tensor[]){tensor_of(r, "x", true), tensor_of(r, "dy", true)});
    if (has(r, "db")) {
        op_call db = run_op(r, &cairn_op_channel_sum, NULL, 1, (op_tensor[]){tensor_of(r, "dy", true)});
        expect(r, "db", &db.out[0], tensor_of(r, "db", false), GRADIENT_LIMIT);
        op_call_free(&db);
    }
    op_tensor gradient = dw.out[0];
    dw.out[0].data = NULL;
    dx.in[1].data = NULL; /* w again */
    op_call_free(&dw);
    op_call_free(&dx);
    op_call_free(&y);
    return gradient;
}

static void check_conv2d(const case_run *r)
{
    cairn_conv2d_attrs attrs = {.geometry = geometry_of(r->attrs),
                                .groups = (int32_t)json_integer_value(json_object_get(r->attrs, "groups"))};
    op_tensor dw = conv_case(r, &attrs, weights_of(r, "w"));
    expect(r, "dw", &dw, weights_of(r, "dw"), GRADIENT_LIMIT);
    op_tensor_free(&dw);
}

static op_tensor mask_of(const case_run *r, const cairn_shape *shape)
{
    op_tensor mask = op_tensor_new(*shape, CAIRN_REAL, 1);
    int64_t in = shape->dim[2], out = shape->dim[3];
    json_t *table = json_object_get(r->attrs, "table");
    for (int64_t tap = 0; tap < shape->dim[0] * shape->dim[1]; tap++)
        for (int64_t o = 0; o < out; o++) {
            json_t *fed = json_array_get(table, (size_t)o), *map;
            size_t k;
            json_array_foreach(fed, k, map) mask.data[(tap * in + json_integer_value(map)) * out + o] = 1.0;
        }
    return mask;
}

static op_tensor take_out(op_call *call)
{
    op_tensor out = call->out[0];
    call->out[0].data = NULL;
    op_call_free(call);
    return out;
}

static void check_partial_conv2d(const case_run *r)
{
    cairn_conv2d_attrs attrs = {.geometry = geometry_of(r->attrs), .groups = 1};
    op_tensor w = weights_of(r, "w");
    op_tensor mask = mask_of(r, &w.type.shape);
    op_call connected = run_op(r, &cairn_op_multiply, NULL, 2, (op_tensor[]){w, mask});
    op_tensor full = conv_case(r, &attrs, take_out(&connected));
    op_call gradient =
        run_op(r, &cairn_op_multiply, NULL, 2, (op_tensor[]){full, mask_of(r, &full.type.shape)});
    expect(r, "dw", &gradient.out[0], weights_of(r, "dw"), GRADIENT_LIMIT);
    op_call_free(&gradient);
}

static void check_linear(const case_run *r)
{
    op_call y = run_op(r, &cairn_op_linear, NULL, 3,
                       (op_tensor[]){tensor_of(r, "x", true), weights_of(r, "w"), tensor_of(r, "b", false)});
    expect(r, "y", &y.out[0], tensor_of(r, "y", true), FORWARD_LIMIT);
    op_call dx = run_op(r, &cairn_op_linear_bwd_data, NULL, 2,
                        (op_tensor[]){tensor_of(r, "dy", true), weights_of(r, "w")});
    expect(r, "dx", &dx.out[0], tensor_of(r, "dx", true), GRADIENT_LIMIT);
    op_call dw = run_op(r, &cairn_op_linear_bwd_weights, NULL, 2,
                        (op_tensor[]){tensor_of(r, "x", true), tensor_of(r, "dy", true)});
    expect(r, "dw", &dw.out[0], weights_of(r, "dw"), GRADIENT_LIMIT);
    op_call db = run_op(r, &cairn_op_channel_sum, NULL, 1, (op_tensor[]){tensor_of(r, "dy", true)});
    expect(r, "db", &db.out[0], tensor_of(r, "db", false), GRADIENT_LIMIT);
    op_call_free(&y);
    op_call_free(&dx);
    op_call_free(&dw);
    op_call_free(&db);
}

/* ---- pools ---- */

static void check_max_pool2d(const case_run *r)
{
    cairn_pool_attrs attrs = {.geometry = geometry_of(r->attrs)};
    op_call y = run_op(r, &cairn_op_maxpool, &attrs, 1, (op_tensor[]){tensor_of(r, "x", true)});
    expect(r, "y", &y.out[0], tensor_of(r, "y", true), FORWARD_LIMIT);
    op_call dx =
        run_op(r, &cairn_op_maxpool_bwd, y.attrs, 3,
               (op_tensor[]){tensor_of(r, "x", true), tensor_of(r, "y", true), tensor_of(r, "dy", true)});
    expect(r, "dx", &dx.out[0], tensor_of(r, "dx", true), GRADIENT_LIMIT);
    op_call_free(&y);
    op_call_free(&dx);
}

static void check_avg_pool2d(const case_run *r)
{
    cairn_pool_attrs attrs = {.geometry = geometry_of(r->attrs), .divisor = CAIRN_DIVISOR_WINDOW};
    if (!json_is_true(json_object_get(r->attrs, "count_include_pad")))
        attrs.divisor = CAIRN_DIVISOR_PIXELS;
    op_call y = run_op(r, &cairn_op_avgpool, &attrs, 1, (op_tensor[]){tensor_of(r, "x", true)});
    expect(r, "y", &y.out[0], tensor_of(r, "y", true), FORWARD_LIMIT);
    op_call dx = run_op(r, &cairn_op_avgpool_bwd, y.attrs, 1, (op_tensor[]){tensor_of(r, "dy", true)});
    expect(r, "dx", &dx.out[0], tensor_of(r, "dx", true), GRADIENT_LIMIT);
    op_call_free(&y);
    op_call_free(&dx);
}

/* Layer S2 of 1998: a sum pool, then scale and bias. */
static void check_subsample(const case_run *r)
{
    cairn_pool_attrs attrs = {.geometry.window = {2, 2, 2, 2, 1, 1, 0, 0, 0, 0},
                              .divisor = CAIRN_DIVISOR_ONE};
    op_call sums = run_op(r, &cairn_op_avgpool, &attrs, 1, (op_tensor[]){tensor_of(r, "x", true)});
    memcpy(&attrs, sums.attrs, sizeof attrs);
    op_tensor sum = take_out(&sums);
    op_call dcoef = {.op = &cairn_op_scale_bias_bwd, .inputs = 2, .run.n = sum.n};
    dcoef.in[0] = sum;
    dcoef.in[1] = tensor_of(r, "dy", true);
    run_call(r, &dcoef);
    expect(r, "dcoef", &dcoef.out[0], tensor_of(r, "dcoef", false), GRADIENT_LIMIT);
    dcoef.in[0].data = NULL;
    op_call y = run_op(r, &cairn_op_scale_bias, NULL, 3,
                       (op_tensor[]){sum, tensor_of(r, "coef", false), tensor_of(r, "b", false)});
    expect(r, "y", &y.out[0], tensor_of(r, "y", true), FORWARD_LIMIT);
    op_call scaled = run_op(r, &cairn_op_scale_bias, NULL, 2,
                            (op_tensor[]){tensor_of(r, "dy", true), tensor_of(r, "coef", false)});
    op_call dx = run_op(r, &cairn_op_avgpool_bwd, &attrs, 1, (op_tensor[]){take_out(&scaled)});
    expect(r, "dx", &dx.out[0], tensor_of(r, "dx", true), GRADIENT_LIMIT);
    op_call_free(&dcoef);
    op_call_free(&y);
    op_call_free(&dx);
}

/* ---- activations, loss, update ---- */

static void check_activation(const case_run *r)
{
    static const char *const names[] = {"", "relu", "tanh", "scaled_tanh", "sigmoid"};
    const char *op = json_string_value(json_object_get(r->item, "op"));
    cairn_activation_attrs attrs = {CAIRN_ACT_RELU};
    while (strcmp(names[attrs.kind], op) != 0)
        attrs.kind++;
    op_call y = run_op(r, &cairn_op_activation, &attrs, 1, (op_tensor[]){tensor_of(r, "x", true)});
    expect(r, "y", &y.out[0], tensor_of(r, "y", true), FORWARD_LIMIT);
    op_call dx =
        run_op(r, &cairn_op_activation_bwd, &attrs, 2, (op_tensor[]){take_out(&y), tensor_of(r, "dy", true)});
    expect(r, "dx", &dx.out[0], tensor_of(r, "dx", true), GRADIENT_LIMIT);
    op_call_free(&dx);
}

static op_tensor labels_of(const case_run *r)
{
    json_t *labels = json_object_get(r->attrs, "labels");
    op_tensor t =
        op_tensor_new((cairn_shape){.batched = true}, CAIRN_INT32, (int64_t)json_array_size(labels));
    for (size_t i = 0; i < json_array_size(labels); i++)
        t.data[i] = (double)json_integer_value(json_array_get(labels, i));
    return t;
}

static void check_softmax_cross_entropy(const case_run *r)
{
    cairn_cross_entropy_attrs attrs = {.smoothing =
                                           json_number_value(json_object_get(r->attrs, "label_smoothing"))};
    op_call losses =
        run_op(r, &cairn_op_cross_entropy, &attrs, 2, (op_tensor[]){tensor_of(r, "x", true), labels_of(r)});
    op_call mean = run_op(r, &cairn_op_mean, NULL, 1, (op_tensor[]){take_out(&losses)});
    expect(r, "y", &mean.out[0], tensor_of(r, "y", false), FORWARD_LIMIT);
    op_call share = {.op = &cairn_op_mean_bwd, .inputs = 1, .run.n = mean.in[0].n};
    share.in[0] = op_tensor_new((cairn_shape){.rank = 0}, CAIRN_REAL, 1);
    share.in[0].data[0] = 1.0;
    run_call(r, &share);
    op_call dx = run_op(r, &cairn_op_cross_entropy_bwd, &attrs, 3,
                        (op_tensor[]){tensor_of(r, "x", true), labels_of(r), take_out(&share)});
    expect(r, "dx", &dx.out[0], tensor_of(r, "dx", true), GRADIENT_LIMIT);
    op_call_free(&mean);
    op_call_free(&dx);
}

static op_tensor row_of(const op_tensor *rows, int64_t row)
{
    int64_t count = rows->type.shape.dim[1];
    op_tensor t = op_tensor_new((cairn_shape){.rank = 1, .dim = {count}}, CAIRN_REAL, 1);
    memcpy(t.data, rows->data + row * count, (size_t)count * sizeof *t.data);
    return t;
}

static void check_sgd(const case_run *r)
{
    cairn_sgd_attrs attrs = {.momentum = json_number_value(json_object_get(r->attrs, "momentum")),
                             .dampening = json_number_value(json_object_get(r->attrs, "dampening")),
                             .nesterov = json_is_true(json_object_get(r->attrs, "nesterov")),
                             .weight_decay = json_number_value(json_object_get(r->attrs, "weight_decay")),
                             .lr_factor = 1.0};
    op_tensor g = tensor_of(r, "g", false), after = tensor_of(r, "p_after", false);
    op_tensor w = tensor_of(r, "p", false), velocity = op_tensor_new(w.type.shape, CAIRN_REAL, 1);
    for (int64_t step = 0; step < g.type.shape.dim[0]; step++) {
        op_call call = {
            .op = &cairn_op_sgd,
            .inputs = 4,
            .run = {.n = 1, .step = step, .lr = json_number_value(json_object_get(r->attrs, "lr"))}};
        op_tensor in[4] = {w, row_of(&g, step), velocity,
                           op_tensor_new((cairn_shape){.rank = 0}, CAIRN_INT32, 1)};
        memcpy(call.attrs, &attrs, sizeof attrs);
        memcpy(call.in, in, sizeof in);
        call.in[3].data[0] = 1.0;
        run_call(r, &call);
        expect(r, "p_after", &call.out[0], row_of(&after, step), FORWARD_LIMIT);
        w = call.out[0];
        velocity = call.out[1];
        call.out[0].data = call.out[1].data = NULL;
        op_call_free(&call);
    }
    op_tensor_free(&w);
    op_tensor_free(&velocity);
    op_tensor_free(&g);
    op_tensor_free(&after);
}

/* ---- all cases ---- */

static const struct {
    const char *op;
    void (*check)(const case_run *r);
} checks[] = {
    {"conv2d", check_conv2d},
    {"partial_conv2d", check_partial_conv2d},
    {"linear", check_linear},
    {"max_pool2d", check_max_pool2d},
    {"avg_pool2d", check_avg_pool2d},
    {"subsample", check_subsample},
    {"relu", check_activation},
    {"tanh", check_activation},
    {"scaled_tanh", check_activation},
    {"sigmoid", check_activation},
    {"softmax_cross_entropy", check_softmax_cross_entropy},
    {"sgd", check_sgd},
};

static void check_all(bench *b, cairn_dtype precision, cairn_isa level)
{
    golden g = golden_open();
    size_t i, done = 0;
    json_t *item;
    json_array_foreach(g.cases, i, item)
    {
        case_run r = {.g = &g,
                      .item = item,
                      .attrs = json_object_get(item, "attrs"),
                      .ctx = b->ctx,
                      .name = json_string_value(json_object_get(item, "case")),
                      .precision = precision,
                      .level = level};
        for (size_t k = 0; k < CAIRN_COUNT(checks); k++)
            if (strcmp(checks[k].op, json_string_value(json_object_get(item, "op"))) == 0) {
                checks[k].check(&r);
                done++;
            }
    }
    assert_int_equal(done, json_array_size(g.cases));
    golden_close(&g);
}

static void in_double(void **state)
{
    check_all(*state, CAIRN_F64, CAIRN_ISA_SCALAR);
}

static void in_single_at_every_level(void **state)
{
    for (cairn_isa level = CAIRN_ISA_SCALAR; level <= cairn_isa_detected(); level++)
        check_all(*state, CAIRN_F32, level);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(in_double), TEST(in_single_at_every_level)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
