/* The curve of a search for a learning rate: the loss over the rate, whose axis is logarithmic. */
#include "base/file.h"
#include "report/plot.h"
#include <cairn/report.h>
#include <math.h>
#include <stdio.h>

#define WIDTH 480.0
#define HEIGHT 250.0
#define TICK ((cairn_type){.size = 7.5, .paint = CAIRN_MUTED})
#define HEAD ((cairn_type){.size = 9, .bold = true, .paint = CAIRN_INK})
#define PARTS 5

typedef struct chart {
    cairn_box box;
    double low, high, step, first, last; /* losses; logarithms of rates, to base 10 */
} chart;

static cairn_point place(const chart *c, double lr, double loss)
{
    double x = (log10(lr) - c->first) / (c->last - c->first), y = (loss - c->low) / (c->high - c->low);
    return (cairn_point){c->box.left + x * (c->box.right - c->box.left),
                         c->box.bottom - fmax(0, fmin(1, y)) * (c->box.bottom - c->box.top)};
}

/* What explodes is cut off at twice the first loss. */
static chart chart_of(const cairn_lr_search *s)
{
    chart c = {.box = {44, 30, WIDTH - 14, HEIGHT - 34}, .low = INFINITY, .high = -INFINITY};
    for (int i = 0; i < s->count; i++) {
        c.low = fmin(c.low, fmin(s->smoothed[i], s->loss[i])); /* passes over what is no number */
        c.high = fmax(c.high, fmin(s->smoothed[i], 2 * s->smoothed[0]));
    }
    c.high = fmax(c.high, c.low + 1e-3 * fmax(fabs(c.low), 1e-3));
    c.step = cairn_nice_step(c.high - c.low, PARTS);
    c.low = floor(c.low / c.step + 1e-9) * c.step;
    c.high = ceil(c.high / c.step - 1e-9) * c.step;
    c.first = floor(log10(s->lr[0]) + 1e-9);
    c.last = fmax(ceil(log10(s->lr[s->count - 1]) - 1e-9), c.first + 1);
    return c;
}

static void paint_axes(cairn_scene *scene, const chart *c)
{
    char text[CAIRN_NUMBER_BYTES];
    cairn_type tick = TICK;
    cairn_brush faint = {.stroke = CAIRN_FAINT, .line = 0.5};
    tick.anchor = CAIRN_ANCHOR_END;
    for (int i = 0; c->low + i * c->step <= c->high + c->step / 2; i++) {
        double value = c->low + i * c->step, y = place(c, 1, value).y;
        cairn_scene_line(scene, (cairn_point){c->box.left, y}, (cairn_point){c->box.right, y}, faint);
        cairn_scene_text(scene, (cairn_point){c->box.left - 4, y + 2.5}, cairn_number_short(text, value, 4),
                         tick);
    }
    tick.anchor = CAIRN_ANCHOR_MIDDLE;
    for (int power = (int)c->first; power <= (int)c->last; power++) {
        double x = place(c, pow(10, power), c->low).x;
        cairn_scene_line(scene, (cairn_point){x, c->box.top}, (cairn_point){x, c->box.bottom}, faint);
        snprintf(text, sizeof text, "1e%d", power);
        cairn_scene_text(scene, (cairn_point){x, c->box.bottom + 11}, text, tick);
    }
    cairn_scene_text(scene, (cairn_point){(c->box.left + c->box.right) / 2, HEIGHT - 8}, "learning rate",
                     tick);
}

static void paint_curve(cairn_scene *scene, const chart *c, const cairn_lr_search *s)
{
    cairn_point points[CAIRN_LR_STEPS];
    for (int i = 0; i < s->count; i++) {
        if (s->loss[i] <= c->high)
            cairn_scene_circle(scene, place(c, s->lr[i], s->loss[i]), 1.1,
                               (cairn_brush){.fill = CAIRN_FAINT});
        points[i] = place(c, s->lr[i], s->smoothed[i]);
    }
    cairn_scene_path(scene, points, s->count,
                     (cairn_brush){.stroke = CAIRN_PAINT_TRAINING, .line = 1.4, .open = true});
}

static void paint_suggestion(cairn_scene *scene, const chart *c, const cairn_lr_search *s)
{
    char number[CAIRN_NUMBER_BYTES], text[64];
    double x = place(c, s->suggestion, c->low).x;
    cairn_type type = TICK;
    type.anchor = x > (c->box.left + c->box.right) / 2 ? CAIRN_ANCHOR_END : CAIRN_ANCHOR_START;
    cairn_scene_line(scene, (cairn_point){x, c->box.top}, (cairn_point){x, c->box.bottom},
                     (cairn_brush){.stroke = CAIRN_PAINT_VALIDATION, .line = 0.9, .dashed = true});
    snprintf(text, sizeof text, "suggested: %s", cairn_number_short(number, s->suggestion, 2));
    cairn_scene_text(scene, (cairn_point){x, c->box.top - 4}, text, type);
}

void cairn_plot_rates(cairn_scene *scene, const cairn_lr_search *search)
{
    cairn_scene_text(scene, (cairn_point){4, 11}, "Loss by learning rate", HEAD);
    scene->height = HEIGHT;
    scene->title = "The loss of a short training whose learning rate grows in every step";
    if (search->count < 2)
        return;
    chart c = chart_of(search);
    paint_axes(scene, &c);
    paint_curve(scene, &c, search);
    if (search->suggestion > 0)
        paint_suggestion(scene, &c, search);
}

cairn_status cairn_draw_rates(cairn_ctx *ctx, const cairn_lr_search *search, const char *path)
{
    cairn_picture_format format = cairn_format_of(path);
    if (format == CAIRN_FORMAT_NONE || format == CAIRN_FORMAT_DOT)
        return cairn_fail(ctx, CAIRN_USAGE, "%s: expected a name that ends in .svg, .pdf or .png", path);
    cairn_scene scene;
    cairn_text out = {.ctx = ctx};
    cairn_scene_begin(&scene, ctx, WIDTH);
    cairn_plot_rates(&scene, search);
    cairn_status status = cairn_scene_render(&scene, format, &out);
    cairn_scene_end(&scene);
    if (status == CAIRN_OK)
        status = out.failed ? CAIRN_MEMORY : cairn_file_write(ctx, path, out.data, out.size);
    cairn_free(ctx, out.data);
    return status;
}
