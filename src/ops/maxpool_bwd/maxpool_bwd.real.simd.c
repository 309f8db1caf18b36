/* Gradient of a maximum pool, vectorised over channels: in each lane the first pixel that holds the maximum
 * takes it, if its gate is open. */
#include "ops/simd/pool.h"

static void plan(cairn_site *site)
{
    const cairn_window *w = &((const cairn_pool_attrs *)site->attrs)->geometry.window;
    cairn_unit_is_image(site, 2 * site->in[1].elements * w->k_h * w->k_w);
    site->scratch = cairn_pool_scratch(&site->out[0]);
}

/* Pixels of a picture; NULL: there is none. */
typedef struct pixels {
    const real *at;
    int64_t pitch;
} pixels;

CAIRN_INLINE vec gated(const pixels *gate, int64_t pixel, int64_t c, vec v, vec_mask mask)
{
    return gate->at == NULL ? v : vec_gate(vec_load_part(gate->at + pixel * gate->pitch + c, mask), v);
}

/* The next pixel of a window takes the gradient if it holds the maximum and none before it did. */
CAIRN_INLINE vec take(const real *x, vec maximum, vec *gradient, vec_mask mask)
{
    ivec takes = vec_load_part(x, mask) == maximum;
    vec taken = vec_select(takes, *gradient, (vec){0});
    *gradient = vec_select(takes, (vec){0}, *gradient);
    return taken;
}

static void give_pixel(const cairn_pool_window *w, const pixels *x, const pixels *gate, const real *y,
                       const real *dy, const cairn_pool_sums *sums, int64_t channels)
{
    for (int64_t c = 0; c < channels; c += CAIRN_LANES) {
        vec_mask mask = vec_first(channels - c);
        vec maximum = vec_load_part(y + c, mask), gradient = vec_load_part(dy + c, mask);
        for (int64_t row = 0; row < w->rows; row++)
            for (int64_t tap = 0; tap < w->columns; tap++) {
                int64_t pixel = w->first + row * w->row_step + tap * w->tap_step;
                float *to = sums->data + pixel * sums->pitch + c;
                vec taken = take(x->at + pixel * x->pitch + c, maximum, &gradient, mask);
                vec_store_part(to, vec_load_part(to, mask) + gated(gate, pixel, c, taken, mask), mask);
            }
    }
}

typedef struct operands {
    const cairn_operand *x, *y, *dy, *dx, *gate; /* gate may be NULL */
} operands;

static pixels gate_of(const operands *o, int64_t image)
{
    return o->gate == NULL ? (pixels){0} : (pixels){cairn_image_of(o->gate, image), o->gate->pitch};
}

/* Elements to the pixel on the right and to that below. */
typedef struct steps {
    int64_t right, below;
} steps;

/* The pixels of a window, from `pixel` of the gate on, whose rows are so wide. */
CAIRN_INLINE void plain_window(const real *x, steps of_x, vec maximum, vec gradient, const pixels *gate,
                               int64_t pixel, int64_t width, real *dx, steps of_dx, vec_mask mask)
{
    for (int row = 0; row < 2; row++, x += of_x.below, dx += of_dx.below, pixel += width) {
        vec left = take(x, maximum, &gradient, mask), right = take(x + of_x.right, maximum, &gradient, mask);
        vec_store_part(dx, gated(gate, pixel, 0, left, mask), mask);
        vec_store_part(dx + of_dx.right, gated(gate, pixel + 1, 0, right, mask), mask);
    }
}

/* A row of windows of the plain pool, for one vector of channels; no window meets another. The gate is given
 * from the first pixel on. */
static void plain_row(const operands *o, const real *x, const real *y, const real *dy, pixels gate, real *dx,
                      vec_mask mask)
{
    const vec_mask whole = vec_first(CAIRN_LANES);
    steps of_x = {o->x->pitch, cairn_row_stride(o->x)}, of_dx = {o->dx->pitch, cairn_row_stride(o->dx)};
    int64_t wholes = vec_lanes(mask) == CAIRN_LANES ? o->y->w : cairn_pool_wholes(o->dx, 2 * o->y->w) / 2;
    for (int64_t ox = 0; ox < o->y->w; ox++, x += 2 * of_x.right, dx += 2 * of_dx.right) {
        const real *maximum = y + ox * o->y->pitch, *gradient = dy + ox * o->dy->pitch;
        if (ox < wholes)
            plain_window(x, of_x, vec_load(maximum), vec_load(gradient), &gate, 2 * ox, o->dx->w, dx, of_dx,
                         whole);
        else
            plain_window(x, of_x, vec_load_part(maximum, mask), vec_load_part(gradient, mask), &gate, 2 * ox,
                         o->dx->w, dx, of_dx, mask);
    }
}

static void plain_image(const operands *o, int64_t n)
{
    const real *x = cairn_image_of(o->x, n), *y = cairn_image_of(o->y, n), *dy = cairn_image_of(o->dy, n);
    real *dx = cairn_image_of(o->dx, n);
    if (2 * o->y->h != o->x->h || 2 * o->y->w != o->x->w)
        cairn_pool_clear(o->dx, dx);
    for (int64_t oy = 0; oy < o->y->h; oy++)
        for (int64_t c = 0; c < o->y->c; c += CAIRN_LANES) {
            pixels gate = gate_of(o, n);
            if (gate.at != NULL)
                gate.at += 2 * oy * o->dx->w * gate.pitch + c;
            plain_row(o, x + 2 * oy * cairn_row_stride(o->x) + c, y + oy * cairn_row_stride(o->y) + c,
                      dy + oy * cairn_row_stride(o->dy) + c, gate, dx + 2 * oy * cairn_row_stride(o->dx) + c,
                      vec_first(o->y->c - c));
        }
}

static void any_image(const cairn_work *work, const cairn_window_attrs *a, const operands *o, int64_t n)
{
    pixels x = {cairn_image_of(o->x, n), o->x->pitch}, gate = gate_of(o, n);
    const real *maxima = cairn_image_of(o->y, n);
    const real *gradients = cairn_image_of(o->dy, n);
    real *to = cairn_image_of(o->dx, n);
    cairn_pool_sums sums = cairn_pool_begin(work, o->dx, to);
    for (int64_t oy = 0; oy < o->y->h; oy++) {
        cairn_taps rows = cairn_taps_h(a, oy);
        for (int64_t ox = 0; ox < o->y->w; ox++, maxima += o->y->pitch, gradients += o->dy->pitch) {
            cairn_pool_window window = cairn_pool_window_of(a, rows, cairn_taps_w(a, ox));
            give_pixel(&window, &x, &gate, maxima, gradients, &sums, o->y->c);
        }
    }
    cairn_pool_end(&sums, o->dx, to);
}

static void run(const cairn_work *work)
{
    const cairn_window_attrs *a = &((const cairn_pool_attrs *)work->attrs)->geometry;
    operands o = {&work->in[0], &work->in[1], &work->in[2], &work->out[0],
                  cairn_has(work->site, 3) ? &work->in[3] : NULL};
    bool plain = cairn_pool_is_plain(a);
    for (int64_t n = work->begin; n < work->end; n++)
        if (plain)
            plain_image(&o, n);
        else
            any_image(work, a, &o, n);
}

const cairn_kernel CAIRN_KERNEL(maxpool_bwd) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
