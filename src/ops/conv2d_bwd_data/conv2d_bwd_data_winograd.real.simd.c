/* Gradient of a convolution at stride 1 with respect to its input by Winograd, of 3 x 3 by F(2, 3) and
 * F(4, 3), of 5 x 5 by F(2, 5), of lines of three and of seven taps by F(4, 3) and F(4, 7): dy convolved with
 * the weights turned round; see winograd/convolve.h. */
#include "ops/simd/transpose.h"
#include "ops/winograd/convolve.h"

static cairn_winograd setup_of(const cairn_site *site, const cairn_winograd_form f)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    const cairn_window *w = &attrs->geometry.window;
    cairn_winograd_use use = {
        .pad_top = w->k_h - 1 - w->pad_top, .pad_left = w->k_w - 1 - w->pad_left, .addend = 2, .gate = 3};
    return cairn_winograd_of(site, w, use, f);
}

/* A square of the weights: CAIRN_LANES channels of dx, from `column` on, and of dy, from c on. */
CAIRN_INLINE void pack_square(const cairn_winograd *s, const float *w, int64_t c, int64_t column, float *to,
                              int64_t width, const cairn_winograd_form f)
{
    vec taps[CAIRN_WINOGRAD_TAPS][CAIRN_LANES];
    _Alignas(64) float products[CAIRN_LANES][CAIRN_WINOGRAD_PRODUCTS * CAIRN_LANES];
    const int last = cairn_winograd_area(f, f.r) - 1;
    int64_t rows = cairn_min(CAIRN_LANES, s->in_c - c);
    vec_mask mask = vec_first(rows);
    for (int tap = 0; tap <= last; tap++) {
        const float *from = w + (tap * s->out_c + column) * s->in_c + c;
        for (int64_t i = 0; i < CAIRN_LANES; i++)
            taps[tap][i] = column + i < s->out_c ? vec_load_part(from + i * s->in_c, mask) : (vec){0};
        vec_transpose(taps[tap]);
    }
    for (int64_t row = 0; row < rows; row++) {
        wide turned[CAIRN_WINOGRAD_TAPS];
        for (int tap = 0; tap <= last; tap++)
            turned[tap] = wide_of(taps[last - tap][row]);
        cairn_winograd_weights(turned, products[row], CAIRN_LANES, f);
    }
    for (int64_t i = 0; i < s->products; i++)
        cairn_winograd_put_words(products[0] + i * CAIRN_LANES, rows, products[1] - products[0],
                                 to + i * s->u_plane, width, cairn_winograd_pairs(f));
}

CAIRN_INLINE void pack_of(const cairn_work *work, const cairn_winograd_form f)
{
    cairn_winograd s = setup_of(work->site, f);
    const float *w = cairn_params_of(&work->in[1]);
    int64_t end = cairn_min(work->end * CAIRN_GEMM_COLUMNS, s.out_c);
    for (int64_t column = work->begin * CAIRN_GEMM_COLUMNS, width; column < end; column += width) {
        width = cairn_gemm_panel(s.out_c - column);
        float *panel = (float *)(void *)work->packed + column * s.depth;
        for (int64_t c = 0; c < s.in_c; c += CAIRN_LANES)
            for (int64_t v = 0; v < width; v += CAIRN_LANES)
                pack_square(&s, w, c, column + v, panel + (cairn_winograd_pairs(f) ? c / 2 : c) * width + v,
                            width, f);
    }
}

CAIRN_WINOGRAD_KERNEL(conv2d_bwd_data, 2, CAIRN_WINOGRAD_SQUARE(2, 3))
CAIRN_WINOGRAD_KERNEL(conv2d_bwd_data, 4, CAIRN_WINOGRAD_SQUARE(4, 3))
CAIRN_WINOGRAD_KERNEL(conv2d_bwd_data, _of5, CAIRN_WINOGRAD_SQUARE(2, 5))
CAIRN_WINOGRAD_KERNEL(conv2d_bwd_data, _line3, CAIRN_WINOGRAD_LINE(4, 3))
CAIRN_WINOGRAD_KERNEL(conv2d_bwd_data, _line7, CAIRN_WINOGRAD_LINE(4, 7))
