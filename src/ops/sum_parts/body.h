/* The one body of all sum_parts kernels: a binary tree over parts, a block of elements at a time. Included
 * with CAIRN_SUM_T, the element type. */
#include "ops/sum_parts/sum_parts.h"
#include <string.h>

static void add_block(CAIRN_SUM_T *restrict sum, const CAIRN_SUM_T *restrict other, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        sum[i] += other[i];
}

/* Parts are joined as a binary counter counts: level l holds the sum of 2^l neighbouring parts. */
static void sum_block(const cairn_work *work, int64_t begin, int64_t count, int64_t parts)
{
    const cairn_parts_attrs *attrs = work->attrs;
    CAIRN_SUM_T *levels = (CAIRN_SUM_T *)(void *)work->scratch;
    const CAIRN_SUM_T *in = (const CAIRN_SUM_T *)(const void *)work->in[0].data + begin;
    CAIRN_SUM_T *out = (CAIRN_SUM_T *)(void *)work->out[0].data + begin;
    size_t bytes = (size_t)count * sizeof *out;
    if (parts == 1) {
        memcpy(out, in, bytes);
        return;
    }
    for (int64_t p = 0; p < parts; p++) {
        int level = 0;
        memcpy(out, in + p * attrs->stride, bytes);
        for (; p >> level & 1; level++)
            add_block(out, levels + level * CAIRN_SUM_BLOCK, count);
        memcpy(levels + level * CAIRN_SUM_BLOCK, out, bytes);
    }
    bool first = true;
    for (int level = 0; level < CAIRN_SUM_LEVELS; level++) {
        if ((parts >> level & 1) == 0)
            continue;
        if (first)
            memcpy(out, levels + level * CAIRN_SUM_BLOCK, bytes);
        else
            add_block(out, levels + level * CAIRN_SUM_BLOCK, count);
        first = false;
    }
}

static void run(const cairn_work *work)
{
    const cairn_parts_attrs *attrs = work->attrs;
    int64_t parts = cairn_ceil_div(work->run->n, attrs->images_per_part), elements = work->out[0].elements;
    for (int64_t unit = work->begin; unit < work->end; unit++) {
        int64_t begin = unit * CAIRN_SUM_BLOCK;
        sum_block(work, begin, cairn_min(CAIRN_SUM_BLOCK, elements - begin), parts);
    }
}

static void plan(cairn_site *site)
{
    const cairn_parts_attrs *attrs = site->attrs;
    site->units = cairn_ceil_div(site->out[0].elements, CAIRN_SUM_BLOCK);
    site->unit_flops = CAIRN_SUM_BLOCK * cairn_ceil_div(site->capacity, attrs->images_per_part);
    site->scratch = CAIRN_SUM_LEVELS * CAIRN_SUM_BLOCK * sizeof(CAIRN_SUM_T);
}
