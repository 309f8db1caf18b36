/* Event files of TensorBoard: scalars by step. */
#ifndef CAIRN_EVENTS_H
#define CAIRN_EVENTS_H

#include "base/base.h"

typedef struct cairn_events cairn_events;

/* Begins a new file events.out.tfevents.TIME.cairn in a folder. CAIRN_MEMORY. */
cairn_status cairn_events_open(cairn_ctx *ctx, const char *folder, cairn_events **events);
/* Writes a number under a tag. What cannot be written is lost: event files are a courtesy. */
void cairn_events_scalar(cairn_events *events, const char *tag, int64_t step, double value);
void cairn_events_close(cairn_events *events);

/* CRC-32C of Castagnoli, 1993. */
uint32_t cairn_crc32c(const void *bytes, size_t size);

#endif
