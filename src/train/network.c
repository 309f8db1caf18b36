/* The network at work: its plans and loaders, which depend on the size of the pictures. That may change
 * between epochs, never within one. */
#include "train/classifier.h"
#include "train/evaluate.h"
#include "train/groups.h"
#include "train/trainer.h"
#include "train/transfer.h"
#include <string.h>

/* ---- sizes ---- */

#define GROWTH 32               /* pixels that a side grows by at least */
#define GROWING_SHARE (2.0 / 3) /* of the epochs, in which pictures are smaller than at the end */

int cairn_trainer_eval_side(const cairn_trainer *t)
{
    return t->config.eval_input > 0 ? t->config.eval_input : cairn_config_side(&t->config);
}

/* Grows in equal parts of the growing share, by whole multiples of GROWTH from the first side. */
int cairn_trainer_side(const cairn_trainer *t, int64_t epoch)
{
    int last = cairn_config_side(&t->config), first = t->config.progressive;
    if (first <= 0 || first >= last)
        return last;
    int64_t growing = (int64_t)(GROWING_SHARE * t->config.epochs),
            sizes = (last - first + GROWTH - 1) / GROWTH;
    if (epoch >= growing)
        return last;
    return first + (int)(epoch * sizes / growing) * GROWTH;
}

/* Pictures that are smaller by the same even number on both axes are padded, as 28x28 digits for LeNet-5;
 * others are resized. A chain for square pictures also says how a picture of any other size would come to
 * theirs. */
cairn_preprocess cairn_trainer_chain(const cairn_trainer *t, const cairn_model_settings *s)
{
    const cairn_dataset_info *data = t->data;
    if (data->h == 0 && t->has_init_chain && t->init_chain.channels == s->c)
        return t->init_chain.crop == s->h ? t->init_chain : cairn_preprocess_at(&t->init_chain, s->h);
    if (data->h == 0) /* files of any size */
        return cairn_preprocess_of(t->config.model, s);
    cairn_preprocess p = {.channels = data->c};
    memcpy(p.mean, data->mean, sizeof p.mean);
    memcpy(p.std, data->std, sizeof p.std);
    int rows = s->h - data->h, columns = s->w - data->w;
    if (rows != columns || rows < 0 || rows % 2 != 0) {
        p.resize = s->h;
        p.squash = true;
        return p;
    }
    p.pad = rows / 2;
    if (data->h == data->w)
        p.resize = p.crop = data->h;
    return p;
}

/* ---- training ---- */

static cairn_update_options update_of(const cairn_config *c)
{
    return (cairn_update_options){.optimizer = (cairn_optimizer)c->optimizer,
                                  .momentum = (double)c->momentum,
                                  .dampening = (double)c->dampening,
                                  .nesterov = c->nesterov,
                                  .weight_decay = (double)c->weight_decay,
                                  .decay = (double)c->decay,
                                  .beta1 = (double)c->beta1,
                                  .beta2 = (double)c->beta2,
                                  .eps = (double)c->eps,
                                  .trust = (double)c->trust,
                                  .clip_norm = (double)c->clip_norm,
                                  .clip_value = (double)c->clip_value,
                                  .average = (double)c->ema,
                                  .accumulate = c->accumulate > 1};
}

static cairn_status make_graph(cairn_trainer *t, cairn_groups *groups, cairn_graph **graph)
{
    const cairn_config *c = &t->config;
    t->aux_weight = (double)c->aux_weight;
    cairn_status status = cairn_groups_prepare(t->ctx, c, &t->settings, groups);
    cairn_model_training training = {.loss = {.smoothing = c->label_smoothing},
                                     .soft = cairn_augment_mixes(&t->augment),
                                     .update = update_of(c),
                                     .frozen = groups->frozen,
                                     .dropout = c->dropout >= 0 ? &c->dropout : NULL,
                                     .aux_weight = c->aux_weight >= 0 ? &t->aux_weight : NULL,
                                     .groups = cairn_groups_apply,
                                     .user = groups};
    cairn_model_input input =
        cairn_augment_needs_floats(&t->augment) ? CAIRN_INPUT_NUMBERS : CAIRN_INPUT_BYTES;
    return status == CAIRN_OK ? cairn_model_graph(t->ctx, c->model, &t->settings, input, t->preprocess.scale,
                                                  t->preprocess.mean, t->preprocess.std, &training, graph)
                              : status;
}

static void note_idle(const cairn_trainer *t, cairn_setting_id id, const char *missing)
{
    if (t->config.origin[id] == CAIRN_ORIGIN_GIVEN)
        cairn_train_note(t->ctx, &t->hooks, "%s: has no effect, this %s has no %s", cairn_settings[id].key,
                         t->config.model->name, missing);
}

/* Settings that were given and have nothing to act on. */
static void note_all_idle(const cairn_trainer *t, const cairn_graph *graph)
{
    bool drops = false;
    for (int i = 0; i < cairn_node_count(graph); i++)
        drops = drops || strcmp(cairn_node_at(graph, i).op, "dropout") == 0;
    if (!drops)
        note_idle(t, CAIRN_SETTING_dropout, "dropout");
    if (cairn_find(graph, "aux1_logits").id == 0)
        note_idle(t, CAIRN_SETTING_aux_weight, "auxiliary heads");
}

static cairn_status begin_weights(cairn_trainer *t, const cairn_graph *graph)
{
    const cairn_config *c = &t->config;
    for (int i = 0; i < cairn_param_count(graph); i++) {
        cairn_param_info param = cairn_param_at(graph, i);
        t->params += param.trainable ? cairn_shape_elements(&param.shape) : 0;
    }
    cairn_status status =
        cairn_weights_begin(t->ctx, graph, c->model->names, c->seed, c->init, &t->hooks, &t->weights);
    return status == CAIRN_OK ? cairn_weights_create(t->ctx, &t->optimiser) : status;
}

cairn_plan_options cairn_trainer_plan_options(const cairn_trainer *t)
{
    return (cairn_plan_options){.batch = cairn_trainer_part(t),
                                .training = true,
                                .recompute = t->config.recompute,
                                .precision = t->config.precision == 1 ? CAIRN_BF16 : CAIRN_F32};
}

/* The first time also the weights. */
static cairn_status make_plan(cairn_trainer *t)
{
    cairn_plan_options options = cairn_trainer_plan_options(t);
    cairn_groups groups;
    cairn_graph *graph = NULL;
    cairn_status status = make_graph(t, &groups, &graph);
    if (status == CAIRN_OK && t->weights == NULL) {
        note_all_idle(t, graph);
        status = begin_weights(t, graph);
    }
    if (status == CAIRN_OK)
        status = cairn_plan_create(t->ctx, graph, t->weights, t->optimiser, &options, &t->plan);
    cairn_graph_destroy(graph);
    cairn_groups_free(&groups);
    return status;
}

static cairn_status find_ports(cairn_trainer *t)
{
    t->ports = (cairn_step_ports){.image = cairn_plan_data(t->plan, "image"),
                                  .labels = cairn_plan_data(t->plan, "labels"),
                                  .targets = cairn_plan_data(t->plan, "targets"),
                                  .samples = cairn_plan_data(t->plan, "samples"),
                                  .logits = cairn_plan_data(t->plan, "logits"),
                                  .losses = cairn_plan_data(t->plan, "losses"),
                                  .finite = cairn_plan_data(t->plan, "finite")};
    if (t->samples == NULL)
        t->samples = cairn_alloc(t->ctx, (size_t)cairn_trainer_part(t), sizeof *t->samples);
    if (t->labels == NULL)
        t->labels = cairn_alloc(t->ctx, (size_t)cairn_trainer_part(t), sizeof *t->labels);
    if (t->ports.samples == NULL)
        t->ports.samples = t->samples;
    if (t->ports.labels == NULL)
        t->ports.labels = t->labels;
    return t->samples == NULL || t->labels == NULL ? CAIRN_MEMORY : CAIRN_OK;
}

static cairn_loader_options loading_of(const cairn_trainer *t, cairn_split split,
                                       const cairn_model_settings *settings,
                                       const cairn_preprocess *preprocess)
{
    return (cairn_loader_options){.dataset = t->dataset,
                                  .split = split,
                                  .preprocess = preprocess,
                                  .h = settings->h,
                                  .w = settings->w,
                                  .c = settings->c,
                                  .batch = cairn_trainer_part(t),
                                  .seed = t->config.seed,
                                  .broken = CAIRN_BROKEN_MARKED,
                                  .max_bad = (double)t->config.max_bad,
                                  .threads = t->config.loaders};
}

cairn_status cairn_trainer_size(cairn_trainer *t, int64_t epoch)
{
    int side = cairn_trainer_side(t, epoch);
    if (t->plan != NULL && t->settings.h == side)
        return CAIRN_OK;
    cairn_loader_destroy(t->loader);
    cairn_plan_destroy(t->plan);
    t->loader = NULL;
    t->plan = NULL;
    t->settings.h = t->settings.w = side;
    t->preprocess = cairn_trainer_chain(t, &t->settings);
    cairn_status status = make_plan(t);
    if (status == CAIRN_OK)
        status = find_ports(t);
    if (status != CAIRN_OK)
        return status;
    cairn_loader_options loading = loading_of(t, CAIRN_TRAIN, &t->settings, &t->preprocess);
    loading.augment = &t->augment;
    loading.floats = cairn_augment_needs_floats(&t->augment);
    loading.broken = CAIRN_BROKEN_REPLACED;
    loading.known = &t->state.broken_train;
    return cairn_loader_create(t->ctx, &loading, &t->loader);
}

/* ---- evaluation ---- */

cairn_status cairn_trainer_make_evaluation(cairn_trainer *t)
{
    cairn_status status = CAIRN_OK;
    if (t->config.ema > 0)
        status = cairn_weights_copy(t->ctx, t->weights, &t->averaged);
    if (status == CAIRN_OK)
        status = cairn_evaluation_plan(t->ctx, t->config.model, &t->eval_settings, &t->eval_preprocess,
                                       &(cairn_plan_options){.batch = cairn_trainer_part(t)},
                                       cairn_trainer_shown(t), &t->evaluation);
    cairn_loader_options loading = loading_of(t, t->evaluated, &t->eval_settings, &t->eval_preprocess);
    loading.known = &t->state.broken_evaluated;
    if (status == CAIRN_OK)
        status = cairn_loader_create(t->ctx, &loading, &t->evaluation_loader);
    t->order = cairn_alloc(t->ctx, (size_t)t->data->count[CAIRN_TRAIN], sizeof *t->order);
    return status == CAIRN_OK && t->order == NULL ? CAIRN_MEMORY : status;
}
