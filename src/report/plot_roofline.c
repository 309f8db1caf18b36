/* The roofline: what arithmetic and memory allow a step to reach, by its operations a byte, and what it does
 * reach. Both axes are logarithmic. */
#include "report/plot_profile.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define MARGIN CAIRN_PROFILE_MARGIN
#define PLOT_HEIGHT 280.0
#define LEFT_WIDTH 84.0  /* names of the ceilings */
#define RIGHT_WIDTH 34.0 /* numbers of the axis */
#define LARGEST_DOT 26.0 /* radius of a step that took all the time */
#define LEAST_DOT 1.2
#define MOST_NAMES 14
#define NAME_PITCH 9.0 /* of ceilings */
#define ROOM 1.5       /* factor between the outermost marks and the frame */

typedef struct chart {
    const cairn_profile_picture *picture;
    cairn_box box;
    double x_low, x_high, y_low, y_high; /* operations a byte; 1e9 operations a second */
    int names;
    cairn_box name[MOST_NAMES];
} chart;

static double place_x(const chart *c, double value)
{
    return c->box.left + log(value / c->x_low) / log(c->x_high / c->x_low) * (c->box.right - c->box.left);
}

static double place_y(const chart *c, double value)
{
    return c->box.bottom - log(value / c->y_low) / log(c->y_high / c->y_low) * (c->box.bottom - c->box.top);
}

static bool has_place(const cairn_profile_step *step)
{
    return step->work > 0 && step->bytes > 0 && step->seconds > 0;
}

static cairn_point dot_of(const chart *c, const cairn_profile_step *step)
{
    return (cairn_point){place_x(c, step->work / step->bytes), place_y(c, cairn_profile_gflops(step))};
}

static double radius_of(const chart *c, const cairn_profile_step *step)
{
    double share = step->cpu_seconds / c->picture->profile->total.cpu_seconds;
    return fmax(LEAST_DOT, LARGEST_DOT * sqrt(share));
}

/* Room for all dots, and for every ceiling from the left edge to where it meets the peak. */
static bool find_range(chart *c)
{
    const cairn_profile *profile = c->picture->profile;
    double x_low = INFINITY, x_high = 0, y_low = INFINITY, y_high = profile->peak;
    for (int i = 0; i < profile->count; i++) {
        const cairn_profile_step *step = &profile->step[i];
        if (!has_place(step))
            continue;
        x_low = fmin(x_low, step->work / step->bytes);
        x_high = fmax(x_high, step->work / step->bytes);
        y_low = fmin(y_low, cairn_profile_gflops(step));
        y_high = fmax(y_high, cairn_profile_gflops(step));
    }
    if (!(x_high > 0 && profile->peak > 0))
        return false;
    double slowest = INFINITY;
    for (int i = 0; i < CAIRN_MEMORY_LEVELS; i++) {
        double read = profile->bandwidth.level[i].read;
        if (read <= 0)
            continue;
        x_low = fmin(x_low, profile->peak / read);
        x_high = fmax(x_high, profile->peak / read);
        slowest = fmin(slowest, read);
    }
    c->x_low = x_low / ROOM;
    c->x_high = x_high * ROOM;
    c->y_low = fmin(y_low / ROOM, isfinite(slowest) ? slowest * c->x_low : INFINITY);
    c->y_high = y_high * 2;
    return true;
}

/* ---- axes ---- */

/* Powers of ten have numbers, and so have 2 and 5 times these where the range is short. */
static void paint_grid(const chart *c, bool upright)
{
    cairn_scene *scene = c->picture->scene;
    double low = upright ? c->x_low : c->y_low, high = upright ? c->x_high : c->y_high;
    bool fine = high / low < 3e3;
    cairn_type type = CAIRN_PROFILE_TEXT_TYPE;
    type.anchor = upright ? CAIRN_ANCHOR_MIDDLE : CAIRN_ANCHOR_START;
    static const double factors[] = {1, 2, 5};
    for (double power = pow(10, floor(log10(low))); power <= high; power *= 10)
        for (int i = 0; i < 3; i++) {
            double value = factors[i] * power;
            if (value < low || value > high || (i > 0 && !fine))
                continue;
            char text[CAIRN_NUMBER_BYTES];
            double at = upright ? place_x(c, value) : place_y(c, value);
            cairn_scene_line(scene, upright ? (cairn_point){at, c->box.top} : (cairn_point){c->box.left, at},
                             upright ? (cairn_point){at, c->box.bottom} : (cairn_point){c->box.right, at},
                             (cairn_brush){.stroke = CAIRN_FAINT, .line = 0.5});
            cairn_scene_text(scene,
                             upright ? (cairn_point){at, c->box.bottom + 10}
                                     : (cairn_point){c->box.right + 4, at + 2.5},
                             cairn_number_short(text, value, 4), type);
        }
}

static void paint_axes(const chart *c)
{
    cairn_scene *scene = c->picture->scene;
    cairn_type type = CAIRN_PROFILE_TEXT_TYPE;
    paint_grid(c, true);
    paint_grid(c, false);
    type.anchor = CAIRN_ANCHOR_END;
    cairn_scene_text(scene, (cairn_point){scene->width - MARGIN, c->box.top - 4}, "GFLOP/s while at work",
                     type);
    type.anchor = CAIRN_ANCHOR_MIDDLE;
    cairn_scene_text(scene, (cairn_point){(c->box.left + c->box.right) / 2, c->box.bottom + 20},
                     "operations a byte", type);
}

/* ---- ceilings ---- */

static void paint_peak(const chart *c, double y)
{
    cairn_scene *scene = c->picture->scene;
    double peak = c->picture->profile->peak;
    cairn_scene_line(scene, (cairn_point){c->box.left, y}, (cairn_point){c->box.right, y},
                     (cairn_brush){.stroke = CAIRN_INK, .line = 1.1});
    bool above = false;
    for (int i = 0; i < c->picture->profile->count; i++)
        above |= cairn_profile_gflops(&c->picture->profile->step[i]) > 1.02 * peak;
    if (above)
        cairn_scene_text(scene, (cairn_point){c->box.left + 3, y - 4},
                         "above the peak: fewer multiplications than are counted (Winograd)",
                         CAIRN_PROFILE_TEXT_TYPE);
}

/* At the left edge, level with the line or a little above. */
static void name_ceiling(const chart *c, const char *name, double value, const char *unit, double y,
                         double at)
{
    char text[64], number[CAIRN_NUMBER_BYTES];
    cairn_type type = CAIRN_PROFILE_TEXT_TYPE;
    type.anchor = CAIRN_ANCHOR_END;
    snprintf(text, sizeof text, "%s %s %s", name, cairn_number_fixed(number, value, value < 10), unit);
    cairn_scene_line(c->picture->scene, (cairn_point){c->box.left - 8, at}, (cairn_point){c->box.left, y},
                     (cairn_brush){.stroke = CAIRN_MUTED, .line = 0.5});
    cairn_scene_text(c->picture->scene, (cairn_point){c->box.left - 10, at + 2.5}, text, type);
}

/* The slowest level that is faster than `read`; NULL: there is none. */
static const cairn_memory_level *next_faster(const cairn_profile *profile, double read)
{
    const cairn_memory_level *found = NULL;
    for (int i = CAIRN_MEMORY_LEVELS - 1; i >= 0; i--) {
        const cairn_memory_level *level = &profile->bandwidth.level[i];
        if (level->read > read && (!found || level->read < found->read))
            found = level;
    }
    return found;
}

/* From below, names moved up where two would meet. */
static void paint_ceilings(const chart *c)
{
    const cairn_profile *profile = c->picture->profile;
    double top = place_y(c, profile->peak), at = c->box.bottom + NAME_PITCH;
    const cairn_memory_level *level = NULL;
    while ((level = next_faster(profile, level ? level->read : 0)) != NULL) {
        double y = place_y(c, level->read * c->x_low);
        at = fmin(y, at - NAME_PITCH);
        cairn_scene_line(c->picture->scene, (cairn_point){c->box.left, y},
                         (cairn_point){place_x(c, profile->peak / level->read), top},
                         (cairn_brush){.stroke = CAIRN_INK, .line = 0.8});
        name_ceiling(c, level->name, level->read, "GB/s", y, at);
    }
    paint_peak(c, top);
    name_ceiling(c, "peak", profile->peak, "GFLOP/s", top, fmin(top, at - NAME_PITCH));
}

/* ---- dots ---- */

static bool meet(cairn_box a, cairn_box b)
{
    return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

/* Does the line of a level run through the box? Upward to the right, and level from the peak on. */
static bool on_ceiling(const chart *c, cairn_box box)
{
    const cairn_profile *profile = c->picture->profile;
    double peak = place_y(c, profile->peak);
    if (box.top < peak + 1 && box.bottom > peak - 12)
        return true;
    for (int i = 0; i < CAIRN_MEMORY_LEVELS; i++) {
        double read = profile->bandwidth.level[i].read;
        if (read <= 0)
            continue;
        double slope = log(c->x_high / c->x_low) / (c->box.right - c->box.left);
        double left = place_y(c, read * c->x_low * exp(slope * (box.left - c->box.left)));
        double right = place_y(c, read * c->x_low * exp(slope * (box.right - c->box.left)));
        if (left >= box.top && right <= box.bottom)
            return true;
    }
    return false;
}

static bool is_free(const chart *c, cairn_box box)
{
    const cairn_profile *profile = c->picture->profile;
    bool inside = box.left > c->box.left + 1 && box.right < c->box.right - 1 && box.top > c->box.top + 1 &&
                  box.bottom < c->box.bottom - 1;
    if (!inside || on_ceiling(c, box))
        return false;
    for (int i = 0; i < c->names; i++)
        if (meet(box, c->name[i]))
            return false;
    for (int i = 0; i < profile->count; i++) {
        const cairn_profile_step *step = &profile->step[i];
        if (!has_place(step))
            continue;
        cairn_point at = dot_of(c, step);
        double r = radius_of(c, step);
        if (meet(box, (cairn_box){at.x - r, at.y - r, at.x + r, at.y + r}))
            return false;
    }
    return true;
}

/* Beside, below or above its dot, where there is room; else not at all. */
static void name_dot(chart *c, const cairn_profile_step *step)
{
    cairn_type type = CAIRN_PROFILE_NAME_TYPE;
    cairn_scene *scene = c->picture->scene;
    cairn_point at = dot_of(c, step);
    double length = cairn_scene_measure(scene, step->name, type);
    double r = radius_of(c, step) + 2, half = 0.45 * type.size;
    const cairn_point starts[] = {{at.x + r, at.y},
                                  {at.x - r - length, at.y},
                                  {at.x - length / 2, at.y + r + half},
                                  {at.x - length / 2, at.y - r - half},
                                  {at.x + 0.7 * r, at.y + 0.7 * r + half},
                                  {at.x - 0.7 * r - length, at.y + 0.7 * r + half}};
    for (size_t i = 0; i < CAIRN_COUNT(starts); i++) {
        cairn_box box = {starts[i].x - 0.5, starts[i].y - half - 0.5, starts[i].x + length + 0.5,
                         starts[i].y + half + 0.5};
        if (!is_free(c, box))
            continue;
        c->name[c->names++] = box;
        cairn_scene_text(scene, (cairn_point){starts[i].x, starts[i].y + 0.35 * type.size}, step->name, type);
        return;
    }
}

static void paint_dots(chart *c)
{
    const cairn_profile *profile = c->picture->profile;
    for (int k = 0; k < profile->count; k++) { /* the largest first, so that none is hidden */
        int i = c->picture->ranked[k];
        if (!has_place(&profile->step[i]))
            continue;
        cairn_paint fill = c->picture->paint[i];
        fill.alpha = 0.62;
        cairn_scene_circle(c->picture->scene, dot_of(c, &profile->step[i]), radius_of(c, &profile->step[i]),
                           (cairn_brush){.fill = fill, .stroke = CAIRN_WHITE, .line = 0.5});
    }
    for (int k = 0; k < profile->count && c->names < MOST_NAMES; k++)
        if (has_place(&profile->step[c->picture->ranked[k]]))
            name_dot(c, &profile->step[c->picture->ranked[k]]);
}

static void paint_head(const chart *c, double y)
{
    cairn_scene *scene = c->picture->scene;
    const cairn_profile *profile = c->picture->profile;
    double placed = 0;
    for (int i = 0; i < profile->count; i++)
        placed += has_place(&profile->step[i]) ? profile->step[i].cpu_seconds : 0;
    char text[200], number[CAIRN_NUMBER_BYTES];
    snprintf(
        text, sizeof text,
        "a dot a step, its area the share of the time; steps without multiply-adds (%s %% of the time) have "
        "no place here; ceilings as just measured",
        cairn_number_fixed(number, 100 * (1 - placed / profile->total.cpu_seconds), 1));
    cairn_scene_text(scene, (cairn_point){MARGIN, y + 9}, "Roofline", CAIRN_PROFILE_HEAD_TYPE);
    double head = cairn_scene_measure(scene, "Roofline", CAIRN_PROFILE_HEAD_TYPE);
    cairn_scene_text(scene, (cairn_point){MARGIN + head + 8, y + 9}, text, CAIRN_PROFILE_TEXT_TYPE);
}

double cairn_plot_roofline(const cairn_profile_picture *picture, double y)
{
    chart c = {.picture = picture,
               .box = {MARGIN + LEFT_WIDTH, y + 26, picture->scene->width - MARGIN - RIGHT_WIDTH,
                       y + 26 + PLOT_HEIGHT}};
    if (!find_range(&c))
        return y;
    paint_head(&c, y);
    paint_axes(&c);
    paint_ceilings(&c);
    paint_dots(&c);
    return c.box.bottom + 24;
}
