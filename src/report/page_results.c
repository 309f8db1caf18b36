/* The report's account of what the network can do, and of what is inside it. */
#include "report/inside.h"
#include "report/page.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_ERRORS 18
#define SHOWN_SAMPLES 18
#define ACROSS 6
#define LARGEST_PICTURE 76.0
#define SHOWN_CONFUSIONS 5

static int64_t confusion(const cairn_evaluation *e, int truth, int answer)
{
    return e->confusion[(size_t)truth * (size_t)e->classes + (size_t)answer];
}

static double ratio(int64_t part, int64_t whole)
{
    return whole > 0 ? 100.0 * (double)part / (double)whole : NAN;
}

/* ---- confusion matrix and classes ---- */

static void class_table(cairn_page *page)
{
    const cairn_evaluation *e = &page->record->evaluation;
    cairn_page_table(
        page,
        "Classes, in percent. Precision: how many of the answers with this class are right. Recall: "
        "how many of its pictures are found. F1: their harmonic mean.",
        "class|>pictures|>precision|>recall|>F1");
    for (int c = 0; c < e->classes; c++) {
        int64_t right = confusion(e, c, c), answers = 0, pictures = 0;
        for (int i = 0; i < e->classes; i++) {
            answers += confusion(e, i, c);
            pictures += confusion(e, c, i);
        }
        cairn_page_row(page);
        cairn_page_cell(page, page->record->network->labels[c]);
        cairn_page_cell_count(page, pictures);
        cairn_page_cell_fixed(page, ratio(right, answers), 1);
        cairn_page_cell_fixed(page, ratio(right, pictures), 1);
        cairn_page_cell_fixed(page, ratio(2 * right, answers + pictures), 1);
    }
    cairn_page_table_end(page);
}

/* The pairs that are mistaken most often, in a sentence. */
static void put_confusions(cairn_page *page)
{
    const cairn_evaluation *e = &page->record->evaluation;
    const char *const *labels = page->record->network->labels;
    int64_t below = INT64_MAX;
    int truth_before = -1, answer_before = -1;
    for (int shown = 0; shown < SHOWN_CONFUSIONS; shown++) {
        int64_t most = 0;
        int truth = 0, answer = 0;
        for (int t = 0; t < e->classes; t++)
            for (int a = 0; a < e->classes; a++) {
                int64_t count = confusion(e, t, a);
                bool later = t > truth_before || (t == truth_before && a > answer_before);
                if (t != a && count > most && (count < below || (count == below && later))) {
                    most = count;
                    truth = t;
                    answer = a;
                }
            }
        if (most == 0)
            break;
        cairn_text_add(&page->html, shown == 0 ? "<p>Mistaken most often: " : ", ");
        cairn_markup_escape(&page->html, labels[truth]);
        cairn_text_add(&page->html, " for ");
        cairn_markup_escape(&page->html, labels[answer]);
        cairn_text_format(&page->html, " (%lld times)", (long long)most);
        below = most;
        truth_before = truth;
        answer_before = answer;
    }
    if (below < INT64_MAX)
        cairn_text_add(&page->html, ".</p>\n");
}

cairn_status cairn_section_results(cairn_page *page)
{
    const cairn_run_record *r = page->record;
    cairn_page_section(page, "What it can do");
    if (!r->evaluated) {
        cairn_page_missing(page, "confusion matrix, classes and errors",
                           r->classifier ? r->no_data : r->no_weights);
        return CAIRN_OK;
    }
    cairn_text *out = &page->html;
    char number[CAIRN_NUMBER_BYTES];
    cairn_text_format(out, "<p>Measured anew with the best weights on %s pictures: ",
                      cairn_number_grouped(number, r->evaluation.images));
    cairn_markup_fixed(out, r->evaluation.top1, 2);
    cairn_text_add(out, " % of the answers are right, in ");
    cairn_markup_fixed(out, r->evaluation.top5, 2);
    cairn_text_add(out, " % the right class is among the first five; the mean loss is ");
    cairn_markup_fixed(out, r->evaluation.loss, 4);
    cairn_text_add(out, ".</p>\n");
    cairn_scene scene;
    cairn_scene_begin(&scene, page->ctx, CAIRN_PAGE_WIDTH);
    cairn_plot_confusion(&scene, r->evaluation.confusion, r->evaluation.classes, r->network->labels);
    cairn_status status =
        cairn_page_figure(page, &scene, "confusion_matrix.png",
                          "Confusion matrix: a row for each class, telling how often its pictures got "
                          "each answer. The shade is the share of the row; the diagonal is right.");
    put_confusions(page);
    class_table(page);
    return status;
}

/* ---- pictures ---- */

typedef struct gallery {
    cairn_tile tile[SHOWN_ERRORS > SHOWN_SAMPLES ? SHOWN_ERRORS : SHOWN_SAMPLES];
    cairn_picture picture[SHOWN_ERRORS > SHOWN_SAMPLES ? SHOWN_ERRORS : SHOWN_SAMPLES];
    int count;
} gallery;

static cairn_status add_picture(const cairn_run_record *r, gallery *g, int64_t index)
{
    const cairn_evaluation *e = &r->evaluation;
    const char *const *labels = r->network->labels;
    cairn_picture *picture = &g->picture[g->count];
    cairn_status status = cairn_seen_picture(r, index, picture);
    if (status)
        return status;
    cairn_tile *tile = &g->tile[g->count++];
    bool right = e->answer[index] == e->truth[index];
    char share[CAIRN_NUMBER_BYTES];
    *tile = (cairn_tile){.pixels = picture->data,
                         .h = picture->h,
                         .w = picture->w,
                         .channels = picture->c,
                         .paint = {right ? CAIRN_RIGHT : CAIRN_WRONG, CAIRN_INK}};
    snprintf(tile->line[0], sizeof tile->line[0], "%.40s %.16s %%", labels[e->answer[index]],
             cairn_number_fixed(share, 100 * (double)e->confidence[index], 0));
    if (!right)
        snprintf(tile->line[1], sizeof tile->line[1], "is %.50s", labels[e->truth[index]]);
    return CAIRN_OK;
}

static cairn_status show_gallery(cairn_page *page, gallery *g, const char *file, const char *caption)
{
    cairn_scene scene;
    cairn_scene_begin(&scene, page->ctx, CAIRN_PAGE_WIDTH);
    cairn_plot_tiles(&scene, g->tile, g->count, ACROSS, LARGEST_PICTURE);
    scene.title = "Pictures with the answers of the network";
    return cairn_page_figure(page, &scene, file, caption);
}

static void free_gallery(cairn_page *page, gallery *g)
{
    for (size_t i = 0; i < CAIRN_COUNT(g->picture); i++)
        cairn_picture_free(page->ctx, &g->picture[i]);
}

/* The wrong answers that were given with most confidence, best first; gives how many. */
static int find_errors(const cairn_evaluation *e, int64_t found[SHOWN_ERRORS])
{
    int count = 0;
    for (int64_t i = 0; i < e->images; i++) {
        if (e->answer[i] == e->truth[i] || !isfinite(e->confidence[i]))
            continue;
        int at = count < SHOWN_ERRORS ? count++ : SHOWN_ERRORS;
        for (; at > 0 && e->confidence[found[at - 1]] < e->confidence[i]; at--)
            if (at < SHOWN_ERRORS)
                found[at] = found[at - 1];
        if (at < SHOWN_ERRORS)
            found[at] = i;
    }
    return count;
}

static cairn_status show_samples(cairn_page *page)
{
    const cairn_run_record *r = page->record;
    gallery g = {0};
    cairn_status status = CAIRN_OK;
    int64_t count = cairn_min(SHOWN_SAMPLES, r->evaluation.images);
    for (int64_t i = 0; i < count && !status; i++)
        status = add_picture(r, &g, i * r->evaluation.images / count);
    if (!status && count > 0)
        status = show_gallery(
            page, &g, "samples.png",
            "Pictures from all over the set with the network's answer and its probability; where the "
            "answer is wrong, the truth below.");
    free_gallery(page, &g);
    return status;
}

static cairn_status show_errors(cairn_page *page)
{
    const cairn_run_record *r = page->record;
    int64_t found[SHOWN_ERRORS];
    int count = find_errors(&r->evaluation, found);
    gallery g = {0};
    cairn_status status = CAIRN_OK;
    for (int i = 0; i < count && !status; i++)
        status = add_picture(r, &g, found[i]);
    if (!status && count > 0)
        status = show_gallery(
            page, &g, NULL,
            "The most confident errors: the answer with its probability, and what the picture is "
            "according to its label.");
    free_gallery(page, &g);
    return status;
}

/* A part of the page that cannot be made is said; want of memory ends the report. */
static cairn_status settle(cairn_page *page, cairn_status status, const char *what)
{
    if (status && status != CAIRN_MEMORY && status != CAIRN_IO)
        cairn_page_missing(page, what, cairn_error(page->ctx));
    return status == CAIRN_MEMORY || status == CAIRN_IO ? status : CAIRN_OK;
}

cairn_status cairn_section_errors(cairn_page *page)
{
    if (!page->record->evaluated)
        return CAIRN_OK;
    cairn_page_section(page, "Pictures and answers");
    cairn_status status = settle(page, show_samples(page), "samples");
    return status ? status : settle(page, show_errors(page), "the most confident errors");
}

/* ---- inside ---- */

/* A figure with a caption that was put together; both end here. */
static cairn_status show_captioned(cairn_page *page, cairn_scene *scene, cairn_text *caption)
{
    cairn_status status = CAIRN_MEMORY;
    if (caption->failed)
        cairn_scene_end(scene);
    else
        status = cairn_page_figure(page, scene, NULL, caption->data);
    cairn_free(page->ctx, caption->data);
    return status;
}

static cairn_status show_filters(cairn_page *page, int n)
{
    const cairn_run_record *r = page->record;
    const cairn_layer *layer = cairn_nth_convolution(&r->architecture, n);
    if (!layer)
        return CAIRN_OK;
    cairn_scene scene;
    cairn_scene_begin(&scene, page->ctx, CAIRN_PAGE_WIDTH);
    cairn_status status = cairn_draw_filters(&scene, r->network->weights, layer);
    if (status) {
        cairn_scene_end(&scene);
        return settle(page, status, "learned filters");
    }
    cairn_text caption = {.ctx = page->ctx};
    cairn_text_add(&caption, "Learned filters of <i>");
    cairn_markup_escape(&caption, layer->name);
    cairn_text_format(&caption,
                      "</i>, %dx%d. White is zero, blue negative, orange positive; one scale for all.",
                      layer->k_h, layer->k_w);
    return show_captioned(page, &scene, &caption);
}

static void maps_caption(cairn_text *out, const cairn_run_record *r, int64_t index)
{
    cairn_text_add(
        out,
        "What the layers make of one picture: up to 16 maps of each, as grey levels from the lowest value "
        "of the layer (black) to the highest (white). Flat layers are strips with a field for each unit; "
        "the last one holds the scores of the classes in their order. The answer is <i>");
    cairn_markup_escape(out, r->network->labels[r->evaluation.answer[index]]);
    cairn_text_add(out, "</i> with ");
    cairn_markup_fixed(out, 100 * (double)r->evaluation.confidence[index], 1);
    cairn_text_add(out, " %.");
}

static cairn_status show_maps(cairn_page *page)
{
    cairn_scene scene;
    cairn_scene_begin(&scene, page->ctx, CAIRN_PAGE_WIDTH);
    cairn_status status = cairn_draw_maps(&scene, page->record, 0);
    if (status) {
        cairn_scene_end(&scene);
        return settle(page, status, "feature maps");
    }
    cairn_text caption = {.ctx = page->ctx};
    maps_caption(&caption, page->record, 0);
    return show_captioned(page, &scene, &caption);
}

cairn_status cairn_section_inside(cairn_page *page)
{
    const cairn_run_record *r = page->record;
    cairn_page_section(page, "What is inside");
    if (!r->classifier) {
        cairn_page_missing(page, "filters and feature maps", r->no_weights);
        return CAIRN_OK;
    }
    cairn_status status = show_filters(page, 0);
    if (!status)
        status = show_filters(page, 1);
    if (!status && r->evaluated && r->evaluation.images > 0)
        return show_maps(page);
    if (!status)
        cairn_page_missing(page, "feature maps", r->no_data);
    return status;
}
