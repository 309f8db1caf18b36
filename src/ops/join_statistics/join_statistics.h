/* The statistics of a batch from those of its parts (Chan, Golub and LeVeque 1983): (sums, squares), part p
 * of either at p * stride, to the same of all. With the parts' means m and that of all, M, squares = sum of
 * the parts' squares + sum of their pixels * (m - M)^2 in which nothing cancels. The plan inserts these
 * nodes; no graph has them. */
#ifndef CAIRN_OPS_JOIN_STATISTICS_H
#define CAIRN_OPS_JOIN_STATISTICS_H

#include "ops/op.h"

extern const cairn_op cairn_op_join_statistics;

#endif
