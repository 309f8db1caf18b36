/* What the optimisers' updates share. */
#include "ops/update.h"
#include "ops/check.h"
#include <math.h>

#define NORM_EPS 1e-6

cairn_status cairn_infer_update(cairn_infer *node, int slots)
{
    int flag = 2 + slots;
    for (int i = 1; i < flag; i++) {
        cairn_status status = cairn_expect_same(node, 0, i);
        if (status != CAIRN_OK)
            return status;
    }
    if (node->in[0]->shape.batched || node->in[flag]->element != CAIRN_INT32)
        return cairn_fail(node->ctx, CAIRN_INPUT, "%s: inputs (expected tensors and a flag)", node->name);
    if (node->inputs > flag + 1) {
        cairn_status status = cairn_expect_tensor(node, flag + 1, 0, NULL);
        if (status != CAIRN_OK)
            return status;
    }
    node->out[0] = *node->in[0];
    for (int i = 0; i < slots; i++)
        node->out[1 + i] = *node->in[2 + i];
    return CAIRN_OK;
}

cairn_clip cairn_clip_of(const cairn_update_attrs *attrs, double squares)
{
    cairn_clip clip = {1.0, (double)INFINITY};
    if (squares >= 0 && attrs->clip_norm > 0)
        clip.factor = fmin(1.0, attrs->clip_norm / (sqrt(squares) + NORM_EPS));
    if (attrs->clip_value > 0)
        clip.limit = attrs->clip_value;
    return clip;
}

double cairn_power(double base, int64_t n)
{
    double power = 1.0;
    for (; n > 0; n /= 2) {
        if (n % 2 != 0)
            power *= base;
        base *= base;
    }
    return power;
}
