/* Running sums of loss and hits. */
#include "train/metrics.h"

/* Classes that come before `label` in the answer: those with a larger score, or an equal one and a smaller
 * index. A score that is not a number comes before every other, so that a diverged network scores no hits. */
static int rank_of(const float *logits, int classes, int label)
{
    float own = logits[label];
    if (own != own)
        return classes;
    int rank = 0;
    for (int i = 0; i < classes; i++)
        rank += i < label ? !(logits[i] < own) : !(logits[i] <= own);
    return rank;
}

void cairn_tally_add(cairn_tally *tally, int64_t n, int classes, const float *logits, const float *losses,
                     const int32_t *labels)
{
    for (int64_t i = 0; i < n; i++) {
        int rank = rank_of(logits + i * classes, classes, labels[i]);
        tally->loss += (double)losses[i];
        tally->top1 += rank == 0;
        tally->top5 += rank < 5;
    }
    tally->images += n;
}

void cairn_tally_join(cairn_tally *tally, const cairn_tally *other)
{
    tally->loss += other->loss;
    tally->images += other->images;
    tally->top1 += other->top1;
    tally->top5 += other->top5;
}

static double mean(double sum, int64_t images)
{
    return images == 0 ? 0.0 : sum / (double)images;
}

double cairn_tally_loss(const cairn_tally *tally)
{
    return mean(tally->loss, tally->images);
}

double cairn_tally_top1(const cairn_tally *tally)
{
    return mean(100.0 * (double)tally->top1, tally->images);
}

double cairn_tally_top5(const cairn_tally *tally)
{
    return mean(100.0 * (double)tally->top5, tally->images);
}

int cairn_answer(const float *logits, int classes)
{
    int best = 0;
    for (int i = 1; i < classes; i++)
        if (logits[i] > logits[best])
            best = i;
    return best;
}
