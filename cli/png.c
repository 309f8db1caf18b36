/* Writes a picture as PNG. */
#include "base/file.h"
#include "output.h"
#include <png.h>
#include <setjmp.h>

typedef struct png_target {
    cairn_writer *writer;
    cairn_status status;
} png_target;

static void on_write(png_structp png, png_bytep data, size_t size)
{
    png_target *target = png_get_io_ptr(png);
    target->status = cairn_writer_write(target->writer, data, size);
    if (target->status != CAIRN_OK)
        png_longjmp(png, 1);
}

static void on_flush(png_structp png)
{
    (void)png; /* commit makes all of it durable */
}

/* libpng's way out of an error; nothing is printed. */
static void on_error(png_structp png, png_const_charp text)
{
    (void)text;
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static bool encode(png_target *target, const cairn_picture *picture)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, on_error, on_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info || setjmp(png_jmpbuf(png))) {
        png_destroy_write_struct(&png, &info);
        return false;
    }
    png_set_write_fn(png, target, on_write, on_flush);
    png_set_IHDR(png, info, (png_uint_32)picture->w, (png_uint_32)picture->h, 8,
                 picture->c == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (int y = 0; y < picture->h; y++)
        png_write_row(png, picture->data + (size_t)y * (size_t)picture->w * (size_t)picture->c);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    return true;
}

cairn_status cairn_cli_write_png(cli_call *cli, const char *path, const cairn_picture *picture)
{
    png_target target = {0};
    cairn_status status = cairn_writer_open(cli->ctx, path, &target.writer);
    if (status != CAIRN_OK)
        return status;
    if (encode(&target, picture))
        return cairn_writer_commit(target.writer);
    cairn_writer_abort(target.writer);
    return target.status != CAIRN_OK
               ? target.status
               : cairn_cli_fail(cli, CAIRN_MEMORY, "%s: no memory for the encoder", path);
}
