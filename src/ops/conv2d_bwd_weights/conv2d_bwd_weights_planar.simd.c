/* Gradient of a convolution's weights with few output channels: products of rows of pixels, summed lane by
 * lane over all images of the work and across the lanes at the end; see planar.h. */
#include "ops/planar/planar.h"

#define MAX_TAPS 5 /* of a kernel row at a time */
#define CHANNELS 2 /* output channels at a time: their vectors and all sums stay in registers */

typedef struct setup {
    const cairn_window *window;
    cairn_planes in, out; /* x with its padding; dy, its channels rounded up */
    int64_t vectors;      /* of a row of dy */
} setup;

static setup setup_of(const cairn_site *site)
{
    const cairn_conv2d_attrs *attrs = site->attrs;
    const cairn_window *w = &attrs->geometry.window;
    const cairn_operand *x = &site->in[0], *dy = &site->in[1];
    setup s = {.window = w, .vectors = cairn_vectors(dy->w)};
    s.in =
        cairn_planes_of(x->c, x->h + w->pad_top + w->pad_bottom, x->w + w->pad_left + w->pad_right, w->k_w);
    s.out = cairn_planes_of(cairn_ceil_div(dy->c, CHANNELS) * CHANNELS, dy->h, dy->w, 1);
    return s;
}

static bool fits(const cairn_site *site)
{
    return cairn_planar_fits(site->attrs, site->in[1].c) && site->in[0].c <= CAIRN_PLANAR_CHANNELS &&
           site->in[1].h * site->in[1].w > 1;
}

/* One vector for each weight, output channels rounded up: [input channel][k_h][k_w][output channel]. */
static int64_t sums(const setup *s)
{
    return s->in.count * s->window->k_h * s->window->k_w * s->out.count;
}

static void plan(cairn_site *site)
{
    setup s = setup_of(site);
    const cairn_operand *dy = &site->in[1];
    cairn_unit_is_image(site, 2 * dy->h * dy->w * site->out[0].elements);
    site->scratch =
        cairn_planes_bytes(&s.in) + cairn_planes_bytes(&s.out) + (size_t)sums(&s) * CAIRN_VECTOR_BYTES;
}

/* Adds the products of `taps` neighbouring taps with CHANNELS channels over a whole image. */
CAIRN_INLINE void tile(const setup *s, const float *p, const float *d, float *to, const int taps)
{
    vec acc[MAX_TAPS][CHANNELS];
    CAIRN_UNROLL
    for (int t = 0; t < taps; t++) {
        CAIRN_UNROLL
        for (int c = 0; c < CHANNELS; c++)
            acc[t][c] = vec_load(to + (t * s->out.count + c) * CAIRN_LANES);
    }
    for (int64_t y = 0; y < s->out.h; y++, p += s->in.row, d += s->out.row)
        for (int64_t x = 0; x < s->vectors * CAIRN_LANES; x += CAIRN_LANES) {
            vec gradient[CHANNELS];
            CAIRN_UNROLL
            for (int c = 0; c < CHANNELS; c++)
                gradient[c] = vec_load(d + c * s->out.plane + x);
            CAIRN_UNROLL
            for (int t = 0; t < taps; t++) {
                vec in = vec_load(p + x + t);
#if defined(__x86_64__) && !defined(CAIRN_EMULATE_AVX512)
                __asm__("" : "+v"(in)); /* read once: half of these loads cross a line */
#endif
                CAIRN_UNROLL
                for (int c = 0; c < CHANNELS; c++)
                    acc[t][c] += in * gradient[c];
            }
        }
    CAIRN_UNROLL
    for (int t = 0; t < taps; t++) {
        CAIRN_UNROLL
        for (int c = 0; c < CHANNELS; c++)
            vec_store(to + (t * s->out.count + c) * CAIRN_LANES, acc[t][c]);
    }
}

static void row_of_taps(const setup *s, const float *p, const float *d, float *to)
{
    for (int64_t done = 0, left = s->window->k_w; left > 0;) {
        int64_t taps = cairn_min(left, MAX_TAPS);
        float *sum = to + done * s->out.count * CAIRN_LANES;
        switch (taps) {
        case 1:
            tile(s, p + done, d, sum, 1);
            break;
        case 2:
            tile(s, p + done, d, sum, 2);
            break;
        case 3:
            tile(s, p + done, d, sum, 3);
            break;
        case 4:
            tile(s, p + done, d, sum, 4);
            break;
        default:
            tile(s, p + done, d, sum, MAX_TAPS);
        }
        done += taps;
        left -= taps;
    }
}

static void add_image(const cairn_work *work, const setup *s, float *sum, int64_t image)
{
    const cairn_operand *x = &work->in[0], *dy = &work->in[1];
    cairn_planes_load(&s->in, x, cairn_image_of(x, image), s->window->pad_top, s->window->pad_left);
    cairn_planes_load(&s->out, dy, cairn_image_of(dy, image), 0, 0);
    for (int64_t i = 0; i < s->in.count; i++)
        for (int64_t r = 0; r < s->window->k_h; r++) {
            float *row = sum + (i * s->window->k_h + r) * s->window->k_w * s->out.count * CAIRN_LANES;
            for (int64_t c = 0; c < s->out.count; c += CHANNELS)
                row_of_taps(s, s->in.data + i * s->in.plane + r * s->in.row, s->out.data + c * s->out.plane,
                            row + c * CAIRN_LANES);
        }
}

static void run(const cairn_work *work)
{
    setup s = setup_of(work->site);
    cairn_planes_place(&s.in, work->scratch);
    cairn_planes_place(&s.out, work->scratch + cairn_planes_bytes(&s.in));
    float *sum = (float *)(void *)(work->scratch + cairn_planes_bytes(&s.in) + cairn_planes_bytes(&s.out));
    memset(sum, 0, (size_t)sums(&s) * CAIRN_VECTOR_BYTES);
    for (int64_t image = work->begin; image < work->end; image++)
        add_image(work, &s, sum, image);
    float *dw = cairn_image_of(&work->out[0], 0);
    int64_t taps = (int64_t)s.window->k_h * s.window->k_w, out_c = work->in[1].c;
    for (int64_t i = 0; i < s.in.count; i++)
        for (int64_t tap = 0; tap < taps; tap++)
            for (int64_t c = 0; c < out_c; c++)
                dw[(tap * s.in.count + i) * out_c + c] =
                    vec_sum(vec_load(sum + ((i * taps + tap) * s.out.count + c) * CAIRN_LANES));
}

const cairn_kernel CAIRN_KERNEL(conv2d_bwd_weights_planar) = {.name = "planar",
                                                              .isa = CAIRN_KERNEL_ISA,
                                                              .precisions = CAIRN_KERNEL_PRECISION,
                                                              .fits = fits,
                                                              .plan = plan,
                                                              .run = run};
