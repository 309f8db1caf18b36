/* Curves over epochs: axes with round numbers, a legend that stands above the data. */
#include "report/plot.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define HEAD_TYPE ((cairn_type){.size = 8.5, .bold = true, .paint = CAIRN_INK})
#define TICK_TYPE ((cairn_type){.size = 7, .paint = CAIRN_MUTED})
#define KEY_TYPE ((cairn_type){.size = 7, .paint = CAIRN_INK})
#define PANEL_HEIGHT 128.0
#define HEAD_HEIGHT 16.0
#define FOOT_HEIGHT 22.0
#define AXIS_WIDTH 34.0
#define MOST_MARKERS 40

typedef struct curve {
    const char *name;
    size_t offset; /* of the number in cairn_epoch_metrics */
    cairn_paint paint;
    const cairn_epoch_metrics *epochs;
    int count;
} curve;

typedef struct panel {
    const char *title;
    const curve *curve;
    int curves;
    bool from_zero, named; /* named: with a key */
} panel;

static double value_of(const cairn_epoch_metrics *epoch, size_t offset)
{
    double value;
    memcpy(&value, (const char *)epoch + offset, sizeof value);
    return value;
}

double cairn_nice_step(double range, int parts)
{
    double rough = range / parts, power = pow(10, floor(log10(rough)));
    double mantissa = rough / power;
    return power * (mantissa <= 1 ? 1 : mantissa <= 2 ? 2 : mantissa <= 5 ? 5 : 10);
}

typedef struct axes {
    cairn_box box; /* of the data */
    double low, high, step;
    int epochs;
} axes;

static cairn_point place(const axes *a, double epoch, double value)
{
    double x = a->epochs > 1 ? (epoch - 1) / (a->epochs - 1) : 0.5;
    return (cairn_point){a->box.left + x * (a->box.right - a->box.left),
                         a->box.bottom -
                             (value - a->low) / (a->high - a->low) * (a->box.bottom - a->box.top)};
}

/* The range of all curves widened to round numbers; false without a finite number. */
static bool find_range(axes *a, const panel *p)
{
    double low = INFINITY, high = -INFINITY;
    for (int c = 0; c < p->curves; c++)
        for (int i = 0; i < p->curve[c].count; i++) {
            double value = value_of(&p->curve[c].epochs[i], p->curve[c].offset);
            if (isfinite(value) && fabs(value) < 1e12) {
                low = fmin(low, value);
                high = fmax(high, value);
            }
        }
    if (low > high)
        return false;
    if (p->from_zero)
        low = fmin(low, 0);
    double least =
        fmax(1e-3 * fmax(fabs(low), fabs(high)), 1e-6); /* finer ticks would need too many digits */
    high = fmax(high, low + least);
    a->step = cairn_nice_step(high - low, 5);
    a->low = floor(low / a->step + 1e-9) * a->step;
    a->high = ceil(high / a->step - 1e-9) * a->step;
    return true;
}

static const char *tick_text(char text[CAIRN_NUMBER_BYTES], double value, double step)
{
    if (fabs(value) < step / 2)
        return "0";
    if (step < 1e-4 || fabs(value) >= 1e5)
        return cairn_number_short(text, value, 4);
    return cairn_number_fixed(text, value, step < 1 ? (int)-floor(log10(step) + 1e-9) : 0);
}

static void paint_axes(cairn_scene *scene, const axes *a)
{
    char text[CAIRN_NUMBER_BYTES];
    cairn_type tick = TICK_TYPE;
    tick.anchor = CAIRN_ANCHOR_END;
    for (int i = 0; a->low + i * a->step <= a->high + a->step / 2; i++) {
        double value = a->low + i * a->step, y = place(a, 1, value).y;
        cairn_scene_line(scene, (cairn_point){a->box.left, y}, (cairn_point){a->box.right, y},
                         (cairn_brush){.stroke = CAIRN_FAINT, .line = 0.5});
        cairn_scene_text(scene, (cairn_point){a->box.left - 4, y + 2.5}, tick_text(text, value, a->step),
                         tick);
    }
    tick.anchor = CAIRN_ANCHOR_MIDDLE;
    int step = a->epochs > 1 ? (int)fmax(1, cairn_nice_step(a->epochs, 10)) : 1;
    for (int epoch = step; epoch <= a->epochs; epoch += step) {
        snprintf(text, sizeof text, "%d", epoch);
        cairn_scene_text(scene, (cairn_point){place(a, epoch, a->low).x, a->box.bottom + 10}, text, tick);
    }
    cairn_scene_text(scene, (cairn_point){(a->box.left + a->box.right) / 2, a->box.bottom + 19}, "epoch",
                     tick);
    cairn_scene_line(scene, (cairn_point){a->box.left, a->box.bottom},
                     (cairn_point){a->box.right, a->box.bottom},
                     (cairn_brush){.stroke = CAIRN_MUTED, .line = 0.7});
}

static void paint_curve(cairn_scene *scene, const axes *a, const curve *c, cairn_point *points)
{
    int run = 0;
    for (int i = 0; i <= c->count; i++) {
        double value = i < c->count ? value_of(&c->epochs[i], c->offset) : NAN;
        if (isfinite(value) && fabs(value) < 1e12) {
            points[run] = place(a, i + 1, value);
            if (a->epochs <= MOST_MARKERS)
                cairn_scene_circle(scene, points[run], 1.7, (cairn_brush){.fill = c->paint});
            run++;
            continue;
        }
        if (run > 1)
            cairn_scene_path(scene, points, run,
                             (cairn_brush){.stroke = c->paint, .line = 1.3, .open = true});
        run = 0;
    }
}

static void paint_key(cairn_scene *scene, const panel *p, double right, double y)
{
    cairn_type key = KEY_TYPE;
    key.anchor = CAIRN_ANCHOR_END;
    for (int c = p->curves - 1; c >= 0 && p->named; c--) {
        cairn_scene_text(scene, (cairn_point){right, y}, p->curve[c].name, key);
        right -= cairn_scene_measure(scene, p->curve[c].name, key) + 4;
        cairn_scene_line(scene, (cairn_point){right - 12, y - 2.5}, (cairn_point){right, y - 2.5},
                         (cairn_brush){.stroke = p->curve[c].paint, .line = 1.8});
        right -= 22;
    }
}

static void paint_panel(cairn_scene *scene, cairn_box box, const panel *p, cairn_point *points)
{
    int count = 0;
    for (int c = 0; c < p->curves; c++)
        count = (int)cairn_max(count, p->curve[c].count);
    axes a = {{box.left + AXIS_WIDTH, box.top + HEAD_HEIGHT, box.right - 10, box.bottom - FOOT_HEIGHT},
              0,
              0,
              0,
              count};
    cairn_scene_text(scene, (cairn_point){box.left + 2, box.top + 9}, p->title, HEAD_TYPE);
    if (!find_range(&a, p)) {
        cairn_type muted = TICK_TYPE;
        muted.anchor = CAIRN_ANCHOR_MIDDLE;
        cairn_scene_text(scene, (cairn_point){(box.left + box.right) / 2, (box.top + box.bottom) / 2},
                         "no data", muted);
        return;
    }
    paint_key(scene, p, a.box.right, box.top + 9);
    paint_axes(scene, &a);
    for (int c = 0; c < p->curves; c++)
        paint_curve(scene, &a, &p->curve[c], points);
}

#define OFFSET(field) offsetof(cairn_epoch_metrics, field)

/* Panels in two columns; the height is theirs. */
static void paint_panels(cairn_scene *scene, const panel *panels, int count, int longest)
{
    cairn_point *points = cairn_alloc(scene->ctx, (size_t)longest + 1, sizeof *points);
    if (!points) {
        scene->status = CAIRN_MEMORY;
        return;
    }
    double width = (scene->width - 16) / 2;
    for (int i = 0; i < count; i++) {
        double left = (width + 16) * (i % 2), top = 2 + (PANEL_HEIGHT + 14) * (i / 2);
        paint_panel(scene, (cairn_box){left, top, left + width, top + PANEL_HEIGHT}, &panels[i], points);
    }
    scene->height = (count + 1) / 2 * (PANEL_HEIGHT + 14) - 10;
    cairn_free(scene->ctx, points);
}

void cairn_plot_training(cairn_scene *scene, const cairn_epoch_metrics *epochs, int count)
{
    if (count < 0)
        count = 0;
    const curve loss[] = {{"training", OFFSET(loss), CAIRN_PAINT_TRAINING, epochs, count},
                          {"validation", OFFSET(val_loss), CAIRN_PAINT_VALIDATION, epochs, count}},
                accuracy[] = {{"training", OFFSET(top1), CAIRN_PAINT_TRAINING, epochs, count},
                              {"validation", OFFSET(val_top1), CAIRN_PAINT_VALIDATION, epochs, count}},
                rate = {"rate", OFFSET(lr), CAIRN_PAINT_OTHER, epochs, count},
                seconds = {"seconds", OFFSET(seconds), CAIRN_PAINT_OTHER, epochs, count},
                images = {"images/s", OFFSET(images_per_s), CAIRN_PAINT_OTHER, epochs, count};
    const panel panels[] = {{"Loss", loss, 2, false, true},
                            {"Accuracy, %", accuracy, 2, false, true},
                            {"Learning rate", &rate, 1, true, false},
                            {"Seconds", &seconds, 1, true, false},
                            {"Images a second, in training", &images, 1, true, false}};
    paint_panels(scene, panels, CAIRN_COUNT(panels), count);
    scene->title = "Loss, accuracy, learning rate and time of each epoch";
}

/* ---- several runs ---- */

static void paint_names(cairn_scene *scene, const curve *curves, int count)
{
    double x = 2, line = 11;
    scene->height += line;
    for (int i = 0; i < count; i++) {
        double width = 16 + cairn_scene_measure(scene, curves[i].name, KEY_TYPE) + 14;
        if (x > 2 && x + width > scene->width) {
            x = 2;
            scene->height += line;
        }
        cairn_scene_line(scene, (cairn_point){x, scene->height - 2.5},
                         (cairn_point){x + 12, scene->height - 2.5},
                         (cairn_brush){.stroke = curves[i].paint, .line = 1.8});
        cairn_scene_text(scene, (cairn_point){x + 16, scene->height}, curves[i].name, KEY_TYPE);
        x += width;
    }
    scene->height += 4;
}

void cairn_plot_runs(cairn_scene *scene, const cairn_plotted_run *runs, int count)
{
    static const struct {
        const char *title;
        size_t offset;
    } shown[] = {{"Validation accuracy, %", OFFSET(val_top1)},
                 {"Validation loss", OFFSET(val_loss)},
                 {"Training accuracy, %", OFFSET(top1)},
                 {"Training loss", OFFSET(loss)}};
    /* Okabe and Ito's colours, which the colour-blind can tell apart. */
    static const uint32_t colours[CAIRN_PLOTTED_RUNS] = {0x0072B2, 0xD55E00, 0x009E73, 0xCC79A7,
                                                         0x56B4E9, 0xE69F00, 0x7F7F7F, 0x8C564B};
    curve curves[CAIRN_COUNT(shown)][CAIRN_PLOTTED_RUNS];
    panel panels[CAIRN_COUNT(shown)];
    int longest = 0;
    count = (int)cairn_min(count, CAIRN_PLOTTED_RUNS);
    for (size_t p = 0; p < CAIRN_COUNT(shown); p++) {
        for (int i = 0; i < count; i++) {
            curves[p][i] =
                (curve){runs[i].name, shown[p].offset, cairn_rgb(colours[i]), runs[i].epochs, runs[i].count};
            longest = (int)cairn_max(longest, runs[i].count);
        }
        panels[p] = (panel){shown[p].title, curves[p], count, false, false};
    }
    paint_panels(scene, panels, CAIRN_COUNT(panels), longest);
    paint_names(scene, curves[0], count);
    scene->title = "Accuracy and loss of the runs by epoch";
}
