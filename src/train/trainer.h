/* A training at work: everything that cairn_train and cairn_train_resume hold from the first step to the
 * last. */
#ifndef CAIRN_TRAINER_H
#define CAIRN_TRAINER_H

#include "train/checkpoint.h"
#include "train/config.h"
#include "train/events.h"
#include "train/loader.h"
#include "train/runfolder.h"

/* Where the training plan takes its input and leaves its results. */
typedef struct cairn_step_ports {
    void *image;
    int32_t *labels;
    float *targets; /* NULL unless pictures are mixed */
    int64_t *samples;
    const float *logits, *losses;
    const int32_t *finite;
} cairn_step_ports;

typedef struct cairn_trainer {
    cairn_ctx *ctx;
    cairn_train_hooks hooks;
    cairn_config config;
    cairn_run_folder run;
    cairn_checkpoints checkpoints;

    cairn_dataset *dataset;
    const cairn_dataset_info *data;
    cairn_split evaluated; /* the split that is evaluated after each epoch */
    /* As it is trained in the epoch at hand, and as it is evaluated and said in the weights. */
    cairn_model_settings settings, eval_settings;
    cairn_preprocess preprocess, eval_preprocess;
    cairn_augment augment;
    cairn_preprocess init_chain; /* of the weights that it begins from, for pictures of any size */
    bool has_init_chain;

    cairn_weights *weights, *optimiser;
    cairn_weights *averaged;     /* what is evaluated and saved instead, with config.ema; else NULL */
    double aux_weight;           /* config.aux_weight, where the plan looks for it */
    int64_t params;              /* trained ones */
    cairn_weights *unsaved_best; /* the best weights, while they could not be written */
    cairn_plan *plan, *evaluation;
    cairn_loader *loader, *evaluation_loader;
    cairn_step_ports ports;
    int64_t *samples; /* of the batch, if the plan does not ask for them */
    int32_t *labels;  /* likewise */
    int64_t *order;
    int64_t steps; /* of an epoch */
    cairn_schedule schedule;
    cairn_state state;

    /* What is shown, and in no result. */
    cairn_events *events;          /* NULL: none */
    double started, next_progress; /* of this epoch in this process */
    int64_t images;                /* trained on since `started` */
} cairn_trainer;

/* The weights that are evaluated and saved for people. */
static inline cairn_weights *cairn_trainer_shown(const cairn_trainer *trainer)
{
    return trainer->averaged != NULL ? trainer->averaged : trainer->weights;
}

/* Updates that took place. */
static inline int64_t cairn_trainer_updates(const cairn_trainer *trainer)
{
    return trainer->state.step - trainer->state.skipped;
}

/* Pictures that the plans take at a time: a step's, or a part of them. */
static inline int cairn_trainer_part(const cairn_trainer *trainer)
{
    return trainer->config.batch / trainer->config.accumulate;
}

/* What came of a step. */
typedef struct cairn_taken {
    cairn_tally tally; /* of its pictures; only the count is good unless it is finite */
    bool finite;       /* else nothing changed */
    int last;          /* pictures of the last run, which lie in the ports */
} cairn_taken;

/* step.c: takes step `batch` of the epoch, from 0, of the pictures that the loader has next. */
cairn_status cairn_trainer_step(cairn_trainer *trainer, double lr, int64_t batch, cairn_taken *taken);

/* network.c: the plans and loaders of the input's size in epoch `epoch`, from 0; nothing is done if they are
 * there.
 */
cairn_status cairn_trainer_size(cairn_trainer *trainer, int64_t epoch);
/* What the plan that trains is made with. */
cairn_plan_options cairn_trainer_plan_options(const cairn_trainer *trainer);
/* The plan that evaluates, and its loader. */
cairn_status cairn_trainer_make_evaluation(cairn_trainer *trainer);
/* Sides of the pictures: of training in an epoch, and of evaluation. */
int cairn_trainer_side(const cairn_trainer *trainer, int64_t epoch);
int cairn_trainer_eval_side(const cairn_trainer *trainer);
/* How the data's pictures become the network's input. */
cairn_preprocess cairn_trainer_chain(const cairn_trainer *trainer, const cairn_model_settings *settings);

/* The targets of the n pictures that the loader has just given, if it mixes pictures. */
static inline void cairn_trainer_mix(const cairn_trainer *t, int n)
{
    if (t->ports.targets != NULL)
        cairn_mix_targets(cairn_loader_mix(t->loader), n, t->settings.classes, t->ports.labels,
                          t->ports.targets);
}

/* average.c: brings trainer->averaged up to date with the averages among the optimiser's tensors. */
void cairn_trainer_average(cairn_trainer *trainer);

/* setup.c: data, network, plans, loaders, from trainer->config. */
cairn_status cairn_trainer_prepare(cairn_trainer *trainer);
/* Copies weights and optimiser of a checkpoint and takes its state away. CAIRN_INPUT naming the tensor that
 * does not fit. */
cairn_status cairn_trainer_restore(cairn_trainer *trainer, cairn_saved *saved);
void cairn_trainer_free(cairn_trainer *trainer);

/* save.c: after an epoch everything is saved, in mid-epoch what a resume needs. */
cairn_status cairn_trainer_save_epoch(cairn_trainer *trainer, const cairn_epoch_metrics *metrics, bool best);
cairn_status cairn_trainer_save_position(cairn_trainer *trainer);

#define CAIRN_BAD_STEPS_ALLOWED 25 /* in a row */

/* diverged.c: says where the last step, of n pictures, went wrong. Returns CAIRN_NUMERIC. */
cairn_status cairn_trainer_diverged(cairn_trainer *trainer, int n);

/* loop.c: trains from trainer->state to the end. CAIRN_INTERRUPTED when it was told to stop; a checkpoint is
 * saved. */
cairn_status cairn_trainer_run(cairn_trainer *trainer);

#endif
