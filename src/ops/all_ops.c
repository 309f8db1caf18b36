/* The list of all operators. */
#include "ops/op.h"

const cairn_op *const cairn_all_ops[] = {
#define OP(name) &cairn_op_##name,
#include "ops/ops.def"
#undef OP
    NULL};
