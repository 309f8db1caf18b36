/* The report of a run: one page that needs nothing else, and three pictures beside it. */
#include "base/file.h"
#include "report/page.h"
#include <cairn/report.h>
#include <stdio.h>

static cairn_status write_sections(cairn_page *page)
{
    static cairn_status (*const sections[])(cairn_page *) = {
        cairn_section_network, cairn_section_training, cairn_section_batch,
        cairn_section_results, cairn_section_errors,   cairn_section_inside,
    };
    cairn_status status = CAIRN_OK;
    cairn_section_head(page);
    for (size_t i = 0; i < CAIRN_COUNT(sections) && !status; i++)
        status = sections[i](page);
    if (!status)
        cairn_section_settings(page);
    return status;
}

cairn_status cairn_report_run(cairn_ctx *ctx, const char *folder)
{
    char title[256];
    cairn_run_record record;
    cairn_status status = cairn_run_record_open(ctx, folder, &record);
    if (status)
        return status;
    cairn_page page = {.ctx = ctx, .record = &record, .html = {.ctx = ctx}};
    snprintf(title, sizeof title, "%.100s on %.100s", cairn_run_setting(&record, "model"),
             cairn_run_data_name(&record));
    cairn_page_begin(&page, title);
    status = write_sections(&page);
    char *path = cairn_path_join(ctx, folder, "report.html");
    status = cairn_page_end(&page, status, path);
    cairn_free(ctx, path);
    cairn_run_record_close(&record);
    return status;
}
