/* Inside of the picture readers. */
#ifndef CAIRN_DATA_PICTURE_H
#define CAIRN_DATA_PICTURE_H

#include "base/base.h"
#include <cairn/data.h>

/* Pillow warns above this number of pixels. */
#define CAIRN_MAX_PIXELS INT64_C(89478485)

/* What readers say of a file that ends too early. */
#define CAIRN_CUT_SHORT "is cut short"

#if defined(CAIRN_WEBP)
#define CAIRN_READS_WEBP true
#else
#define CAIRN_READS_WEBP false
#endif

/* Bytes of a file. */
#define CAIRN_PICTURE_FILE_LIMIT ((size_t)1 << 30)

/* A part of a picture, for readers that can leave out the rest. */
typedef struct cairn_part_wanted {
    int top, left, h, w; /* of the picture as it is stored */
    int most_shrink;     /* a picture that is smaller by no more than this will do */
} cairn_part_wanted;

typedef struct cairn_part_reader {
    /* Asked once, when the size is known. */
    cairn_part_wanted (*choose)(void *user, int h, int w);
    void *user;
    /* what was read: the picture is shrunk so many times, and begins at (top, left) of the shrunk one */
    int shrink, top, left;
} cairn_part_reader;

/* A file to decode. */
typedef struct cairn_picture_file {
    cairn_ctx *ctx;
    const char *name; /* for messages */
    const uint8_t *bytes;
    size_t size;
    int64_t max_pixels;
    cairn_part_reader *part; /* NULL: all of it */
    long *warnings;          /* NULL, or gets how many faults a JPEG has that do not end its decoding */
} cairn_picture_file;

/* Each gives a picture with 1 or 3 channels as stored: alpha dropped, palettes and CMYK made RGB, 16 bits cut
 * to the high 8. orientation is that of EXIF, 1 when there is none. */
cairn_status cairn_jpeg_decode(const cairn_picture_file *file, cairn_picture *picture, int *orientation);
cairn_status cairn_png_decode(const cairn_picture_file *file, cairn_picture *picture);
cairn_status cairn_webp_decode(const cairn_picture_file *file, cairn_picture *picture);

/* A JPEG file of a picture, of the usual sampling; cairn_free the bytes. CAIRN_MEMORY. */
cairn_status cairn_jpeg_encode(cairn_ctx *ctx, const cairn_picture *picture, int quality, uint8_t **bytes,
                               size_t *size);

/* The same for a file of any kind, told apart by content. All but JPEG are read whole. */
cairn_status cairn_picture_read(const cairn_picture_file *file, cairn_picture *picture, int *orientation);

/* CAIRN_INPUT when a picture would have no or more than max_pixels pixels. */
cairn_status cairn_picture_check_size(cairn_ctx *ctx, const char *name, int64_t h, int64_t w,
                                      int64_t max_pixels);

/* Memory for a picture, not set to anything; CAIRN_INPUT when it has no or more than max_pixels pixels. */
cairn_status cairn_picture_make(cairn_ctx *ctx, const char *name, int64_t h, int64_t w, int c,
                                int64_t max_pixels, cairn_picture *picture);

/* The window of h x w whose corner is at (top, left); where it lies outside of the picture, `value` is put.
 */
cairn_status cairn_picture_cut(cairn_ctx *ctx, const cairn_picture *from, int64_t top, int64_t left,
                               int64_t h, int64_t w, uint8_t value, cairn_picture *to);

/* The size of a picture whose short side becomes `side`; the long one keeps the aspect and is truncated. */
void cairn_scaled_size(int side, int from_h, int from_w, int64_t *h, int64_t *w);

/* Where the centre of `crop` pixels begins: round((side - crop) / 2), halves to even; negative where the
 * picture is smaller and zeros go around it: then the smaller half of the zeros goes before. */
int64_t cairn_crop_start(int64_t side, int64_t crop);

/* The orientation in an APP1 segment, 1 to 8; 0 when the segment is not EXIF. Anything damaged is 1. */
int cairn_exif_orientation(const uint8_t *segment, size_t size);

/* Turns a picture as the orientation says, in place of itself. */
cairn_status cairn_picture_orient(cairn_ctx *ctx, int orientation, cairn_picture *picture);

/* Gives it 1 or 3 channels, in place of itself, by Pillow's formula. */
cairn_status cairn_picture_set_channels(cairn_ctx *ctx, int channels, cairn_picture *picture);

#endif
