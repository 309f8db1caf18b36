/* The report's account of what the network can do. */
#include "report/page.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

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

int cairn_find_confusions(const cairn_evaluation *e, cairn_confusion found[CAIRN_MOST_CONFUSIONS])
{
    int count = 0;
    for (int t = 0; t < e->classes; t++)
        for (int a = 0; a < e->classes; a++) {
            cairn_confusion pair = {t, a, t == a ? 0 : confusion(e, t, a)};
            int at = count;
            while (at > 0 && found[at - 1].times < pair.times)
                at--;
            if (pair.times == 0 || at == CAIRN_MOST_CONFUSIONS)
                continue;
            count = (int)cairn_min(count + 1, CAIRN_MOST_CONFUSIONS);
            memmove(found + at + 1, found + at, (size_t)(count - at - 1) * sizeof *found);
            found[at] = pair;
        }
    return count;
}

static void put_confusions(cairn_page *page)
{
    const char *const *labels = page->record->network->labels;
    cairn_confusion pairs[CAIRN_MOST_CONFUSIONS];
    int count = cairn_find_confusions(&page->record->evaluation, pairs);
    for (int i = 0; i < count; i++) {
        cairn_text_add(&page->html, i == 0 ? "<p>Mistaken most often: " : ", ");
        cairn_markup_escape(&page->html, labels[pairs[i].truth]);
        cairn_text_add(&page->html, " for ");
        cairn_markup_escape(&page->html, labels[pairs[i].answer]);
        cairn_text_format(&page->html, " (%lld times)", (long long)pairs[i].times);
    }
    if (count > 0)
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
