/* The optimisers' operators against the weights that PyTorch 2 (SGD, Adam, AdamW) and timm (RMSprop in
 * TensorFlow's form, LARS, LAMB) reach in double from the same start with the same gradients and rates; and
 * moving averages and clipping against their formulas. */
#include "op_harness.h"
#include "support.h"
#include <math.h>

#define STEPS 4
#define NUMBERS 5
#define SINGLE_LIMIT 2e-6
#define DOUBLE_LIMIT 1e-12

static const double start[NUMBERS] = {0.5, -1.25, 2.0, 0.03125, -0.75};
static const double gradients[STEPS][NUMBERS] = {{0.1, -0.2, 0.3, -0.4, 0.5},
                                                 {1.5, 0.25, -0.125, 0.0625, -2.0},
                                                 {-0.3, 0.6, 0.0, 0.9, -0.05},
                                                 {0.01, -0.02, 4.0, 0.5, -0.25}};
static const double rates[STEPS] = {0.1, 0.1, 0.05, 0.02};

typedef struct update_case {
    const char *name;
    const cairn_op *op;
    int slots;
    union {
        cairn_update_attrs update;
        cairn_sgd_attrs sgd;
        cairn_rmsprop_attrs rmsprop;
        cairn_adam_attrs adam;
        cairn_lars_attrs lars;
    } attrs;
    double after[STEPS][NUMBERS];
} update_case;

static const update_case cases[] = {
    {"sgd, nesterov, decay, clipped by norm",
     &cairn_op_sgd,
     1,
     {.sgd = {.momentum = 0.9, .nesterov = true, .weight_decay = 0.01, .clip_norm = 0.5}},
     {{0.48624021988590238, -1.2220054397718048, 1.9577706596577071, 0.082429745456390466,
       -0.81262390057048806},
      {0.42282079458937472, -1.2171873659509898, 1.9407669906170815, 0.10173229763947585,
       -0.76227139629580842},
      {0.42019376739278685, -1.2375420744344896, 1.9310349190725251, 0.072870771365541737,
       -0.75502359003714059},
      {0.41671446330438655, -1.2397185804080446, 1.9083300835409349, 0.067328037474706864,
       -0.75148912189795658}}},
    {"sgd clipped by value",
     &cairn_op_sgd,
     1,
     {.sgd = {.momentum = 0.9, .clip_value = 0.25}},
     {{0.48999999999999999, -1.23, 1.9750000000000001, 0.056250000000000001, -0.77500000000000002},
      {0.45599999999999996, -1.2369999999999999, 1.9650000000000001, 0.072500000000000009,
       -0.77250000000000008},
      {0.45319999999999994, -1.2526499999999998, 1.9605000000000001, 0.067312500000000011,
       -0.76887500000000009},
      {0.45199199999999995, -1.2578839999999998, 1.9538800000000001, 0.060445000000000013,
       -0.76257000000000008}}},
    {"rmsprop",
     &cairn_op_rmsprop,
     2,
     {.rmsprop = {.decay = 0.9, .momentum = 0.9, .eps = 1, .first = 1, .weight_decay = 0.01}},
     {{0.49238470848997412, -1.2346019167129691, 1.9768470672194702, 0.060125242887856041,
       -0.78550380114639617},
      {0.38009985096098786, -1.2383611207904637, 1.9638090147746898, 0.081441710136383266,
       -0.68315113265019412},
      {0.28966956455971515, -1.2638142324467403, 1.9513300301277301, 0.067271678137120011,
       -0.58907834515926272},
      {0.2080925810202035, -1.2862206709430202, 1.8957118286624088, 0.046983914681730757,
       -0.50080046460459871}}},
    {"adam",
     &cairn_op_adam,
     2,
     {.adam = {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 0.01}},
     {{0.40000000952380865, -1.1500000047058823, 1.9000000031249999, 0.13124999749804542,
       -0.84999999796954318},
      {0.32110258053633572, -1.1610095320482603, 1.8598059352586027, 0.18567926433111318,
       -0.79367540539771386},
      {0.29735561611859901, -1.1911139582834298, 1.8425333163337319, 0.16514046069012089,
       -0.7710194500096178},
      {0.2894768435962084, -1.2004129320486521, 1.8304782999949099, 0.15387768246984573,
       -0.76221498316295255}}},
    {"adamw",
     &cairn_op_adam,
     2,
     {.adam = {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 0.05, .decoupled = true}},
     {{0.39750000999999902, -1.1437500049999998, 1.8900000033333333, 0.13109374750000005, -0.846249998},
      {0.31680853670138354, -1.1543044804231741, 1.8473359007692285, 0.18514668581152577,
       -0.78606839898994441},
      {0.29243983358202619, -1.1825623113169612, 1.8298802623760451, 0.16421717641421762,
       -0.76170984365175076},
      {0.2843466349463542, -1.1912378286449525, 1.8161257314300145, 0.15281606893766914,
       -0.75226404810502789}}},
    {"lars",
     &cairn_op_lars,
     1,
     {.lars = {.momentum = 0.9, .trust = 0.001, .weight_decay = 0.01}},
     {{0.49996542671929006, -1.2499300302652299, 1.9998946338111698, 0.031381604839368991,
       -0.75016216514999645},
      {0.49978479425137651, -1.2498906523777917, 1.9998102357330831, 0.031493808859223579,
       -0.75010867543560467},
      {0.49973592609108852, -1.249937490162512, 1.9997700590970577, 0.031445369137600973,
       -0.75007828653015696},
      {0.49971814721446156, -1.2499539479673545, 1.9997056479119706, 0.031421714539667869,
       -0.75006414713303671}}},
    {"lars, nesterov",
     &cairn_op_lars,
     1,
     {.lars = {.momentum = 0.9, .trust = 0.02, .nesterov = true, .weight_decay = 0.01}},
     {{0.49868621533302326, -1.2473411500787375, 1.9959960848244518, 0.036250983896021653,
       -0.75616227569986716},
      {0.49245070779943062, -1.2471033712795041, 1.9946852665744674, 0.038145922968676374,
       -0.75121868294216343},
      {0.49221795595589957, -1.2492313988627435, 1.9939184992830699, 0.035304523575115258,
       -0.7505475695121484},
      {0.49189426504131456, -1.2495185104531945, 1.991764909236166, 0.034756542424235211,
       -0.75023007808063025}}},
    {"lars without decay",
     &cairn_op_lars,
     1,
     {.lars = {.momentum = 0.9, .trust = 0.001}},
     {{0.48999999999999999, -1.23, 1.97, 0.071250000000000008, -0.80000000000000004},
      {0.33099999999999996, -1.2369999999999999, 1.9555, 0.10100000000000002, -0.64500000000000002},
      {0.27444999999999997, -1.2701499999999999, 1.9489750000000001, 0.069387500000000019,
       -0.57274999999999998},
      {0.25389199999999995, -1.2816839999999998, 1.8666260000000001, 0.048007000000000022, -0.54174}}},
    {"lamb, clipped by norm",
     &cairn_op_lamb,
     2,
     {.adam = {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-6, .weight_decay = 0.02, .clip_norm = 1}},
     {{0.38730561736199193, -1.1356313639507067, 1.883957482464941, 0.14275968514782936,
       -0.85990578272966367},
      {0.22638699134601373, -1.0805922913685344, 1.7750151341341398, 0.2597564431845823,
       -0.80506963784436381},
      {0.1818831726990949, -1.1437749540476023, 1.7163953709689961, 0.21293412017488511,
       -0.77172590129605811},
      {0.16868931074541019, -1.1618943288551122, 1.6842805336812863, 0.19557844343178168,
       -0.7600505007456767}}},
    {"lamb without decay",
     &cairn_op_lamb,
     2,
     {.adam = {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-6}},
     {{0.40000099999000011, -1.1500004999975, 1.9000003333322222, 0.131249750000625, -0.84999980000039999},
      {0.32129710002123635, -1.1662736542856416, 1.8667863738928019, 0.18595796781160154,
       -0.7940494889697417},
      {0.29772044461524905, -1.1974171678827266, 1.8539491430108503, 0.16549136067869932,
       -0.77165612325014044},
      {0.28991969589081784, -1.2072752188359812, 1.8420244982061511, 0.15425449048527523,
       -0.76297204582674627}}},
};

static op_tensor vector_of(const double *numbers)
{
    op_tensor t = op_tensor_new((cairn_shape){.rank = 1, .dim = {NUMBERS}}, CAIRN_REAL, 1);
    if (numbers != NULL)
        memcpy(t.data, numbers, NUMBERS * sizeof *numbers);
    return t;
}

static op_tensor number_of(double number, cairn_element element)
{
    op_tensor t = op_tensor_new((cairn_shape){.rank = 0}, element, 1);
    t.data[0] = number;
    return t;
}

static double squares_of(const double *numbers)
{
    double sum = 0;
    for (int i = 0; i < NUMBERS; i++)
        sum += numbers[i] * numbers[i];
    return sum;
}

/* One step from `state` (weights, slots), which it replaces. */
static void step(cairn_ctx *ctx, const update_case *c, const cairn_kernel *kernel, cairn_dtype precision,
                 int number, double flag, op_tensor *state)
{
    op_call call = {.op = c->op, .pitches = 1, .run = {.n = 1, .step = number, .lr = rates[number]}};
    memcpy(call.attrs, &c->attrs, c->op->attr_size);
    ((cairn_update_attrs *)(void *)call.attrs)->lr_factor = 1;
    call.in[call.inputs++] = state[0];
    call.in[call.inputs++] = vector_of(gradients[number]);
    for (int i = 0; i < c->slots; i++)
        call.in[call.inputs++] = state[1 + i];
    call.in[call.inputs++] = number_of(flag, CAIRN_INT32);
    if (c->attrs.update.clip_norm > 0)
        call.in[call.inputs++] = number_of(squares_of(gradients[number]), CAIRN_REAL);
    assert_int_equal(op_call_infer(&call, ctx), CAIRN_OK);
    assert_int_equal(op_call_run(&call, kernel, precision), OP_RAN);
    for (int i = 0; i <= c->slots; i++) {
        state[i] = call.out[i];
        call.out[i].data = NULL;
    }
    op_call_free(&call);
}

static void check_case(cairn_ctx *ctx, const update_case *c, const cairn_kernel *kernel,
                       cairn_dtype precision)
{
    op_tensor state[1 + 2] = {vector_of(start), vector_of(NULL), vector_of(NULL)};
    double limit = precision == CAIRN_F64 ? DOUBLE_LIMIT : SINGLE_LIMIT;
    for (int s = 0; s < STEPS; s++) {
        step(ctx, c, kernel, precision, s, 1, state);
        for (int i = 0; i < NUMBERS; i++)
            if (!(fabs(state[0].data[i] - c->after[s][i]) <= limit))
                fail_msg("%s (%s), step %d, number %d: expected %.15g, found %.15g", c->name, kernel->name, s,
                         i, c->after[s][i], state[0].data[i]);
    }
    for (int i = 0; i < 3; i++)
        op_tensor_free(&state[i]);
}

/* Calls check for every kernel that this machine can run, in both precisions. */
static int with_all_kernels(cairn_ctx *ctx, const update_case *c,
                            void (*check)(cairn_ctx *, const update_case *, const cairn_kernel *,
                                          cairn_dtype))
{
    int ran = 0;
    for (int k = 0; c->op->kernels[k] != NULL; k++)
        for (int p = CAIRN_F32; p <= CAIRN_F64; p++)
            if (op_kernel_runs(c->op->kernels[k], (cairn_dtype)p)) {
                check(ctx, c, c->op->kernels[k], (cairn_dtype)p);
                ran++;
            }
    return ran;
}

static void updates_are_those_of_others(void **state)
{
    bench *b = *state;
    for (size_t i = 0; i < CAIRN_COUNT(cases); i++)
        assert_true(with_all_kernels(b->ctx, &cases[i], check_case) >= 2);
}

static void check_flag(cairn_ctx *ctx, const update_case *c, const cairn_kernel *kernel,
                       cairn_dtype precision)
{
    op_tensor state[1 + 2] = {vector_of(start), vector_of(start), vector_of(gradients[1])};
    step(ctx, c, kernel, precision, 2, 0, state);
    for (int i = 0; i < NUMBERS; i++) {
        assert_true(state[0].data[i] == start[i] && state[1].data[i] == start[i]);
        assert_true(c->slots < 2 || state[2].data[i] == gradients[1][i]);
    }
    for (int i = 0; i < 3; i++)
        op_tensor_free(&state[i]);
}

static void a_flag_of_0_changes_nothing(void **state)
{
    bench *b = *state;
    for (size_t i = 0; i < CAIRN_COUNT(cases); i++)
        with_all_kernels(b->ctx, &cases[i], check_flag);
}

/* ---- moving averages ---- */

static double averaged(const cairn_kernel *kernel, cairn_ctx *ctx, int64_t number, double shadow, double w)
{
    double numbers[2][NUMBERS] = {{shadow}, {w}};
    cairn_average_attrs attrs = {.decay = 0.9};
    op_call call = {.op = &cairn_op_average, .inputs = 3, .run = {.n = 1, .step = number}};
    memcpy(call.attrs, &attrs, sizeof attrs);
    call.in[0] = vector_of(numbers[0]);
    call.in[1] = vector_of(numbers[1]);
    call.in[2] = number_of(1, CAIRN_INT32);
    assert_int_equal(op_call_infer(&call, ctx), CAIRN_OK);
    assert_int_equal(op_call_run(&call, kernel, CAIRN_F64), OP_RAN);
    double result = call.out[0].data[0];
    op_call_free(&call);
    return result;
}

static void averages_copy_first_and_then_move_slowly(void **state)
{
    bench *b = *state;
    const cairn_kernel *kernel = op_reference(&cairn_op_average, CAIRN_F64);
    assert_true(averaged(kernel, b->ctx, 0, 7, 3) == 3);
    assert_true(fabs(averaged(kernel, b->ctx, 1, 7, 3) - (2 * 7 + 9 * 3) / 11.0) < 1e-15);
    assert_true(fabs(averaged(kernel, b->ctx, 79, 7, 3) - (80 * 7 + 9 * 3) / 89.0) < 1e-15);
    assert_true(fabs(averaged(kernel, b->ctx, 81, 7, 3) - (0.9 * 7 + 0.1 * 3)) < 1e-15);
    assert_true(fabs(averaged(kernel, b->ctx, 100000, 7, 3) - (0.9 * 7 + 0.1 * 3)) < 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(updates_are_those_of_others),
        TEST(a_flag_of_0_changes_nothing),
        TEST(averages_copy_first_and_then_move_slowly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
