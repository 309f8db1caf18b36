/* Cairn: the classic convolutional networks as a C library. This header brings all of it. */
#ifndef CAIRN_CAIRN_H
#define CAIRN_CAIRN_H

#include <cairn/augment.h>
#include <cairn/context.h>
#include <cairn/data.h>
#include <cairn/graph.h>
#include <cairn/models.h>
#include <cairn/plan.h>
#include <cairn/report.h>
#include <cairn/status.h>
#include <cairn/train.h>
#include <cairn/weights.h>

#endif
