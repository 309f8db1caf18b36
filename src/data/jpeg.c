/* JPEG through libjpeg, with the settings that give the bytes Pillow gives: slow integer DCT, smooth
 * upsampling. Of a part, only the blocks that it touches are transformed, and what comes below it in the file
 * is not read at all if the file has its end. libjpeg reports fatal errors by a call that must not return,
 * hence setjmp. */
#include "data/picture.h"
#include <setjmp.h>
#include <stdio.h> /* jpeglib.h wants it before itself */
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

#define MARGIN 2 /* pixels that smooth upsampling looks beyond */
#define MOST_SCANS 100
#define HARMLESS_PIXELS ((uint64_t)6 << 20) /* at most nine bytes each while decoding: below 64 MiB */

typedef struct reader {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf escape;
    const cairn_picture_file *file;
    cairn_status status;
    cairn_picture picture;
    int orientation;
    int top, bottom, left, right; /* of what is read, in the picture as it is decoded */
} reader;

/* ---- called by libjpeg ---- */

static _Noreturn void escape(reader *r, cairn_status status, const char *what)
{
    r->status = status;
    cairn_fail(r->file->ctx, status, "%s: JPEG: %s", r->file->name, what);
    longjmp(r->escape, 1);
}

static _Noreturn void on_error(j_common_ptr jpeg)
{
    char text[JMSG_LENGTH_MAX];
    bool memory = jpeg->err->msg_code == JERR_OUT_OF_MEMORY;
    jpeg->err->format_message(jpeg, text);
    escape(jpeg->client_data, memory ? CAIRN_MEMORY : CAIRN_INPUT, text);
}

/* Warnings are counted and the pixels used, but a file that ends too early is an error. */
static void on_message(j_common_ptr jpeg, int level)
{
    if (level >= 0)
        return;
    jpeg->err->num_warnings++;
    if (jpeg->err->msg_code == JWRN_JPEG_EOF)
        escape(jpeg->client_data, CAIRN_INPUT, CAIRN_CUT_SHORT);
}

static void on_progress(j_common_ptr jpeg)
{
    if (((j_decompress_ptr)jpeg)->input_scan_number > MOST_SCANS)
        escape(jpeg->client_data, CAIRN_INPUT, "more than 100 scans");
}

/* ---- the steps of decoding; each may escape ---- */

static void read_orientation(reader *r)
{
    r->orientation = 1;
    for (jpeg_saved_marker_ptr m = r->jpeg.marker_list; m != NULL; m = m->next) {
        int found = cairn_exif_orientation(m->data, m->data_length);
        if (found != 0) {
            r->orientation = found;
            return;
        }
    }
}

/* The first coefficient of each 8 x 8 block takes a bit at least, and one component at least has a block for
 * each 8 x 8 pixels. A header that promises more than the file can hold is refused before much memory is
 * spent on it; arithmetic coding can go below a bit, and so can a progressive file that leaves scans out. */
static bool can_hold_pixels(const reader *r)
{
    uint64_t pixels = (uint64_t)r->jpeg.image_width * r->jpeg.image_height;
    return r->jpeg.arith_code || pixels <= HARMLESS_PIXELS || pixels / 64 / 8 <= r->file->size;
}

static void read_header(reader *r)
{
    jpeg_mem_src(&r->jpeg, r->file->bytes, r->file->size);
    jpeg_save_markers(&r->jpeg, JPEG_APP0 + 1, 0xFFFF);
    jpeg_read_header(&r->jpeg, TRUE);
    read_orientation(r);
    int components = r->jpeg.num_components;
    if (components != 1 && components != 3 && components != 4)
        escape(r, CAIRN_INPUT, "number of components (expected 1, 3 or 4)");
    if (!can_hold_pixels(r))
        escape(r, CAIRN_INPUT, CAIRN_CUT_SHORT);
    r->jpeg.out_color_space = components == 1 ? JCS_GRAYSCALE : components == 3 ? JCS_RGB : JCS_CMYK;
    r->jpeg.dct_method = JDCT_ISLOW;
    r->jpeg.do_fancy_upsampling = TRUE;
    r->status = cairn_picture_check_size(r->file->ctx, r->file->name, r->jpeg.image_height,
                                         r->jpeg.image_width, r->file->max_pixels);
    if (r->status != CAIRN_OK)
        longjmp(r->escape, 1);
}

/* The part, and around it what smooth upsampling looks at. */
static void choose_part(reader *r)
{
    cairn_part_reader *part = r->file->part;
    int h = (int)r->jpeg.image_height, w = (int)r->jpeg.image_width;
    cairn_part_wanted want = part->choose(part->user, h, w);
    int shrink = 1;
    while (shrink < 8 && 2 * shrink <= want.most_shrink)
        shrink *= 2; /* by an inverse transform of fewer frequencies, which costs less than the whole one */
    part->shrink = shrink;
    r->jpeg.scale_num = 1;
    r->jpeg.scale_denom = (unsigned)shrink;
    r->top = want.top / shrink - MARGIN;
    r->left = want.left / shrink - MARGIN;
    r->bottom = (want.top + want.h + shrink - 1) / shrink + MARGIN;
    r->right = (want.left + want.w + shrink - 1) / shrink + MARGIN;
}

/* The picture as it comes out of the decoder, which begins a row of blocks at a block. */
static void make_picture(reader *r)
{
    int h = (int)r->jpeg.output_height, w = (int)r->jpeg.output_width;
    bool whole = r->file->part == NULL;
    r->top = whole || r->top < 0 ? 0 : r->top;
    r->left = whole || r->left < 0 ? 0 : r->left;
    r->bottom = whole || r->bottom > h ? h : r->bottom;
    r->right = whole || r->right > w ? w : r->right;
    if (r->left > 0 || r->right < w) {
        JDIMENSION left = (JDIMENSION)r->left, width = (JDIMENSION)(r->right - r->left);
        jpeg_crop_scanline(&r->jpeg, &left, &width);
        r->left = (int)left;
        r->right = (int)(left + width);
    }
    if (!whole) {
        r->file->part->top = r->top;
        r->file->part->left = r->left;
    }
    r->status = cairn_picture_make(r->file->ctx, r->file->name, r->bottom - r->top, r->right - r->left,
                                   r->jpeg.num_components == 1 ? 1 : 3, r->file->max_pixels, &r->picture);
    if (r->status != CAIRN_OK)
        longjmp(r->escape, 1);
}

/* Inverted CMYK to RGB as Pillow does, which inverts whatever the Adobe marker says. */
static void cmyk_to_rgb(const uint8_t *cmyk, int pixels, uint8_t *rgb)
{
    for (int i = 0; i < pixels; i++, cmyk += 4, rgb += 3) {
        int light = cmyk[3]; /* 255 - K, with K = 255 - stored */
        for (int c = 0; c < 3; c++) {
            int ink = (255 - cmyk[c]) * light + 128;
            int value = light - (((ink >> 8) + ink) >> 8);
            rgb[c] = (uint8_t)(value < 0 ? 0 : value);
        }
    }
}

/* Whether the file ends as it should. */
static bool has_end(const cairn_picture_file *file)
{
    return file->size >= 2 && file->bytes[file->size - 2] == 0xFF && file->bytes[file->size - 1] == JPEG_EOI;
}

/* What comes below the part, to meet the place where a file is cut short; of one that has its end nothing.
 * The last row is read, since to skip it means to skip all that is left of the file. */
static void read_rest(reader *r)
{
    int rest = (int)r->jpeg.output_height - r->bottom;
    if (rest > 0 && has_end(r->file))
        return;
    if (rest > 1)
        jpeg_skip_scanlines(&r->jpeg, (JDIMENSION)rest - 1);
    if (rest > 0) {
        JDIMENSION bytes = r->jpeg.output_width * (JDIMENSION)r->jpeg.output_components;
        jpeg_read_scanlines(&r->jpeg,
                            r->jpeg.mem->alloc_sarray((j_common_ptr)&r->jpeg, JPOOL_IMAGE, bytes, 1), 1);
    }
    jpeg_finish_decompress(&r->jpeg);
}

static void read_pixels(reader *r)
{
    jpeg_start_decompress(&r->jpeg);
    make_picture(r);
    cairn_picture *p = &r->picture;
    bool cmyk = r->jpeg.out_color_space == JCS_CMYK;
    JSAMPARRAY cmyk_row = NULL;
    if (cmyk)
        cmyk_row =
            r->jpeg.mem->alloc_sarray((j_common_ptr)&r->jpeg, JPOOL_IMAGE, 4 * r->jpeg.output_width, 1);
    if (r->top > 0)
        jpeg_skip_scanlines(&r->jpeg, (JDIMENSION)r->top);
    while ((int)r->jpeg.output_scanline < r->bottom) {
        JSAMPROW row =
            p->data + (size_t)((int)r->jpeg.output_scanline - r->top) * (size_t)p->w * (size_t)p->c;
        jpeg_read_scanlines(&r->jpeg, cmyk ? cmyk_row : &row, 1);
        if (cmyk)
            cmyk_to_rgb(cmyk_row[0], p->w, row);
    }
    read_rest(r);
}

/* False when a step escaped. In a function of its own, so that nothing it changes is local to it. */
static bool run(reader *r)
{
    if (setjmp(r->escape) != 0)
        return false;
    jpeg_create_decompress(&r->jpeg);
    r->jpeg.client_data = r;
    r->jpeg.progress = &r->progress;
    read_header(r);
    if (r->file->part != NULL)
        choose_part(r);
    read_pixels(r);
    return true;
}

cairn_status cairn_jpeg_decode(const cairn_picture_file *file, cairn_picture *picture, int *orientation)
{
    reader r = {.file = file};
    r.jpeg.err = jpeg_std_error(&r.errors);
    r.jpeg.client_data = &r; /* also while libjpeg sets itself up */
    r.errors.error_exit = on_error;
    r.errors.emit_message = on_message;
    r.progress.progress_monitor = on_progress;
    bool done = run(&r);
    if (done && r.errors.num_warnings > 0)
        cairn_log(file->ctx, CAIRN_LOG_DEBUG, "%s: JPEG: %ld warnings", file->name, r.errors.num_warnings);
    if (file->warnings != NULL)
        *file->warnings = r.errors.num_warnings;
    jpeg_destroy_decompress(&r.jpeg);
    if (!done) {
        cairn_picture_free(file->ctx, &r.picture);
        return r.status;
    }
    *picture = r.picture;
    *orientation = r.orientation;
    return CAIRN_OK;
}
