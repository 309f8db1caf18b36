/* A scene as PDF and PNG, by cairo. Files are made in memory; nothing in them depends on date or place. */
#include "report/scene.h"
#include <cairo-pdf.h>
#include <cairo.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#define PNG_MIN_WIDTH 1600.0
#define PNG_MIN_SCALE 2.0
#define PNG_MOST_PIXELS 1e8      /* an unfolded network of a thousand layers is drawn coarser */
#define PNG_LONGEST_SIDE 32000.0 /* cairo's limit is 32767 */

static cairo_status_t append(void *closure, const unsigned char *bytes, unsigned length)
{
    cairn_text *out = closure;
    cairn_text_add_bytes(out, bytes, length);
    return out->failed ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

static void use_paint(cairo_t *cr, cairn_paint paint)
{
    cairo_set_source_rgba(cr, (double)(paint.rgb >> 16 & 255) / 255, (double)(paint.rgb >> 8 & 255) / 255,
                          (double)(paint.rgb & 255) / 255, paint.alpha);
}

static void draw_figure(cairo_t *cr, const cairn_mark *mark)
{
    const cairn_brush *brush = &mark->brush;
    cairo_new_path(cr);
    if (mark->kind == CAIRN_MARK_CIRCLE) {
        cairo_arc(cr, mark->point[0].x, mark->point[0].y, mark->point[1].x - mark->point[0].x, 0, 2 * M_PI);
    } else {
        for (int i = 0; i < mark->points; i++)
            cairo_line_to(cr, mark->point[i].x, mark->point[i].y);
    }
    if (!brush->open) {
        cairo_close_path(cr);
        use_paint(cr, brush->fill);
        if (brush->fill.alpha > 0)
            cairo_fill_preserve(cr);
    }
    if (brush->stroke.alpha > 0) {
        use_paint(cr, brush->stroke);
        cairo_set_line_width(cr, brush->line);
        cairo_set_dash(cr, (double[]){3, 2}, brush->dashed ? 2 : 0, 0);
        cairo_stroke(cr);
    }
    cairo_new_path(cr);
}

static void draw_text(cairo_t *cr, const cairn_mark *mark)
{
    cairo_save(cr);
    cairo_select_font_face(cr, CAIRN_FONT_FAMILY, CAIRO_FONT_SLANT_NORMAL,
                           mark->type.bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cr, mark->type.size);
    use_paint(cr, mark->type.paint);
    cairo_translate(cr, mark->point[0].x, mark->point[0].y);
    if (mark->type.upward)
        cairo_rotate(cr, -M_PI / 2);
    cairo_move_to(cr, 0, 0);
    cairo_show_text(cr, mark->text);
    cairo_restore(cr);
}

static cairo_surface_t *surface_of(const uint8_t *pixels, int h, int w, int channels)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, w, h);
    if (cairo_surface_status(surface) != CAIRO_STATUS_SUCCESS)
        return surface;
    unsigned char *data = cairo_image_surface_get_data(surface);
    size_t stride = (size_t)cairo_image_surface_get_stride(surface);
    size_t step = (size_t)channels, last = step - 1;
    for (size_t y = 0; y < (size_t)h; y++)
        for (size_t x = 0; x < (size_t)w; x++) {
            const uint8_t *from = pixels + (y * (size_t)w + x) * step;
            uint32_t word = (uint32_t)from[0] << 16 | (uint32_t)from[last / 2] << 8 | from[last];
            memcpy(data + y * stride + x * 4, &word, 4);
        }
    cairo_surface_mark_dirty(surface);
    return surface;
}

static void draw_picture(cairo_t *cr, const cairn_mark *mark)
{
    cairo_surface_t *surface = surface_of(mark->pixels, mark->h, mark->w, 3);
    cairo_save(cr);
    cairo_translate(cr, mark->box.left, mark->box.top);
    cairo_scale(cr, (mark->box.right - mark->box.left) / mark->w,
                (mark->box.bottom - mark->box.top) / mark->h);
    cairo_set_source_surface(cr, surface, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_NEAREST);
    cairo_rectangle(cr, 0, 0, mark->w, mark->h);
    cairo_fill(cr);
    cairo_restore(cr);
    cairo_surface_destroy(surface);
}

static void draw_marks(const cairn_scene *scene, cairo_t *cr)
{
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_set_font_options(cr, options);
    cairo_font_options_destroy(options);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    use_paint(cr, CAIRN_WHITE);
    cairo_paint(cr);
    for (int i = 0; i < scene->count; i++) {
        const cairn_mark *mark = &scene->mark[i];
        if (mark->kind == CAIRN_MARK_TEXT)
            draw_text(cr, mark);
        else if (mark->kind == CAIRN_MARK_PICTURE)
            draw_picture(cr, mark);
        else
            draw_figure(cr, mark);
    }
}

/* What cairo and the memory it wrote into say together; the surface is given up. */
static cairn_status finish(cairn_text *out, cairo_surface_t *surface, cairo_status_t written)
{
    cairo_status_t status = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    if (out->failed)
        return CAIRN_MEMORY;
    if (status == CAIRO_STATUS_SUCCESS)
        status = written;
    if (status == CAIRO_STATUS_SUCCESS)
        return CAIRN_OK;
    return cairn_fail(out->ctx, status == CAIRO_STATUS_NO_MEMORY ? CAIRN_MEMORY : CAIRN_FAILURE,
                      "drawing: %s", cairo_status_to_string(status));
}

static cairn_status render_pdf(const cairn_scene *scene, cairn_text *out)
{
    cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(append, out, scene->width, scene->height);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, "2000-01-01T00:00:00Z");
    if (scene->title)
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, scene->title);
    cairo_t *cr = cairo_create(surface);
    draw_marks(scene, cr);
    cairo_status_t drawn = cairo_status(cr);
    cairo_destroy(cr);
    cairo_surface_finish(surface);
    return finish(out, surface, drawn);
}

static cairn_status render_png(const cairn_scene *scene, cairn_text *out)
{
    double scale = ceil(fmax(PNG_MIN_SCALE, PNG_MIN_WIDTH / scene->width));
    scale = fmin(scale, sqrt(PNG_MOST_PIXELS / (scene->width * scene->height)));
    scale = fmin(scale, PNG_LONGEST_SIDE / fmax(scene->width, scene->height));
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)ceil(scene->width * scale),
                                                          (int)ceil(scene->height * scale));
    cairo_t *cr = cairo_create(surface);
    cairo_scale(cr, scale, scale);
    draw_marks(scene, cr);
    cairo_status_t status = cairo_status(cr);
    cairo_destroy(cr);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_write_to_png_stream(surface, append, out);
    return finish(out, surface, status);
}

cairn_status cairn_png_encode(const uint8_t *pixels, int h, int w, int channels, cairn_text *out)
{
    cairo_surface_t *surface = surface_of(pixels, h, w, channels);
    return finish(out, surface, cairo_surface_write_to_png_stream(surface, append, out));
}

cairn_picture_format cairn_format_of(const char *path)
{
    static const char *const endings[] = {"", ".svg", ".pdf", ".png", ".dot"};
    const char *dot = strrchr(path, '.');
    if (dot && !strchr(dot, '/'))
        for (int i = CAIRN_FORMAT_SVG; i <= CAIRN_FORMAT_DOT; i++)
            if (strcasecmp(dot, endings[i]) == 0)
                return (cairn_picture_format)i;
    return CAIRN_FORMAT_NONE;
}

cairn_status cairn_scene_render(const cairn_scene *scene, cairn_picture_format format, cairn_text *out)
{
    if (scene->status)
        return scene->status;
    switch (format) {
    case CAIRN_FORMAT_SVG:
        cairn_scene_svg(scene, out);
        return out->failed ? CAIRN_MEMORY : CAIRN_OK;
    case CAIRN_FORMAT_PDF:
        return render_pdf(scene, out);
    case CAIRN_FORMAT_PNG:
        return render_png(scene, out);
    case CAIRN_FORMAT_DOT:
    case CAIRN_FORMAT_NONE:
        break;
    }
    return cairn_fail(scene->ctx, CAIRN_FAILURE, "drawing: a scene cannot be rendered in that format");
}
