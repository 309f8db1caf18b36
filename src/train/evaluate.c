/* Evaluation. */
#include "train/evaluate.h"
#include "train/classifier.h"
#include "train/clock.h"
#include <cairn/train.h>
#include <math.h>

#define EVALUATION_BATCH 64

cairn_status cairn_evaluation_plan(cairn_ctx *ctx, const cairn_model *model,
                                   const cairn_model_settings *settings, const float *mean, const float *std,
                                   int batch, cairn_weights *weights, cairn_plan **plan)
{
    cairn_model_training training = {.gradients_only = true};
    cairn_plan_options options = {.batch = batch, .outputs = "logits,losses"};
    cairn_graph *graph;
    cairn_status status =
        cairn_model_graph(ctx, model, settings, CAIRN_INPUT_BYTES, mean, std, &training, &graph);
    if (status != CAIRN_OK)
        return status;
    status = cairn_plan_create(ctx, graph, weights, NULL, &options, plan);
    cairn_graph_destroy(graph);
    return status;
}

cairn_status cairn_evaluation_run(cairn_plan *plan, cairn_loader *loader, int64_t count, int classes,
                                  bool (*seen)(void *user, const cairn_evaluated *batch), void *user,
                                  cairn_tally *tally)
{
    uint8_t *pixels = cairn_plan_data(plan, "image");
    int32_t *labels = cairn_plan_data(plan, "labels");
    int64_t *samples = cairn_plan_data(plan, "samples"); /* NULL unless something random is in the network */
    cairn_evaluated batch = {.classes = classes, .labels = labels, .tally = tally};
    batch.logits = cairn_plan_data(plan, "logits");
    const float *losses = cairn_plan_data(plan, "losses");
    *tally = (cairn_tally){0};
    cairn_plan_refresh(plan);
    cairn_status status = cairn_loader_start(loader, NULL, 0, count);
    while (status == CAIRN_OK) {
        batch.first = tally->images;
        status = cairn_loader_next(loader, pixels, labels, samples, &batch.n);
        if (status != CAIRN_OK || batch.n == 0)
            break;
        cairn_run_options run = {.n = batch.n};
        status = cairn_plan_run(plan, &run);
        if (status != CAIRN_OK)
            break;
        cairn_tally_add(tally, batch.n, classes, batch.logits, losses, labels);
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

static bool record(void *user, const cairn_evaluated *batch)
{
    cairn_evaluation *e = user;
    for (int i = 0; i < batch->n; i++) {
        const float *logits = batch->logits + (size_t)i * (size_t)batch->classes;
        int64_t at = batch->first + i;
        int answer = cairn_answer(logits, batch->classes), truth = batch->labels[i];
        e->answer[at] = answer;
        e->truth[at] = truth;
        e->confidence[at] = confidence_of(logits, batch->classes, answer);
        e->confusion[(int64_t)truth * batch->classes + answer]++;
    }
    return true;
}

static cairn_status allocate(cairn_ctx *ctx, int64_t count, cairn_evaluation *e)
{
    size_t images = (size_t)count, classes = (size_t)e->classes;
    e->confusion = cairn_alloc(ctx, classes * classes, sizeof *e->confusion);
    e->confidence = cairn_alloc(ctx, images, sizeof *e->confidence);
    e->answer = cairn_alloc(ctx, images, sizeof *e->answer);
    e->truth = cairn_alloc(ctx, images, sizeof *e->truth);
    return e->confusion == NULL || e->confidence == NULL || e->answer == NULL || e->truth == NULL
               ? CAIRN_MEMORY
               : CAIRN_OK;
}

static cairn_status check(cairn_ctx *ctx, const cairn_classifier_info *info, const cairn_dataset_info *data,
                          cairn_split split)
{
    if (data->classes != info->classes)
        return cairn_fail(ctx, CAIRN_INPUT, "%s: %d classes (%s expects %d)", data->path, data->classes,
                          info->weights_path, info->classes);
    if (data->count[split] == 0)
        return cairn_fail(ctx, CAIRN_INPUT, "%s: the part to evaluate on is empty", data->path);
    return CAIRN_OK;
}

static cairn_status evaluate(cairn_ctx *ctx, cairn_classifier *classifier, const cairn_dataset *dataset,
                             cairn_split split, cairn_plan *plan, cairn_evaluation *e)
{
    const cairn_classifier_info *info = cairn_classifier_about(classifier);
    cairn_loader_options options = {.dataset = dataset,
                                    .split = split,
                                    .preprocess = info->preprocess,
                                    .h = info->settings.h,
                                    .w = info->settings.w,
                                    .c = info->settings.c,
                                    .batch = EVALUATION_BATCH};
    int64_t count = cairn_dataset_about(dataset)->count[split];
    cairn_loader *loader;
    cairn_status status = cairn_loader_create(ctx, &options, &loader);
    if (status != CAIRN_OK)
        return status;
    cairn_tally tally;
    double start = cairn_clock();
    status = allocate(ctx, count, e);
    if (status == CAIRN_OK)
        status = cairn_evaluation_run(plan, loader, count, info->classes, record, e, &tally);
    cairn_loader_destroy(loader);
    if (status != CAIRN_OK)
        return status;
    e->seconds = cairn_clock() - start;
    e->images = tally.images;
    e->top1 = cairn_tally_top1(&tally);
    e->top5 = cairn_tally_top5(&tally);
    e->loss = cairn_tally_loss(&tally);
    return CAIRN_OK;
}

cairn_status cairn_evaluate(cairn_ctx *ctx, cairn_classifier *classifier, const cairn_dataset *dataset,
                            cairn_split split, cairn_evaluation *e)
{
    const cairn_classifier_info *info = cairn_classifier_about(classifier);
    *e = (cairn_evaluation){.classes = info->classes};
    cairn_status status = check(ctx, info, cairn_dataset_about(dataset), split);
    if (status != CAIRN_OK)
        return status;
    cairn_plan *plan;
    status = cairn_evaluation_plan(ctx, info->model, &info->settings, info->preprocess->mean,
                                   info->preprocess->std, EVALUATION_BATCH,
                                   cairn_classifier_weights(classifier), &plan);
    if (status != CAIRN_OK)
        return status;
    status = evaluate(ctx, classifier, dataset, split, plan, e);
    cairn_plan_destroy(plan);
    if (status != CAIRN_OK)
        cairn_evaluation_free(ctx, e);
    return status;
}

void cairn_evaluation_free(cairn_ctx *ctx, cairn_evaluation *e)
{
    cairn_free(ctx, e->confusion);
    cairn_free(ctx, e->confidence);
    cairn_free(ctx, e->answer);
    cairn_free(ctx, e->truth);
    *e = (cairn_evaluation){0};
}
