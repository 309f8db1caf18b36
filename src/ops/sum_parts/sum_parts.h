/* Sum over the parts that the tasks of a batch-sum operator left behind: part p of a value lies at p *
 * stride. The tree is fixed by the number of parts alone. The plan inserts these nodes; no graph has them. */
#ifndef CAIRN_OPS_SUM_PARTS_H
#define CAIRN_OPS_SUM_PARTS_H

#include "ops/op.h"

#define CAIRN_SUM_BLOCK 1024 /* elements that are summed at a time */
#define CAIRN_SUM_LEVELS 24

/* Of all operators that join parts. */
typedef struct cairn_parts_attrs {
    int64_t images_per_part;
    int64_t stride; /* elements between parts */
    int64_t pixels; /* of an image of what the parts are sums over */
} cairn_parts_attrs;

extern const cairn_op cairn_op_sum_parts;

#endif
