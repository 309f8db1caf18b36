/* The orientation in EXIF: a TIFF structure inside a JPEG's APP1 segment, of which one entry of the first
 * directory matters. */
#include "data/picture.h"
#include <string.h>

#define TAG_ORIENTATION 0x0112
#define TYPE_SHORT 3
#define ENTRY_BYTES 12

typedef struct tiff {
    const uint8_t *bytes;
    size_t size;
    bool big_endian;
} tiff;

/* An unsigned number of 2 or 4 bytes; 0 beyond the end. */
static uint32_t number_at(const tiff *t, size_t offset, size_t width)
{
    uint32_t value = 0;
    if (offset > t->size || t->size - offset < width)
        return 0;
    for (size_t i = 0; i < width; i++)
        value |= (uint32_t)t->bytes[offset + i] << 8 * (t->big_endian ? width - 1 - i : i);
    return value;
}

int cairn_exif_orientation(const uint8_t *segment, size_t size)
{
    static const char mark[6] = {'E', 'x', 'i', 'f', 0, 0};
    if (size < sizeof mark || memcmp(segment, mark, sizeof mark) != 0)
        return 0;
    tiff t = {segment + sizeof mark, size - sizeof mark, false};
    if (t.size < 8 || (memcmp(t.bytes, "II", 2) != 0 && memcmp(t.bytes, "MM", 2) != 0))
        return 1;
    t.big_endian = t.bytes[0] == 'M';
    if (number_at(&t, 2, 2) != 42)
        return 1;
    size_t directory = number_at(&t, 4, 4);
    uint32_t entries = number_at(&t, directory, 2);
    for (uint32_t i = 0; i < entries; i++) {
        size_t entry = directory + 2 + (size_t)i * ENTRY_BYTES;
        if (number_at(&t, entry, 2) != TAG_ORIENTATION)
            continue;
        uint32_t value = number_at(&t, entry + 2, 2) == TYPE_SHORT ? number_at(&t, entry + 8, 2) : 1;
        return value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}
