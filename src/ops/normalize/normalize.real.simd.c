/* Bytes to numbers through a table, compiled for each level. */
#include "ops/real.h"
#include "ops/simd/vector.h"

/* Scratch: the table as it is stored, if that is not how it is given. */
static void plan(cairn_site *site)
{
    cairn_unit_is_band(site, &site->out[0], 4 * site->out[0].elements);
    site->scratch = sizeof(real) == sizeof(float) ? 0 : (size_t)site->in[1].elements * sizeof(real);
}

#if defined(CAIRN_STORE_BF16)
static const real *table_of(const cairn_work *work)
{
    const float *from = cairn_params_of(&work->in[1]);
    real *to = (real *)(void *)work->scratch;
    for (int64_t i = 0; i < work->in[1].elements; i += CAIRN_LANES) {
        vec_mask mask = vec_first(work->in[1].elements - i);
        vec_store_part(to + i, vec_load_part(from + i, mask), mask);
    }
    return to;
}
#else
static const real *table_of(const cairn_work *work)
{
    return cairn_params_of(&work->in[1]);
}
#endif

/* The usual numbers of channels are known to the compiler. */
CAIRN_INLINE void look_up(real *restrict to, int64_t to_pitch, const uint8_t *restrict from,
                          int64_t from_pitch, const real *restrict table, int64_t pixels,
                          const int64_t channels)
{
    for (int64_t pixel = 0; pixel < pixels; pixel++, to += to_pitch, from += from_pitch)
        for (int64_t c = 0; c < channels; c++)
            to[c] = table[c * 256 + from[c]];
}

static void run(const cairn_work *work)
{
    const cairn_operand *x = &work->in[0], *y = &work->out[0];
    const real *table = table_of(work);
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        cairn_band band = cairn_band_of(work, y, unit);
        int64_t first = band.begin * y->w, pixels = (band.end - band.begin) * y->w;
        const uint8_t *from =
            (const uint8_t *)x->data + band.image * cairn_image_stride(x) + first * x->pitch;
        real *to = cairn_image_of(y, band.image) + first * y->pitch;
        if (y->c == 1 && y->pitch == 1 && x->pitch == 1)
            look_up(to, 1, from, 1, table, pixels, 1);
        else if (y->c == 3)
            look_up(to, y->pitch, from, x->pitch, table, pixels, 3);
        else
            look_up(to, y->pitch, from, x->pitch, table, pixels, y->c);
    }
}

const cairn_kernel CAIRN_KERNEL(normalize) = {
    .name = "simd", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .plan = plan, .run = run};
