/* What the optimisers' updates share: their operands, (w, gradient, slots ..., finite flag[, sum of the
 * squares of all gradients]) to w and the slots, in place, and the clipping of the gradient before anything
 * else: g = gradient * min(1, clip_norm / (norm of all gradients + 1e-6)), then into [-clip_value,
 * clip_value] */
#ifndef CAIRN_OPS_UPDATE_H
#define CAIRN_OPS_UPDATE_H

#include "ops/elementwise.h"

#define CAIRN_UPDATE_MOST_SLOTS 2

/* The shape rule of an update with so many slots. */
cairn_status cairn_infer_update(cairn_infer *node, int slots);

/* The operator of an update with so many slots, in whose file kernel_list.h was included. */
#define CAIRN_UPDATE_OP(op, slots, attrs)                                                                    \
    static cairn_status infer(cairn_infer *node)                                                             \
    {                                                                                                        \
        return cairn_infer_update(node, slots);                                                              \
    }                                                                                                        \
    const cairn_op cairn_op_##op = {                                                                         \
        .name = #op,                                                                                         \
        .min_inputs = 3 + (slots),                                                                           \
        .max_inputs = 4 + (slots),                                                                           \
        .outputs = 1 + (slots),                                                                              \
        .attr_size = sizeof(attrs),                                                                          \
        .infer = infer,                                                                                      \
        .kernels = kernels,                                                                                  \
        .flags = CAIRN_OP_UPDATE | CAIRN_OP_IN_PLACE,                                                        \
        .in_place = {0, 2, 3}, /* as many as there are outputs */                                            \
    };

/* How a gradient is clipped; factor 1 and limit INFINITY leave it as it is. */
typedef struct cairn_clip {
    double factor, limit;
} cairn_clip;

/* `squares`: of all gradients; below 0: not known. */
cairn_clip cairn_clip_of(const cairn_update_attrs *attrs, double squares);

/* base^n. */
double cairn_power(double base, int64_t n);

/* Whether there is anything to do: false when the flag says that something was not finite. */
static inline bool cairn_update_begin(const cairn_work *work, int slots, cairn_clip *clip)
{
    bool known = work->site->inputs > 3 + slots;
    *clip = cairn_clip_of(work->attrs, known ? (double)*cairn_image_of(&work->in[3 + slots], 0) : -1.0);
    return *(const int32_t *)(const void *)work->in[2 + slots].data != 0;
}

static inline double cairn_clipped(const cairn_clip *clip, double gradient)
{
    double g = gradient * clip->factor;
    return g > clip->limit ? clip->limit : g < -clip->limit ? -clip->limit : g;
}

/* The elements that a piece of work is about, of operands that are divided by cairn_elementwise_plan. */
static inline void cairn_update_span(const cairn_work *work, int64_t *begin, int64_t *end)
{
    *begin = work->begin * CAIRN_ELEMENT_BLOCK;
    *end = cairn_min(work->end * CAIRN_ELEMENT_BLOCK, work->out[0].elements);
}

#endif
