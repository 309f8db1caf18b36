/* Where the volumes of a drawing stand. Blocks get their sizes (roots and logarithms, so that 1x1x120 and
 * 32x32x1 are both legible); rows are filled so that neither labels nor the texts under the arrows meet. */
#include "report/volumes.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define LARGEST_SIDE 66.0
#define SMALLEST_SIDE 5.0
#define LARGEST_DEPTH 30.0
#define TALLEST_COLUMN 92.0
#define COLUMN_WIDTH 9.0
#define COLUMN_DEPTH 4.0
#define MOST_SHEETS 20
#define MARGIN 4.0
#define MIN_GAP 22.0
#define WIDEST_GAP 64.0
#define TEXT_GAP 7.0
#define LONGEST_NAME 110.0
#define MAX_ROWS 8

/* ---- sizes ---- */

static void measure_maps(const cairn_volumes *l, cairn_volume *b)
{
    const int64_t *dim = b->layer->shape.dim;
    double full = LARGEST_SIDE * l->scale;
    b->side_h = fmax(SMALLEST_SIDE, full * pow((double)dim[0] / l->largest, 0.6));
    b->side_w = fmax(SMALLEST_SIDE, full * pow((double)dim[1] / l->largest, 0.6));
    double share = l->most_channels > 1 ? log2((double)dim[2]) / log2((double)l->most_channels) : 0;
    b->depth = LARGEST_DEPTH * l->scale * share;
    b->sheets = (int)cairn_min(dim[2], MOST_SHEETS);
    b->width = b->side_w + b->depth;
    b->height = b->side_h + b->depth;
}

static void measure_column(const cairn_volumes *l, cairn_volume *b)
{
    double share = (double)cairn_shape_elements(&b->layer->shape) / (double)l->most_units;
    b->side_w = COLUMN_WIDTH;
    b->side_h = fmax(16, TALLEST_COLUMN * l->scale * pow(share, 0.35));
    b->depth = COLUMN_DEPTH;
    b->width = b->side_w + b->depth;
    b->height = b->side_h + b->depth;
}

/* Breaks a text between words into lines of at most the wrap width. */
static void add_wrapped(cairn_volumes *l, cairn_volume *b, const char *text, bool muted)
{
    char line[64] = "", trial[64];
    while (*text) {
        size_t word = strcspn(text, " ");
        snprintf(trial, sizeof trial, "%s%s%.*s", line, line[0] ? " " : "", (int)word, text);
        if (line[0] && cairn_scene_measure(l->scene, trial, CAIRN_VOLUME_ACTION_TYPE) > l->wrap &&
            b->lines < CAIRN_MAX_VOLUME_LINES - 1) {
            snprintf(b->line[b->lines].text, sizeof line, "%s", line);
            b->line[b->lines++].muted = muted;
            snprintf(line, sizeof line, "%.*s", (int)word, text);
        } else {
            memcpy(line, trial, sizeof line);
        }
        text += word + (text[word] == ' ');
    }
    if (line[0] && b->lines < CAIRN_MAX_VOLUME_LINES) {
        snprintf(b->line[b->lines].text, sizeof line, "%s", line);
        b->line[b->lines++].muted = muted;
    }
}

static void measure_texts(cairn_volumes *l, cairn_volume *b)
{
    const cairn_layer *layer = b->layer;
    snprintf(b->name, sizeof b->name, "%s", layer->name);
    cairn_scene_shorten(l->scene, b->name, CAIRN_VOLUME_NAME_TYPE, LONGEST_NAME);
    cairn_layer_size(layer, b->size, sizeof b->size);
    b->label_width = fmax(cairn_scene_measure(l->scene, b->name, CAIRN_VOLUME_NAME_TYPE),
                          cairn_scene_measure(l->scene, b->size, CAIRN_VOLUME_SIZE_TYPE));
    b->lines = 0;
    b->text_width = 0;
    if (layer->inputs == 0)
        return;
    char number[CAIRN_NUMBER_BYTES], text[160];
    cairn_layer_action(layer, text, sizeof text);
    add_wrapped(l, b, text, false);
    snprintf(text, sizeof text, "%s parameters", cairn_number_grouped(number, layer->params));
    if (layer->params > 0)
        add_wrapped(l, b, text, true);
    for (int i = 0; i < b->lines; i++)
        b->text_width =
            fmax(b->text_width, cairn_scene_measure(l->scene, b->line[i].text, CAIRN_VOLUME_ACTION_TYPE));
}

static void measure(cairn_volumes *l)
{
    for (int i = 0; i < l->count; i++) {
        if (l->block[i].column)
            measure_column(l, &l->block[i]);
        else
            measure_maps(l, &l->block[i]);
        measure_texts(l, &l->block[i]);
    }
}

/* ---- rows ---- */

/* Where the gap before a block begins. A row that goes on from another begins with the arrow that leads into
 * it. */
static double gap_start(const cairn_volumes *l, int i, int first)
{
    return i == first ? MARGIN : l->block[i - 1].left + l->block[i - 1].width;
}

/* Puts the blocks first ... last-1 in a row as close as texts allow; gives the width it takes. */
static double place_row(cairn_volumes *l, int first, int last)
{
    double end = MARGIN, label_end = MARGIN - TEXT_GAP, text_end = MARGIN - TEXT_GAP;
    for (int i = first; i < last; i++) {
        cairn_volume *b = &l->block[i];
        double overhang = (b->label_width - b->width) / 2;
        b->left = fmax(MARGIN, label_end + TEXT_GAP + overhang);
        if (b->layer->inputs > 0) {
            double start = gap_start(l, i, first);
            b->arrow = fmax(text_end + TEXT_GAP + b->text_width / 2, start + MIN_GAP / 2);
            b->left = fmax(b->left, fmax(start, b->arrow - MIN_GAP / 2) + MIN_GAP);
            text_end = b->arrow + b->text_width / 2;
        }
        label_end = b->left + b->width + overhang;
        end = fmax(b->left + b->width, fmax(label_end, text_end));
    }
    return end + MARGIN;
}

/* The width to which the narrow gaps of a row can be widened with `slack` to spend. */
static double even_gap(const cairn_volumes *l, int first, int last, double slack)
{
    double low = 0, high = MIN_GAP + slack;
    for (int step = 0; step < 40; step++) {
        double gap = (low + high) / 2, cost = 0;
        for (int i = first; i < last; i++)
            if (i > first || l->block[i].layer->inputs > 0)
                cost += fmax(0, gap - (l->block[i].left - gap_start(l, i, first)));
        *(cost > slack ? &high : &low) = gap;
    }
    return fmin(low, WIDEST_GAP);
}

/* Spreads a row over the page, then moves each arrow towards the middle of its gap as far as the texts beside
 * it allow. */
static void spread_row(cairn_volumes *l, int first, int last, double slack)
{
    double gap = even_gap(l, first, last, slack), shift = 0, start = gap_start(l, first, first);
    for (int i = first; i < last; i++) {
        cairn_volume *b = &l->block[i];
        double width = b->left - start; /* of the gap as it was placed */
        start = b->left + b->width;
        double more = i > first || b->layer->inputs > 0 ? fmax(0, gap - width) : 0;
        b->arrow += shift;
        shift += more;
        b->left += shift;
    }
    for (int i = first; i < last; i++)
        l->block[i].left += (slack - shift) / 2;
    double limit = l->scene->width - MARGIN;
    for (int i = last - 1; i >= first && l->block[i].layer->inputs > 0; i--) {
        cairn_volume *b = &l->block[i];
        double middle = (gap_start(l, i, first) + b->left) / 2;
        b->arrow = fmin(fmax(middle, b->arrow), limit - b->text_width / 2);
        limit = b->arrow - b->text_width / 2 - TEXT_GAP;
    }
}

/* Fills `rows` rows of nearly equal numbers of blocks; false if one is wider than the page. */
static bool try_rows(cairn_volumes *l, int rows)
{
    bool fits = true;
    for (int row = 0, first = 0; row < rows; row++) {
        int last = (int)cairn_ceil_div((int64_t)l->count * (row + 1), rows);
        double slack = l->scene->width - place_row(l, first, last);
        fits &= slack >= 0;
        for (int i = first; i < last; i++)
            l->block[i].row = row;
        if (last > first)
            spread_row(l, first, last, fmax(slack, 0));
        first = last;
    }
    l->rows = rows;
    return fits;
}

/* Prefers few rows, then large blocks, then long lines of text. */
static void arrange(cairn_volumes *l)
{
    static const double scales[] = {1, 0.85, 0.7};
    static const double wraps[] = {96, 80, 72, 64, 56};
    for (int rows = 1; rows <= MAX_ROWS; rows++)
        for (size_t s = 0; s < CAIRN_COUNT(scales); s++)
            for (size_t w = 0; w < CAIRN_COUNT(wraps); w++) {
                l->scale = scales[s];
                l->wrap = wraps[w];
                measure(l);
                if (try_rows(l, (int)cairn_min(rows, l->count)))
                    return;
            }
}

static void begin_layout(cairn_volumes *l, cairn_scene *scene, const cairn_architecture *architecture)
{
    *l = (cairn_volumes){.scene = scene,
                         .count = (int)cairn_min(architecture->count, CAIRN_MAX_VOLUMES),
                         .largest = 1,
                         .most_channels = 1,
                         .most_units = 1};
    for (int i = 0; i < l->count; i++) {
        const cairn_layer *layer = &architecture->layer[i];
        const int64_t *dim = layer->shape.dim;
        l->block[i] = (cairn_volume){.layer = layer, .column = layer->shape.rank != 3};
        if (l->block[i].column) {
            l->most_units = cairn_max(l->most_units, cairn_shape_elements(&layer->shape));
        } else {
            l->largest = fmax(l->largest, (double)cairn_max(dim[0], dim[1]));
            l->most_channels = cairn_max(l->most_channels, dim[2]);
        }
    }
}

void cairn_volumes_arrange(cairn_volumes *l, cairn_scene *scene, const cairn_architecture *architecture)
{
    begin_layout(l, scene, architecture);
    arrange(l);
}
