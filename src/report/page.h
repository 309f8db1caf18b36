/* The report of a run as one page: what its sections share. */
#ifndef CAIRN_REPORT_PAGE_H
#define CAIRN_REPORT_PAGE_H

#include "report/plot.h"
#include "report/run_record.h"

typedef struct cairn_page {
    cairn_ctx *ctx;
    const cairn_run_record *record;
    cairn_text html;
    int figures, tables; /* so far, for their numbers */
} cairn_page;

#define CAIRN_PAGE_WIDTH 480.0 /* of figures, in points */

void cairn_page_begin(cairn_page *page, const char *title);
/* Writes the page into the file unless status is a failure, and ends it in any case. A NULL path is one for
 * which there was no memory. */
cairn_status cairn_page_end(cairn_page *page, cairn_status status, const char *path);

void cairn_page_section(cairn_page *page, const char *title);

/* A paragraph that says why a part is not there. */
void cairn_page_missing(cairn_page *page, const char *what, const char *reason);

/* What fails for want of something is said; want of memory or of a place to write ends the report. */
cairn_status cairn_page_settle(cairn_page *page, cairn_status status, const char *what);

/* The scene as the next figure, the caption as HTML; with `file` also as a PNG of that name in the run
 * folder. Ends the scene. */
cairn_status cairn_page_figure(cairn_page *page, cairn_scene *scene, const char *file, const char *caption);

/* Begins the next table with its caption as HTML and heads joined by '|'; '>' before a head says that numbers
 * stand below it. The rows are made by the cells below. */
void cairn_page_table(cairn_page *page, const char *caption, const char *heads);
void cairn_page_table_end(cairn_page *page);
void cairn_page_row(cairn_page *page);
void cairn_page_cell(cairn_page *page, const char *text);
void cairn_page_cell_number(cairn_page *page, const char *text);
void cairn_page_cell_count(cairn_page *page, int64_t value);
void cairn_page_cell_json(cairn_page *page, const json_t *value); /* "-" for NULL */
void cairn_page_cell_fixed(cairn_page *page, double value, int decimals);

/* Which class is mistaken for which, most often first; gives how many there are. */
#define CAIRN_MOST_CONFUSIONS 5
typedef struct cairn_confusion {
    int truth, answer;
    int64_t times;
} cairn_confusion;
int cairn_find_confusions(const cairn_evaluation *evaluation, cairn_confusion found[CAIRN_MOST_CONFUSIONS]);

/* The sections in their order. What fails for want of something is said on the page; a status that is not OK
 * ends the report. */
void cairn_section_head(cairn_page *page);
cairn_status cairn_section_network(cairn_page *page);
cairn_status cairn_section_training(cairn_page *page);
cairn_status cairn_section_batch(cairn_page *page);
cairn_status cairn_section_results(cairn_page *page);
cairn_status cairn_section_errors(cairn_page *page);
cairn_status cairn_section_inside(cairn_page *page);
void cairn_section_settings(cairn_page *page);

#endif
