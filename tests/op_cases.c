/* Random calls of every operator. */
#include "op_cases.h"
#include "op_maker.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

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
    {&cairn_op_conv2d, op_make_conv2d},
    {&cairn_op_conv2d_bwd_data, op_make_conv2d_bwd},
    {&cairn_op_conv2d_bwd_weights, op_make_conv2d_bwd},
    {&cairn_op_linear, op_make_linear},
    {&cairn_op_linear_bwd_data, op_make_linear_bwd_data},
    {&cairn_op_linear_bwd_weights, op_make_linear_bwd_weights},
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
