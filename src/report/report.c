/* The report of a run: one page that needs nothing else, and three pictures beside it. */
#include "base/file.h"
#include "report/page.h"
#include <cairn/report.h>

static cairn_status write_sections(cairn_page *page)
{
    static cairn_status (*const sections[])(cairn_page *) = {
        cairn_section_network, cairn_section_training, cairn_section_results,
        cairn_section_errors,  cairn_section_inside,
    };
    cairn_status status = CAIRN_OK;
    cairn_section_head(page);
    for (size_t i = 0; i < CAIRN_COUNT(sections) && !status; i++)
        status = sections[i](page);
    if (!status)
        cairn_section_settings(page);
    return status;
}

static void begin_page(cairn_page *page)
{
    cairn_text_add(&page->html,
                   "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                   "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>");
    cairn_markup_escape(&page->html, cairn_run_setting(page->record, "model"));
    cairn_text_add(&page->html, " on ");
    cairn_markup_escape(&page->html, cairn_run_data_name(page->record));
    cairn_text_format(&page->html, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<main>\n",
                      cairn_page_style);
}

cairn_status cairn_report_run(cairn_ctx *ctx, const char *folder)
{
    cairn_run_record record;
    cairn_status status = cairn_run_record_open(ctx, folder, &record);
    if (status)
        return status;
    cairn_page page = {.ctx = ctx, .record = &record, .html = {.ctx = ctx}};
    begin_page(&page);
    status = write_sections(&page);
    cairn_text_format(&page.html, "<footer>Made by Cairn %s.</footer>\n</main>\n</body>\n</html>\n",
                      cairn_version());
    char *path = cairn_path_join(ctx, folder, "report.html");
    if (!status && (page.html.failed || !path))
        status = CAIRN_MEMORY;
    if (!status)
        status = cairn_file_write(ctx, path, page.html.data, page.html.size);
    cairn_free(ctx, path);
    cairn_free(ctx, page.html.data);
    cairn_run_record_close(&record);
    return status;
}
