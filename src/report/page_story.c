/* The report's account of the run: verdict, network, training, settings. */
#include "report/draw.h"
#include "report/page.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- verdict ---- */

static void card(cairn_page *page, const char *term, const char *value)
{
    cairn_text_format(&page->html, "<div><dt>%s</dt><dd>%s</dd></div>\n", term, value);
}

static void percent(char text[CAIRN_NUMBER_BYTES], double value)
{
    cairn_number_fixed(text, value, 2);
    if (isfinite(value))
        strcat(text, " %");
}

static void duration(char text[CAIRN_NUMBER_BYTES], double seconds)
{
    char part[CAIRN_NUMBER_BYTES];
    if (seconds < 120)
        snprintf(text, CAIRN_NUMBER_BYTES, "%.20s s", cairn_number_fixed(part, seconds, 1));
    else
        snprintf(text, CAIRN_NUMBER_BYTES, "%.20s min", cairn_number_fixed(part, seconds / 60, 1));
}

static void cards(cairn_page *page)
{
    const cairn_run_record *r = page->record;
    char text[CAIRN_NUMBER_BYTES];
    double seconds = 0;
    for (int i = 0; i < r->epoch_count; i++)
        seconds += isfinite(r->epochs[i].seconds) ? r->epochs[i].seconds : 0;
    cairn_text_add(&page->html, "<dl>\n");
    if (r->best >= 0) {
        percent(text, r->epochs[r->best].val_top1);
        card(page, "best accuracy", text);
        percent(text, r->epochs[r->epoch_count - 1].val_top1);
        card(page, "last accuracy", text);
        card(page, "best loss", cairn_number_fixed(text, r->epochs[r->best].val_loss, 4));
    }
    if (r->architecture.count > 0)
        card(page, "parameters", cairn_number_grouped(text, r->architecture.params));
    card(page, "epochs", cairn_number_grouped(text, r->epoch_count));
    duration(text, seconds);
    card(page, "time to train", text);
    cairn_text_add(&page->html, "</dl>\n");
}

static void verdict(cairn_page *page)
{
    const cairn_run_record *r = page->record;
    cairn_text *out = &page->html;
    char number[CAIRN_NUMBER_BYTES];
    cairn_text_add(out, "<p class=\"lead\">The network <i>");
    cairn_markup_escape(out, cairn_run_setting(r, "model"));
    cairn_text_format(out, "</i> was trained for %d epoch%s on ", r->epoch_count,
                      r->epoch_count == 1 ? "" : "s");
    if (r->data)
        cairn_text_format(out, "%s pictures of ", cairn_number_grouped(number, r->data->count[CAIRN_TRAIN]));
    cairn_text_add(out, "<i>");
    cairn_markup_escape(out, cairn_run_data_name(r));
    cairn_text_add(out, "</i>. ");
    if (r->best >= 0) {
        cairn_text_format(out, "Its best weights, those of epoch %d, answer ", r->epochs[r->best].epoch);
        cairn_markup_fixed(out, r->epochs[r->best].val_top1, 2);
        cairn_text_add(out, " % of ");
        if (r->data)
            cairn_text_format(out, "the %s ", cairn_number_grouped(number, r->data->count[r->split]));
        cairn_text_format(out, "%s pictures right.", r->split == CAIRN_VALIDATION ? "validation" : "test");
    }
    cairn_text_add(out, "</p>\n");
}

void cairn_section_head(cairn_page *page)
{
    const cairn_run_record *r = page->record;
    cairn_text *out = &page->html;
    const char *slash = strrchr(r->folder, '/');
    cairn_text_add(out, "<p class=\"folder\">");
    cairn_markup_escape(out, slash && slash[1] ? slash + 1 : r->folder);
    cairn_text_add(out, "</p>\n<h1>");
    cairn_markup_escape(out, cairn_run_setting(r, "model"));
    cairn_text_add(out, " on ");
    cairn_markup_escape(out, cairn_run_data_name(r));
    cairn_text_add(out, "</h1>\n");
    verdict(page);
    cards(page);
}

/* ---- network ---- */

static void layer_table(cairn_page *page)
{
    const cairn_architecture *a = &page->record->architecture;
    cairn_page_table(
        page, "Layers. The receptive field is the part of the picture, in pixels, that one output sees.",
        "layer|operation|>output|>parameters|>multiply-accumulates|>receptive field");
    for (int i = 0; i < a->count; i++) {
        const cairn_layer *layer = &a->layer[i];
        char text[160];
        cairn_page_row(page);
        cairn_page_cell(page, layer->name);
        cairn_layer_action(layer, text, sizeof text);
        cairn_page_cell(page, text);
        cairn_layer_size(layer, text, sizeof text);
        cairn_page_cell_number(page, text);
        cairn_page_cell_count(page, layer->params);
        cairn_page_cell_count(page, layer->macs);
        snprintf(text, sizeof text, "%lldx%lld", (long long)layer->field_h, (long long)layer->field_w);
        cairn_page_cell_number(page, layer->field_h > 0 ? text : "all");
    }
    cairn_page_table_end(page);
}

cairn_status cairn_section_network(cairn_page *page)
{
    const cairn_run_record *r = page->record;
    cairn_page_section(page, "The network");
    if (r->architecture.count == 0) {
        cairn_page_missing(page, "the drawing of the network", r->no_weights);
        return CAIRN_OK;
    }
    cairn_scene scene;
    cairn_scene_begin(&scene, page->ctx, CAIRN_PAGE_WIDTH);
    cairn_draw_scene(&scene, &r->architecture, CAIRN_DRAW_AUTO, NULL, true);
    cairn_status status =
        cairn_page_figure(page, &scene, NULL,
                          "The network. Above each layer its name and the size of its output, maps@height "
                          "x width; below each arrow what is done, and how many numbers were trained for "
                          "it.");
    layer_table(page);
    return status;
}

/* ---- training ---- */

static void epoch_table(cairn_page *page)
{
    const cairn_run_record *r = page->record;
    char text[CAIRN_NUMBER_BYTES];
    cairn_text_add(&page->html, "<details>\n<summary>The numbers of each epoch</summary>\n");
    cairn_page_table(
        page, "Epochs. Accuracies are percent.",
        ">epoch|>learning rate|>loss|>accuracy|>validation loss|>validation accuracy|>top 5|>seconds|"
        ">images/s");
    for (int i = 0; i < r->epoch_count; i++) {
        const cairn_epoch_metrics *epoch = &r->epochs[i];
        cairn_page_row(page);
        cairn_page_cell_count(page, epoch->epoch);
        cairn_page_cell_number(page, cairn_number_short(text, epoch->lr, 3));
        cairn_page_cell_fixed(page, epoch->loss, 4);
        cairn_page_cell_fixed(page, epoch->top1, 2);
        cairn_page_cell_fixed(page, epoch->val_loss, 4);
        cairn_page_cell_fixed(page, epoch->val_top1, 2);
        cairn_page_cell_fixed(page, epoch->val_top5, 2);
        cairn_page_cell_fixed(page, epoch->seconds, 2);
        cairn_page_cell_fixed(page, epoch->images_per_s, 0);
    }
    cairn_page_table_end(page);
    cairn_text_add(&page->html, "</details>\n");
}

cairn_status cairn_section_training(cairn_page *page)
{
    const cairn_run_record *r = page->record;
    cairn_page_section(page, "The training");
    if (r->epoch_count == 0) {
        cairn_page_missing(page, "the curves of the training", r->no_metrics);
        return CAIRN_OK;
    }
    cairn_scene scene;
    cairn_scene_begin(&scene, page->ctx, CAIRN_PAGE_WIDTH);
    cairn_plot_training(&scene, r->epochs, r->epoch_count);
    cairn_status status =
        cairn_page_figure(page, &scene, "curves.png",
                          "The course of the training. Training figures are means over an epoch, while the "
                          "weights still change; validation is measured after it.");
    epoch_table(page);
    return status;
}

/* ---- settings ---- */

/* Objects inside are told by keys joined with dots. The parser has bounded the depth. */
static void put_settings(cairn_page *page, const char *prefix, const json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        char name[256];
        snprintf(name, sizeof name, "%s%s%s", prefix, prefix[0] ? "." : "", key);
        if (json_is_object(value)) {
            put_settings(page, name, value);
            continue;
        }
        for (size_t i = 0; i < (json_is_array(value) ? json_array_size(value) : 1); i++) {
            cairn_page_row(page);
            cairn_page_cell(page, i == 0 ? name : "");
            cairn_page_cell_json(page, json_is_array(value) ? json_array_get(value, i) : value);
        }
    }
}

void cairn_section_settings(cairn_page *page)
{
    cairn_page_section(page, "Settings and machine");
    cairn_page_table(page, "Settings of the run: what it takes to repeat it.", "setting|value");
    put_settings(page, "", page->record->args);
    cairn_page_table_end(page);
    if (!page->record->env)
        return;
    cairn_page_table(page, "Where it ran. Results do not depend on the number of threads.", "what|value");
    put_settings(page, "", page->record->env);
    cairn_page_table_end(page);
}
