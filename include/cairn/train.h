/* Training: loop, schedules, checkpoints, metrics; and evaluation and prediction with trained weights. */
#ifndef CAIRN_TRAIN_H
#define CAIRN_TRAIN_H

#include <cairn/data.h>
#include <cairn/models.h>
#include <cairn/plan.h>

CAIRN_BEGIN

typedef struct cairn_train_settings {
    const char *model;                                            /* zoo name */
    const char *set;                                              /* switches */
    const char *data;                                             /* set or folder */
    const char *out;                                              /* run folder, created with its parents */
    const char *init;                                             /* weights to begin from, or NULL */
    int epochs, batch;                                            /* [the model's defaults] */
    float lr, momentum, weight_decay, label_smoothing, val_split; /* negative: the default */
    int nesterov;                                                 /* -1: the default */
    const char *schedule;                                         /* NULL: the default */
    float warmup;                                                 /* epochs; negative: the default */
    uint64_t seed;
    /* Threads that prepare batches ahead; 0: the context's threads prepare each when it is needed. The result
     * is the same. With some, the memory hook is also called by one of them at a time, beside the caller's.
     */
    int loaders;
    const char *augment; /* cairn_augment_parse; NULL: what is usual for the data */
    float max_bad;       /* share of the pictures that may be broken, or ten; negative: the default */
    /* A recipe that replaces the network's defaults: its name (cairn_recipe_at), "paper" for the one of the
     * network's own paper, or a file; NULL: none. */
    const char *recipe;
    /* "key=value" for any setting (cairn_setting_at), ends with NULL; or NULL. They replace all others. */
    const char *const *options;
} cairn_train_settings;

/* What can be set: keys as in args.json and recipes, in the order of cairn_train_describe. */
typedef struct cairn_setting_info {
    const char *key, *help;
} cairn_setting_info;

CAIRN_API int cairn_setting_count(void);
CAIRN_API cairn_setting_info cairn_setting_at(int index);

/* The recipes that come with the library. */
typedef struct cairn_recipe_info {
    const char *name, *about;
} cairn_recipe_info;

CAIRN_API int cairn_recipe_count(void);
CAIRN_API cairn_recipe_info cairn_recipe_at(int index);

/* What the command shows while it works. */
typedef struct cairn_train_progress {
    int epoch, epochs;   /* from 1 */
    int64_t step, steps; /* in this epoch */
    bool evaluating;
    double loss, top1; /* running means, top1 in percent */
    double seconds, images_per_s;
    double waiting; /* share of the time in which the training waited for pictures */
    int64_t params; /* trained ones, of the network as the data's classes and channels make it */
} cairn_train_progress;

typedef struct cairn_epoch_metrics {
    int epoch;
    double loss, top1, val_loss, val_top1, val_top5, lr, seconds, images_per_s;
} cairn_epoch_metrics;

typedef struct cairn_train_hooks {
    void (*note)(void *user, const char *line); /* what the training decided and its user should know */
    void (*progress)(void *user, const cairn_train_progress *progress);
    void (*epoch)(void *user, const cairn_epoch_metrics *metrics);
    bool (*stop)(void *user); /* asked after each step: true ends with a checkpoint and CAIRN_INTERRUPTED */
    void *user;
} cairn_train_hooks;

/* Every setting of a training with its value and where that comes from: the library's default, the network,
 * the recipe or the caller. data and out may be NULL. */
typedef struct cairn_setting_value {
    const char *key;
    char value[80];
    const char *origin; /* "default", "network", "recipe", "given", "recipe, scaled" */
} cairn_setting_value;

/* `values` has room for cairn_setting_count(). What was decided on the way goes to hooks->note. */
CAIRN_API cairn_status cairn_train_describe(cairn_ctx *ctx, const cairn_train_settings *settings,
                                            const cairn_train_hooks *hooks, cairn_setting_value *values);

typedef struct cairn_train_result {
    int best_epoch;
    double best_top1, last_top1;
    int epochs_done;
} cairn_train_result;

/* Trains from nothing in a new folder. CAIRN_USAGE when the folder holds a run already. */
CAIRN_API cairn_status cairn_train(cairn_ctx *ctx, const cairn_train_settings *settings,
                                   const cairn_train_hooks *hooks, cairn_train_result *result);

/* Continues the run in a folder to the same bits as if it had not been interrupted. */
CAIRN_API cairn_status cairn_train_resume(cairn_ctx *ctx, const char *folder, const cairn_train_hooks *hooks,
                                          cairn_train_result *result);

/* ---- a learning rate ---- */

#define CAIRN_LR_STEPS 100

/* What the loss does while the learning rate grows from step to step. */
typedef struct cairn_lr_search {
    int count; /* steps that were taken */
    double lr[CAIRN_LR_STEPS], loss[CAIRN_LR_STEPS], smoothed[CAIRN_LR_STEPS];
    double suggestion; /* a tenth of the rate at which the smoothed loss is lowest; 0: it never fell */
} cairn_lr_search;

/* Smith 2017: CAIRN_LR_STEPS steps with a rate that grows from 1e-7 to 10, or until the loss explodes;
 * nothing is saved. settings->out is not looked at. CAIRN_INTERRUPTED. */
CAIRN_API cairn_status cairn_train_find_lr(cairn_ctx *ctx, const cairn_train_settings *settings,
                                           const cairn_train_hooks *hooks, cairn_lr_search *search);

/* ---- a network with weights, ready to use ---- */

typedef struct cairn_classifier cairn_classifier;

/* Opens weights: a run folder (its best weights), or a file that names its architecture or whose tensors tell
 * it (cairn_weights_recognise; the first where several fit). model may be NULL; if not, it is the zoo name
 * the weights are bound to. preprocess_json overrides keys of the chain that the file or else the network
 * comes with; it may be NULL. batch: capacity. */
CAIRN_API cairn_status cairn_classifier_open(cairn_ctx *ctx, const char *path, const char *model,
                                             const char *preprocess_json, int batch,
                                             cairn_classifier **classifier);
CAIRN_API void cairn_classifier_close(cairn_classifier *classifier);

/* [CAIRN_F32] or CAIRN_BF16, before the first picture is classified. */
CAIRN_API void cairn_classifier_set_precision(cairn_classifier *classifier, cairn_dtype precision);

/* Pictures are turned as their EXIF orientation says, whatever the weights' preprocessing says, or not. */
CAIRN_API void cairn_classifier_set_exif(cairn_classifier *classifier, bool apply);

/* [NULL] Kernels chosen by measuring (cairn_plan_options), before the first picture is classified; it must
 * stay until the classifier is closed. */
CAIRN_API void cairn_classifier_set_tuning(cairn_classifier *classifier, cairn_tuning *tuning);

typedef struct cairn_classifier_info {
    const cairn_model *model;
    cairn_model_settings settings;
    const cairn_preprocess *preprocess;
    const char *const *labels;
    const char *const *label_ids; /* "n01440764" ...; NULL: the file has none */
    int classes;
    const cairn_weights *weights; /* perhaps still in their file: cairn_weights_attach; NULL after
                                   * cairn_classifier_prepare */
    cairn_graph *graph;
    const char *weights_path; /* the file that was read */
    bool default_preprocess;  /* the file said nothing about it */
} cairn_classifier_info;

CAIRN_API const cairn_classifier_info *cairn_classifier_about(const cairn_classifier *classifier);

/* Scores of n <= batch pictures of input size h x w x c (bytes, after cairn_preprocess_apply): n x classes.
 */
CAIRN_API cairn_status cairn_classifier_run(cairn_classifier *classifier, int n, const uint8_t *pixels,
                                            float *logits);

/* A picture as it enters the network: preprocessed, and of the network's size, or else CAIRN_INPUT, with the
 * picture's `name` in the text. */
CAIRN_API cairn_status cairn_classifier_input(const cairn_classifier *classifier, const char *name,
                                              const cairn_picture *picture, cairn_picture *input);

/* Scores of one JPEG or PNG file: reads, preprocesses and classifies it. `classes` numbers. CAIRN_INPUT or
 * CAIRN_IO when the file is at fault. */
CAIRN_API cairn_status cairn_classifier_run_file(cairn_classifier *classifier, const char *path,
                                                 float *logits);

typedef struct cairn_class_score {
    int index;         /* class */
    const char *label; /* its name, the classifier's */
    float prob, logit; /* softmax over all classes, score */
} cairn_class_score;

/* The best classes by the scores of one picture, best first, at most `most`. Returns how many. */
CAIRN_API int cairn_classifier_best(const cairn_classifier *classifier, const float *logits, int most,
                                    cairn_class_score *best);

/* Packs the weights for cairn_classifier_run, which does so otherwise when it is first called, and gives back
 * what held them until then. info->weights is NULL from then on, and cairn_evaluate fails with CAIRN_USAGE.
 */
CAIRN_API cairn_status cairn_classifier_prepare(cairn_classifier *classifier);

typedef struct cairn_evaluation {
    int64_t images, failed;
    double top1, top5, loss; /* percent, percent, nats */
    int classes;
    int64_t *confusion;      /* classes x classes: [truth][answer] */
    int64_t count;           /* images and those that failed */
    float *confidence;       /* of the answer, for each of them */
    int32_t *answer, *truth; /* for each of them; answer -1: failed */
    double seconds;
} cairn_evaluation;

typedef enum cairn_views {
    CAIRN_VIEW_SINGLE,
    CAIRN_VIEW_TEN_CROP,    /* cairn_preprocess_ten_crops */
    CAIRN_VIEW_MULTI_SCALE, /* the whole picture densely at several scales, and mirrored */
} cairn_views;

#define CAIRN_MAX_SCALES 8

typedef struct cairn_evaluate_options {
    int unused_;
    cairn_views views; /* [single] softmax is averaged over the views, in double and a fixed order */
    /* [S - 32, S, S + 32 with the S of the preprocessing] short sides */
    int scales[CAIRN_MAX_SCALES], scale_count;
    bool last; /* [false] weights are given back as soon as they are packed: nothing but closing may follow */
} cairn_evaluate_options;

/* Classifies a split of a data set. options may be NULL. Pictures that cannot be read are logged as warnings
 * and counted. */
CAIRN_API cairn_status cairn_evaluate(cairn_ctx *ctx, cairn_classifier *classifier,
                                      const cairn_dataset *dataset, cairn_split split,
                                      const cairn_evaluate_options *options, cairn_evaluation *evaluation);
CAIRN_API void cairn_evaluation_free(cairn_ctx *ctx, cairn_evaluation *evaluation);

CAIRN_END

#endif
