/* Confusion matrices and pictures side by side. */
#include "report/plot.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define LABEL_TYPE ((cairn_type){.size = 7.2, .paint = CAIRN_INK})
#define AXIS_TYPE ((cairn_type){.size = 8, .bold = true, .paint = CAIRN_INK})
#define LONGEST_LABEL 96.0
#define LARGEST_CELL 36.0
#define MOST_CELLS 64        /* in a row that are drawn one by one */
#define SMALLEST_LEGIBLE 8.0 /* cell side down to which labels are written */

/* ---- confusion matrix ---- */

/* White to dark blue; even steps in lightness. */
static cairn_paint shade(double share)
{
    static const int from[3] = {0xF4, 0xF8, 0xFC}, to[3] = {0x08, 0x40, 0x7E};
    double t = pow(fmin(fmax(share, 0), 1), 0.6);
    uint32_t rgb = 0;
    for (int k = 0; k < 3; k++)
        rgb = rgb << 8 | (uint32_t)lround(from[k] + (to[k] - from[k]) * t);
    return cairn_rgb(rgb);
}

typedef struct matrix {
    const int64_t *counts;
    int classes;
    const char *const *labels;
    double left, top, cell;
    bool labelled, numbered;
    double number_size;
} matrix;

static double label_room(cairn_scene *scene, const matrix *m)
{
    double room = 0;
    for (int i = 0; i < m->classes; i++)
        room = fmax(room, cairn_scene_measure(scene, m->labels[i], LABEL_TYPE));
    return fmin(room, LONGEST_LABEL);
}

static void paint_labels(cairn_scene *scene, const matrix *m)
{
    cairn_type across = LABEL_TYPE, upward = LABEL_TYPE;
    across.anchor = CAIRN_ANCHOR_END;
    upward.upward = true;
    for (int i = 0; i < m->classes && m->labelled; i++) {
        char text[128];
        snprintf(text, sizeof text, "%s", m->labels[i]);
        cairn_scene_shorten(scene, text, LABEL_TYPE, LONGEST_LABEL);
        double middle = (i + 0.5) * m->cell + 2.5;
        cairn_scene_text(scene, (cairn_point){m->left - 5, m->top + middle}, text, across);
        cairn_scene_text(scene, (cairn_point){m->left + middle, m->top - 5}, text, upward);
    }
}

static double row_total(const matrix *m, int row)
{
    double total = 0;
    for (int i = 0; i < m->classes; i++)
        total += (double)m->counts[(size_t)row * (size_t)m->classes + (size_t)i];
    return total;
}

static void paint_cell(cairn_scene *scene, const matrix *m, int row, int i, double total)
{
    int64_t count = m->counts[(size_t)row * (size_t)m->classes + (size_t)i];
    double share = total > 0 ? (double)count / total : 0;
    double x = m->left + i * m->cell, y = m->top + row * m->cell;
    cairn_scene_rect(scene, (cairn_box){x, y, x + m->cell, y + m->cell},
                     (cairn_brush){.fill = shade(share), .stroke = CAIRN_WHITE});
    if (!m->numbered || count == 0)
        return;
    char text[CAIRN_NUMBER_BYTES];
    cairn_type type = {.size = m->number_size,
                       .anchor = CAIRN_ANCHOR_MIDDLE,
                       .bold = row == i,
                       .paint = share > 0.3 ? CAIRN_WHITE : cairn_rgb(0x1F2328)};
    snprintf(text, sizeof text, "%lld", (long long)count);
    cairn_scene_text(scene, (cairn_point){x + m->cell / 2, y + m->cell / 2 + m->number_size * 0.36}, text,
                     type);
}

/* Many classes become a picture of a pixel a cell. */
static void paint_pixels(cairn_scene *scene, const matrix *m)
{
    size_t classes = (size_t)m->classes;
    uint8_t *pixels = cairn_alloc(scene->ctx, classes * classes, 3);
    if (!pixels) {
        scene->status = CAIRN_MEMORY;
        return;
    }
    for (size_t row = 0; row < classes; row++) {
        double total = row_total(m, (int)row);
        for (size_t i = 0; i < classes; i++) {
            uint32_t rgb = shade(total > 0 ? (double)m->counts[row * classes + i] / total : 0).rgb;
            for (size_t k = 0; k < 3; k++)
                pixels[(row * classes + i) * 3 + k] = (uint8_t)(rgb >> (16 - 8 * k));
        }
    }
    double side = m->cell * m->classes;
    cairn_scene_picture(scene, (cairn_box){m->left, m->top, m->left + side, m->top + side}, pixels,
                        m->classes, m->classes, 3);
    cairn_free(scene->ctx, pixels);
}

static void paint_cells(cairn_scene *scene, const matrix *m)
{
    if (m->classes > MOST_CELLS) {
        paint_pixels(scene, m);
        return;
    }
    for (int row = 0; row < m->classes; row++) {
        double total = row_total(m, row);
        for (int i = 0; i < m->classes; i++)
            paint_cell(scene, m, row, i, total);
    }
}

void cairn_plot_confusion(cairn_scene *scene, const int64_t *counts, int classes, const char *const *labels)
{
    matrix m = {.counts = counts, .classes = classes, .labels = labels};
    int64_t most = 1;
    for (size_t i = 0; i < (size_t)classes * (size_t)classes; i++)
        most = cairn_max(most, counts[i]);
    double room = label_room(scene, &m), axis = 14;
    m.cell = fmin(LARGEST_CELL, (scene->width - axis - room - 10) / fmax(classes, 1));
    m.labelled = m.cell >= SMALLEST_LEGIBLE;
    char widest[CAIRN_NUMBER_BYTES];
    snprintf(widest, sizeof widest, "%lld", (long long)most);
    cairn_type bold = {.size = 7.5, .bold = true};
    double number = cairn_scene_measure(scene, widest, bold);
    m.numbered = number > 0 && number <= m.cell - 2;
    m.number_size = bold.size;
    if (!m.labelled) {
        room = 0;
        m.cell = fmin(LARGEST_CELL, (scene->width - axis - 10) / fmax(classes, 1));
    }
    m.left = axis + room + 6;
    m.top = axis + room + 6;
    cairn_type title = AXIS_TYPE;
    title.anchor = CAIRN_ANCHOR_MIDDLE;
    cairn_scene_text(scene, (cairn_point){m.left + classes * m.cell / 2, 9}, "answer", title);
    title.upward = true;
    cairn_scene_text(scene, (cairn_point){9, m.top + classes * m.cell / 2}, "truth", title);
    paint_labels(scene, &m);
    paint_cells(scene, &m);
    scene->height = m.top + classes * m.cell + 4;
    scene->title = "Confusion matrix";
}

/* ---- pictures ---- */

void cairn_plot_tiles(cairn_scene *scene, const cairn_tile *tiles, int count, int across, double largest)
{
    int lines = 0;
    for (int i = 0; i < count; i++)
        lines = tiles[i].line[1][0] ? 2 : tiles[i].line[0][0] && lines < 1 ? 1 : lines;
    double gap = lines > 0 ? 10 : 4, pitch = (scene->width + gap) / across;
    pitch = fmin(pitch, largest + gap);
    double side = pitch - gap, row_height = side + (lines > 0 ? 4 + lines * 9.5 : 0) + gap - 2;
    for (int i = 0; i < count; i++) {
        const cairn_tile *tile = &tiles[i];
        double x = pitch * (i % across), y = row_height * (i / across) + 1;
        double scale = side / (double)cairn_max(tile->h, tile->w);
        double h = tile->h * scale, w = tile->w * scale, left = x + (side - w) / 2, top = y + (side - h) / 2;
        cairn_box box = {left, top, left + w, top + h};
        cairn_scene_picture(scene, box, tile->pixels, tile->h, tile->w, tile->channels);
        cairn_scene_rect(scene, box, (cairn_brush){.stroke = CAIRN_FAINT, .line = 0.5});
        for (int k = 0; k < lines; k++) {
            char text[64];
            cairn_type type = {.size = 7, .anchor = CAIRN_ANCHOR_MIDDLE, .paint = tile->paint[k]};
            snprintf(text, sizeof text, "%s", tile->line[k]);
            cairn_scene_shorten(scene, text, type, side);
            cairn_scene_text(scene, (cairn_point){x + side / 2, y + side + 9 + k * 9.5}, text, type);
        }
    }
    int rows = (count + across - 1) / across;
    scene->height = fmax(1, rows * row_height - gap + 4);
}
