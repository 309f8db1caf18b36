/* Evaluation on several views of each picture: ten crops (Krizhevsky et al. 2012), and the whole picture at
 * several scales (Simonyan and Zisserman 2015). */
#include "train/views.h"
#include "base/base.h"
#include "graph/dense.h"
#include "train/classifier.h"
#include <math.h>
#include <string.h>

/* ---- the average ---- */

/* Adds the probabilities of one view. */
static void add_softmax(const float *logits, int classes, double *sums)
{
    float largest = -INFINITY; /* by comparison: GCC 12 for AArch64 breaks down over fmax in this loop */
    double sum = 0;
    for (int i = 0; i < classes; i++)
        largest = logits[i] > largest ? logits[i] : largest;
    for (int i = 0; i < classes; i++)
        sum += exp((double)logits[i] - (double)largest);
    for (int i = 0; i < classes; i++)
        sums[i] += exp((double)logits[i] - (double)largest) / sum;
}

/* Classes before `label`; as in metrics.c, what is not a number comes before everything. */
static int rank_of(const double *sums, int classes, int label)
{
    int rank = 0;
    for (int i = 0; i < classes; i++)
        rank += i < label ? !(sums[i] < sums[label]) : i > label && !(sums[i] <= sums[label]);
    return rank;
}

/* Notes the answer of the summed views. */
static void note(cairn_evaluation *e, cairn_tally *tally, int64_t at, int label, const double *sums,
                 int views)
{
    int best = 0, rank = rank_of(sums, e->classes, label);
    for (int i = 1; i < e->classes; i++)
        best = sums[i] > sums[best] ? i : best;
    cairn_evaluation_record(e, at, label, best, (float)(sums[best] / views));
    tally->images++;
    tally->loss -= log(fmax(sums[label] / views, 1e-300));
    tally->top1 += rank == 0;
    tally->top5 += rank < 5;
}

/* ---- ten crops ---- */

typedef struct crops {
    cairn_classifier *classifier;
    uint8_t *pixels;
    int32_t *labels;
    float *logits;
    double *sums;
} crops;

/* Scores of n inputs, as many at a time as the classifier takes. */
static cairn_status classify(crops *c, int64_t n, size_t input_bytes, int classes)
{
    cairn_status status = CAIRN_OK;
    int batch = cairn_classifier_batch(c->classifier);
    for (int64_t i = 0; status == CAIRN_OK && i < n; i += batch)
        status = cairn_classifier_run(c->classifier, (int)cairn_min(batch, n - i),
                                      c->pixels + (size_t)i * input_bytes, c->logits + i * classes);
    return status;
}

static cairn_status run_ten_crops(crops *c, cairn_loader *loader, const cairn_loader_options *o,
                                  cairn_evaluation *e, cairn_tally *tally)
{
    size_t input_bytes = (size_t)o->h * (size_t)o->w * (size_t)o->c, classes = (size_t)e->classes;
    cairn_status status = cairn_loader_start(loader, NULL, 0, e->count, 0);
    for (int64_t first = 0; status == CAIRN_OK && first < e->count;) {
        int n;
        status = cairn_loader_next(loader, c->pixels, c->labels, NULL, &n);
        if (status == CAIRN_OK)
            status = classify(c, (int64_t)n * CAIRN_TEN_CROPS, input_bytes, e->classes);
        for (int i = 0; status == CAIRN_OK && i < n; i++) {
            if (cairn_loader_broken(loader, i)) {
                cairn_evaluation_record(e, first + i, c->labels[i], -1, 0);
                continue;
            }
            memset(c->sums, 0, classes * sizeof *c->sums);
            for (size_t view = 0; view < CAIRN_TEN_CROPS; view++)
                add_softmax(c->logits + ((size_t)i * CAIRN_TEN_CROPS + view) * classes, e->classes, c->sums);
            note(e, tally, first + i, c->labels[i], c->sums, CAIRN_TEN_CROPS);
        }
        first += n;
    }
    return status;
}

cairn_status cairn_evaluate_ten_crops(cairn_ctx *ctx, cairn_classifier *classifier,
                                      const cairn_loader_options *loading, cairn_evaluation *e,
                                      cairn_tally *tally)
{
    cairn_loader_options o = *loading;
    o.views = CAIRN_TEN_CROPS;
    o.batch = (int)cairn_max(1, loading->batch / CAIRN_TEN_CROPS);
    size_t inputs = (size_t)o.batch * CAIRN_TEN_CROPS, classes = (size_t)e->classes;
    size_t input_bytes = (size_t)o.h * (size_t)o.w * (size_t)o.c;
    crops c = {.classifier = classifier};
    cairn_loader *loader = NULL;
    cairn_status status = cairn_loader_create(ctx, &o, &loader);
    c.pixels = cairn_alloc(ctx, inputs, input_bytes);
    c.labels = cairn_alloc(ctx, (size_t)o.batch, sizeof *c.labels);
    c.logits = cairn_alloc(ctx, inputs * classes, sizeof *c.logits);
    c.sums = cairn_alloc(ctx, classes, sizeof *c.sums);
    if (status == CAIRN_OK && (c.pixels == NULL || c.labels == NULL || c.logits == NULL || c.sums == NULL))
        status = CAIRN_MEMORY;
    if (status == CAIRN_OK)
        status = run_ten_crops(&c, loader, &o, e, tally);
    cairn_loader_destroy(loader);
    cairn_free(ctx, c.pixels);
    cairn_free(ctx, c.labels);
    cairn_free(ctx, c.logits);
    cairn_free(ctx, c.sums);
    return status;
}

/* ---- scales ---- */

/* A plan for pictures of one size; photographs mostly have the size of the one before. */
typedef struct scale {
    int side, h, w;
    cairn_plan *plan;
} scale;

typedef struct scales {
    cairn_ctx *ctx;
    const cairn_classifier_info *info;
    const cairn_loader_options *loading;
    cairn_weights *weights; /* of the dense network */
    cairn_plan_options options;
    scale scale[CAIRN_MAX_SCALES];
    int count;
    double *sums;
} scales;

static cairn_status choose_scales(scales *s, const cairn_evaluate_options *options)
{
    const cairn_model_settings *m = &s->info->settings;
    int base = s->info->preprocess->resize > 0 ? s->info->preprocess->resize : (int)cairn_max(m->h, m->w);
    s->count = options->scale_count > 0 ? options->scale_count : 3;
    if (s->count > CAIRN_MAX_SCALES)
        return cairn_fail(s->ctx, CAIRN_USAGE, "scales: expected at most %d, found %d", CAIRN_MAX_SCALES,
                          s->count);
    for (int i = 0; i < s->count; i++) {
        s->scale[i].side = options->scale_count > 0 ? options->scales[i] : base + 32 * (i - 1);
        if (s->scale[i].side < m->h || s->scale[i].side < m->w)
            return cairn_fail(s->ctx, CAIRN_USAGE, "scale %d: is smaller than the network's input (%dx%d)",
                              s->scale[i].side, m->h, m->w);
    }
    return CAIRN_OK;
}

static cairn_status plan_for(scales *s, scale *at, int h, int w)
{
    if (at->plan != NULL && at->h == h && at->w == w)
        return CAIRN_OK;
    cairn_plan_options options = s->options;
    options.batch = 2;
    cairn_graph *graph;
    cairn_plan_destroy(at->plan);
    at->plan = NULL;
    cairn_status status = cairn_graph_dense(s->info->graph, h, w, &graph);
    if (status != CAIRN_OK)
        return status;
    status = cairn_plan_create(s->ctx, graph, s->weights, NULL, &options, &at->plan);
    cairn_graph_destroy(graph);
    at->h = h;
    at->w = w;
    return status;
}

/* The whole picture and its mirror image at one scale. */
static cairn_status run_scale(scales *s, scale *at, const cairn_picture *picture, int classes)
{
    cairn_picture whole;
    cairn_status status = cairn_preprocess_whole(s->ctx, s->info->preprocess, picture, at->side, &whole);
    if (status != CAIRN_OK)
        return status;
    status = plan_for(s, at, whole.h, whole.w);
    if (status == CAIRN_OK) {
        size_t bytes = (size_t)whole.h * (size_t)whole.w * (size_t)whole.c;
        uint8_t *pixels = cairn_plan_data(at->plan, "image");
        memcpy(pixels, whole.data, bytes);
        cairn_picture_mirror(&whole);
        memcpy(pixels + bytes, whole.data, bytes);
        cairn_run_options run = {.n = 2};
        status = cairn_plan_run(at->plan, &run);
    }
    cairn_picture_free(s->ctx, &whole);
    if (status != CAIRN_OK)
        return status;
    const float *logits = cairn_plan_data(at->plan, "logits");
    add_softmax(logits, classes, s->sums);
    add_softmax(logits + classes, classes, s->sums);
    return CAIRN_OK;
}

static cairn_status run_picture(scales *s, int64_t index, cairn_evaluation *e, cairn_tally *tally)
{
    const cairn_preprocess *p = s->info->preprocess;
    cairn_decode_options decode = {.channels = p->channels, .exif = p->exif};
    cairn_picture picture;
    int label;
    cairn_status status = cairn_dataset_picture(s->ctx, s->loading->dataset, s->loading->split, index,
                                                &decode, &picture, &label, NULL);
    if (status == CAIRN_INPUT || status == CAIRN_IO) {
        cairn_log(s->ctx, CAIRN_LOG_WARNING, "%s", cairn_error(s->ctx));
        cairn_evaluation_record(e, index, label, -1, 0);
        return CAIRN_OK;
    }
    memset(s->sums, 0, (size_t)e->classes * sizeof *s->sums);
    for (int i = 0; status == CAIRN_OK && i < s->count; i++)
        status = run_scale(s, &s->scale[i], &picture, e->classes);
    cairn_picture_free(s->ctx, &picture);
    if (status == CAIRN_OK)
        note(e, tally, index, label, s->sums, 2 * s->count);
    return status;
}

cairn_status cairn_evaluate_scales(cairn_ctx *ctx, cairn_classifier *classifier,
                                   const cairn_loader_options *loading, const cairn_evaluate_options *options,
                                   cairn_evaluation *e, cairn_tally *tally)
{
    scales s = {.ctx = ctx,
                .info = cairn_classifier_about(classifier),
                .loading = loading,
                .options = cairn_classifier_options(classifier)};
    cairn_status status = choose_scales(&s, options);
    if (status == CAIRN_OK)
        status = cairn_weights_read(cairn_classifier_weights(classifier));
    if (status == CAIRN_OK)
        status = cairn_weights_dense(s.info->graph, s.info->weights, &s.weights);
    s.sums = cairn_alloc(ctx, (size_t)e->classes, sizeof *s.sums);
    if (status == CAIRN_OK && s.sums == NULL)
        status = CAIRN_MEMORY;
    for (int64_t i = 0; status == CAIRN_OK && i < e->count; i++)
        status = run_picture(&s, i, e, tally);
    for (int i = 0; i < s.count; i++)
        cairn_plan_destroy(s.scale[i].plan);
    cairn_weights_destroy(s.weights);
    cairn_free(ctx, s.sums);
    return status;
}
