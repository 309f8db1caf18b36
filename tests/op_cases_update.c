/* Random calls of the operators of the update. */
#include "op_maker.h"

/* Weights, gradient, `slots` tensors of which `square` (0: none) is not negative, flag, and perhaps squares.
 */
static void make_update(maker *m, int slots, int square)
{
    cairn_update_attrs *attrs = (cairn_update_attrs *)(void *)m->call->attrs;
    attrs->lr_factor = chance(m, 2) ? 1.0 : 0.5;
    attrs->weight_decay = chance(m, 2) ? 0.01 : 0.0;
    attrs->clip_norm = chance(m, 2) ? 0.5 : 0.0;
    attrs->clip_value = chance(m, 3) ? 0.25 : 0.0;
    m->call->run.lr = 0.1;
    m->call->run.step = range(m, 0, 2);
    cairn_shape shape = {.rank = 2, .dim = {channels(m), chance(m, 4) ? 3000 : channels(m)}};
    for (int i = 0; i < 2 + slots; i++) {
        op_tensor *x = input(m, shape);
        for (int64_t k = 0; k < op_tensor_count(x) && square > 0 && i == square; k++)
            x->data[k] = fabs(x->data[k]);
    }
    integers(m, (cairn_shape){.rank = 0}, CAIRN_INT32, chance(m, 4) ? 0 : 1, 1);
    if (chance(m, 2)) {
        op_tensor *squares = input(m, (cairn_shape){.rank = 0});
        squares->data[0] = fabs(squares->data[0]);
    }
}

void op_make_sgd(maker *m)
{
    cairn_sgd_attrs *attrs = (cairn_sgd_attrs *)(void *)m->call->attrs;
    attrs->momentum = chance(m, 4) ? 0.0 : 0.9;
    attrs->dampening = chance(m, 3) ? 0.5 : 0.0;
    attrs->nesterov = attrs->momentum > 0 && chance(m, 2);
    make_update(m, 1, 0);
}

void op_make_lars(maker *m)
{
    cairn_lars_attrs *attrs = (cairn_lars_attrs *)(void *)m->call->attrs;
    attrs->momentum = 0.9;
    attrs->trust = 0.02;
    attrs->nesterov = chance(m, 2);
    make_update(m, 1, 0);
}

void op_make_rmsprop(maker *m)
{
    cairn_rmsprop_attrs *attrs = (cairn_rmsprop_attrs *)(void *)m->call->attrs;
    attrs->decay = attrs->momentum = 0.9;
    attrs->eps = chance(m, 2) ? 1.0 : 0.01;
    attrs->first = chance(m, 2) ? 1.0 : 0.0;
    make_update(m, 2, 2);
}

void op_make_adam(maker *m)
{
    cairn_adam_attrs *attrs = (cairn_adam_attrs *)(void *)m->call->attrs;
    attrs->beta1 = 0.9;
    attrs->beta2 = 0.99;
    attrs->eps = 1e-3;
    attrs->decoupled = chance(m, 2);
    make_update(m, 2, 3);
}

void op_make_average(maker *m)
{
    ((cairn_average_attrs *)(void *)m->call->attrs)->decay = 0.99;
    m->call->run.step = range(m, 0, 2000);
    cairn_shape shape = {.rank = 2, .dim = {channels(m), chance(m, 4) ? 3000 : channels(m)}};
    input(m, shape);
    input(m, shape);
    integers(m, (cairn_shape){.rank = 0}, CAIRN_INT32, chance(m, 4) ? 0 : 1, 1);
}

void op_make_square_sum(maker *m)
{
    bool chained = chance(m, 2);
    ((cairn_square_sum_attrs *)(void *)m->call->attrs)->chained = chained;
    if (chained) {
        op_tensor *sum = input(m, (cairn_shape){.rank = 0});
        sum->data[0] = fabs(sum->data[0]);
    }
    for (int64_t i = range(m, 1, CAIRN_MAX_OPERANDS - 1); i > 0; i--)
        input(m, (cairn_shape){.rank = 2, .dim = {channels(m), chance(m, 4) ? 3000 : channels(m)}});
}

void op_make_finite(maker *m)
{
    static const double bad[] = {1e30, (double)INFINITY, -(double)INFINITY, (double)NAN};
    for (int64_t i = range(m, 1, CAIRN_MAX_OPERANDS); i > 0; i--) {
        if (chance(m, 3)) { /* the flag of another */
            integers(m, (cairn_shape){.rank = 0}, CAIRN_INT32, chance(m, 4) ? 0 : 1, 1);
            continue;
        }
        op_tensor *x = input(m, (cairn_shape){.rank = 2, .dim = {channels(m), channels(m)}});
        if (chance(m, 6))
            x->data[range(m, 0, op_tensor_count(x) - 1)] = bad[range(m, 0, 3)];
    }
}

void op_make_accumulate(maker *m)
{
    m->call->run.share = (double)range(m, 1, 8) / 8;
    input(m, (cairn_shape){.rank = 2, .dim = {channels(m), chance(m, 4) ? 3000 : channels(m)}});
}

void op_make_gate(maker *m)
{
    m->call->run.more = chance(m, 2);
    integers(m, (cairn_shape){.rank = 0}, CAIRN_INT32, chance(m, 2) ? 0 : 1, 1);
}
