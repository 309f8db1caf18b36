/* Random calls of every operator. */
#include "op_cases.h"
#include "op_maker.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- convolutions and dense layers ---- */

typedef struct known_conv {
    int64_t n, size, in, out;
    int32_t k, pad, stride, groups;
} known_conv;

/* Those of LeNet, some that Winograd's tiles do not divide or of which there are an odd number, some whose
 * weights outweigh their pictures, some of many pixels and channels, or of an odd number of pixels, for
 * Strassen's halves, narrow groups, many or one, and 5 x 5. */
static const known_conv known_convs[] = {
    {3, 32, 1, 6, 5, 0, 1, 1},    {3, 14, 6, 16, 5, 0, 1, 1},    {5, 5, 16, 120, 5, 0, 1, 1},
    {2, 32, 1, 6, 5, 2, 1, 1},    {2, 16, 6, 16, 5, 2, 1, 1},    {2, 9, 32, 64, 3, 1, 1, 1},
    {1, 14, 64, 160, 1, 0, 1, 1}, {2, 7, 20, 100, 3, 1, 1, 1},   {3, 7, 48, 33, 3, 1, 1, 1},
    {1, 30, 16, 72, 3, 1, 1, 1},  {2, 13, 70, 16, 3, 2, 1, 1},   {5, 8, 32, 32, 3, 0, 1, 1},
    {3, 4, 128, 130, 3, 1, 1, 1}, {5, 3, 136, 1000, 1, 0, 1, 1}, {3, 5, 1000, 136, 1, 0, 2, 1},
    {2, 6, 130, 120, 3, 1, 2, 1}, {3, 7, 128, 320, 1, 0, 1, 1},  {2, 9, 64, 96, 1, 0, 2, 1},
    {1, 42, 32, 576, 1, 0, 1, 1}, {2, 11, 576, 64, 1, 0, 1, 1},  {2, 13, 32, 32, 3, 1, 1, 8},
    {1, 9, 24, 24, 3, 1, 1, 6},   {3, 8, 40, 40, 3, 1, 1, 5},    {2, 6, 48, 48, 3, 1, 1, 3},
    {2, 7, 96, 96, 3, 1, 1, 3},   {1, 8, 10, 10, 3, 0, 1, 10},   {2, 7, 12, 12, 3, 2, 1, 6},
    {2, 15, 32, 32, 3, 1, 2, 8},  {1, 58, 16, 16, 3, 1, 1, 4},   {1, 30, 128, 128, 3, 1, 1, 2},
    {2, 6, 72, 72, 3, 1, 1, 3},   {1, 7, 96, 96, 3, 1, 1, 2},    {1, 7, 36, 36, 3, 1, 1, 3},
    {2, 5, 512, 288, 1, 0, 1, 1}, {2, 4, 288, 512, 1, 0, 1, 1},  {3, 15, 16, 16, 3, 1, 1, 1},
    {2, 22, 32, 32, 3, 2, 1, 1},  {3, 18, 16, 24, 3, 1, 1, 1},   {2, 27, 24, 72, 5, 2, 1, 1},
    {3, 9, 72, 16, 5, 0, 1, 1},   {1, 6, 17, 33, 5, 4, 1, 1}};

/* Lines of several taps, on pictures that their tiles divide or not. */
typedef struct known_line {
    int64_t n, h, w, in, out;
    int32_t k, pad;
    bool stands;
} known_line;

static const known_line known_lines[] = {{2, 17, 17, 24, 40, 7, 3, false}, {2, 17, 17, 40, 24, 7, 3, true},
                                         {1, 8, 8, 64, 96, 3, 1, false},   {1, 8, 8, 96, 64, 3, 1, true},
                                         {3, 5, 12, 17, 33, 7, 0, false},  {3, 12, 3, 33, 17, 7, 5, true},
                                         {5, 3, 5, 16, 130, 3, 0, false},  {2, 9, 4, 130, 16, 3, 2, true}};

static void line_shapes(op_call *call, cairn_conv2d_attrs *attrs, const known_line *l, cairn_shape *x,
                        cairn_shape *w)
{
    int32_t k_h = l->stands ? l->k : 1, k_w = l->stands ? 1 : l->k, down = l->stands ? l->pad : 0,
            across = l->stands ? 0 : l->pad;
    call->run.n = l->n;
    attrs->groups = 1;
    attrs->geometry.window = (cairn_window){k_h, k_w, 1, 1, 1, 1, down, down, across, across};
    *x = per_image(3, l->h, l->w, l->in);
    *w = (cairn_shape){.rank = 4, .dim = {k_h, k_w, l->in, l->out}};
}

static bool conv_shapes(maker *m, cairn_conv2d_attrs *attrs, cairn_shape *x, cairn_shape *w)
{
    memset(attrs, 0, sizeof *attrs);
    if (!m->small && m->index < (int)CAIRN_COUNT(known_convs)) {
        const known_conv *k = &known_convs[m->index];
        m->call->run.n = k->n;
        attrs->groups = k->groups;
        attrs->geometry.window =
            (cairn_window){k->k, k->k, k->stride, k->stride, 1, 1, k->pad, k->pad, k->pad, k->pad};
        *x = per_image(3, k->size, k->size, k->in);
        *w = (cairn_shape){.rank = 4, .dim = {k->k, k->k, k->in / attrs->groups, k->out}};
        return true;
    }
    int line = m->index - (int)CAIRN_COUNT(known_convs);
    if (!m->small && line >= 0 && line < (int)CAIRN_COUNT(known_lines)) {
        line_shapes(m->call, attrs, &known_lines[line], x, w);
        return true;
    }
    attrs->geometry.window = random_window(m, true);
    random_padding(m, &attrs->geometry);
    attrs->groups = (int32_t)(chance(m, 3) ? range(m, 2, 4) : 1);
    int64_t in = channels(m), out = channels(m);
    if (!m->small && chance(m, 4)) { /* many narrow groups */
        attrs->groups = (int32_t)range(m, 2, 20);
        in = out = (int64_t)1 << range(m, 0, 5);
    }
    *x = per_image(3, size(m), size(m), in * attrs->groups);
    *w = (cairn_shape){
        .rank = 4, .dim = {attrs->geometry.window.k_h, attrs->geometry.window.k_w, in, out * attrs->groups}};
    return true;
}

static void make_conv2d(maker *m)
{
    cairn_conv2d_attrs *attrs = (void *)m->call->attrs;
    cairn_shape x, w;
    conv_shapes(m, attrs, &x, &w);
    attrs->act = m->small ? CAIRN_ACT_NONE : any_activation(m);
    input(m, x);
    weights(m, w, w.dim[0] * w.dim[1] * w.dim[2]);
    bool biased = !chance(m, 3);
    if (biased)
        input(m, (cairn_shape){.rank = 1, .dim = {w.dim[3]}});
    if (m->call->op != &cairn_op_conv2d || m->small || !chance(m, 2))
        return;
    if (op_call_infer(m->call, m->ctx) != CAIRN_OK)
        return;
    if (!biased)
        absent(m);
    input(m, m->call->out[0].type.shape); /* what an add behind it becomes */
}

/* Makes the call of the convolution, and of it the call of a gradient. */
static void make_conv2d_bwd(maker *m)
{
    op_call *call = m->call, forward = {.op = &cairn_op_conv2d, .run = call->run};
    maker inner = *m;
    inner.call = &forward;
    bool data = call->op == &cairn_op_conv2d_bwd_data;
    do {
        op_call_free(&forward);
        forward.inputs = 0;
        make_conv2d(&inner);
    } while (op_call_infer(&forward, m->ctx) != CAIRN_OK);
    call->run.n = forward.run.n;
    memcpy(call->attrs, forward.attrs, sizeof call->attrs);
    ((cairn_conv2d_attrs *)(void *)call->attrs)->act = CAIRN_ACT_NONE;
    if (!data)
        input(m, forward.in[0].type.shape);
    input(m, forward.out[0].type.shape);
    if (data)
        weights(m, forward.in[1].type.shape, forward.out[0].type.shape.dim[2]);
    bool added = data && chance(m, 3), gated = data && !m->small && chance(m, 3);
    if (added) /* what other uses of the input give */
        input(m, forward.in[0].type.shape);
    if (gated && !added)
        absent(m);
    if (gated) /* the input, if a ReLU made it */
        input(m, forward.in[0].type.shape);
    op_call_free(&forward);
}

static const int64_t lenet_dense[][3] = {{64, 120, 84}, {64, 84, 10},   {5, 1024, 500},
                                         {7, 500, 10},  {64, 400, 120}, {1, 84, 10}};

static void dense_sizes(maker *m, int64_t *in, int64_t *out)
{
    if (!m->small && m->index < (int)CAIRN_COUNT(lenet_dense)) {
        m->call->run.n = lenet_dense[m->index][0];
        *in = lenet_dense[m->index][1];
        *out = lenet_dense[m->index][2];
        return;
    }
    m->call->run.n = range(m, 1, m->small ? 4 : 40);
    *in = channels(m) * range(m, 1, m->small ? 1 : 4);
    *out = channels(m) * range(m, 1, m->small ? 1 : 3);
}

static void make_linear(maker *m)
{
    int64_t in, out;
    dense_sizes(m, &in, &out);
    ((cairn_linear_attrs *)(void *)m->call->attrs)->act =
        m->small ? CAIRN_ACT_NONE : (cairn_activation_kind)range(m, 0, CAIRN_ACT_SIGMOID);
    input(m, per_image(1, in, 0, 0));
    weights(m, (cairn_shape){.rank = 2, .dim = {in, out}}, in);
    if (!chance(m, 3))
        input(m, (cairn_shape){.rank = 1, .dim = {out}});
}

static void make_linear_bwd_data(maker *m)
{
    int64_t in, out;
    dense_sizes(m, &in, &out);
    input(m, per_image(1, out, 0, 0));
    weights(m, (cairn_shape){.rank = 2, .dim = {in, out}}, out);
}

static void make_linear_bwd_weights(maker *m)
{
    int64_t in, out;
    dense_sizes(m, &in, &out);
    input(m, per_image(1, in, 0, 0));
    input(m, per_image(1, out, 0, 0));
}

/* ---- element by element ---- */

static void make_two(maker *m)
{
    cairn_shape shape = any_shape(m);
    input(m, shape);
    input(m, shape);
}

static void make_add(maker *m)
{
    ((cairn_add_attrs *)(void *)m->call->attrs)->act = m->small ? CAIRN_ACT_NONE : any_activation(m);
    make_two(m);
}

static void make_activation(maker *m)
{
    ((cairn_activation_attrs *)(void *)m->call->attrs)->kind =
        (cairn_activation_kind)(1 + m->index % CAIRN_ACT_SIGMOID);
    op_tensor *x = input(m, image_shape(m));
    double scale = m->small ? 2.0 : chance(m, 3) ? 50.0 : 4.0;
    for (int64_t i = 0; i < op_tensor_count(x); i++)
        x->data[i] *= scale;
}

static void make_activation_bwd(maker *m)
{
    make_activation(m);
    for (int64_t i = 0; i < op_tensor_count(&m->call->in[0]); i++)
        m->call->in[0].data[i] /= 50.0;
    input(m, m->call->in[0].type.shape);
}

static void make_scale_bias(maker *m)
{
    cairn_shape shape = image_shape(m);
    cairn_shape c = {.rank = 1, .dim = {shape.dim[shape.rank - 1]}};
    ((cairn_scale_bias_attrs *)(void *)m->call->attrs)->act =
        m->small ? CAIRN_ACT_NONE : (cairn_activation_kind)range(m, 0, CAIRN_ACT_SIGMOID);
    input(m, shape);
    input(m, c);
    if (!chance(m, 3))
        input(m, c);
}

static void make_image_pair(maker *m)
{
    cairn_shape shape = image_shape(m);
    input(m, shape);
    input(m, shape);
}

static void make_image(maker *m)
{
    input(m, image_shape(m));
}

static void make_normalize(maker *m)
{
    cairn_shape shape = per_image(3, size(m), size(m), chance(m, 2) ? 1 : range(m, 1, 4));
    integers(m, shape, CAIRN_BYTE, 0, 255);
    input(m, (cairn_shape){.rank = 2, .dim = {shape.dim[2], 256}});
}

static void make_dropout(maker *m)
{
    *(cairn_dropout_attrs *)(void *)m->call->attrs =
        (cairn_dropout_attrs){.rate = (float)range(m, 0, 9) / 10.0f, .slot = (uint32_t)range(m, 0, 3)};
    input(m, image_shape(m));
    integers(m, per_image(0, 0, 0, 0), CAIRN_INT64, 0, 1 << 20);
    m->call->run.training = !chance(m, 4);
    m->call->run.epoch = (uint32_t)range(m, 0, 90);
    m->call->run.seed = op_random_next(m->random);
}

/* ---- pools ---- */

static void make_pool(maker *m)
{
    cairn_pool_attrs *attrs = (void *)m->call->attrs;
    bool max = m->call->op == &cairn_op_maxpool;
    memset(attrs, 0, sizeof *attrs);
    attrs->geometry.window = random_window(m, max);
    if (chance(m, 3)) {
        attrs->geometry.window.k_h = attrs->geometry.window.k_w = 2;
        attrs->geometry.window.stride_h = attrs->geometry.window.stride_w = 2;
    } else {
        random_padding(m, &attrs->geometry);
    }
    attrs->geometry.ceil = chance(m, 3);
    attrs->divisor = (cairn_divisor)range(m, 0, 2);
    op_tensor *x = input(m, per_image(3, size(m), size(m), channels(m)));
    if (!m->small && chance(m, 2)) /* many equal values */
        for (int64_t i = 0; i < op_tensor_count(x); i++)
            x->data[i] = floor(x->data[i] * 2.0);
}

static void make_pool_bwd(maker *m)
{
    op_call *call = m->call;
    bool max = call->op == &cairn_op_maxpool_bwd;
    op_call forward = {.op = max ? &cairn_op_maxpool : &cairn_op_avgpool, .run = call->run};
    maker inner = *m;
    inner.call = &forward;
    do {
        op_call_free(&forward);
        forward.inputs = 0;
        make_pool(&inner);
    } while (op_call_infer(&forward, m->ctx) != CAIRN_OK);
    memcpy(call->attrs, forward.attrs, sizeof call->attrs);
    if (max) {
        op_call_run(&forward, op_reference(forward.op, CAIRN_F64), CAIRN_F64);
        op_tensor *x = input(m, forward.in[0].type.shape), *y = input(m, forward.out[0].type.shape);
        memcpy(x->data, forward.in[0].data, (size_t)op_tensor_count(x) * sizeof *x->data);
        memcpy(y->data, forward.out[0].data, (size_t)op_tensor_count(y) * sizeof *y->data);
    }
    input(m, forward.out[0].type.shape);
    if (max && !m->small && chance(m, 3))
        input(m, forward.in[0].type.shape); /* x, if a ReLU made it */
    op_call_free(&forward);
}

/* ---- losses ---- */

static void make_rbf(maker *m)
{
    int64_t features = channels(m), classes = range(m, 1, 12);
    bool backward = m->call->op == &cairn_op_rbf_bwd;
    input(m, per_image(1, features, 0, 0));
    input(m, (cairn_shape){.rank = 2, .dim = {classes, features}});
    if (backward)
        input(m, per_image(1, classes, 0, 0));
}

static void soft_targets(maker *m, int64_t classes)
{
    op_tensor *t = input(m, per_image(1, classes, 0, 0));
    for (int64_t n = 0; n < t->n; n++) {
        double sum = 0.0;
        for (int64_t k = 0; k < classes; k++)
            sum += t->data[n * classes + k] = fabs(t->data[n * classes + k]) + 0.01;
        for (int64_t k = 0; k < classes; k++)
            t->data[n * classes + k] /= sum;
    }
}

static void make_cross_entropy(maker *m)
{
    cairn_cross_entropy_attrs *attrs = (void *)m->call->attrs;
    bool backward = m->call->op == &cairn_op_cross_entropy_bwd;
    *attrs = (cairn_cross_entropy_attrs){.smoothing = chance(m, 2) ? 0.1 : 0.0,
                                         .rubbish = chance(m, 3),
                                         .rubbish_margin = 1.5,
                                         .soft = chance(m, 3)};
    int64_t classes = m->small ? range(m, 1, 9) : chance(m, 6) ? 1000 : range(m, 1, 40);
    op_tensor *x = input(m, per_image(1, classes, 0, 0));
    double scale = !m->small && chance(m, 4) ? 500.0 : 4.0;
    for (int64_t i = 0; i < op_tensor_count(x); i++)
        x->data[i] *= scale;
    if (attrs->soft)
        soft_targets(m, classes);
    else
        integers(m, per_image(0, 0, 0, 0), CAIRN_INT32, 0, classes - 1);
    if (backward)
        input(m, per_image(0, 0, 0, 0));
    if (chance(m, 3))
        input(m, per_image(0, 0, 0, 0));
}

static void make_per_image_number(maker *m)
{
    m->call->run.n = range(m, 1, 70);
    input(m, per_image(0, 0, 0, 0));
}

static void make_number(maker *m)
{
    input(m, (cairn_shape){.rank = 0});
}

static const struct {
    const cairn_op *op;
    void (*make)(maker *m);
} makers[] = {
    {&cairn_op_fold_batchnorm, op_make_fold_batchnorm},
    {&cairn_op_concat, op_make_concat},
    {&cairn_op_slice, op_make_slice},
    {&cairn_op_zero_pad, op_make_zero_pad},
    {&cairn_op_zero_pad_bwd, op_make_zero_pad},
    {&cairn_op_subsample, op_make_subsample},
    {&cairn_op_subsample_bwd, op_make_subsample},
    {&cairn_op_global_avgpool, op_make_picture},
    {&cairn_op_global_avgpool_bwd, op_make_from_flat},
    {&cairn_op_adaptive_avgpool, op_make_adaptive},
    {&cairn_op_adaptive_avgpool_bwd, op_make_adaptive},
    {&cairn_op_flatten_chw, op_make_picture},
    {&cairn_op_flatten_chw_bwd, op_make_from_flat},
    {&cairn_op_scale, op_make_scale},
    {&cairn_op_lrn, op_make_lrn},
    {&cairn_op_lrn_bwd, op_make_lrn},
    {&cairn_op_batchnorm, op_make_batchnorm},
    {&cairn_op_batchnorm_train, op_make_batchnorm},
    {&cairn_op_batchnorm_statistics, op_make_batchnorm},
    {&cairn_op_batchnorm_sums, op_make_batchnorm},
    {&cairn_op_batchnorm_bwd, op_make_batchnorm},
    {&cairn_op_batchnorm_update, op_make_batchnorm},
    {&cairn_op_normalize, make_normalize},
    {&cairn_op_conv2d, make_conv2d},
    {&cairn_op_conv2d_bwd_data, make_conv2d_bwd},
    {&cairn_op_conv2d_bwd_weights, make_conv2d_bwd},
    {&cairn_op_linear, make_linear},
    {&cairn_op_linear_bwd_data, make_linear_bwd_data},
    {&cairn_op_linear_bwd_weights, make_linear_bwd_weights},
    {&cairn_op_activation, make_activation},
    {&cairn_op_activation_bwd, make_activation_bwd},
    {&cairn_op_maxpool, make_pool},
    {&cairn_op_maxpool_bwd, make_pool_bwd},
    {&cairn_op_avgpool, make_pool},
    {&cairn_op_avgpool_bwd, make_pool_bwd},
    {&cairn_op_scale_bias, make_scale_bias},
    {&cairn_op_scale_bias_bwd, make_image_pair},
    {&cairn_op_channel_sum, make_image},
    {&cairn_op_multiply, make_two},
    {&cairn_op_add, make_add},
    {&cairn_op_dropout, make_dropout},
    {&cairn_op_dropout_bwd, make_dropout},
    {&cairn_op_rbf, make_rbf},
    {&cairn_op_rbf_bwd, make_rbf},
    {&cairn_op_cross_entropy, make_cross_entropy},
    {&cairn_op_cross_entropy_bwd, make_cross_entropy},
    {&cairn_op_mean, make_per_image_number},
    {&cairn_op_mean_bwd, make_number},
    {&cairn_op_finite, op_make_finite},
    {&cairn_op_accumulate, op_make_accumulate},
    {&cairn_op_gate, op_make_gate},
    {&cairn_op_sgd, op_make_sgd},
    {&cairn_op_rmsprop, op_make_rmsprop},
    {&cairn_op_adam, op_make_adam},
    {&cairn_op_lars, op_make_lars},
    {&cairn_op_lamb, op_make_adam},
    {&cairn_op_average, op_make_average},
    {&cairn_op_square_sum, op_make_square_sum},
};

/* Shapes are drawn until the operator accepts them. */
bool op_case_make(const cairn_op *op, int index, bool small, cairn_ctx *ctx, op_random *random, op_call *call)
{
    for (size_t k = 0; k < CAIRN_COUNT(makers); k++) {
        if (makers[k].op != op)
            continue;
        *call = (op_call){
            .op = op, .training = index % 4 >= 2, .pitches = index % 2 == 1 ? op_random_next(random) : 0};
        do {
            op_call_free(call);
            memset(call->attrs, 0, sizeof call->attrs);
            call->inputs = 0;
            call->run = (cairn_run_values){.n = op_random_range(random, 1, small ? 2 : 5), .training = true};
            call->random.state = op_random_next(random);
            maker m = {index, small, ctx, random, call};
            makers[k].make(&m);
        } while (op_call_infer(call, ctx) != CAIRN_OK);
        return true;
    }
    return false;
}
