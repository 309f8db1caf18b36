/* Convolution 3 x 3 at stride 1 by Winograd's F(4, 3), in bfloat16 F(6, 3) too; see winograd/convolve.h. */
#include "ops/conv2d/cost.h"
#include "ops/winograd/convolve.h"

static cairn_winograd setup_of(const cairn_site *site, int m)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    const cairn_window *w = &attrs->geometry.window;
    return cairn_winograd_of(site, (cairn_winograd_use){w->pad_top, w->pad_left, attrs->act}, m);
}

static bool fits(const cairn_site *site)
{
    return cairn_winograd_fits(site, site->attrs);
}

CAIRN_INLINE void pack_vector(const cairn_winograd *s, const float *w, vec_mask mask, float *to, const int m)
{
    wide taps[3][3];
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            taps[j][i] = wide_of(vec_load_part(w + (i * 3 + j) * s->in_c * s->out_c, mask));
    cairn_winograd_weights(s, taps, to, m);
}

CAIRN_INLINE void pack_of(const cairn_work *work, const int m)
{
    cairn_winograd s = setup_of(work->site, m);
    const float *w = cairn_params_of(&work->in[1]);
    int64_t end = cairn_min(work->end * CAIRN_GEMM_COLUMNS, s.out_c);
    for (int64_t column = work->begin * CAIRN_GEMM_COLUMNS, width; column < end; column += width) {
        width = cairn_gemm_panel(s.out_c - column);
        float *panel = (float *)(void *)work->packed + column * s.in_c;
        for (int64_t c = 0; c < s.in_c; c++)
            for (int64_t v = 0; v < width; v += CAIRN_LANES)
                pack_vector(&s, w + c * s.out_c + column + v, vec_first(s.out_c - column - v),
                            panel + c * width + v, m);
    }
}

#define WINOGRAD(m)                                                                                          \
    static void plan_##m(cairn_site *site)                                                                   \
    {                                                                                                        \
        cairn_winograd s = setup_of(site, m);                                                                \
        cairn_winograd_plan(site, &s);                                                                       \
    }                                                                                                        \
    static void pack_##m(const cairn_work *work)                                                             \
    {                                                                                                        \
        pack_of(work, m);                                                                                    \
    }                                                                                                        \
    static void run_##m(const cairn_work *work)                                                              \
    {                                                                                                        \
        cairn_winograd s = setup_of(work->site, m);                                                          \
        cairn_winograd_run(work, &s, m);                                                                     \
    }                                                                                                        \
    static double cost_##m(const cairn_site *site, const cairn_machine *machine)                             \
    {                                                                                                        \
        return cairn_conv2d_cost_winograd(site, machine, m);                                                 \
    }                                                                                                        \
    const cairn_kernel CAIRN_KERNEL(conv2d_winograd##m) = {.name = "winograd" #m,                            \
                                                           .isa = CAIRN_KERNEL_ISA,                          \
                                                           .precisions = CAIRN_KERNEL_PRECISION,             \
                                                           .fits = fits,                                     \
                                                           .cost = cost_##m,                                 \
                                                           .plan = plan_##m,                                 \
                                                           .pack = pack_##m,                                 \
                                                           .run = run_##m};

WINOGRAD(4)
/* The errors of F(6, 3) are four times those of F(4, 3) and of direct sums. In floats they would show: logits
 * of vgg13_bn with random weights err by 2.7e-5 of the largest with it and by 6.8e-6 without. */
#if defined(CAIRN_STORE_BF16)
WINOGRAD(6)
#endif
