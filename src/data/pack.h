/* The form of a packed data set: shards, which hold pictures one after the other, and the file "pack.index",
 * numbers in little-endian order:
 *     "CAIRNPK1"                       8 bytes
 *     u32 classes, side, whole, 0      whole: the set had no parts
 *     for training and test part:      u32 shards, 0; u64 pictures
 *     for each picture of both:        u64 offset, size; u32 shard, label, h, w   (h and w 0: a JPEG file)
 *     names of the classes, then of the pictures, each with a NUL
 * Shards are called train-00000.shard, test-00000.shard and so on. */
#ifndef CAIRN_DATA_PACK_H
#define CAIRN_DATA_PACK_H

#include "data/part.h"

#define CAIRN_PACK_INDEX "pack.index"
#define CAIRN_PACK_MAGIC "CAIRNPK1"
#define CAIRN_PACK_HEADER 24
#define CAIRN_PACK_PART 16
#define CAIRN_PACK_RECORD 32
#define CAIRN_PACK_NAME_BYTES 32

/* "train-00000.shard" of part 0, "test-00000.shard" of part 1. */
void cairn_pack_shard_name(int part, int shard, char name[CAIRN_PACK_NAME_BYTES]);

#endif
