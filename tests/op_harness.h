/* Runs one operator without a plan: tensors of doubles in, tensors of doubles out, by any of its kernels.
 * Operands get pitches and guard elements around every pixel, and work is cut into random pieces, as a plan
 * may cut it. */
#ifndef CAIRN_TESTS_OP_HARNESS_H
#define CAIRN_TESTS_OP_HARNESS_H

#include "graph/graph.h"
#include "ops/attrs.h"
#include "ops/op.h"

/* A small generator of its own: tests must not depend on what they test. */
typedef struct op_random {
    uint64_t state;
} op_random;

uint64_t op_random_next(op_random *random);
int64_t op_random_range(op_random *random, int64_t low, int64_t high); /* inclusive */
double op_random_unit(op_random *random);                              /* [-1, 1), exact in float */

/* A value of n images, contiguous. Integers are stored as doubles too. An input may be absent, if others of
 * which the operator's rule need not know stand behind it. */
typedef struct op_tensor {
    cairn_value_type type;
    int64_t n; /* 1 if not batched, 0 if absent */
    double *data;
} op_tensor;

typedef struct op_call {
    const cairn_op *op;
    _Alignas(16) char attrs[CAIRN_ATTR_BYTES];
    int inputs;
    op_tensor in[CAIRN_MAX_OPERANDS], out[CAIRN_MAX_OPERANDS];
    cairn_run_values run; /* n: images */
    bool training;        /* the kernel is told that a gradient will follow */
    op_random random;     /* draws the pieces */
    uint64_t pitches;     /* 0: pixels lie close, else what pitches are drawn from */
} op_call;

/* To the nearest bfloat16, and back. */
uint16_t op_bf16(double value);
double op_from_bf16(uint16_t half);

int64_t op_tensor_count(const op_tensor *tensor);
op_tensor op_tensor_new(cairn_shape shape, cairn_element element, int64_t n);
void op_tensor_free(op_tensor *tensor);
void op_tensor_fill(op_tensor *tensor, op_random *random);

/* Infers the outputs' types, from the inputs before the first that is absent, and makes their tensors. */
cairn_status op_call_infer(op_call *call, cairn_ctx *ctx);
void op_call_free(op_call *call);

/* Can this machine run the kernel? */
bool op_kernel_runs(const cairn_kernel *kernel, cairn_dtype precision);

/* Runs the kernel and fills the tensors of the outputs. False: it does not fit, or (message printed) it wrote
 * outside its operands. */
typedef enum op_result { OP_RAN, OP_UNFIT, OP_STRAYED } op_result;
op_result op_call_run(op_call *call, const cairn_kernel *kernel, cairn_dtype precision);

/* The first kernel of that precision that is a reference: the last ones of the list. */
const cairn_kernel *op_reference(const cairn_op *op, cairn_dtype precision);

#endif
