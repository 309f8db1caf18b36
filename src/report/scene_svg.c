/* A scene as SVG. Text stays text, so that it can be searched and selected; its measured length is written
 * beside it, so that a reader's machine with other fonts keeps the layout. */
#include "report/scene.h"
#include <math.h>
#include <string.h>

/* A coordinate: two decimals, no trailing zeros. */
static void number(cairn_text *out, double value)
{
    char text[CAIRN_NUMBER_BYTES];
    cairn_number_fixed(text, isfinite(value) ? value : 0, 2);
    size_t length = strlen(text);
    while (text[length - 1] == '0')
        length--;
    if (text[length - 1] == '.')
        length--;
    cairn_text_add_bytes(out, text, length);
}

static void attribute(cairn_text *out, const char *name, double value)
{
    cairn_text_format(out, " %s=\"", name);
    number(out, value);
    cairn_text_add(out, "\"");
}

static void paint(cairn_text *out, const char *name, cairn_paint paint)
{
    if (paint.alpha <= 0) {
        cairn_text_format(out, " %s=\"none\"", name);
        return;
    }
    cairn_text_format(out, " %s=\"#%06x\"", name, (unsigned)paint.rgb);
    if (paint.alpha < 1) {
        cairn_text_format(out, " %s-opacity=\"", name);
        number(out, paint.alpha);
        cairn_text_add(out, "\"");
    }
}

/* Classes let a page in dark mode give the tones other values. */
static void classes(cairn_text *out, const cairn_mark *mark)
{
    static const char *const names[] = {"", "ink", "muted", "faint", "right", "wrong"};
    cairn_paint inner = mark->kind == CAIRN_MARK_TEXT ? mark->type.paint : mark->brush.fill;
    const char *fill = inner.alpha > 0 ? names[inner.tone] : "";
    const char *stroke = mark->brush.stroke.alpha > 0 ? names[mark->brush.stroke.tone] : "";
    if (*fill || *stroke)
        cairn_text_format(out, " class=\"%s%s%s%s\"", fill, *fill && *stroke ? " " : "", stroke,
                          *stroke ? "-line" : "");
}

static void brush(cairn_text *out, const cairn_mark *mark, bool themed)
{
    if (themed)
        classes(out, mark);
    paint(out, "fill", mark->brush.open ? CAIRN_NO_PAINT : mark->brush.fill);
    if (mark->brush.stroke.alpha > 0) {
        paint(out, "stroke", mark->brush.stroke);
        attribute(out, "stroke-width", mark->brush.line);
        if (mark->brush.dashed)
            cairn_text_add(out, " stroke-dasharray=\"3 2\"");
    }
    cairn_text_add(out, "/>\n");
}

static void write_path(cairn_text *out, const cairn_mark *mark, bool themed)
{
    cairn_text_add(out, mark->brush.open ? "<polyline points=\"" : "<polygon points=\"");
    for (int i = 0; i < mark->points; i++) {
        cairn_text_add(out, i ? " " : "");
        number(out, mark->point[i].x);
        cairn_text_add(out, ",");
        number(out, mark->point[i].y);
    }
    cairn_text_add(out, "\"");
    brush(out, mark, themed);
}

static void write_circle(cairn_text *out, const cairn_mark *mark, bool themed)
{
    cairn_text_add(out, "<circle");
    attribute(out, "cx", mark->point[0].x);
    attribute(out, "cy", mark->point[0].y);
    attribute(out, "r", mark->point[1].x - mark->point[0].x);
    brush(out, mark, themed);
}

static void write_text(cairn_text *out, const cairn_mark *mark, bool themed)
{
    cairn_text_add(out, "<text");
    if (themed)
        classes(out, mark);
    if (mark->type.upward) {
        cairn_text_add(out, " transform=\"translate(");
        number(out, mark->point[0].x);
        cairn_text_add(out, " ");
        number(out, mark->point[0].y);
        cairn_text_add(out, ") rotate(-90)\"");
    } else {
        attribute(out, "x", mark->point[0].x);
        attribute(out, "y", mark->point[0].y);
    }
    attribute(out, "font-size", mark->type.size);
    if (mark->type.bold)
        cairn_text_add(out, " font-weight=\"bold\"");
    paint(out, "fill", mark->type.paint);
    if (mark->length > 0) {
        attribute(out, "textLength", mark->length);
        cairn_text_add(out, " lengthAdjust=\"spacingAndGlyphs\"");
    }
    cairn_text_add(out, ">");
    cairn_markup_escape(out, mark->text);
    cairn_text_add(out, "</text>\n");
}

static void write_picture(const cairn_scene *scene, cairn_text *out, const cairn_mark *mark)
{
    cairn_text png = {.ctx = scene->ctx};
    cairn_status status = cairn_png_encode(mark->pixels, mark->h, mark->w, 3, &png);
    cairn_text_add(out, "<image");
    attribute(out, "x", mark->box.left);
    attribute(out, "y", mark->box.top);
    attribute(out, "width", mark->box.right - mark->box.left);
    attribute(out, "height", mark->box.bottom - mark->box.top);
    cairn_text_add(out, " preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\""
                        " href=\"data:image/png;base64,");
    cairn_markup_base64(out, png.data, png.size);
    cairn_text_add(out, "\"/>\n");
    out->failed |= status != CAIRN_OK;
    cairn_free(scene->ctx, png.data);
}

/* A picture in a page lies on the page's own ground, a file on white. */
static void write_marks(const cairn_scene *scene, cairn_text *out, bool themed)
{
    if (scene->title) {
        cairn_text_add(out, "<title>");
        cairn_markup_escape(out, scene->title);
        cairn_text_add(out, "</title>\n");
    }
    if (!themed)
        cairn_text_add(out, "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n");
    for (int i = 0; i < scene->count; i++) {
        const cairn_mark *mark = &scene->mark[i];
        switch (mark->kind) {
        case CAIRN_MARK_PATH:
            write_path(out, mark, themed);
            break;
        case CAIRN_MARK_CIRCLE:
            write_circle(out, mark, themed);
            break;
        case CAIRN_MARK_TEXT:
            write_text(out, mark, themed);
            break;
        case CAIRN_MARK_PICTURE:
            write_picture(scene, out, mark);
            break;
        }
    }
    cairn_text_add(out, "</svg>\n");
    out->failed |= scene->status != CAIRN_OK;
}

static void open_svg(const cairn_scene *scene, cairn_text *out)
{
    cairn_text_add(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 ");
    number(out, scene->width);
    cairn_text_add(out, " ");
    number(out, scene->height);
    cairn_text_add(out, "\" font-family=\"" CAIRN_FONT_FAMILY ", Verdana, Helvetica, sans-serif\""
                        " stroke-linejoin=\"round\" stroke-linecap=\"round\"");
}

void cairn_scene_inline(const cairn_scene *scene, cairn_text *out)
{
    open_svg(scene, out);
    cairn_text_add(out, ">\n");
    write_marks(scene, out, true);
}

void cairn_scene_svg(const cairn_scene *scene, cairn_text *out)
{
    cairn_text_add(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    open_svg(scene, out);
    cairn_text_add(out, " width=\"");
    number(out, scene->width);
    cairn_text_add(out, "pt\" height=\"");
    number(out, scene->height);
    cairn_text_add(out, "pt\">\n");
    write_marks(scene, out, false);
}
