/* The page that compares runs: who did best, the course of each, and the settings in which they differ. */
#include "base/file.h"
#include "report/page.h"
#include <cairn/report.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct comparison {
    cairn_ctx *ctx;
    cairn_run_record *run; /* the best first */
    int count;
} comparison;

static const char *name_of(const cairn_run_record *run)
{
    const char *slash = strrchr(run->folder, '/');
    return slash && slash[1] ? slash + 1 : run->folder;
}

static double best_of(const cairn_run_record *run)
{
    return run->best >= 0 ? run->epochs[run->best].val_top1 : -1;
}

static int better_first(const void *left, const void *right)
{
    const cairn_run_record *a = left, *b = right;
    double x = best_of(a), y = best_of(b);
    return x != y ? (x > y ? -1 : 1) : strcmp(a->folder, b->folder);
}

/* ---- results ---- */

static void result_row(cairn_page *page, const cairn_run_record *run)
{
    double seconds = 0, images = 0;
    int timed = 0;
    for (int i = 0; i < run->epoch_count; i++) {
        seconds += isfinite(run->epochs[i].seconds) ? run->epochs[i].seconds : 0;
        images += isfinite(run->epochs[i].images_per_s) ? run->epochs[i].images_per_s : 0;
        timed += isfinite(run->epochs[i].images_per_s);
    }
    const cairn_epoch_metrics *best = run->best >= 0 ? &run->epochs[run->best] : NULL;
    cairn_page_row(page);
    cairn_page_cell(page, name_of(run));
    cairn_page_cell(page, cairn_run_setting(run, "model"));
    cairn_page_cell(page, cairn_run_data_name(run));
    cairn_page_cell_count(page, run->epoch_count);
    cairn_page_cell_fixed(page, best ? best->val_top1 : NAN, 2);
    cairn_page_cell_count(page, best ? best->epoch : 0);
    cairn_page_cell_fixed(page, best ? best->val_loss : NAN, 4);
    cairn_page_cell_fixed(page, best ? run->epochs[run->epoch_count - 1].val_top1 : NAN, 2);
    cairn_page_cell_fixed(page, timed > 0 ? images / timed : NAN, 0);
    cairn_page_cell_fixed(page, seconds / 60, 1);
}

static void put_results(cairn_page *page, const comparison *c)
{
    cairn_page_table(page, "Results, the best first. Accuracies are percent of the validation pictures.",
                     "run|network|data|>epochs|>best|>in epoch|>its loss|>last|>images/s|>minutes");
    for (int i = 0; i < c->count; i++)
        result_row(page, &c->run[i]);
    cairn_page_table_end(page);
}

static cairn_status put_curves(cairn_page *page, const comparison *c)
{
    cairn_plotted_run runs[CAIRN_PLOTTED_RUNS];
    int count = (int)cairn_min(c->count, CAIRN_PLOTTED_RUNS);
    char caption[200];
    cairn_scene scene;
    for (int i = 0; i < count; i++)
        runs[i] = (cairn_plotted_run){name_of(&c->run[i]), c->run[i].epochs, c->run[i].epoch_count};
    snprintf(caption, sizeof caption,
             "The course of the runs%s. Training figures are means over an epoch, while the weights still "
             "change.",
             c->count > count ? ", of the eight best" : "");
    cairn_scene_begin(&scene, page->ctx, CAIRN_PAGE_WIDTH);
    cairn_plot_runs(&scene, runs, count);
    return cairn_page_figure(page, &scene, NULL, caption);
}

/* ---- settings ---- */

static bool is_same(const comparison *c, const char *key)
{
    const json_t *first = json_object_get(c->run[0].args, key);
    for (int i = 1; i < c->count; i++) {
        const json_t *value = json_object_get(c->run[i].args, key);
        if (first != value && (!first || !value || !json_equal(first, value)))
            return false;
    }
    return true;
}

/* Whether an earlier run has the key, whose row is there already. */
static bool is_told(const comparison *c, int run, const char *key)
{
    for (int i = 0; i < run; i++)
        if (json_object_get(c->run[i].args, key))
            return true;
    return false;
}

static void put_differences(cairn_page *page, const comparison *c)
{
    cairn_text heads = {.ctx = c->ctx};
    const char *key;
    json_t *value;
    int rows = 0;
    cairn_text_add(&heads, "setting");
    for (int i = 0; i < c->count; i++) {
        cairn_text_add(&heads, "|");
        cairn_markup_escape(&heads, name_of(&c->run[i]));
    }
    page->html.failed |= heads.failed;
    if (!heads.failed)
        cairn_page_table(page, "Settings in which they differ.", heads.data);
    for (int i = 0; i < c->count && !heads.failed; i++)
        json_object_foreach(c->run[i].args, key, value)
        {
            if (is_same(c, key) || is_told(c, i, key) || json_is_object(value) || json_is_array(value))
                continue;
            rows++;
            cairn_page_row(page);
            cairn_page_cell(page, key);
            for (int k = 0; k < c->count; k++)
                cairn_page_cell_json(page, json_object_get(c->run[k].args, key));
        }
    cairn_page_table_end(page);
    if (rows == 0)
        cairn_text_add(&page->html, "<p>They have the same settings.</p>\n");
    cairn_free(c->ctx, heads.data);
}

/* ---- all ---- */

static void put_verdict(cairn_page *page, const comparison *c)
{
    cairn_text *out = &page->html;
    cairn_text_format(out, "<h1>%d runs</h1>\n<p class=\"lead\">", c->count);
    if (best_of(&c->run[0]) < 0) {
        cairn_text_add(out, "None of them has finished an epoch.</p>\n");
        return;
    }
    cairn_text_add(out, "<i>");
    cairn_markup_escape(out, name_of(&c->run[0]));
    cairn_text_add(out, "</i> did best: ");
    cairn_markup_fixed(out, best_of(&c->run[0]), 2);
    cairn_text_add(out, " % of the answers were right");
    double last = best_of(&c->run[c->count - 1]);
    if (c->count > 1 && last >= 0) {
        cairn_text_add(out, ", ");
        cairn_markup_fixed(out, best_of(&c->run[0]) - last, 2);
        cairn_text_add(out, " points more than <i>");
        cairn_markup_escape(out, name_of(&c->run[c->count - 1]));
        cairn_text_add(out, "</i>, the last of them");
    }
    cairn_text_add(out, ".</p>\n");
}

static cairn_status write_page(const comparison *c, const char *path)
{
    char title[64];
    cairn_page page = {.ctx = c->ctx, .record = &c->run[0], .html = {.ctx = c->ctx}};
    snprintf(title, sizeof title, "%d runs", c->count);
    cairn_page_begin(&page, title);
    put_verdict(&page, c);
    put_results(&page, c);
    cairn_status status = put_curves(&page, c);
    if (!status) {
        cairn_page_section(&page, "Settings");
        put_differences(&page, c);
    }
    return cairn_page_end(&page, status, path);
}

cairn_status cairn_report_compare(cairn_ctx *ctx, const char *const *folders, int count, const char *path)
{
    if (count < 1)
        return cairn_fail(ctx, CAIRN_USAGE, "comparison: expected at least one run, found %d", count);
    comparison c = {.ctx = ctx, .run = cairn_alloc(ctx, (size_t)count, sizeof *c.run)};
    cairn_status status = c.run ? CAIRN_OK : CAIRN_MEMORY;
    for (; c.count < count && !status; c.count += !status)
        status = cairn_run_record_read(ctx, folders[c.count], &c.run[c.count]);
    if (!status) {
        qsort(c.run, (size_t)c.count, sizeof *c.run, better_first);
        status = write_page(&c, path);
    }
    for (int i = 0; i < c.count; i++)
        cairn_run_record_close(&c.run[i]);
    cairn_free(ctx, c.run);
    return status;
}
