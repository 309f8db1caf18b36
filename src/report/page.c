/* Figures, tables and the style of the report's page. */
#include "report/page.h"
#include "base/file.h"
#include <stdio.h>
#include <string.h>

/* The style sheet: light and dark, and for print. */
static const char page_style[] =
    ":root{color-scheme:light dark;--paper:#fff;--ink:#1f2328;--muted:#5b636d;--faint:#d5d9de;--card:#f6f7f9;"
    "--accent:#0072b2;--right:#00735a;--wrong:#c04a00}\n"
    "@media screen and (prefers-color-scheme:dark){:root{--paper:#15181c;--ink:#e6e8eb;--muted:#a2abb5;"
    "--faint:#3a4149;--card:#1e2329;--accent:#58b1e4;--right:#3cc79d;--wrong:#ff9350}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0;background:var(--paper);color:var(--ink);font:17px/1.55 Charter,'Bitstream Charter',"
    "'Source Serif 4','Source Serif Pro',Cambria,Georgia,'DejaVu Serif',serif}\n"
    "main{max-width:46rem;margin:0 auto;padding:3rem 1.25rem 4rem}\n"
    "h1{font-size:2.1rem;line-height:1.15;margin:0 0 .35rem;letter-spacing:-.01em}\n"
    "h2{font-size:1.35rem;margin:3rem 0 .8rem;padding-bottom:.3rem;border-bottom:1px solid var(--faint)}\n"
    "p{margin:.8rem 0}\n"
    ".lead{font-size:1.12rem}.folder,.missing,footer{color:var(--muted)}.missing{font-style:italic}\n"
    ".sans,table,figcaption,caption,.folder,dl,summary,footer{font-family:'DejaVu Sans',Verdana,'Segoe "
    "UI',Helvetica,"
    "sans-serif}\n"
    ".folder{font-size:.8rem;margin:0}\n"
    "dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(6.5rem,1fr));gap:.6rem;margin:1.6rem 0}\n"
    "dl div{background:var(--card);border-radius:6px;padding:.6rem .7rem}\n"
    "dt{font-size:.72rem;color:var(--muted)}dd{margin:.1rem 0 0;font-size:1.15rem;font-weight:bold;"
    "white-space:nowrap}\n"
    "figure{margin:1.8rem 0;break-inside:avoid}\n"
    "figure svg{display:block;width:100%;height:auto}\n"
    "figcaption,caption{font-size:.8rem;line-height:1.45;color:var(--muted);text-align:left}\n"
    "figcaption{margin-top:.6rem}caption{padding-bottom:.5rem}figcaption b,caption b{color:var(--ink)}\n"
    ".wide{overflow-x:auto}\n"
    "table{border-collapse:collapse;width:100%;font-size:.8rem;margin:1.6rem 0;break-inside:avoid;"
    "border-top:1.5px solid var(--ink);border-bottom:1.5px solid var(--ink)}\n"
    "caption{caption-side:top}\n"
    "th,td{padding:.28rem .6rem .28rem 0;text-align:left;vertical-align:top;overflow-wrap:anywhere}\n"
    "th{border-bottom:1px solid var(--muted)}tr:hover td{background:var(--card)}\n"
    ".n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap;padding:.28rem 0 .28rem "
    ".9rem}\n"
    "details{margin:1rem 0}summary{cursor:pointer;color:var(--accent);font-size:.85rem}\n"
    "footer{font-size:.75rem;margin-top:3rem;border-top:1px solid var(--faint);padding-top:.8rem}\n"
    ".right{fill:var(--right)}.wrong{fill:var(--wrong)}"
    ".ink{fill:var(--ink)}.muted{fill:var(--muted)}.faint{fill:var(--faint)}\n"
    ".ink-line{stroke:var(--ink)}.muted-line{stroke:var(--muted)}.faint-line{stroke:var(--faint)}\n"
    "@media print{body{font-size:10.5pt}main{max-width:none;padding:.4cm 0 0}dl div{border:1px solid "
    "var(--faint)}"
    "h2{break-after:avoid}}\n";

void cairn_page_begin(cairn_page *page, const char *title)
{
    cairn_text_add(&page->html,
                   "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                   "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>");
    cairn_markup_escape(&page->html, title);
    cairn_text_format(&page->html, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<main>\n", page_style);
}

cairn_status cairn_page_end(cairn_page *page, cairn_status status, const char *path)
{
    cairn_text_format(&page->html, "<footer>Made by Cairn %s.</footer>\n</main>\n</body>\n</html>\n",
                      cairn_version());
    if (!status && (page->html.failed || !path))
        status = CAIRN_MEMORY;
    if (!status)
        status = cairn_file_write(page->ctx, path, page->html.data, page->html.size);
    cairn_free(page->ctx, page->html.data);
    return status;
}

void cairn_page_section(cairn_page *page, const char *title)
{
    cairn_text_add(&page->html, "<h2>");
    cairn_markup_escape(&page->html, title);
    cairn_text_add(&page->html, "</h2>\n");
}

void cairn_page_missing(cairn_page *page, const char *what, const char *reason)
{
    cairn_text_format(&page->html, "<p class=\"missing\">Left out: %s (", what);
    cairn_markup_escape(&page->html, reason[0] ? reason : "nothing to show");
    cairn_text_add(&page->html, ").</p>\n");
}

cairn_status cairn_page_settle(cairn_page *page, cairn_status status, const char *what)
{
    if (status && status != CAIRN_MEMORY && status != CAIRN_IO)
        cairn_page_missing(page, what, cairn_error(page->ctx));
    return status == CAIRN_MEMORY || status == CAIRN_IO ? status : CAIRN_OK;
}

static cairn_status save_png(cairn_page *page, const cairn_scene *scene, const char *file)
{
    cairn_text png = {.ctx = page->ctx};
    cairn_status status = cairn_scene_render(scene, CAIRN_FORMAT_PNG, &png);
    char *path = cairn_path_join(page->ctx, page->record->folder, file);
    if (!status)
        status = path ? cairn_file_write(page->ctx, path, png.data, png.size) : CAIRN_MEMORY;
    cairn_free(page->ctx, path);
    cairn_free(page->ctx, png.data);
    return status;
}

cairn_status cairn_page_figure(cairn_page *page, cairn_scene *scene, const char *file, const char *caption)
{
    cairn_status status = scene->status;
    if (!status) {
        cairn_text_add(&page->html, "<figure>\n");
        cairn_scene_inline(scene, &page->html);
        cairn_text_format(&page->html, "<figcaption><b>Figure %d.</b> %s</figcaption>\n</figure>\n",
                          ++page->figures, caption);
    }
    if (!status && file)
        status = save_png(page, scene, file);
    cairn_scene_end(scene);
    return status;
}

void cairn_page_table(cairn_page *page, const char *caption, const char *heads)
{
    cairn_text_format(&page->html,
                      "<div class=\"wide\"><table>\n<caption><b>Table %d.</b> %s</caption>\n<thead><tr>",
                      ++page->tables, caption);
    while (*heads) {
        bool number = *heads == '>';
        size_t length = strcspn(heads, "|");
        cairn_text_format(&page->html, "<th%s>%.*s</th>", number ? " class=\"n\"" : "",
                          (int)(length - number), heads + number);
        heads += length + (heads[length] == '|');
    }
    cairn_text_add(&page->html, "</tr></thead>\n<tbody>");
}

void cairn_page_table_end(cairn_page *page)
{
    cairn_text_add(&page->html, "\n</tbody></table></div>\n");
}

/* HTML lets the ends of rows and cells go unsaid. */
void cairn_page_row(cairn_page *page)
{
    cairn_text_add(&page->html, "\n<tr>");
}

void cairn_page_cell(cairn_page *page, const char *text)
{
    cairn_text_add(&page->html, "<td>");
    cairn_markup_escape(&page->html, text);
}

void cairn_page_cell_number(cairn_page *page, const char *text)
{
    cairn_text_format(&page->html, "<td class=\"n\">%s", text);
}

void cairn_page_cell_count(cairn_page *page, int64_t value)
{
    char text[CAIRN_NUMBER_BYTES];
    cairn_page_cell_number(page, cairn_number_grouped(text, value));
}

void cairn_page_cell_fixed(cairn_page *page, double value, int decimals)
{
    char text[CAIRN_NUMBER_BYTES];
    cairn_page_cell_number(page, cairn_number_fixed(text, value, decimals));
}

void cairn_page_cell_json(cairn_page *page, const json_t *value)
{
    char text[CAIRN_NUMBER_BYTES] = "-";
    if (json_string_length(value) > 0) {
        cairn_page_cell(page, json_string_value(value));
        return;
    }
    if (json_is_integer(value))
        snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        cairn_number_print(text, json_real_value(value));
    else if (json_is_boolean(value))
        snprintf(text, sizeof text, "%s", json_is_true(value) ? "yes" : "no");
    cairn_page_cell(page, text);
}
