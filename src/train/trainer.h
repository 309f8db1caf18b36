/* A training at work: everything that cairn_train and cairn_train_resume hold from the first step to the
 * last. */
#ifndef CAIRN_TRAINER_H
#define CAIRN_TRAINER_H

#include "train/checkpoint.h"
#include "train/config.h"
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
    cairn_model_settings settings;
    cairn_preprocess preprocess;
    cairn_augment augment;

    cairn_weights *weights, *optimiser;
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
    double started, next_progress; /* of this epoch in this process */
    int64_t images;                /* trained on since `started` */
} cairn_trainer;

/* setup.c: data, network, plans, loaders, from trainer->config. */
cairn_status cairn_trainer_prepare(cairn_trainer *trainer);
/* Takes over weights, optimiser and state of a checkpoint. CAIRN_INPUT naming the tensor that does not fit.
 */
cairn_status cairn_trainer_restore(cairn_trainer *trainer, const cairn_saved *saved);
void cairn_trainer_free(cairn_trainer *trainer);

/* save.c: after an epoch everything is saved, in mid-epoch what a resume needs. */
cairn_status cairn_trainer_save_epoch(cairn_trainer *trainer, const cairn_epoch_metrics *metrics, bool best);
cairn_status cairn_trainer_save_position(cairn_trainer *trainer);

/* loop.c: trains from trainer->state to the end. CAIRN_INTERRUPTED when it was told to stop; a checkpoint is
 * saved. */
cairn_status cairn_trainer_run(cairn_trainer *trainer);

#endif
