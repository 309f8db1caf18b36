/* The report's pictures with the network's answers, and those of a training batch. */
#include "report/inside.h"
#include "report/page.h"
#include <cairn/augment.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define ACROSS 6
#define LARGEST_PICTURE 76.0
#define SHOWN_ERRORS 18
#define SHOWN_SAMPLES 18
#define SHOWN_BATCH 18
#define SHOWN_PAIRS 4
#define MOST_SHOWN (SHOWN_PAIRS * ACROSS)

typedef struct gallery {
    cairn_tile tile[MOST_SHOWN];
    cairn_picture picture[MOST_SHOWN];
    int count;
} gallery;

/* To the order red, green, blue, from that of networks that take blue first. */
static void reverse_channels(cairn_picture *picture)
{
    for (int64_t i = 0; picture->c == 3 && i < (int64_t)picture->h * picture->w; i++) {
        uint8_t *pixel = picture->data + 3 * i, first = pixel[0];
        pixel[0] = pixel[2];
        pixel[2] = first;
    }
}

static cairn_status add_picture(const cairn_run_record *r, gallery *g, int64_t index)
{
    const cairn_evaluation *e = &r->evaluation;
    const char *const *labels = r->network->labels;
    cairn_picture *picture = &g->picture[g->count];
    cairn_status status = cairn_seen_picture(r, index, picture);
    if (status)
        return status;
    if (r->network->preprocess->bgr)
        reverse_channels(picture);
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

static const char answers_title[] = "Pictures with the answers of the network";

static cairn_status show_gallery(cairn_page *page, gallery *g, const char *title, const char *file,
                                 const char *caption)
{
    cairn_scene scene;
    cairn_scene_begin(&scene, page->ctx, CAIRN_PAGE_WIDTH);
    cairn_plot_tiles(&scene, g->tile, g->count, ACROSS, LARGEST_PICTURE);
    scene.title = title;
    return cairn_page_figure(page, &scene, file, caption);
}

static void free_gallery(cairn_page *page, gallery *g)
{
    for (size_t i = 0; i < CAIRN_COUNT(g->picture); i++)
        cairn_picture_free(page->ctx, &g->picture[i]);
}

/* The wrong answers that were given with most confidence, best first, at most `room` and if a pair is given
 * only its; gives how many. */
static int find_errors(const cairn_evaluation *e, const cairn_confusion *pair, int room, int64_t *found)
{
    int count = 0;
    for (int64_t i = 0; i < e->images; i++) {
        bool other = pair != NULL && (e->truth[i] != pair->truth || e->answer[i] != pair->answer);
        if (other || e->answer[i] == e->truth[i] || !isfinite(e->confidence[i]))
            continue;
        int at = count < room ? count++ : room;
        for (; at > 0 && e->confidence[found[at - 1]] < e->confidence[i]; at--)
            if (at < room)
                found[at] = found[at - 1];
        if (at < room)
            found[at] = i;
    }
    return count;
}

/* Pictures of the set by their numbers, with their answers; none is no figure. */
static cairn_status show_pictures(cairn_page *page, const int64_t *pictures, int count, const char *file,
                                  const char *caption)
{
    gallery g = {0};
    cairn_status status = CAIRN_OK;
    for (int i = 0; i < count && !status; i++)
        status = add_picture(page->record, &g, pictures[i]);
    if (!status && count > 0)
        status = show_gallery(page, &g, answers_title, file, caption);
    free_gallery(page, &g);
    return status;
}

static cairn_status show_samples(cairn_page *page)
{
    int64_t images = page->record->evaluation.images, pictures[SHOWN_SAMPLES];
    int count = (int)cairn_min(SHOWN_SAMPLES, images);
    for (int i = 0; i < count; i++)
        pictures[i] = i * images / count;
    return show_pictures(
        page, pictures, count, "samples.png",
        "Pictures from all over the set with the network's answer and its probability; where "
        "the answer is wrong, the truth below.");
}

static cairn_status show_errors(cairn_page *page)
{
    int64_t pictures[SHOWN_ERRORS];
    int count = find_errors(&page->record->evaluation, NULL, SHOWN_ERRORS, pictures);
    return show_pictures(
        page, pictures, count, NULL,
        "The most confident errors: the answer with its probability, and what the picture is "
        "according to its label.");
}

/* Of each pair of classes that are mistaken most often the pictures with the most confident answers, a row a
 * pair. */
static cairn_status show_confusions(cairn_page *page)
{
    const cairn_evaluation *e = &page->record->evaluation;
    cairn_confusion pairs[CAIRN_MOST_CONFUSIONS];
    int64_t errors[SHOWN_ERRORS + 1], pictures[MOST_SHOWN];
    if (find_errors(e, NULL, SHOWN_ERRORS + 1, errors) <= SHOWN_ERRORS)
        return CAIRN_OK; /* all of them are there already */
    int found = (int)cairn_min(cairn_find_confusions(e, pairs), SHOWN_PAIRS), count = 0;
    for (int p = 0; p < found; p++)
        count += find_errors(e, &pairs[p], ACROSS, pictures + count);
    return show_pictures(
        page, pictures, count, NULL,
        "Pictures of the classes that are mistaken most often, the most confident answers of "
        "each pair.");
}

cairn_status cairn_section_errors(cairn_page *page)
{
    if (!page->record->evaluated)
        return CAIRN_OK;
    cairn_page_section(page, "Pictures and answers");
    cairn_status status = cairn_page_settle(page, show_samples(page), "samples");
    if (!status)
        status = cairn_page_settle(page, show_errors(page), "the most confident errors");
    return status ? status : cairn_page_settle(page, show_confusions(page), "the classes that are mistaken");
}

/* ---- a training batch ---- */

typedef struct batch {
    gallery g;
    int labels[SHOWN_BATCH], h, w;
    float *numbers, *mixed; /* of all pictures */
} batch;

/* How training made the first epoch's pictures. */
static cairn_status read_augment(const cairn_run_record *r, cairn_augment *augment)
{
    const char *text = cairn_run_setting(r, "augment");
    *augment = cairn_augment_usual(r->data);
    return text[0] ? cairn_augment_parse(r->ctx, text, augment) : CAIRN_OK;
}

/* Back from the network's numbers to bytes in the order red, green, blue. */
static void to_bytes(const cairn_preprocess *chain, const float *numbers, cairn_picture *picture)
{
    double scale = chain->scale > 0 ? (double)chain->scale : 255;
    int64_t channels = picture->c, count = (int64_t)picture->h * picture->w * channels;
    for (int64_t i = 0; i < count; i++) {
        int64_t c = i % channels, to = chain->bgr ? i - c + channels - 1 - c : i;
        double value = ((double)numbers[i] * (double)chain->std[c] + (double)chain->mean[c]) * scale;
        picture->data[to] = (uint8_t)lround(fmin(fmax(value, 0), 255));
    }
}

static cairn_status augment_all(const cairn_run_record *r, const cairn_augment *augment, batch *b)
{
    const cairn_preprocess *chain = r->network->preprocess;
    int64_t count = cairn_min(SHOWN_BATCH, r->data->count[CAIRN_TRAIN]);
    cairn_augment_key key = {.seed = (uint64_t)json_integer_value(json_object_get(r->args, "seed"))};
    cairn_status status = CAIRN_OK;
    for (int64_t i = 0; i < count && !status; i++) {
        cairn_picture *picture = &b->g.picture[b->g.count];
        status =
            cairn_dataset_augmented(r->ctx, r->dataset, CAIRN_TRAIN, i * r->data->count[CAIRN_TRAIN] / count,
                                    augment, chain, &key, b->h, b->w, picture, &b->labels[b->g.count]);
        if (status == CAIRN_INPUT) { /* training took another one in its place */
            status = CAIRN_OK;
            continue;
        }
        if (status)
            break;
        int64_t elements = (int64_t)b->h * b->w * picture->c;
        cairn_augment_floats(augment, chain, &key, picture, b->numbers + b->g.count * elements);
        b->g.count++;
    }
    return status;
}

/* Pictures as they come behind mixing, and what they count as. */
static void mix_all(const cairn_run_record *r, const cairn_augment *augment, batch *b)
{
    const char *const *labels = r->network->labels;
    cairn_augment_key key = {.seed = (uint64_t)json_integer_value(json_object_get(r->args, "seed"))};
    cairn_mix mix = cairn_augment_mix(augment, &key, b->h, b->w);
    int channels = b->g.count > 0 ? b->g.picture[0].c : 1;
    cairn_mix_apply(&mix, b->g.count, b->h, b->w, channels, b->numbers, b->mixed);
    for (int i = 0; i < b->g.count; i++) {
        cairn_picture *picture = &b->g.picture[i];
        cairn_tile *tile = &b->g.tile[i];
        char share[CAIRN_NUMBER_BYTES];
        int other = b->labels[i > 0 ? i - 1 : b->g.count - 1];
        to_bytes(r->network->preprocess, b->mixed + (int64_t)i * b->h * b->w * channels, picture);
        *tile = (cairn_tile){.pixels = picture->data,
                             .h = picture->h,
                             .w = picture->w,
                             .channels = picture->c,
                             .paint = {CAIRN_INK, CAIRN_MUTED}};
        snprintf(tile->line[0], sizeof tile->line[0], "%.50s", labels[b->labels[i]]);
        if (mix.lambda < 1)
            snprintf(tile->line[1], sizeof tile->line[1], "%.16s %% %.40s",
                     cairn_number_fixed(share, 100 * (1 - (double)mix.lambda), 0), labels[other]);
    }
}

static cairn_status show_batch(cairn_page *page)
{
    const cairn_run_record *r = page->record;
    const cairn_model_settings *s = &r->network->settings;
    cairn_augment augment;
    cairn_status status = read_augment(r, &augment);
    size_t room = (size_t)SHOWN_BATCH * (size_t)s->h * (size_t)s->w * 4;
    batch b = {.h = s->h,
               .w = s->w,
               .numbers = cairn_alloc(page->ctx, room, sizeof *b.numbers),
               .mixed = cairn_alloc(page->ctx, room, sizeof *b.mixed)};
    if (!b.numbers || !b.mixed)
        status = CAIRN_MEMORY;
    if (!status)
        status = augment_all(r, &augment, &b);
    if (!status && b.g.count > 0) {
        mix_all(r, &augment, &b);
        status = show_gallery(
            page, &b.g, "Pictures of a training batch", NULL,
            "Training pictures from all over the set as the network saw them in the first epoch: "
            "each in another way in every epoch.");
    }
    free_gallery(page, &b.g);
    cairn_free(page->ctx, b.numbers);
    cairn_free(page->ctx, b.mixed);
    return status;
}

cairn_status cairn_section_batch(cairn_page *page)
{
    const cairn_run_record *r = page->record;
    if (!r->classifier || !r->data || r->data->classes != r->network->classes)
        return CAIRN_OK; /* the next section says why */
    return cairn_page_settle(page, show_batch(page), "pictures of a training batch");
}
