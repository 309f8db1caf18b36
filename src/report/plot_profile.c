/* Where the time of a run goes: heading, operators with their shares, a bar for each step. */
#include "report/plot_profile.h"
#include "graph/graph.h"
#include "report/plot.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARGIN CAIRN_PROFILE_MARGIN
#define TITLE_TYPE ((cairn_type){.size = 12, .bold = true, .paint = CAIRN_INK})
#define KEY_TYPE ((cairn_type){.size = 7.5, .paint = CAIRN_INK})
#define AXIS_WIDTH 30.0
#define BARS_HEIGHT 170.0
#define WIDEST_BAR 48.0
#define LONGEST_NAME 108.0
#define NAME_PITCH 8.0 /* between upright names */
#define MOST_NAMES 100
#define NAME_SHARE 0.25 /* of the mean time, that a step needs to be named */
#define MOST_OPERATORS 7

/* ---- operators ---- */

typedef struct operator_time {
    const char *name;
    double seconds;
    cairn_paint paint;
} operator_time;

static int by_time(const void *a, const void *b)
{
    double x = ((const operator_time *)a)->seconds, y = ((const operator_time *)b)->seconds;
    return (x < y) - (x > y);
}

/* The operators, the longest first, in `rank` with room for one a step; gives their number. */
static int rank_operators(const cairn_profile *profile, operator_time *rank)
{
    static const uint32_t colours[MOST_OPERATORS] = {0x0072B2, 0xE69F00, 0x009E73, 0xCC79A7,
                                                     0xD55E00, 0x56B4E9, 0x8C6D31};
    int count = 0;
    for (int i = 0; i < profile->count; i++) {
        int k = 0;
        while (k < count && strcmp(rank[k].name, profile->step[i].op) != 0)
            k++;
        if (k == count)
            rank[count++] = (operator_time){profile->step[i].op, 0, CAIRN_NO_PAINT};
        rank[k].seconds += profile->step[i].cpu_seconds;
    }
    qsort(rank, (size_t)count, sizeof *rank, by_time);
    for (int k = 0; k < count; k++)
        rank[k].paint = cairn_rgb(k < MOST_OPERATORS ? colours[k] : 0x9AA2AB);
    return count;
}

static double paint_key(cairn_scene *scene, double x, double y, const operator_time *op, double total)
{
    char text[96], share[CAIRN_NUMBER_BYTES];
    double percent = total > 0 ? 100 * op->seconds / total : 0;
    snprintf(text, sizeof text, "%s %s %%", op->name,
             cairn_number_fixed(share, percent, percent < 10 || percent > 99));
    double width = 13 + cairn_scene_measure(scene, text, KEY_TYPE);
    cairn_scene_rect(scene, (cairn_box){x, y + 1, x + 9, y + 8}, (cairn_brush){.fill = op->paint});
    cairn_scene_text(scene, (cairn_point){x + 13, y + 7.2}, text, KEY_TYPE);
    return width + 14;
}

/* Gives the y below the legend. */
static double paint_operators(cairn_scene *scene, const operator_time *rank, int count, double total,
                              double y)
{
    operator_time others = {"others", 0, cairn_rgb(0x9AA2AB)};
    double x = MARGIN;
    int shown = count <= MOST_OPERATORS ? count : MOST_OPERATORS;
    for (int k = shown; k < count; k++)
        others.seconds += rank[k].seconds;
    for (int k = 0; k < shown + (count > shown); k++) {
        if (x > scene->width - 140) {
            x = MARGIN;
            y += 12;
        }
        x += paint_key(scene, x, y, k < shown ? &rank[k] : &others, total);
    }
    return y + 12;
}

/* ---- bars ---- */

typedef struct bars {
    const cairn_profile_picture *picture;
    cairn_box box;
    double slot, unit, high, step; /* seconds of a unit on the axis; units */
} bars;

static double height_of(const bars *b, double seconds)
{
    return b->box.bottom - fmin(seconds / b->unit / b->high, 1) * (b->box.bottom - b->box.top);
}

static double middle_of(const bars *b, int step)
{
    return b->box.left + (step + 0.5) * b->slot;
}

static void paint_axis(const bars *b)
{
    cairn_scene *scene = b->picture->scene;
    cairn_type type = CAIRN_PROFILE_TEXT_TYPE;
    type.anchor = CAIRN_ANCHOR_END;
    char text[CAIRN_NUMBER_BYTES];
    for (int i = 0; i * b->step <= b->high * 1.001; i++) {
        double y = height_of(b, i * b->step * b->unit);
        cairn_scene_line(scene, (cairn_point){b->box.left, y}, (cairn_point){b->box.right, y},
                         (cairn_brush){.stroke = i == 0 ? CAIRN_MUTED : CAIRN_FAINT, .line = 0.5});
        cairn_scene_text(scene, (cairn_point){b->box.left - 4, y + 2.5},
                         cairn_number_short(text, i * b->step, 4), type);
    }
}

static void paint_bar(const bars *b, int i)
{
    cairn_scene *scene = b->picture->scene;
    const cairn_profile_step *step = &b->picture->profile->step[i];
    double half = fmin(0.84 * b->slot, WIDEST_BAR) / 2, x = middle_of(b, i);
    double roof = height_of(b, step->roof * b->picture->profile->threads);
    cairn_scene_rect(scene, (cairn_box){x - half, height_of(b, step->cpu_seconds), x + half, b->box.bottom},
                     (cairn_brush){.fill = b->picture->paint[i]});
    if (half > 0.6 && step->roof > 0 && roof - height_of(b, step->cpu_seconds) > 1)
        cairn_scene_line(scene, (cairn_point){x - half, roof}, (cairn_point){x + half, roof},
                         (cairn_brush){.stroke = CAIRN_INK, .line = 0.9});
    if (b->slot < 26)
        return;
    char text[CAIRN_NUMBER_BYTES + 2], share[CAIRN_NUMBER_BYTES];
    double percent = 100 * step->cpu_seconds / b->picture->profile->total.cpu_seconds;
    snprintf(text, sizeof text, "%s %%", cairn_number_fixed(share, percent, percent < 10));
    cairn_type type = CAIRN_PROFILE_NAME_TYPE;
    type.anchor = CAIRN_ANCHOR_MIDDLE;
    cairn_scene_text(scene, (cairn_point){x, height_of(b, step->cpu_seconds) - 3}, text, type);
}

/* Is the step worth an upright name, and is there room for it beside the `names` that stand already? */
static bool has_room(const bars *b, int step, const double *at, int names)
{
    const cairn_profile *profile = b->picture->profile;
    bool room = names < MOST_NAMES &&
                profile->step[step].cpu_seconds >= NAME_SHARE * profile->total.cpu_seconds / profile->count;
    for (int i = 0; i < names && room; i++)
        room = fabs(middle_of(b, step) - at[i]) >= NAME_PITCH;
    return room;
}

/* Level where all have room, else upright, the longest steps first; gives the y below. */
static double paint_names(const bars *b)
{
    const cairn_profile *profile = b->picture->profile;
    cairn_scene *scene = b->picture->scene;
    cairn_type type = CAIRN_PROFILE_NAME_TYPE;
    double longest = 0, length = 0, at[MOST_NAMES];
    int names = 0;
    for (int i = 0; i < profile->count; i++)
        longest = fmax(longest, cairn_scene_measure(scene, profile->step[i].name, type));
    type.upward = longest > b->slot - 4;
    type.anchor = type.upward ? CAIRN_ANCHOR_END : CAIRN_ANCHOR_MIDDLE;
    for (int k = 0; k < profile->count; k++) {
        int i = b->picture->ranked[k];
        if (type.upward && !has_room(b, i, at, names))
            continue;
        if (type.upward)
            at[names++] = middle_of(b, i);
        char name[CAIRN_NAME_BYTES];
        snprintf(name, sizeof name, "%s", profile->step[i].name);
        cairn_scene_shorten(scene, name, type, LONGEST_NAME);
        length = fmax(length, cairn_scene_measure(scene, name, type));
        cairn_scene_text(scene,
                         type.upward ? (cairn_point){middle_of(b, i) + 2, b->box.bottom + 3}
                                     : (cairn_point){middle_of(b, i), b->box.bottom + 9},
                         name, type);
    }
    return b->box.bottom + (type.upward ? length + 6 : 12);
}

static double paint_bars(const cairn_profile_picture *picture, double y)
{
    cairn_scene *scene = picture->scene;
    const cairn_profile *profile = picture->profile;
    double most = 0;
    for (int i = 0; i < profile->count; i++)
        most = fmax(most, profile->step[i].cpu_seconds);
    if (!(most > 0))
        return y;
    bars b = {.picture = picture,
              .box = {MARGIN + AXIS_WIDTH, y + 24, scene->width - MARGIN, y + 24 + BARS_HEIGHT},
              .unit = most < 1e-3 ? 1e-6 : 1e-3};
    b.slot = (b.box.right - b.box.left) / profile->count;
    b.step = cairn_nice_step(most / b.unit, 6);
    b.high = ceil(1.04 * most / b.unit / b.step) * b.step;
    cairn_scene_text(scene, (cairn_point){MARGIN, y + 9}, "Where the time goes", CAIRN_PROFILE_HEAD_TYPE);
    double head = cairn_scene_measure(scene, "Where the time goes", CAIRN_PROFILE_HEAD_TYPE);
    char text[200];
    snprintf(
        text, sizeof text,
        "cpu time of each step in %s, all threads together, in the order of running; a line across a bar: "
        "what the roofline below allows",
        most < 1e-3 ? "microseconds" : "milliseconds");
    cairn_scene_text(scene, (cairn_point){MARGIN + head + 8, y + 9}, text, CAIRN_PROFILE_TEXT_TYPE);
    paint_axis(&b);
    for (int i = 0; i < profile->count; i++)
        paint_bar(&b, i);
    return paint_names(&b);
}

/* ---- the whole ---- */

static double paint_heading(cairn_scene *scene, const char *title, const char *text)
{
    cairn_scene_text(scene, (cairn_point){MARGIN, 18}, title, TITLE_TYPE);
    cairn_scene_text(scene, (cairn_point){MARGIN, 31}, text, (cairn_type){.size = 8, .paint = CAIRN_MUTED});
    return 40;
}

typedef struct ranked_step {
    double seconds;
    int index;
} ranked_step;

static int by_seconds(const void *a, const void *b)
{
    const ranked_step *x = a, *y = b;
    if (x->seconds != y->seconds)
        return x->seconds < y->seconds ? 1 : -1;
    return (x->index > y->index) - (x->index < y->index);
}

static void rank_steps(const cairn_profile *profile, ranked_step *scratch, int *ranked)
{
    for (int i = 0; i < profile->count; i++)
        scratch[i] = (ranked_step){profile->step[i].cpu_seconds, i};
    qsort(scratch, (size_t)profile->count, sizeof *scratch, by_seconds);
    for (int i = 0; i < profile->count; i++)
        ranked[i] = scratch[i].index;
}

void cairn_plot_profile(cairn_scene *scene, const cairn_profile *profile, const char *title, const char *text)
{
    size_t count = (size_t)profile->count + 1;
    operator_time *rank = cairn_alloc(scene->ctx, count, sizeof *rank);
    ranked_step *steps = cairn_alloc(scene->ctx, count, sizeof *steps);
    cairn_profile_picture picture = {.scene = scene,
                                     .profile = profile,
                                     .paint = cairn_alloc(scene->ctx, count, sizeof *picture.paint),
                                     .ranked = cairn_alloc(scene->ctx, count, sizeof *picture.ranked)};
    if (rank && steps && picture.paint && picture.ranked) {
        int operators = rank_operators(profile, rank);
        rank_steps(profile, steps, picture.ranked);
        for (int i = 0; i < profile->count; i++)
            for (int k = 0; k < operators; k++)
                if (strcmp(rank[k].name, profile->step[i].op) == 0)
                    picture.paint[i] = rank[k].paint;
        scene->title = title;
        double y = paint_heading(scene, title, text);
        y = paint_operators(scene, rank, operators, profile->total.cpu_seconds, y);
        y = paint_bars(&picture, y + 6);
        scene->height = cairn_plot_roofline(&picture, y + 10) + MARGIN;
    } else {
        scene->status = CAIRN_MEMORY;
    }
    cairn_free(scene->ctx, rank);
    cairn_free(scene->ctx, steps);
    cairn_free(scene->ctx, picture.paint);
    cairn_free(scene->ctx, picture.ranked);
}
