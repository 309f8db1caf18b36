/* Inside of the picture readers. */
#ifndef CAIRN_DATA_PICTURE_H
#define CAIRN_DATA_PICTURE_H

#include "base/base.h"
#include <cairn/data.h>

/* Pillow warns above this number of pixels. */
#define CAIRN_MAX_PIXELS INT64_C(89478485)

/* A file to decode. */
typedef struct cairn_picture_file {
    cairn_ctx *ctx;
    const char *name; /* for messages */
    const uint8_t *bytes;
    size_t size;
    int64_t max_pixels;
} cairn_picture_file;

/* Each gives a picture with 1 or 3 channels as stored: alpha dropped, palettes and CMYK made RGB, 16 bits cut
 * to the high 8. orientation is that of EXIF, 1 when there is none. */
cairn_status cairn_jpeg_decode(const cairn_picture_file *file, cairn_picture *picture, int *orientation);
cairn_status cairn_png_decode(const cairn_picture_file *file, cairn_picture *picture);

/* Memory for a picture, not set to anything; CAIRN_INPUT when it has no or more than max_pixels pixels. */
cairn_status cairn_picture_make(cairn_ctx *ctx, const char *name, int64_t h, int64_t w, int c,
                                int64_t max_pixels, cairn_picture *picture);

/* The orientation in an APP1 segment, 1 to 8; 0 when the segment is not EXIF. Anything damaged is 1. */
int cairn_exif_orientation(const uint8_t *segment, size_t size);

/* Turns a picture as the orientation says, in place of itself. */
cairn_status cairn_picture_orient(cairn_ctx *ctx, int orientation, cairn_picture *picture);

/* Gives it 1 or 3 channels, in place of itself, by Pillow's formula. */
cairn_status cairn_picture_set_channels(cairn_ctx *ctx, int channels, cairn_picture *picture);

#endif
