/* What compressed data can hold at most: readers refuse a file whose header promises more. */
#ifndef CAIRN_DATA_DEFLATE_H
#define CAIRN_DATA_DEFLATE_H

#include <stddef.h>

/* Deflate cannot expand more than 1032 to 1; the addend is for tiny files. size below 2^50. */
static inline size_t cairn_deflate_most(size_t size)
{
    return size * 1032 + 65536;
}

#endif
