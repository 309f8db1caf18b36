/* Convolution at stride 1 by Winograd, see winograd/convolve.h: 3 x 3 by F(2, 3) and F(4, 3), in bfloat16
 * F(6, 3) too, 5 x 5 by F(2, 5), lines of three and of seven taps by F(4, 3) and F(4, 7). */
#include "ops/winograd/convolve.h"

static cairn_winograd setup_of(const cairn_site *site, const cairn_winograd_form f)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    const cairn_window *w = &attrs->geometry.window;
    cairn_winograd_use use = {
        .pad_top = w->pad_top, .pad_left = w->pad_left, .act = attrs->act, .bias = 2, .addend = 3};
    return cairn_winograd_of(site, w, use, f);
}

/* So many weights of each tap, an even number of input channels of a panel, are transformed at a time in
 * memory of their own: taps, and products still more, are powers of two apart and would drive each other out
 * of the cache. */
#define PACK_RUN (128 > CAIRN_GEMM_COLUMNS ? 128 : CAIRN_GEMM_COLUMNS)
#define STREAMED_BYTES                                                                                       \
    ((size_t)1 << 20) /* packed weights that are gone from the cache before they are used */

CAIRN_INLINE void pack_vector(const float *w, float *to, const cairn_winograd_form f)
{
    wide taps[CAIRN_WINOGRAD_TAPS];
    for (int tap = 0; tap < cairn_winograd_area(f, f.r); tap++)
        taps[tap] = wide_of(vec_load(w + tap * PACK_RUN));
    cairn_winograd_weights(taps, to, PACK_RUN, f);
}

static inline void copy_run(const float *from, float *to, int64_t count, bool stream)
{
    for (int64_t i = 0; i < count; i += CAIRN_LANES)
        if (stream)
            vec_stream(to + i, vec_load(from + i));
        else
            vec_store(to + i, vec_load(from + i));
}

/* Rows of a run become words of a panel. */
CAIRN_INLINE void put_run(const float *from, float *to, int64_t rows, int64_t width, bool stream,
                          const bool pairs)
{
    if (!pairs)
        copy_run(from, to, rows * width, stream);
    for (int64_t n = 0; n < width && pairs; n += CAIRN_LANES)
        cairn_winograd_put_words(from + n, rows, width, to + n, width, true);
}

/* Channels c ... c + count - 1 of the columns of a panel, filled up with zeros to its width. */
CAIRN_INLINE void pack_run(const cairn_winograd *s, const float *w, int64_t c, int64_t count, int64_t columns,
                           int64_t width, float *panel, const cairn_winograd_form f)
{
    _Alignas(64) float taps[CAIRN_WINOGRAD_TAPS * PACK_RUN], products[CAIRN_WINOGRAD_PRODUCTS * PACK_RUN];
    const bool pairs = cairn_winograd_pairs(f);
    bool stream = (size_t)(s->products * s->u_plane) * sizeof *panel > STREAMED_BYTES;
    for (int64_t tap = 0; tap < cairn_winograd_area(f, f.r); tap++)
        for (int64_t row = 0; row < count; row++) {
            const float *from = w + (tap * s->in_c + c + row) * s->out_c;
            float *to = taps + tap * PACK_RUN + row * width;
            for (int64_t v = 0; v < width; v += CAIRN_LANES)
                vec_store(to + v, vec_load_part(from + v, vec_first(columns - v)));
        }
    for (int64_t i = 0; i < count * width; i += CAIRN_LANES)
        pack_vector(taps + i, products + i, f);
    for (int64_t i = 0; i < s->products; i++)
        put_run(products + i * PACK_RUN, panel + i * s->u_plane + (pairs ? c / 2 : c) * width, count, width,
                stream, pairs);
}

CAIRN_INLINE void pack_of(const cairn_work *work, const cairn_winograd_form f)
{
    cairn_winograd s = setup_of(work->site, f);
    const float *w = cairn_params_of(&work->in[1]);
    int64_t end = cairn_min(work->end * CAIRN_GEMM_COLUMNS, s.out_c);
    for (int64_t column = work->begin * CAIRN_GEMM_COLUMNS, width; column < end; column += width) {
        width = cairn_gemm_panel(s.out_c - column);
        float *panel = (float *)(void *)work->packed + column * s.depth;
        int64_t columns = cairn_min(width, s.out_c - column), most = PACK_RUN / width & ~1;
        for (int64_t c = 0; c < s.in_c; c += most)
            pack_run(&s, w + column, c, cairn_min(most, s.in_c - c), columns, width, panel, f);
    }
    vec_stream_end();
}

/* In floats for maps so small that reading the weights of F(4, 3) is what takes the time. */
CAIRN_WINOGRAD_KERNEL(conv2d, 2, CAIRN_WINOGRAD_SQUARE(2, 3))
CAIRN_WINOGRAD_KERNEL(conv2d, 4, CAIRN_WINOGRAD_SQUARE(4, 3))
CAIRN_WINOGRAD_KERNEL(conv2d, _of5, CAIRN_WINOGRAD_SQUARE(2, 5))
CAIRN_WINOGRAD_KERNEL(conv2d, _line3, CAIRN_WINOGRAD_LINE(4, 3))
CAIRN_WINOGRAD_KERNEL(conv2d, _line7, CAIRN_WINOGRAD_LINE(4, 7))
/* The errors of F(6, 3) are four times those of F(4, 3) and of direct sums. In floats they would show: logits
 * of vgg13_bn with random weights err by 2.7e-5 of the largest with it and by 6.8e-6 without. */
#if defined(CAIRN_STORE_BF16)
CAIRN_WINOGRAD_KERNEL(conv2d, 6, CAIRN_WINOGRAD_SQUARE(6, 3))
#endif
