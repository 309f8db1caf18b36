/* Pictures: decoding by content, channels, orientation. */
#include "data/picture.h"
#include "base/file.h"
#include "base/sniff.h"
#include <string.h>
#include <strings.h>

cairn_status cairn_picture_check_size(cairn_ctx *ctx, const char *name, int64_t h, int64_t w,
                                      int64_t max_pixels)
{
    if (h < 1 || w < 1 || h > INT32_MAX || w > INT32_MAX)
        return cairn_fail(ctx, CAIRN_INPUT, "%s: a picture of %lld x %lld pixels", name, (long long)w,
                          (long long)h);
    if (h > max_pixels / w)
        return cairn_fail(ctx, CAIRN_INPUT, "%s: too many pixels (expected at most %lld, found %lld x %lld)",
                          name, (long long)max_pixels, (long long)w, (long long)h);
    return CAIRN_OK;
}

cairn_status cairn_picture_make(cairn_ctx *ctx, const char *name, int64_t h, int64_t w, int c,
                                int64_t max_pixels, cairn_picture *picture)
{
    cairn_status status = cairn_picture_check_size(ctx, name, h, w, max_pixels);
    if (status != CAIRN_OK)
        return status;
    uint8_t *data = cairn_resize(ctx, NULL, (size_t)h * (size_t)w, (size_t)c);
    if (data == NULL)
        return CAIRN_MEMORY;
    *picture = (cairn_picture){.h = (int)h, .w = (int)w, .c = c, .data = data};
    return CAIRN_OK;
}

void cairn_picture_free(cairn_ctx *ctx, cairn_picture *picture)
{
    cairn_free(ctx, picture->data);
    *picture = (cairn_picture){0};
}

/* ---- channels ---- */

static void grey_to_rgb(const uint8_t *from, size_t pixels, uint8_t *to)
{
    for (size_t i = 0; i < pixels; i++)
        to[3 * i] = to[3 * i + 1] = to[3 * i + 2] = from[i];
}

/* Pillow's convert("L"): ITU-R 601-2 luma in 16-bit fixed point. */
static void rgb_to_grey(const uint8_t *from, size_t pixels, uint8_t *to)
{
    for (size_t i = 0; i < pixels; i++)
        to[i] =
            (uint8_t)((19595u * from[3 * i] + 38470u * from[3 * i + 1] + 7471u * from[3 * i + 2] + 32768u) >>
                      16);
}

cairn_status cairn_picture_set_channels(cairn_ctx *ctx, int channels, cairn_picture *picture)
{
    if (channels == picture->c)
        return CAIRN_OK;
    if (channels != 1 && channels != 3)
        return cairn_fail(ctx, CAIRN_USAGE, "pictures: expected 1 or 3 channels, found %d", channels);
    size_t pixels = (size_t)picture->h * (size_t)picture->w;
    uint8_t *data = cairn_resize(ctx, NULL, pixels, (size_t)channels);
    if (data == NULL)
        return CAIRN_MEMORY;
    if (channels == 3)
        grey_to_rgb(picture->data, pixels, data);
    else
        rgb_to_grey(picture->data, pixels, data);
    cairn_free(ctx, picture->data);
    picture->data = data;
    picture->c = channels;
    return CAIRN_OK;
}

/* ---- orientation ---- */

cairn_status cairn_picture_orient(cairn_ctx *ctx, int orientation, cairn_picture *picture)
{
    if (orientation < 2 || orientation > 8)
        return CAIRN_OK;
    bool turned = orientation >= 5; /* rows become columns */
    bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    cairn_picture from = *picture, to = from;
    to.h = turned ? from.w : from.h;
    to.w = turned ? from.h : from.w;
    size_t c = (size_t)from.c;
    to.data = cairn_resize(ctx, NULL, (size_t)from.h * (size_t)from.w, c);
    if (to.data == NULL)
        return CAIRN_MEMORY;
    uint8_t *out = to.data;
    for (int y = 0; y < to.h; y++)
        for (int x = 0; x < to.w; x++, out += c) {
            int row = turned ? x : y, column = turned ? y : x;
            row = from_bottom ? from.h - 1 - row : row;
            column = from_right ? from.w - 1 - column : column;
            memcpy(out, from.data + ((size_t)row * (size_t)from.w + (size_t)column) * c, c);
        }
    cairn_free(ctx, from.data);
    *picture = to;
    return CAIRN_OK;
}

/* ---- names ---- */

bool cairn_picture_name(const char *name)
{
    static const char *const endings[] = {".jpg", ".jpeg", ".png",  ".webp", ".gif",
                                          ".bmp", ".tif",  ".tiff", ".ppm",  ".pgm"};
    const char *slash = strrchr(name, '/'), *dot = strrchr(name, '.');
    if ((slash == NULL ? name : slash + 1)[0] == '.')
        return false;
    for (size_t i = 0; dot != NULL && i < CAIRN_COUNT(endings); i++)
        if (strcasecmp(dot, endings[i]) == 0)
            return true;
    return false;
}

/* ---- decoding ---- */

#define CONVERT ", not supported: convert it to PNG or JPEG"

static const cairn_signature other_formats[] = {
    {0, 4, "GIF8", "a GIF picture" CONVERT},
    {0, 2, "BM", "a BMP picture" CONVERT},
    {8, 4, "WEBP", "a WebP picture, which this build does not read: convert it to PNG or JPEG"},
    {0, 4, "II*\0", "a TIFF picture" CONVERT},
    {0, 4, "MM\0*", "a TIFF picture" CONVERT},
    {4, 4, "ftyp", "an AVIF or HEIC picture" CONVERT},
    {0, 12, "\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL picture" CONVERT},
    {0, 12, "\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 picture" CONVERT},
};

static bool is_jpeg(const void *bytes, size_t size)
{
    static const uint8_t jpeg[] = {0xFF, 0xD8, 0xFF};
    return size >= sizeof jpeg && memcmp(bytes, jpeg, sizeof jpeg) == 0;
}

static bool is_png(const void *bytes, size_t size)
{
    static const uint8_t png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    return size >= sizeof png && memcmp(bytes, png, sizeof png) == 0;
}

static bool is_webp(const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    return CAIRN_READS_WEBP && size >= 12 && memcmp(at, "RIFF", 4) == 0 && memcmp(at + 8, "WEBP", 4) == 0;
}

cairn_status cairn_picture_check(cairn_ctx *ctx, const char *name, const void *bytes, size_t size)
{
    if (is_jpeg(bytes, size) || is_png(bytes, size) || is_webp(bytes, size))
        return CAIRN_OK;
    const char *other = cairn_sniff(other_formats, CAIRN_COUNT(other_formats), bytes, size);
    return cairn_fail(ctx, CAIRN_INPUT, "%s: is %s", name,
                      other != NULL ? other : "not a JPEG or PNG picture");
}

cairn_status cairn_picture_read(const cairn_picture_file *file, cairn_picture *picture, int *orientation)
{
    if (is_jpeg(file->bytes, file->size))
        return cairn_jpeg_decode(file, picture, orientation);
    if (is_png(file->bytes, file->size))
        return cairn_png_decode(file, picture);
    if (is_webp(file->bytes, file->size))
        return cairn_webp_decode(file, picture);
    return cairn_picture_check(file->ctx, file->name, file->bytes, file->size);
}

cairn_status cairn_picture_decode(cairn_ctx *ctx, const char *name, const void *bytes, size_t size,
                                  const cairn_decode_options *options, cairn_picture *picture)
{
    cairn_decode_options o = options == NULL ? (cairn_decode_options){0} : *options;
    cairn_picture_file file = {.ctx = ctx,
                               .name = name,
                               .bytes = bytes,
                               .size = size,
                               .max_pixels = o.max_pixels > 0 ? o.max_pixels : CAIRN_MAX_PIXELS};
    cairn_picture decoded = {0};
    int orientation = 1;
    *picture = decoded;
    cairn_status status = cairn_picture_read(&file, &decoded, &orientation);
    if (status == CAIRN_OK && o.exif)
        status = cairn_picture_orient(ctx, orientation, &decoded);
    if (status == CAIRN_OK && o.channels != 0)
        status = cairn_picture_set_channels(ctx, o.channels, &decoded);
    if (status == CAIRN_OK)
        *picture = decoded;
    else
        cairn_picture_free(ctx, &decoded);
    return status;
}

cairn_status cairn_picture_load(cairn_ctx *ctx, const char *path, const cairn_decode_options *options,
                                cairn_picture *picture)
{
    uint8_t *bytes;
    size_t size;
    *picture = (cairn_picture){0};
    cairn_status status = cairn_file_read(ctx, path, CAIRN_PICTURE_FILE_LIMIT, &bytes, &size);
    if (status == CAIRN_OK)
        status = cairn_picture_decode(ctx, path, bytes, size, options, picture);
    cairn_free(ctx, bytes);
    return status;
}
