/* TrivialAugment: S. Müller and F. Hutter, "TrivialAugment: tuning-free yet state-of-the-art data
 * augmentation", 2021, in its wide space: one operation, of a strength that is drawn too. */
#include "data/augment/colour.h"
#include "data/augment/steps.h"
#include <math.h>

#define BINS 31

typedef cairn_status operation(cairn_ctx *ctx, cairn_picture *picture, double magnitude);

static cairn_status shear_x(cairn_ctx *ctx, cairn_picture *picture, double m)
{
    return cairn_affine(ctx, picture, (const double[6]){1, m, 0, 0, 1, 0});
}

static cairn_status shear_y(cairn_ctx *ctx, cairn_picture *picture, double m)
{
    return cairn_affine(ctx, picture, (const double[6]){1, 0, 0, m, 1, 0});
}

static cairn_status translate_x(cairn_ctx *ctx, cairn_picture *picture, double m)
{
    return cairn_affine(ctx, picture, (const double[6]){1, 0, -trunc(m), 0, 1, 0});
}

static cairn_status translate_y(cairn_ctx *ctx, cairn_picture *picture, double m)
{
    return cairn_affine(ctx, picture, (const double[6]){1, 0, 0, 0, 1, -trunc(m)});
}

static cairn_status sharpen(cairn_ctx *ctx, cairn_picture *picture, double m)
{
    return cairn_sharpen(ctx, picture, (float)(1 + m));
}

#define IN_PLACE(name, call)                                                                                 \
    static cairn_status name(cairn_ctx *ctx, cairn_picture *picture, double m)                               \
    {                                                                                                        \
        (void)ctx;                                                                                           \
        (void)picture;                                                                                       \
        (void)m;                                                                                             \
        call;                                                                                                \
        return CAIRN_OK;                                                                                     \
    }
IN_PLACE(identity, (void)0)
IN_PLACE(brighten, cairn_brighten(picture, (float)(1 + m)))
IN_PLACE(saturate, cairn_saturate(picture, (float)(1 + m)))
IN_PLACE(contrast, cairn_contrast(picture, (float)(1 + m)))
IN_PLACE(posterize, cairn_posterize(picture, 8 - (int)nearbyint(m)))
IN_PLACE(solarize, cairn_solarize(picture, m))
IN_PLACE(autocontrast, cairn_autocontrast(picture))
IN_PLACE(equalize, cairn_equalize(picture))
#undef IN_PLACE

/* In the order of the draws, which is frozen. The strength goes from `first` in bin 0 to `last`. */
static const struct {
    operation *run;
    double first, last;
    bool has_strength, has_sign;
} operations[] = {
    {identity, 0, 0, false, false},     {shear_x, 0, 0.99, true, true},   {shear_y, 0, 0.99, true, true},
    {translate_x, 0, 32, true, true},   {translate_y, 0, 32, true, true}, {cairn_rotate, 0, 135, true, true},
    {brighten, 0, 0.99, true, true},    {saturate, 0, 0.99, true, true},  {contrast, 0, 0.99, true, true},
    {sharpen, 0, 0.99, true, true},     {posterize, 0, 6, true, false},   {solarize, 255, 0, true, false},
    {autocontrast, 0, 0, false, false}, {equalize, 0, 0, false, false},
};

cairn_status cairn_trivial_augment(cairn_ctx *ctx, const cairn_augment_key *key, cairn_picture *picture)
{
    cairn_draws draws = cairn_draws_for(key, CAIRN_DRAW_TRIVIAL);
    uint32_t op = cairn_draw_below(&draws, CAIRN_COUNT(operations));
    double magnitude = 0;
    if (operations[op].has_strength) {
        uint32_t bin = cairn_draw_below(&draws, BINS);
        magnitude = operations[op].first + (operations[op].last - operations[op].first) * bin / (BINS - 1);
    }
    if (operations[op].has_sign && cairn_draw_below(&draws, 2) == 1)
        magnitude = -magnitude;
    return operations[op].run(ctx, picture, magnitude);
}
