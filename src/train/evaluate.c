/* Evaluation. */
#include "train/evaluate.h"
#include "base/text.h"
#include "train/classifier.h"
#include "train/clock.h"
#include "train/views.h"
#include <math.h>
#include <string.h>

cairn_status cairn_evaluation_plan(cairn_ctx *ctx, const cairn_model *model,
                                   const cairn_model_settings *settings, const cairn_preprocess *preprocess,
                                   const cairn_plan_options *options, cairn_weights *weights,
                                   cairn_plan **plan)
{
    const cairn_preprocess *p = preprocess;
    cairn_model_training training = {.loss_only = true};
    cairn_plan_options wanted = *options;
    cairn_graph *graph;
    cairn_status status = cairn_model_graph(ctx, model, settings, CAIRN_INPUT_BYTES, p->scale, p->mean,
                                            p->std, &training, &graph);
    if (status != CAIRN_OK)
        return status;
    wanted.outputs = "logits,losses";
    status = cairn_plan_create(ctx, graph, weights, NULL, &wanted, plan);
    cairn_graph_destroy(graph);
    return status;
}

/* Adds a batch but for its broken pictures. */
static void add_readable(const cairn_evaluated *batch, const float *losses, cairn_tally *tally)
{
    for (int i = 0; i < batch->n; i++)
        if (!cairn_loader_broken(batch->loader, i))
            cairn_tally_add(tally, 1, batch->classes, batch->logits + (size_t)i * (size_t)batch->classes,
                            losses + i, batch->labels + i);
}

cairn_status cairn_evaluation_run(cairn_plan *plan, cairn_loader *loader, int64_t count, int classes,
                                  bool (*seen)(void *user, const cairn_evaluated *batch), void *user,
                                  cairn_tally *tally)
{
    uint8_t *pixels = cairn_plan_data(plan, "image");
    int32_t *labels = cairn_plan_data(plan, "labels");
    int64_t *samples = cairn_plan_data(plan, "samples"); /* NULL unless something random is in the network */
    cairn_evaluated batch = {.classes = classes, .labels = labels, .loader = loader, .tally = tally};
    batch.logits = cairn_plan_data(plan, "logits");
    const float *losses = cairn_plan_data(plan, "losses");
    *tally = (cairn_tally){0};
    cairn_status status = cairn_loader_start(loader, NULL, 0, count, 0);
    while (status == CAIRN_OK) {
        batch.first += batch.n;
        status = cairn_loader_next(loader, pixels, labels, samples, &batch.n);
        if (status != CAIRN_OK || batch.n == 0)
            break;
        cairn_run_options run = {.n = batch.n};
        status = cairn_plan_run(plan, &run);
        if (status != CAIRN_OK)
            break;
        add_readable(&batch, losses, tally);
        if (seen != NULL && !seen(user, &batch))
            status = CAIRN_INTERRUPTED;
    }
    return status;
}

/* ---- cairn_evaluate ---- */

static float confidence_of(const float *logits, int classes, int answer)
{
    double sum = 0;
    for (int i = 0; i < classes; i++)
        sum += exp((double)logits[i] - (double)logits[answer]);
    return (float)(1.0 / sum);
}

void cairn_evaluation_record(cairn_evaluation *e, int64_t at, int truth, int answer, float confidence)
{
    e->answer[at] = answer;
    e->truth[at] = truth;
    e->confidence[at] = confidence;
    if (answer >= 0)
        e->confusion[(int64_t)truth * e->classes + answer]++;
    else
        e->failed++;
}

static bool record(void *user, const cairn_evaluated *batch)
{
    for (int i = 0; i < batch->n; i++) {
        const float *logits = batch->logits + (size_t)i * (size_t)batch->classes;
        bool broken = cairn_loader_broken(batch->loader, i);
        int answer = broken ? -1 : cairn_answer(logits, batch->classes);
        cairn_evaluation_record(user, batch->first + i, batch->labels[i], answer,
                                broken ? 0 : confidence_of(logits, batch->classes, answer));
    }
    return true;
}

static cairn_status allocate(cairn_ctx *ctx, cairn_evaluation *e)
{
    size_t images = (size_t)e->count, classes = (size_t)e->classes;
    e->confusion = cairn_alloc(ctx, classes * classes, sizeof *e->confusion);
    e->confidence = cairn_alloc(ctx, images, sizeof *e->confidence);
    e->answer = cairn_alloc(ctx, images, sizeof *e->answer);
    e->truth = cairn_alloc(ctx, images, sizeof *e->truth);
    return e->confusion == NULL || e->confidence == NULL || e->answer == NULL || e->truth == NULL
               ? CAIRN_MEMORY
               : CAIRN_OK;
}

/* Weights for shoes have nothing to say about animals, even if both are of ten kinds. */
static cairn_status check_names(cairn_ctx *ctx, const cairn_classifier_info *info,
                                const cairn_dataset_info *data)
{
    if (cairn_names_are_numbers(info->labels, info->classes) ||
        cairn_names_are_numbers(data->labels, data->classes))
        return CAIRN_OK;
    for (int i = 0; i < info->classes; i++)
        if (strcmp(info->labels[i], data->labels[i]) != 0)
            return cairn_fail(ctx, CAIRN_INPUT, "%s: class %d is '%s' (%s expects '%s')", data->path, i,
                              data->labels[i], info->weights_path, info->labels[i]);
    return CAIRN_OK;
}

static cairn_status check(cairn_ctx *ctx, const cairn_classifier_info *info, const cairn_dataset_info *data,
                          cairn_split split)
{
    if (data->classes != info->classes)
        return cairn_fail(ctx, CAIRN_INPUT, "%s: %d classes (%s expects %d)", data->path, data->classes,
                          info->weights_path, info->classes);
    if (data->count[split] == 0)
        return cairn_fail(ctx, CAIRN_INPUT, "%s: the part to evaluate on is empty", data->path);
    return check_names(ctx, info, data);
}

static cairn_loader_options loading_of(const cairn_classifier_info *info, const cairn_dataset *dataset,
                                       cairn_split split, int batch)
{
    return (cairn_loader_options){.dataset = dataset,
                                  .split = split,
                                  .preprocess = info->preprocess,
                                  .h = info->settings.h,
                                  .w = info->settings.w,
                                  .c = info->settings.c,
                                  .batch = batch,
                                  .broken = CAIRN_BROKEN_MARKED,
                                  .max_bad = -1};
}

static cairn_status evaluate_single(cairn_ctx *ctx, cairn_classifier *classifier,
                                    const cairn_loader_options *loading, bool last, cairn_evaluation *e,
                                    cairn_tally *tally)
{
    const cairn_classifier_info *info = cairn_classifier_about(classifier);
    cairn_plan_options options = cairn_classifier_options(classifier);
    cairn_loader *loader = NULL;
    cairn_plan *plan;
    options.batch = loading->batch;
    cairn_status status = cairn_evaluation_plan(ctx, info->model, &info->settings, info->preprocess, &options,
                                                cairn_classifier_weights(classifier), &plan);
    if (status != CAIRN_OK)
        return status;
    status = cairn_plan_prepare(plan);
    if (status == CAIRN_OK && last)
        cairn_classifier_drop_weights(classifier);
    if (status == CAIRN_OK)
        status = cairn_loader_create(ctx, loading, &loader);
    if (status == CAIRN_OK)
        status = cairn_evaluation_run(plan, loader, e->count, info->classes, record, e, tally);
    cairn_loader_destroy(loader);
    cairn_plan_destroy(plan);
    return status;
}

cairn_status cairn_evaluate(cairn_ctx *ctx, cairn_classifier *classifier, const cairn_dataset *dataset,
                            cairn_split split, const cairn_evaluate_options *options, cairn_evaluation *e)
{
    static const cairn_evaluate_options single = {0};
    const cairn_evaluate_options *o = options == NULL ? &single : options;
    const cairn_classifier_info *info = cairn_classifier_about(classifier);
    const cairn_dataset_info *data = cairn_dataset_about(dataset);
    *e = (cairn_evaluation){.classes = info->classes, .count = data->count[split]};
    if (info->weights == NULL)
        return cairn_fail(ctx, CAIRN_USAGE, "evaluate: the classifier's weights were given back");
    cairn_status status = check(ctx, info, data, split);
    if (status != CAIRN_OK)
        return status;
    cairn_loader_options loading = loading_of(info, dataset, split, cairn_classifier_batch(classifier));
    cairn_tally tally = {0};
    double start = cairn_clock();
    status = allocate(ctx, e);
    if (status == CAIRN_OK && o->views == CAIRN_VIEW_SINGLE)
        status = evaluate_single(ctx, classifier, &loading, o->last, e, &tally);
    else if (status == CAIRN_OK && o->views == CAIRN_VIEW_TEN_CROP && o->last)
        status = cairn_classifier_prepare(classifier);
    if (status == CAIRN_OK && o->views == CAIRN_VIEW_TEN_CROP)
        status = cairn_evaluate_ten_crops(ctx, classifier, &loading, e, &tally);
    if (status == CAIRN_OK && o->views == CAIRN_VIEW_MULTI_SCALE)
        status = cairn_evaluate_scales(ctx, classifier, &loading, o, e, &tally);
    if (status == CAIRN_OK && tally.images == 0)
        status = cairn_fail(ctx, CAIRN_INPUT, "%s: none of %lld pictures could be read", data->path,
                            (long long)e->count);
    if (status != CAIRN_OK) {
        cairn_evaluation_free(ctx, e);
        return status;
    }
    e->seconds = cairn_clock() - start;
    e->images = tally.images;
    e->top1 = cairn_tally_top1(&tally);
    e->top5 = cairn_tally_top5(&tally);
    e->loss = cairn_tally_loss(&tally);
    return CAIRN_OK;
}

void cairn_evaluation_free(cairn_ctx *ctx, cairn_evaluation *e)
{
    cairn_free(ctx, e->confusion);
    cairn_free(ctx, e->confidence);
    cairn_free(ctx, e->answer);
    cairn_free(ctx, e->truth);
    *e = (cairn_evaluation){0};
}
