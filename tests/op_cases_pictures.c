/* Random calls of operators that arrange or normalise pictures. */
#include "op_maker.h"

/* ---- operators that arrange pictures ---- */

static cairn_shape picture_shape(maker *m)
{
    int64_t side = m->small ? 4 : chance(m, 8) ? 40 : 9;
    return per_image(3, range(m, 1, side), range(m, 1, side), channels(m));
}

void op_make_picture(maker *m)
{
    input(m, picture_shape(m));
}

void op_make_concat(maker *m)
{
    cairn_shape shape = picture_shape(m);
    for (int64_t parts = range(m, 1, 4); parts > 0; parts--) {
        shape.dim[2] = channels(m);
        input(m, shape);
    }
}

void op_make_slice(maker *m)
{
    cairn_slice_attrs *attrs = (void *)m->call->attrs;
    int64_t c = input(m, picture_shape(m))->type.shape.dim[2];
    attrs->first = (int32_t)range(m, 0, c - 1);
    attrs->count = (int32_t)range(m, 1, c - attrs->first);
}

void op_make_zero_pad(maker *m)
{
    cairn_zero_pad_attrs *attrs = (void *)m->call->attrs;
    *attrs = (cairn_zero_pad_attrs){(int32_t)range(m, 0, 3), (int32_t)range(m, 0, 3), (int32_t)range(m, 0, 3),
                                    (int32_t)range(m, 0, 3)};
    cairn_shape shape = picture_shape(m);
    if (m->call->op == &cairn_op_zero_pad_bwd) {
        shape.dim[0] += attrs->top + attrs->bottom;
        shape.dim[1] += attrs->left + attrs->right;
    }
    input(m, shape);
}

void op_make_subsample(maker *m)
{
    cairn_subsample_attrs *attrs = (void *)m->call->attrs;
    *attrs = (cairn_subsample_attrs){.stride = (int32_t)range(m, 1, 3),
                                     .before = (int32_t)range(m, 0, 8),
                                     .after = (int32_t)range(m, 0, 8)};
    cairn_shape shape = picture_shape(m);
    if (m->call->op == &cairn_op_subsample_bwd) {
        attrs->in_h = (int32_t)shape.dim[0];
        attrs->in_w = (int32_t)shape.dim[1];
        shape = per_image(3, cairn_ceil_div(shape.dim[0], attrs->stride),
                          cairn_ceil_div(shape.dim[1], attrs->stride),
                          shape.dim[2] + attrs->before + attrs->after);
    }
    input(m, shape);
}

/* Gradients of what makes one row of numbers of a picture, whose shape the attributes hold. */
void op_make_from_flat(maker *m)
{
    cairn_shape shape = picture_shape(m);
    ((cairn_reshape_attrs *)(void *)m->call->attrs)->shape = shape;
    bool all = m->call->op == &cairn_op_flatten_chw_bwd;
    input(m, per_image(1, all ? cairn_shape_elements(&shape) : shape.dim[2], 0, 0));
}

void op_make_adaptive(maker *m)
{
    cairn_adaptive_attrs *attrs = (void *)m->call->attrs;
    cairn_shape in = picture_shape(m);
    *attrs = (cairn_adaptive_attrs){.out_h = (int32_t)range(m, 1, 7), .out_w = (int32_t)range(m, 1, 7)};
    if (m->call->op == &cairn_op_adaptive_avgpool_bwd) {
        attrs->in_h = (int32_t)in.dim[0];
        attrs->in_w = (int32_t)in.dim[1];
        in.dim[0] = attrs->out_h;
        in.dim[1] = attrs->out_w;
    }
    input(m, in);
}

void op_make_scale(maker *m)
{
    ((cairn_scale_attrs *)(void *)m->call->attrs)->factor = 0.17;
    input(m, chance(m, 3) ? per_image(0, 0, 0, 0) : picture_shape(m));
}

/* ---- normalisation ---- */

void op_make_lrn(maker *m)
{
    cairn_lrn_attrs *attrs = (void *)m->call->attrs;
    *attrs = (cairn_lrn_attrs){.size = 1 + 2 * (int32_t)range(m, 0, 3),
                               .alpha = 0.1,
                               .beta = chance(m, 2) ? 0.75 : 0.5,
                               .k = (double)range(m, 1, 2)};
    cairn_shape shape = picture_shape(m);
    input(m, shape);
    if (m->call->op == &cairn_op_lrn_bwd)
        input(m, shape);
}

/* Sums and squared deviations are those of no input in particular, but squares are not negative. */
static void positive_vector(maker *m, cairn_shape shape)
{
    op_tensor *tensor = input(m, shape);
    for (int64_t i = 0; i < op_tensor_count(tensor); i++)
        tensor->data[i] = tensor->data[i] * tensor->data[i] + 0.5;
}

void op_make_batchnorm(maker *m)
{
    const cairn_op *op = m->call->op;
    cairn_batchnorm_attrs *attrs = (void *)m->call->attrs;
    *attrs = (cairn_batchnorm_attrs){.eps = 1e-3, .momentum = 0.1, .no_scale = chance(m, 2), .pixels = 12};
    cairn_shape shape = picture_shape(m), c = {.rank = 1, .dim = {shape.dim[2]}};
    bool backward = op == &cairn_op_batchnorm_sums || op == &cairn_op_batchnorm_bwd;
    if (!m->small && (op == &cairn_op_batchnorm || op == &cairn_op_batchnorm_train))
        attrs->act = any_activation(m);
    if (op == &cairn_op_batchnorm_update) {
        input(m, c);
        positive_vector(m, c);
        input(m, c);
        positive_vector(m, c);
        integers(m, (cairn_shape){.rank = 0}, CAIRN_INT32, 0, 1);
        return;
    }
    input(m, shape);
    if (backward)
        input(m, shape);
    if (op == &cairn_op_batchnorm_statistics)
        return;
    if (backward)
        attrs->act = chance(m, 2) ? CAIRN_ACT_RELU : CAIRN_ACT_NONE;
    input(m, c);
    if (op == &cairn_op_batchnorm)
        input(m, c);
    positive_vector(m, c);
    if (op != &cairn_op_batchnorm)
        input(m, c);
    for (int i = 0; i < 2 && op == &cairn_op_batchnorm_bwd; i++)
        input(m, c);
    if (!attrs->no_scale)
        input(m, c);
    if (op == &cairn_op_batchnorm_train && !m->small && !attrs->no_scale && chance(m, 2))
        input(m, shape); /* what an add behind it becomes */
}

void op_make_fold_batchnorm(maker *m)
{
    cairn_fold_batchnorm_attrs *attrs = (void *)m->call->attrs;
    *attrs = (cairn_fold_batchnorm_attrs){.eps = 1e-3, .no_scale = chance(m, 2), .has_bias = chance(m, 2)};
    cairn_shape c = {.rank = 1, .dim = {channels(m)}};
    input(m, (cairn_shape){.rank = 4, .dim = {range(m, 1, 3), range(m, 1, 3), channels(m), c.dim[0]}});
    input(m, c);
    input(m, c);
    positive_vector(m, c);
    for (int i = 0; i < !attrs->no_scale + attrs->has_bias; i++)
        input(m, c);
}
