/* Every kernel of every operator that this machine can run against the reference in double, over random
 * awkward shapes. The list of kernels is the library's own, so that a new kernel is tested by being listed.
 */
#include "op_cases.h"
#include "support.h"
#include <math.h>

#define SHAPES 72

#define MOST_KERNELS 128 /* of an operator: each way times levels times precisions */

static const cairn_dtype precisions[] = {CAIRN_F32, CAIRN_BF16};

/* Of the largest magnitude that a sum of that length can have. In bfloat16 a result is rounded to eight
 * binary digits, and rounded once more behind an activation other than ReLU. */
static double tolerance_of(cairn_dtype precision)
{
    return precision == CAIRN_BF16 ? 0x1p-7 : 1e-5;
}

/* Numbers in [-1, 1) as they are stored, so that both precisions start from the same. */
static void round_inputs(op_call *call, cairn_dtype precision)
{
    for (int i = 0; i < call->inputs; i++)
        for (int64_t k = 0; k < op_tensor_count(&call->in[i]); k++)
            if (call->in[i].type.element == CAIRN_REAL)
                call->in[i].data[k] = precision == CAIRN_BF16 ? op_from_bf16(op_bf16(call->in[i].data[k]))
                                                              : (double)(float)call->in[i].data[k];
}

/* Infinite and missing numbers must agree as such. */
static bool close_to(double found, double expected, double allowed)
{
    if (isnan(expected) || isinf(expected))
        return isnan(expected) ? isnan(found) : found == expected;
    return fabs(found - expected) <= allowed;
}

static void compare(const op_call *call, const op_call *expected, const cairn_kernel *kernel,
                    cairn_dtype precision, int index)
{
    for (int o = 0; o < call->op->outputs; o++) {
        const op_tensor *a = &call->out[o], *b = &expected->out[o];
        double scale = 0.05;
        for (int64_t i = 0; i < op_tensor_count(b); i++)
            scale = isfinite(b->data[i]) ? fmax(scale, fabs(b->data[i])) : scale;
        for (int64_t i = 0; i < op_tensor_count(b); i++)
            if (!close_to(a->data[i], b->data[i], tolerance_of(precision) * scale))
                fail_msg("%s.%s.%s in %s, case %d, output %d, element %lld: expected %.9g, found %.9g",
                         call->op->name, kernel->name, cairn_isa_text(kernel->isa),
                         cairn_dtype_name(precision), index, o, (long long)i, b->data[i], a->data[i]);
    }
}

/* Parameters are never held in bfloat16. */
static bool works_on_images(const op_call *call)
{
    return call->out[0].type.shape.batched || call->in[0].type.shape.batched;
}

static void check_case(const cairn_op *op, cairn_dtype precision, int index, cairn_ctx *ctx,
                       op_random *random, int *ran)
{
    op_call call, expected;
    if (!op_case_make(op, index, false, ctx, random, &call))
        fail_msg("%s has kernels but no cases", op->name);
    round_inputs(&call, precision);
    expected = call;
    memset(expected.out, 0, sizeof expected.out);
    assert_int_equal(op_call_infer(&expected, ctx), CAIRN_OK);
    assert_int_equal(op_call_run(&expected, op_reference(op, CAIRN_F64), CAIRN_F64), OP_RAN);
    for (int k = 0; op->kernels[k] != NULL; k++) {
        const cairn_kernel *kernel = op->kernels[k];
        if (!op_kernel_runs(kernel, precision) || (precision == CAIRN_BF16 && !works_on_images(&expected)))
            continue;
        op_result result = op_call_run(&call, kernel, precision);
        if (result == OP_STRAYED)
            fail_msg("%s.%s.%s, case %d wrote outside its operands", op->name, kernel->name,
                     cairn_isa_text(kernel->isa), index);
        if (result == OP_RAN) {
            compare(&call, &expected, kernel, precision, index);
            ran[k]++;
        }
    }
    for (int o = 0; o < CAIRN_MAX_OPERANDS; o++)
        op_tensor_free(&expected.out[o]);
    op_call_free(&call);
}

/* Conversions have no meaning in double; see test_bf16. */
static bool is_tested_here(const cairn_op *op)
{
    return op->kernels != NULL && op_reference(op, CAIRN_F64) != NULL;
}

static void every_kernel_equals_the_reference(void **state)
{
    bench *b = *state;
    for (int i = 0; cairn_all_ops[i] != NULL; i++) {
        const cairn_op *op = cairn_all_ops[i];
        int ran[MOST_KERNELS] = {0};
        if (!is_tested_here(op))
            continue;
        for (int k = 0; op->kernels[k] != NULL; k++)
            assert_in_range(k, 0, MOST_KERNELS - 1);
        op_random random = {(uint64_t)i * 1000003};
        for (size_t p = 0; p < CAIRN_COUNT(precisions); p++)
            for (int index = 0; index < SHAPES; index++)
                check_case(op, precisions[p], index, b->ctx, &random, ran);
        for (int k = 0; op->kernels[k] != NULL; k++)
            if ((op_kernel_runs(op->kernels[k], CAIRN_F32) || op_kernel_runs(op->kernels[k], CAIRN_BF16)) &&
                ran[k] == 0)
                fail_msg("%s.%s.%s was never run", op->name, op->kernels[k]->name,
                         cairn_isa_text(op->kernels[k]->isa));
    }
}

/* Outputs must not depend on how the work was cut: bitwise, but for sums over the batch. */
static void cuts_change_nothing(void **state)
{
    bench *b = *state;
    for (int i = 0; cairn_all_ops[i] != NULL; i++) {
        const cairn_op *op = cairn_all_ops[i];
        op_random random = {(uint64_t)i * 7919};
        for (int index = 0; is_tested_here(op) && (op->flags & CAIRN_OP_BATCH_SUM) == 0 && index < SHAPES;
             index++) {
            op_call call;
            assert_true(op_case_make(op, index, false, b->ctx, &random, &call));
            for (int k = 0; op->kernels[k] != NULL; k++) {
                cairn_dtype precision = op_kernel_runs(op->kernels[k], CAIRN_F32) ? CAIRN_F32 : CAIRN_BF16;
                if (!op_kernel_runs(op->kernels[k], precision) ||
                    (precision == CAIRN_BF16 && !works_on_images(&call)))
                    continue;
                size_t bytes = (size_t)op_tensor_count(&call.out[0]) * sizeof(double);
                double *first = malloc(bytes);
                assert_non_null(first);
                if (op_call_run(&call, op->kernels[k], precision) == OP_RAN) {
                    memcpy(first, call.out[0].data, bytes);
                    assert_int_equal(op_call_run(&call, op->kernels[k], precision), OP_RAN);
                    if (memcmp(first, call.out[0].data, bytes) != 0)
                        fail_msg("%s.%s.%s in %s, case %d depends on how its work is cut", op->name,
                                 op->kernels[k]->name, cairn_isa_text(op->kernels[k]->isa),
                                 cairn_dtype_name(precision), index);
                }
                free(first);
            }
            op_call_free(&call);
        }
    }
}

static void spoil_other_images(op_call *call)
{
    for (int i = 0; i < call->inputs; i++) {
        op_tensor *x = &call->in[i];
        for (int64_t k = op_tensor_count(x) / call->run.n; x->type.shape.batched && k < op_tensor_count(x);
             k++)
            x->data[k] = NAN;
    }
}

/* Keeps what each kernel makes of the first image; where that is kept already, it must be the same. */
static void first_image(op_call *call, int index, double *kept[MOST_KERNELS])
{
    size_t bytes = (size_t)(op_tensor_count(&call->out[0]) / call->run.n) * sizeof(double);
    for (int k = 0; call->op->kernels[k] != NULL; k++) {
        const cairn_kernel *kernel = call->op->kernels[k];
        if (!op_kernel_runs(kernel, CAIRN_F32) || op_call_run(call, kernel, CAIRN_F32) != OP_RAN)
            continue;
        if (kept[k] != NULL && memcmp(kept[k], call->out[0].data, bytes) != 0)
            fail_msg("%s.%s.%s, case %d: an image depends on others in the batch", call->op->name,
                     kernel->name, cairn_isa_text(kernel->isa), index);
        free(kept[k]);
        kept[k] = malloc(bytes);
        assert_non_null(kept[k]);
        memcpy(kept[k], call->out[0].data, bytes);
    }
}

/* Convolutions take pixels of several images at a time: not a bit of one changes when the others are no
 * numbers any more. */
static void images_stay_apart(void **state)
{
    bench *b = *state;
    const cairn_op *ops[] = {&cairn_op_conv2d, &cairn_op_conv2d_bwd_data};
    for (size_t i = 0; i < CAIRN_COUNT(ops); i++) {
        op_random random = {i * 104729};
        for (int index = 0; index < SHAPES; index++) {
            op_call call;
            double *kept[MOST_KERNELS] = {NULL};
            assert_true(op_case_make(ops[i], index, false, b->ctx, &random, &call));
            first_image(&call, index, kept);
            spoil_other_images(&call);
            first_image(&call, index, kept);
            for (int k = 0; k < MOST_KERNELS; k++)
                free(kept[k]);
            op_call_free(&call);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(every_kernel_equals_the_reference), TEST(cuts_change_nothing),
                                       TEST(images_stay_apart)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
