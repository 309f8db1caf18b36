/* Random calls of convolutions and dense layers, the first of them known ones. */
#include "op_maker.h"
#include <string.h>

typedef struct known_conv {
    int64_t n, size, in, out;
    int32_t k, pad, stride, groups;
} known_conv;

/* Those of LeNet, some that Winograd's tiles do not divide or of which there are an odd number, some whose
 * weights outweigh their pictures, some of many pixels and channels, or of an odd number of pixels, for
 * Strassen's halves, narrow groups, many or one, 5 x 5, and one whose transformed weights come from far. */
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
    {3, 9, 72, 16, 5, 0, 1, 1},   {1, 6, 17, 33, 5, 4, 1, 1},    {7, 5, 1024, 116, 3, 1, 1, 1}};

/* The first so many are LeNet's; their gradients have neither addend nor gate, with which kernels for few
 * channels do not fit. */
#define LENET_CONVS 5

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

void op_make_conv2d(maker *m)
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
void op_make_conv2d_bwd(maker *m)
{
    op_call *call = m->call, forward = {.op = &cairn_op_conv2d, .run = call->run};
    maker inner = *m;
    inner.call = &forward;
    bool data = call->op == &cairn_op_conv2d_bwd_data;
    do {
        op_call_free(&forward);
        forward.inputs = 0;
        op_make_conv2d(&inner);
    } while (op_call_infer(&forward, m->ctx) != CAIRN_OK);
    call->run.n = forward.run.n;
    memcpy(call->attrs, forward.attrs, sizeof call->attrs);
    ((cairn_conv2d_attrs *)(void *)call->attrs)->act = CAIRN_ACT_NONE;
    if (!data)
        input(m, forward.in[0].type.shape);
    input(m, forward.out[0].type.shape);
    if (data)
        weights(m, forward.in[1].type.shape, forward.out[0].type.shape.dim[2]);
    bool more = data && (m->small || m->index >= LENET_CONVS);
    bool added = more && chance(m, 3), gated = more && !m->small && chance(m, 3);
    if (added) /* what other uses of the input give */
        input(m, forward.in[0].type.shape);
    if (gated && !added)
        absent(m);
    if (gated) /* the input, if a ReLU made it */
        input(m, forward.in[0].type.shape);
    op_call_free(&forward);
}

/* Those of LeNet, and one of so many inputs, an odd number, that its panels are multiplied in chunks. */
static const int64_t known_dense[][3] = {{64, 120, 84},  {64, 84, 10}, {5, 1024, 500}, {7, 500, 10},
                                         {64, 400, 120}, {1, 84, 10},  {9, 4103, 72}};

static void dense_sizes(maker *m, int64_t *in, int64_t *out)
{
    if (!m->small && m->index < (int)CAIRN_COUNT(known_dense)) {
        m->call->run.n = known_dense[m->index][0];
        *in = known_dense[m->index][1];
        *out = known_dense[m->index][2];
        return;
    }
    m->call->run.n = range(m, 1, m->small ? 4 : 40);
    *in = channels(m) * range(m, 1, m->small ? 1 : 4);
    *out = channels(m) * range(m, 1, m->small ? 1 : 3);
}

void op_make_linear(maker *m)
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

void op_make_linear_bwd_data(maker *m)
{
    int64_t in, out;
    dense_sizes(m, &in, &out);
    input(m, per_image(1, out, 0, 0));
    weights(m, (cairn_shape){.rank = 2, .dim = {in, out}}, out);
}

void op_make_linear_bwd_weights(maker *m)
{
    int64_t in, out;
    dense_sizes(m, &in, &out);
    input(m, per_image(1, in, 0, 0));
    input(m, per_image(1, out, 0, 0));
}
