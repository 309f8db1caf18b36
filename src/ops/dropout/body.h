/* Dropout and its gradient are one function, for any element type: each number is multiplied by the same
 * mask. Word e % 4 of block e / 4 decides about element e, counted in the order (h, w, c) of its image. */
#include "base/rng.h"
#include "ops/real.h"
#include <string.h>

static void plan(cairn_site *site)
{
    cairn_unit_is_image(site, 12 * site->out[0].elements);
}

static void copy_image(const cairn_operand *x, const real *from, const cairn_operand *y, real *to)
{
    for (int64_t pixel = 0; pixel < y->h * y->w; pixel++)
        memcpy(to + pixel * y->pitch, from + pixel * x->pitch, (size_t)y->c * sizeof *to);
}

static void mask_image(const cairn_rng *rng, float rate, const cairn_operand *x, const real *from,
                       const cairn_operand *y, real *to)
{
    real factor = (real)1 / ((real)1 - (real)rate);
    uint32_t words[4];
    int64_t element = 0;
    for (int64_t pixel = 0; pixel < y->h * y->w; pixel++)
        for (int64_t c = 0; c < y->c; c++, element++) {
            if (element % 4 == 0)
                cairn_rng_block(rng, (uint32_t)(element / 4), words);
            bool kept = cairn_rng_unit(words[element % 4]) >= rate;
            to[pixel * y->pitch + c] = kept ? from[pixel * x->pitch + c] * factor : (real)0;
        }
}

static void run(const cairn_work *work)
{
    const cairn_dropout_attrs *attrs = work->attrs;
    const cairn_operand *x = &work->in[0], *y = &work->out[0];
    const int64_t *samples = (const int64_t *)(const void *)work->in[1].data;
    for (int64_t n = work->begin; n < work->end; n++) {
        if (!work->run->training) {
            copy_image(x, cairn_image_of(x, n), y, cairn_image_of(y, n));
            continue;
        }
        cairn_rng rng = cairn_rng_at(work->run->seed, CAIRN_STREAM_DROPOUT, 0, attrs->slot,
                                     (uint64_t)samples[n * work->in[1].pitch], work->run->epoch);
        mask_image(&rng, attrs->rate, x, cairn_image_of(x, n), y, cairn_image_of(y, n));
    }
}
