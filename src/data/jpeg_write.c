/* JPEG files in memory, through libjpeg. */
#include "data/picture.h"
#include <setjmp.h>
#include <stdio.h> /* jpeglib.h wants it before itself */
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

typedef struct writer {
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    jmp_buf escape;
    char text[JMSG_LENGTH_MAX];
    unsigned char *bytes; /* libjpeg's */
    unsigned long size;
} writer;

static _Noreturn void on_error(j_common_ptr jpeg)
{
    writer *w = jpeg->client_data;
    jpeg->err->format_message(jpeg, w->text);
    longjmp(w->escape, 1);
}

/* False when a step escaped. */
static bool run(writer *w, const cairn_picture *picture, int quality)
{
    if (setjmp(w->escape) != 0)
        return false;
    jpeg_create_compress(&w->jpeg);
    w->jpeg.client_data = w;
    jpeg_mem_dest(&w->jpeg, &w->bytes, &w->size);
    w->jpeg.image_width = (JDIMENSION)picture->w;
    w->jpeg.image_height = (JDIMENSION)picture->h;
    w->jpeg.input_components = picture->c;
    w->jpeg.in_color_space = picture->c == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&w->jpeg);
    jpeg_set_quality(&w->jpeg, quality, TRUE);
    jpeg_start_compress(&w->jpeg, TRUE);
    while (w->jpeg.next_scanline < w->jpeg.image_height) {
        JSAMPROW row =
            picture->data + (size_t)w->jpeg.next_scanline * (size_t)picture->w * (size_t)picture->c;
        jpeg_write_scanlines(&w->jpeg, &row, 1);
    }
    jpeg_finish_compress(&w->jpeg);
    return true;
}

cairn_status cairn_jpeg_encode(cairn_ctx *ctx, const cairn_picture *picture, int quality, uint8_t **bytes,
                               size_t *size)
{
    writer w = {.text = "unknown"};
    w.jpeg.err = jpeg_std_error(&w.errors);
    w.errors.error_exit = on_error;
    w.jpeg.client_data = &w;
    bool done = run(&w, picture, quality);
    cairn_status status = CAIRN_OK;
    *bytes = done ? cairn_resize(ctx, NULL, (size_t)w.size, 1) : NULL;
    if (!done)
        status = cairn_fail(ctx, CAIRN_MEMORY, "JPEG: %s", w.text); /* nothing else can go wrong */
    else if (*bytes == NULL)
        status = CAIRN_MEMORY;
    else
        memcpy(*bytes, w.bytes, *size = (size_t)w.size);
    jpeg_destroy_compress(&w.jpeg);
    free(w.bytes);
    return status;
}
