/* Files of pictures for tests, made with libjpeg and by hand, and what tests do with them. */
#ifndef CAIRN_TESTS_PICTURE_FILES_H
#define CAIRN_TESTS_PICTURE_FILES_H

#include "support.h"

#include "data/picture.h"
#include <jpeglib.h>
#include <zlib.h>

typedef struct bytes {
    uint8_t *data;
    size_t size;
} bytes;

/* ---- making JPEG ---- */

typedef struct jpeg_kind {
    J_COLOR_SPACE from, stored;
    bool progressive, arithmetic;
    unsigned restart;
    const uint8_t *app1;
    size_t app1_size;
} jpeg_kind;

static inline int components_of(J_COLOR_SPACE space)
{
    return space == JCS_GRAYSCALE ? 1 : space == JCS_CMYK ? 4 : 3;
}

static inline bytes make_jpeg(jpeg_kind kind, unsigned w, unsigned h)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    unsigned char *data = NULL;
    unsigned long size = 0;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &data, &size);
    jpeg.image_width = w;
    jpeg.image_height = h;
    jpeg.input_components = components_of(kind.from);
    jpeg.in_color_space = kind.from;
    jpeg_set_defaults(&jpeg);
    jpeg_set_colorspace(&jpeg, kind.stored);
    jpeg_set_quality(&jpeg, 90, TRUE);
    jpeg.arith_code = kind.arithmetic;
    jpeg.restart_interval = kind.restart;
    if (kind.progressive)
        jpeg_simple_progression(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    if (kind.app1 != NULL)
        jpeg_write_marker(&jpeg, JPEG_APP0 + 1, kind.app1, (unsigned)kind.app1_size);
    uint8_t row[4 * 256];
    for (unsigned y = 0; y < h; y++) {
        for (unsigned i = 0; i < w * (unsigned)jpeg.input_components; i++)
            row[i] = (uint8_t)(i * 5 + y * 3 + (i * y) % 7);
        JSAMPROW rows[1] = {row};
        jpeg_write_scanlines(&jpeg, rows, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    return (bytes){data, size};
}

/* Offset of the first marker 0xFF code, looking only at headers; the file must have it. */
static inline size_t find_marker(bytes file, uint8_t code)
{
    size_t at = 2;
    while (at + 4 <= file.size && file.data[at] == 0xFF && file.data[at + 1] != code)
        at += 2u + (size_t)(file.data[at + 2] << 8 | file.data[at + 3]);
    assert_true(at + 4 <= file.size && file.data[at + 1] == code);
    return at;
}

static inline void cut_segment(bytes *file, uint8_t code)
{
    size_t at = find_marker(*file, code),
           length = 2u + (size_t)(file->data[at + 2] << 8 | file->data[at + 3]);
    memmove(file->data + at, file->data + at + length, file->size - at - length);
    file->size -= length;
}

/* ---- making PNG ---- */

static inline void append(bytes *file, const void *data, size_t size)
{
    if (size == 0)
        return;
    file->data = realloc(file->data, file->size + size);
    assert_non_null(file->data);
    memcpy(file->data + file->size, data, size);
    file->size += size;
}

static inline void append_chunk(bytes *file, const char *type, const void *data, size_t size)
{
    uint8_t length[4] = {(uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size};
    append(file, length, 4);
    append(file, type, 4);
    append(file, data, size);
    uLong crc = crc32(0, (const Bytef *)type, 4);
    if (size > 0) /* no data at all would begin anew */
        crc = crc32(crc, data, (uInt)size);
    uint8_t check[4] = {(uint8_t)(crc >> 24), (uint8_t)(crc >> 16), (uint8_t)(crc >> 8), (uint8_t)crc};
    append(file, check, 4);
}

static inline void append_header(bytes *file, uint32_t w, uint32_t h, uint8_t depth, uint8_t type,
                                 uint8_t interlace)
{
    uint8_t header[13] = {(uint8_t)(w >> 24),
                          (uint8_t)(w >> 16),
                          (uint8_t)(w >> 8),
                          (uint8_t)w,
                          (uint8_t)(h >> 24),
                          (uint8_t)(h >> 16),
                          (uint8_t)(h >> 8),
                          (uint8_t)h,
                          depth,
                          type,
                          0,
                          0,
                          interlace};
    append(file, "\x89PNG\r\n\x1a\n", 8);
    append_chunk(file, "IHDR", header, sizeof header);
}

/* Rows with their filter bytes. */
static inline void append_data(bytes *file, const void *rows, size_t size)
{
    uLongf packed_size = compressBound(size);
    uint8_t *packed = malloc(packed_size);
    assert_int_equal(compress2(packed, &packed_size, rows, size, 9), Z_OK);
    append_chunk(file, "IDAT", packed, packed_size);
    free(packed);
}

static inline bytes finish(bytes file)
{
    append_chunk(&file, "IEND", NULL, 0);
    return file;
}

static inline bytes make_png(uint32_t w, uint32_t h, uint8_t depth, uint8_t type, const void *rows,
                             size_t size)
{
    bytes file = {0};
    append_header(&file, w, h, depth, type, 0);
    append_data(&file, rows, size);
    return finish(file);
}

/* ---- decoding ---- */

static inline cairn_status decode(bench *b, bytes file, int channels, cairn_picture *picture)
{
    uint8_t *copy = malloc(file.size > 0 ? file.size : 1); /* its own block: the sanitizer sees its end */
    if (file.size > 0)
        memcpy(copy, file.data, file.size);
    cairn_decode_options options = {.channels = channels};
    cairn_status status = cairn_picture_decode(b->ctx, "test", copy, file.size, &options, picture);
    assert_true((status == CAIRN_OK) == (picture->data != NULL));
    free(copy);
    return status;
}

static inline cairn_status decode_and_drop(bench *b, bytes file)
{
    cairn_picture picture;
    cairn_status status = decode(b, file, 0, &picture);
    cairn_picture_free(b->ctx, &picture);
    return status;
}

static inline void assert_decodes(bench *b, bytes file, int channels, const uint8_t *expected, size_t size)
{
    cairn_picture picture;
    if (decode(b, file, channels, &picture) != CAIRN_OK)
        fail_msg("%s", cairn_error(b->ctx));
    assert_int_equal((size_t)picture.h * (size_t)picture.w * (size_t)picture.c, size);
    assert_memory_equal(picture.data, expected, size);
    cairn_picture_free(b->ctx, &picture);
    free(file.data);
}

#endif
