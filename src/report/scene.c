/* Filling a scene: marks, and the measuring of text that layouts stand on. */
#include "report/scene.h"
#include <cairo.h>
#include <math.h>
#include <string.h>

/* Share of the type size that letters reach above and below the baseline, descenders and accents included. */
#define ASCENT 0.80
#define DESCENT 0.22
#define DEFAULT_LINE 0.6

void cairn_scene_begin(cairn_scene *scene, cairn_ctx *ctx, double width)
{
    *scene = (cairn_scene){.ctx = ctx, .width = width, .height = width};
    /* Text is measured without hinting, which would make its length depend on the resolution. */
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1);
    scene->measure = cairo_create(surface);
    cairo_surface_destroy(surface);
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_set_font_options(scene->measure, options);
    cairo_font_options_destroy(options);
    if (cairo_status(scene->measure) != CAIRO_STATUS_SUCCESS)
        scene->status = cairn_fail(ctx, CAIRN_MEMORY, "drawing: %s",
                                   cairo_status_to_string(cairo_status(scene->measure)));
}

void cairn_scene_end(cairn_scene *scene)
{
    for (int i = 0; i < scene->count; i++) {
        cairn_free(scene->ctx, scene->mark[i].point);
        cairn_free(scene->ctx, scene->mark[i].text);
        cairn_free(scene->ctx, scene->mark[i].pixels);
    }
    cairn_free(scene->ctx, scene->mark);
    cairo_destroy(scene->measure);
    *scene = (cairn_scene){0};
}

static cairn_mark *add_mark(cairn_scene *scene, cairn_mark_kind kind)
{
    if (scene->status)
        return NULL;
    if (scene->count == scene->capacity) {
        int capacity = scene->capacity * 2 + 64;
        cairn_mark *marks = cairn_resize(scene->ctx, scene->mark, (size_t)capacity, sizeof *marks);
        if (!marks) {
            scene->status = CAIRN_MEMORY;
            return NULL;
        }
        scene->mark = marks;
        scene->capacity = capacity;
    }
    cairn_mark *mark = &scene->mark[scene->count++];
    *mark = (cairn_mark){.kind = kind};
    return mark;
}

static cairn_mark *add_points(cairn_scene *scene, cairn_mark_kind kind, const cairn_point *points, int count,
                              cairn_brush brush)
{
    cairn_mark *mark = add_mark(scene, kind);
    if (!mark)
        return NULL;
    mark->brush = brush;
    if (mark->brush.line == 0)
        mark->brush.line = DEFAULT_LINE;
    mark->point = cairn_alloc(scene->ctx, (size_t)count, sizeof *points);
    if (!mark->point) {
        scene->status = CAIRN_MEMORY;
        return NULL;
    }
    memcpy(mark->point, points, (size_t)count * sizeof *points);
    mark->points = count;
    return mark;
}

void cairn_scene_path(cairn_scene *scene, const cairn_point *points, int count, cairn_brush brush)
{
    if (count < 1)
        return;
    cairn_mark *mark = add_points(scene, CAIRN_MARK_PATH, points, count, brush);
    if (!mark)
        return;
    mark->box = (cairn_box){points[0].x, points[0].y, points[0].x, points[0].y};
    for (int i = 1; i < count; i++) {
        mark->box.left = fmin(mark->box.left, points[i].x);
        mark->box.right = fmax(mark->box.right, points[i].x);
        mark->box.top = fmin(mark->box.top, points[i].y);
        mark->box.bottom = fmax(mark->box.bottom, points[i].y);
    }
}

void cairn_scene_line(cairn_scene *scene, cairn_point from, cairn_point to, cairn_brush brush)
{
    brush.open = true;
    cairn_scene_path(scene, (cairn_point[]){from, to}, 2, brush);
}

void cairn_scene_rect(cairn_scene *scene, cairn_box box, cairn_brush brush)
{
    cairn_scene_path(
        scene,
        (cairn_point[]){
            {box.left, box.top}, {box.right, box.top}, {box.right, box.bottom}, {box.left, box.bottom}},
        4, brush);
}

void cairn_scene_circle(cairn_scene *scene, cairn_point centre, double radius, cairn_brush brush)
{
    cairn_point points[] = {centre, {centre.x + radius, centre.y}};
    cairn_mark *mark = add_points(scene, CAIRN_MARK_CIRCLE, points, 2, brush);
    if (mark)
        mark->box = (cairn_box){centre.x - radius, centre.y - radius, centre.x + radius, centre.y + radius};
}

/* A copy that cairo accepts: valid UTF-8 without control bytes. */
static char *clean_copy(cairn_ctx *ctx, const char *text)
{
    char *copy = cairn_strdup(ctx, text);
    if (!copy)
        return NULL;
    for (char *at = copy; *at;) {
        size_t step = cairn_utf8_visible(at);
        if (step == 0)
            *at = *at == '\n' || *at == '\t' ? ' ' : '?';
        at += step ? step : 1;
    }
    return copy;
}

static double measure_clean(const cairn_scene *scene, const char *text, cairn_type type)
{
    cairo_text_extents_t extents = {0};
    cairo_select_font_face(scene->measure, CAIRN_FONT_FAMILY, CAIRO_FONT_SLANT_NORMAL,
                           type.bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(scene->measure, type.size);
    cairo_text_extents(scene->measure, text, &extents);
    return extents.x_advance;
}

double cairn_scene_measure(cairn_scene *scene, const char *text, cairn_type type)
{
    if (scene->status)
        return 0;
    char *clean = clean_copy(scene->ctx, text);
    if (!clean) {
        scene->status = CAIRN_MEMORY;
        return 0;
    }
    double length = measure_clean(scene, clean, type);
    cairn_free(scene->ctx, clean);
    return length;
}

static bool inside_character(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

void cairn_scene_shorten(cairn_scene *scene, char *text, cairn_type type, double width)
{
    /* The dots take the place of the last three bytes at least, so that the text never grows. */
    size_t cut = strlen(text);
    cut = cut > 3 ? cut - 3 : 0;
    while (cut > 0 && cairn_scene_measure(scene, text, type) > width) {
        while (cut > 0 && inside_character(text[cut]))
            cut--;
        memcpy(text + cut, "...", 4);
        cut -= cut > 0;
    }
}

void cairn_scene_text(cairn_scene *scene, cairn_point at, const char *text, cairn_type type)
{
    cairn_mark *mark = add_points(scene, CAIRN_MARK_TEXT, &at, 1, (cairn_brush){0});
    if (!mark)
        return;
    mark->type = type;
    mark->text = clean_copy(scene->ctx, text);
    if (!mark->text) {
        scene->status = CAIRN_MEMORY;
        return;
    }
    mark->length = measure_clean(scene, mark->text, type);
    double before = type.anchor == CAIRN_ANCHOR_START    ? 0
                    : type.anchor == CAIRN_ANCHOR_MIDDLE ? mark->length / 2
                                                         : mark->length;
    double ascent = ASCENT * type.size, descent = DESCENT * type.size;
    if (type.upward) {
        mark->point[0].y += before;
        at.y += before;
        mark->box = (cairn_box){at.x - ascent, at.y - mark->length, at.x + descent, at.y};
    } else {
        mark->point[0].x -= before;
        at.x -= before;
        mark->box = (cairn_box){at.x, at.y - ascent, at.x + mark->length, at.y + descent};
    }
}

void cairn_scene_picture(cairn_scene *scene, cairn_box box, const uint8_t *pixels, int h, int w, int channels)
{
    cairn_mark *mark = add_mark(scene, CAIRN_MARK_PICTURE);
    if (!mark)
        return;
    mark->box = box;
    mark->h = h;
    mark->w = w;
    size_t count = (size_t)h * (size_t)w;
    mark->pixels = cairn_alloc(scene->ctx, count, 3);
    if (!mark->pixels) {
        scene->status = CAIRN_MEMORY;
        return;
    }
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < 3; k++)
            mark->pixels[i * 3 + k] = channels == 3 ? pixels[i * 3 + k] : pixels[i];
}
