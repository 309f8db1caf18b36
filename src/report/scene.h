/* A scene: what a picture consists of, before it becomes SVG, PDF or PNG. Drawings and plots are laid out
 * into a scene, whose marks can be examined (tests hold that no text covers another) and which every format
 * renders alike. Coordinates are points, y downward. Errors stick in the scene. */
#ifndef CAIRN_REPORT_SCENE_H
#define CAIRN_REPORT_SCENE_H

#include "base/base.h"
#include "report/markup.h"

typedef struct cairn_point {
    double x, y;
} cairn_point;

typedef struct cairn_box {
    double left, top, right, bottom;
} cairn_box;

/* What a colour means on the page; a web page in dark mode gives all but FIXED other values. */
typedef enum cairn_tone {
    CAIRN_TONE_FIXED,
    CAIRN_TONE_INK,
    CAIRN_TONE_MUTED,
    CAIRN_TONE_FAINT,
    CAIRN_TONE_RIGHT,
    CAIRN_TONE_WRONG,
} cairn_tone;

/* A colour; alpha 0 paints nothing. */
typedef struct cairn_paint {
    uint32_t rgb;
    double alpha;
    cairn_tone tone;
} cairn_paint;

#define CAIRN_NO_PAINT ((cairn_paint){0})
#define CAIRN_INK ((cairn_paint){0x1F2328, 1, CAIRN_TONE_INK})
#define CAIRN_MUTED ((cairn_paint){0x5B636D, 1, CAIRN_TONE_MUTED})
#define CAIRN_FAINT ((cairn_paint){0xD5D9DE, 1, CAIRN_TONE_FAINT})
#define CAIRN_RIGHT ((cairn_paint){0x00735A, 1, CAIRN_TONE_RIGHT})
#define CAIRN_WRONG ((cairn_paint){0xC04A00, 1, CAIRN_TONE_WRONG})
#define CAIRN_WHITE ((cairn_paint){0xFFFFFF, 1, CAIRN_TONE_FIXED})

static inline cairn_paint cairn_rgb(uint32_t rgb)
{
    return (cairn_paint){rgb, 1, CAIRN_TONE_FIXED};
}

/* How a figure is painted. */
typedef struct cairn_brush {
    cairn_paint fill, stroke;
    double line; /* width of the stroke [0.6] */
    bool open;   /* the path's ends are not joined */
    bool dashed;
} cairn_brush;

typedef enum cairn_anchor { CAIRN_ANCHOR_START, CAIRN_ANCHOR_MIDDLE, CAIRN_ANCHOR_END } cairn_anchor;

typedef struct cairn_type {
    double size;
    bool bold;
    bool upward; /* turned by 90 degrees, reading from bottom to top */
    cairn_anchor anchor;
    cairn_paint paint;
} cairn_type;

typedef enum cairn_mark_kind {
    CAIRN_MARK_PATH,
    CAIRN_MARK_CIRCLE,
    CAIRN_MARK_TEXT,
    CAIRN_MARK_PICTURE
} cairn_mark_kind;

typedef struct cairn_mark {
    cairn_mark_kind kind;
    cairn_box box; /* what it covers; of text: its advance by the height of its letters */
    cairn_brush brush;
    int points; /* of a path; of a circle: centre and a point on it; of a text: the start of its baseline */
    cairn_point *point;
    char *text;
    cairn_type type;
    double length; /* of a text's baseline */
    int h, w;
    uint8_t *pixels; /* of a picture: RGB */
} cairn_mark;

struct _cairo;

typedef struct cairn_scene {
    cairn_ctx *ctx;
    cairn_status status;
    double width, height;
    const char *title; /* for readers who cannot see it; borrowed; may be NULL */
    int count, capacity;
    cairn_mark *mark;
    struct _cairo *measure;
} cairn_scene;

void cairn_scene_begin(cairn_scene *scene, cairn_ctx *ctx, double width);
void cairn_scene_end(cairn_scene *scene);

void cairn_scene_path(cairn_scene *scene, const cairn_point *points, int count, cairn_brush brush);
void cairn_scene_line(cairn_scene *scene, cairn_point from, cairn_point to, cairn_brush brush);
void cairn_scene_rect(cairn_scene *scene, cairn_box box, cairn_brush brush);
void cairn_scene_circle(cairn_scene *scene, cairn_point centre, double radius, cairn_brush brush);
void cairn_scene_text(cairn_scene *scene, cairn_point at, const char *text, cairn_type type);
/* Pixels are copied; channels 1 or 3. */
void cairn_scene_picture(cairn_scene *scene, cairn_box box, const uint8_t *pixels, int h, int w,
                         int channels);

/* Length of a text on its baseline. */
double cairn_scene_measure(cairn_scene *scene, const char *text, cairn_type type);

/* Shortens a text with an ellipsis so that it fits. */
void cairn_scene_shorten(cairn_scene *scene, char *text, cairn_type type, double width);

/* ---- rendering ---- */

typedef enum cairn_picture_format {
    CAIRN_FORMAT_NONE,
    CAIRN_FORMAT_SVG,
    CAIRN_FORMAT_PDF,
    CAIRN_FORMAT_PNG,
    CAIRN_FORMAT_DOT,
} cairn_picture_format;

/* By the path's ending, in any case; NONE if it is none of them. */
cairn_picture_format cairn_format_of(const char *path);

/* The bytes of the scene as a file of that format (not DOT). PNGs are at least twice as fine as a point and
 * 1600 pixels wide. Equal scenes give equal bytes. */
cairn_status cairn_scene_render(const cairn_scene *scene, cairn_picture_format format, cairn_text *out);

/* The scene as an <svg> element for a page that defines a class for each tone, and one with "-line" for
 * strokes. */
void cairn_scene_inline(const cairn_scene *scene, cairn_text *out);

/* The scene as an SVG file. */
void cairn_scene_svg(const cairn_scene *scene, cairn_text *out);

/* Pixels as a PNG file. channels 1 or 3. */
cairn_status cairn_png_encode(const uint8_t *pixels, int h, int w, int channels, cairn_text *out);

#define CAIRN_FONT_FAMILY "DejaVu Sans"

#endif
