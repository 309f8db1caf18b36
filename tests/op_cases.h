/* Random calls of every operator, with awkward shapes: odd sizes, single pixels, strides, dilations, groups,
 * one-sided padding, channel counts around the widths of vectors. */
#ifndef CAIRN_TESTS_OP_CASES_H
#define CAIRN_TESTS_OP_CASES_H

#include "op_harness.h"

/* Makes call number `index`: the first ones of convolutions and dense layers are those of LeNet-5. small: few
 * elements, for numerical gradients. False: the operator has no kernels. The caller ends the call with
 * op_call_free. */
bool op_case_make(const cairn_op *op, int index, bool small, cairn_ctx *ctx, op_random *random,
                  op_call *call);

#endif
