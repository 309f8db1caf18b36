/* Mixing the pictures of a batch: H. Zhang et al., "mixup", 2017; S. Yun et al., "CutMix", 2019. */
#include "data/augment/steps.h"
#include <math.h>
#include <string.h>

/* A box of the share 1 - lambda around a point; at the border it is cut, and lambda becomes what is left. */
static cairn_mix choose_box(cairn_draws *draws, double lambda, int h, int w)
{
    double share = sqrt(1 - lambda) / 2;
    int x = (int)cairn_draw_below(draws, (uint32_t)w), y = (int)cairn_draw_below(draws, (uint32_t)h);
    int half_w = (int)(share * w), half_h = (int)(share * h);
    int left = (int)cairn_max(x - half_w, 0), right = (int)cairn_min(x + half_w, w);
    int top = (int)cairn_max(y - half_h, 0), bottom = (int)cairn_min(y + half_h, h);
    double area = (double)(bottom - top) * (double)(right - left);
    cairn_mix mix = {.lambda = (float)(1 - area / ((double)w * (double)h)), .top = top, .left = left};
    mix.h = bottom - top;
    mix.w = right - left;
    return mix;
}

cairn_mix cairn_augment_mix(const cairn_augment *augment, const cairn_augment_key *key, int h, int w)
{
    cairn_draws draws = cairn_draws_at(key->seed, CAIRN_STREAM_MIX, CAIRN_DRAW_MIX, key->sample, key->epoch);
    bool both = augment->mixup > 0 && augment->cutmix > 0;
    bool cuts = augment->cutmix > 0 && (!both || cairn_draw_chance(&draws, 0.5));
    if (cuts) {
        double lambda = cairn_draw_beta(&draws, augment->cutmix);
        return choose_box(&draws, lambda, h, w);
    }
    if (augment->mixup > 0)
        return (cairn_mix){.lambda = (float)cairn_draw_beta(&draws, augment->mixup)};
    return (cairn_mix){.lambda = 1};
}

static void blend(float lambda, size_t size, const float *own, const float *other, float *to)
{
    float rest = 1 - lambda;
    for (size_t i = 0; i < size; i++)
        to[i] = lambda * own[i] + rest * other[i];
}

void cairn_mix_apply(const cairn_mix *mix, int n, int h, int w, int c, const float *from, float *to)
{
    size_t row = (size_t)w * (size_t)c, size = (size_t)h * row;
    for (int i = 0; i < n; i++, to += size) {
        const float *own = from + (size_t)i * size, *other = from + (size_t)((i + n - 1) % n) * size;
        if (mix->h == 0 && mix->lambda < 1) {
            blend(mix->lambda, size, own, other, to);
            continue;
        }
        memcpy(to, own, size * sizeof *to);
        for (int y = mix->top; y < mix->top + mix->h; y++) {
            size_t at = (size_t)y * row + (size_t)mix->left * (size_t)c;
            memcpy(to + at, other + at, (size_t)mix->w * (size_t)c * sizeof *to);
        }
    }
}

void cairn_mix_targets(const cairn_mix *mix, int n, int classes, const int32_t *labels, float *targets)
{
    memset(targets, 0, (size_t)n * (size_t)classes * sizeof *targets);
    for (int i = 0; i < n; i++, targets += classes) {
        targets[labels[i]] += mix->lambda;
        targets[labels[(i + n - 1) % n]] += 1 - mix->lambda;
    }
}
