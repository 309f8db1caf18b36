/* PNG through libpng's row interface, with the context's memory and limits of our own. Alpha and transparency
 * are dropped, not composited; 16 bits are cut to the high 8; colour profiles are not looked at. Palettes are
 * looked up here, so that an index outside is found. libpng reports errors by a call that must not return,
 * hence setjmp. */
#include "data/deflate.h"
#include "data/picture.h"
#include <png.h>
#include <setjmp.h>
#include <string.h>

#define MOST_CHUNKS 1000
#define MOST_CHUNK_BYTES 8000000
#define MOST_SURPLUS_BYTES ((uint64_t)256 << 10)

typedef struct reader {
    png_structp png;
    png_infop info;
    jmp_buf escape;
    const cairn_picture_file *file;
    size_t at; /* in the file */
    cairn_status status;
    cairn_picture picture;
    uint64_t row_bytes; /* as stored */
    bool palette;
} reader;

/* ---- called by libpng ---- */

static _Noreturn void escape(reader *r, const char *what)
{
    r->status = CAIRN_INPUT;
    cairn_fail(r->file->ctx, CAIRN_INPUT, "%s: PNG: %s", r->file->name, what);
    longjmp(r->escape, 1);
}

static _Noreturn void on_error(png_structp png, png_const_charp text)
{
    reader *r = png_get_error_ptr(png);
    if (r->status == CAIRN_MEMORY) /* the message is there already */
        longjmp(r->escape, 1);
    escape(r, text);
}

static void on_warning(png_structp png, png_const_charp text)
{
    const reader *r = png_get_error_ptr(png);
    cairn_log(r->file->ctx, CAIRN_LOG_DEBUG, "%s: PNG: %s", r->file->name, text);
}

static png_voidp on_alloc(png_structp png, png_alloc_size_t size)
{
    reader *r = png_get_mem_ptr(png);
    void *block = cairn_alloc(r->file->ctx, size, 1);
    if (block == NULL)
        r->status = CAIRN_MEMORY;
    return block;
}

static void on_free(png_structp png, png_voidp block)
{
    const reader *r = png_get_mem_ptr(png);
    cairn_free(r->file->ctx, block);
}

static void on_read(png_structp png, png_bytep data, size_t size)
{
    reader *r = png_get_io_ptr(png);
    if (size > r->file->size - r->at)
        escape(r, CAIRN_CUT_SHORT);
    memcpy(data, r->file->bytes + r->at, size);
    r->at += size;
}

/* ---- the steps of decoding; each may escape ---- */

static void read_header(reader *r)
{
    png_set_read_fn(r->png, r, on_read);
    png_set_chunk_cache_max(r->png, MOST_CHUNKS);
    png_set_chunk_malloc_max(r->png, MOST_CHUNK_BYTES);
    png_set_keep_unknown_chunks(r->png, PNG_HANDLE_CHUNK_NEVER, NULL,
                                -1); /* text and profiles, the places for bombs */
    png_read_info(r->png, r->info);
    uint64_t h = png_get_image_height(r->png, r->info);
    r->row_bytes = png_get_rowbytes(r->png, r->info);
    if (h * r->row_bytes > cairn_deflate_most(r->file->size)) /* both below 2^32 */
        escape(r, CAIRN_CUT_SHORT);
    int type = png_get_color_type(r->png, r->info);
    r->palette = type == PNG_COLOR_TYPE_PALETTE;
    r->status = cairn_picture_make(
        r->file->ctx, r->file->name, (int64_t)h, png_get_image_width(r->png, r->info),
        type == PNG_COLOR_TYPE_RGB || type == PNG_COLOR_TYPE_RGBA ? 3 : 1, r->file->max_pixels, &r->picture);
    if (r->status != CAIRN_OK)
        longjmp(r->escape, 1);
}

/* Compressed pixels that are not read yet. */
static uint64_t left_to_read(const reader *r)
{
    uint64_t sum = 0, size = r->file->size;
    for (uint64_t at = 8; at + 12 <= size;) { /* the signature; a chunk's length, type and check */
        const uint8_t *chunk = r->file->bytes + at;
        uint64_t next = at + 12 + png_get_uint_32(chunk), end = next - 4 > size ? size : next - 4;
        if (memcmp(chunk + 4, "IDAT", 4) == 0 && end > r->at)
            sum += end - (at + 8 > r->at ? at + 8 : r->at);
        at = next;
    }
    return sum;
}

/* Behind the last row libpng unpacks what is left, which may be a bomb. So before the last two rows (of an
 * interlaced picture the very last may be done in an earlier pass) there must not be much more than they can
 * take. */
static void check_rest(reader *r)
{
    if (left_to_read(r) > 4 * r->row_bytes + MOST_SURPLUS_BYTES)
        escape(r, "more pixels than its header says");
}

static void read_pixels(reader *r)
{
    if (r->palette)
        png_set_packing(r->png);
    else
        png_set_expand_gray_1_2_4_to_8(r->png);
    png_set_strip_16(r->png);
    png_set_strip_alpha(r->png);
    int passes = png_set_interlace_handling(r->png);
    png_read_update_info(r->png, r->info);
    const cairn_picture *p = &r->picture;
    size_t row = (size_t)p->w * (size_t)p->c;
    if (png_get_rowbytes(r->png, r->info) != row)
        escape(r, "rows have an unexpected size");
    for (int pass = 0; pass < passes; pass++)
        for (int y = 0; y < p->h; y++) {
            if (y == (p->h > 2 ? p->h - 2 : 0) && (pass == passes - 1 || p->h == 1))
                check_rest(r);
            png_read_row(r->png, p->data + (size_t)y * row, NULL);
        }
    png_read_end(r->png, NULL);
}

/* Indices become colours. */
static void look_up_palette(reader *r)
{
    png_colorp colours;
    int count = 0;
    png_get_PLTE(r->png, r->info, &colours, &count);
    cairn_picture indices = r->picture, rgb;
    size_t pixels = (size_t)indices.h * (size_t)indices.w;
    for (size_t i = 0; i < pixels; i++)
        if (indices.data[i] >= count)
            escape(r, "palette index out of range");
    r->status =
        cairn_picture_make(r->file->ctx, r->file->name, indices.h, indices.w, 3, r->file->max_pixels, &rgb);
    if (r->status != CAIRN_OK)
        longjmp(r->escape, 1);
    for (size_t i = 0; i < pixels; i++) {
        const png_color *colour = &colours[indices.data[i]];
        rgb.data[3 * i] = colour->red;
        rgb.data[3 * i + 1] = colour->green;
        rgb.data[3 * i + 2] = colour->blue;
    }
    cairn_picture_free(r->file->ctx, &indices);
    r->picture = rgb;
}

/* False when a step escaped. In a function of its own, so that nothing it changes is local to it. */
static bool run(reader *r)
{
    if (setjmp(r->escape) != 0)
        return false;
    r->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, r, on_error, on_warning, r, on_alloc, on_free);
    r->info = r->png == NULL ? NULL : png_create_info_struct(r->png);
    if (r->info == NULL) {
        r->status = cairn_fail_memory(r->file->ctx, sizeof *r);
        return false;
    }
    read_header(r);
    read_pixels(r);
    if (r->palette)
        look_up_palette(r);
    return true;
}

cairn_status cairn_png_decode(const cairn_picture_file *file, cairn_picture *picture)
{
    reader r = {.file = file};
    bool done = run(&r);
    png_destroy_read_struct(&r.png, &r.info, NULL);
    if (!done) {
        cairn_picture_free(file->ctx, &r.picture);
        return r.status;
    }
    *picture = r.picture;
    return CAIRN_OK;
}
