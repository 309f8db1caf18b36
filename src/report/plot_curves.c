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
} curve;

typedef struct panel {
    const char *title;
    curve curve[2];
    int curves;
    bool from_zero;
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
static bool find_range(axes *a, const panel *p, const cairn_epoch_metrics *epochs)
{
    double low = INFINITY, high = -INFINITY;
    for (int c = 0; c < p->curves; c++)
        for (int i = 0; i < a->epochs; i++) {
            double value = value_of(&epochs[i], p->curve[c].offset);
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

static void paint_curve(cairn_scene *scene, const axes *a, const curve *c, const cairn_epoch_metrics *epochs,
                        cairn_point *points)
{
    int run = 0;
    for (int i = 0; i <= a->epochs; i++) {
        double value = i < a->epochs ? value_of(&epochs[i], c->offset) : NAN;
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
    for (int c = p->curves - 1; c >= 0 && p->curves > 1; c--) {
        cairn_scene_text(scene, (cairn_point){right, y}, p->curve[c].name, key);
        right -= cairn_scene_measure(scene, p->curve[c].name, key) + 4;
        cairn_scene_line(scene, (cairn_point){right - 12, y - 2.5}, (cairn_point){right, y - 2.5},
                         (cairn_brush){.stroke = p->curve[c].paint, .line = 1.8});
        right -= 22;
    }
}

static void paint_panel(cairn_scene *scene, cairn_box box, const panel *p, const cairn_epoch_metrics *epochs,
                        int count, cairn_point *points)
{
    axes a = {{box.left + AXIS_WIDTH, box.top + HEAD_HEIGHT, box.right - 10, box.bottom - FOOT_HEIGHT},
              0,
              0,
              0,
              count};
    cairn_scene_text(scene, (cairn_point){box.left + 2, box.top + 9}, p->title, HEAD_TYPE);
    if (!find_range(&a, p, epochs)) {
        cairn_type muted = TICK_TYPE;
        muted.anchor = CAIRN_ANCHOR_MIDDLE;
        cairn_scene_text(scene, (cairn_point){(box.left + box.right) / 2, (box.top + box.bottom) / 2},
                         "no data", muted);
        return;
    }
    paint_key(scene, p, a.box.right, box.top + 9);
    paint_axes(scene, &a);
    for (int c = 0; c < p->curves; c++)
        paint_curve(scene, &a, &p->curve[c], epochs, points);
}

#define OFFSET(field) offsetof(cairn_epoch_metrics, field)

void cairn_plot_training(cairn_scene *scene, const cairn_epoch_metrics *epochs, int count)
{
    const panel panels[] = {
        {"Loss",
         {{"training", OFFSET(loss), CAIRN_PAINT_TRAINING},
          {"validation", OFFSET(val_loss), CAIRN_PAINT_VALIDATION}},
         2,
         false},
        {"Accuracy, %",
         {{"training", OFFSET(top1), CAIRN_PAINT_TRAINING},
          {"validation", OFFSET(val_top1), CAIRN_PAINT_VALIDATION}},
         2,
         false},
        {"Learning rate", {{"rate", OFFSET(lr), CAIRN_PAINT_OTHER}}, 1, true},
        {"Seconds", {{"seconds", OFFSET(seconds), CAIRN_PAINT_OTHER}}, 1, true},
    };
    if (count < 0)
        count = 0;
    cairn_point *points = cairn_alloc(scene->ctx, (size_t)count + 1, sizeof *points);
    if (!points) {
        scene->status = CAIRN_MEMORY;
        return;
    }
    double width = (scene->width - 16) / 2;
    for (int i = 0; i < (int)CAIRN_COUNT(panels); i++) {
        double left = (width + 16) * (i % 2), top = 2 + (PANEL_HEIGHT + 14) * (i / 2);
        paint_panel(scene, (cairn_box){left, top, left + width, top + PANEL_HEIGHT}, &panels[i], epochs,
                    count, points);
    }
    scene->height = 2 * (PANEL_HEIGHT + 14) - 10;
    scene->title = "Loss, accuracy, learning rate and time of each epoch";
    cairn_free(scene->ctx, points);
}
