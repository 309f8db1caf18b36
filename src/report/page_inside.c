/* The report's look at what is inside the network. */
#include "report/inside.h"
#include "report/page.h"

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
        return cairn_page_settle(page, status, "learned filters");
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
        return cairn_page_settle(page, status, "feature maps");
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
