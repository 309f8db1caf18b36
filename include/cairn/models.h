/* The zoo: the networks by name, what is known about each, and its construction. */
#ifndef CAIRN_MODELS_H
#define CAIRN_MODELS_H

#include <cairn/graph.h>

CAIRN_BEGIN

/* How a network is trained unless the user says otherwise: data beside the network. */
typedef struct cairn_training_defaults {
    int batch, epochs;
    float lr, momentum, weight_decay, label_smoothing;
    bool nesterov;
    const char *schedule; /* "constant", "step", "cosine", "plateau" */
    float warmup;         /* epochs */
} cairn_training_defaults;

/* A documented switch of a network (--set key=value). */
typedef struct cairn_switch {
    const char *key;
    const char *values; /* alternatives joined by '|', the default first; "<number>" stands for any number */
    const char *help;
    const char *other; /* a value with a learning rate of its own, or NULL */
    float other_lr;
} cairn_switch;

typedef struct cairn_model_settings {
    int h, w, c;                     /* [the model's own] input size */
    int classes;                     /* [the model's own] */
    const char *set;                 /* [""] switches as "key=value,key=value" */
    const struct cairn_model *model; /* [filled in] the network that is built, for builders */
    bool heads; /* [false] auxiliary heads without training too; always there in a graph for training */
} cairn_model_settings;

/* How files of another origin call the tensors of a network. In `theirs` each '*' stands for any text without
 * a separator ('.' or '/'); in `ours` it stands for the same text, in the same order. Each '#' stands for a
 * number; in `ours` it is one more, for layers that they count from 0. Whole layers are renamed
 * ("features.0"), not tensors: what follows the layer's name is rewritten alike for all networks. */
typedef struct cairn_name_rule cairn_name_rule;
struct cairn_name_rule {
    const char *theirs, *ours;
};

typedef struct cairn_preprocess cairn_preprocess; /* data.h */

/* What a builder is given: settings with the defaults filled in. */
typedef struct cairn_model cairn_model;
struct cairn_model {
    const char *name; /* with its suffix: "lenet5.paper" */
    const char *family, *flavour;
    int year;
    int h, w, c, classes;
    const char *paper;
    const char *story;                  /* what it brought and why, in a few paragraphs */
    const cairn_switch *switches;       /* ends with a NULL key */
    const cairn_name_rule *names;       /* ends with NULL; or NULL */
    const cairn_preprocess *preprocess; /* of the weights that people have; NULL: the picture's bytes / 255 */
    cairn_training_defaults training;
    /* Builds the network from the picture to its scores ("logits"). */
    cairn_val (*build)(cairn_graph *graph, cairn_val image, const cairn_model_settings *settings);
    /* Loss of one image; NULL: softmax cross-entropy. */
    cairn_val (*loss)(cairn_graph *graph, cairn_val logits, cairn_val targets,
                      const cairn_model_settings *settings, cairn_loss_options options);
};

/* All networks in the order of the zoo. */
CAIRN_API int cairn_model_count(void);
CAIRN_API const cairn_model *cairn_model_at(int index);

/* The network of a name or an alias ("inception_v1"); NULL when there is none. */
CAIRN_API const cairn_model *cairn_model_find(const char *name);

/* The aliases one by one, each with its network's own name; NULL behind the last. */
CAIRN_API const char *cairn_model_alias_at(int index, const char **name);

/* The chosen value of a switch: from settings->set, else the default. For builders. */
CAIRN_API bool cairn_switch_is(const cairn_model *model, const cairn_model_settings *settings,
                               const char *key, const char *value);

/* The chosen value itself, `length` bytes that nothing ends; "" when there is no such switch. */
CAIRN_API const char *cairn_switch_value(const cairn_model *model, const cairn_model_settings *settings,
                                         const char *key, size_t *length);

/* The number chosen for a switch whose values end with "<number>". For builders. */
CAIRN_API double cairn_switch_number(const cairn_model *model, const cairn_model_settings *settings,
                                     const char *key);

/* The defaults of training with these switches: a few change the learning rate. */
CAIRN_API cairn_training_defaults cairn_model_training_of(const cairn_model *model, const char *set);

/* Checks settings->set against the model's switches. CAIRN_USAGE naming key, expected and found. */
CAIRN_API cairn_status cairn_model_check(cairn_ctx *ctx, const cairn_model *model,
                                         const cairn_model_settings *settings);

typedef enum cairn_model_input { CAIRN_INPUT_NUMBERS, CAIRN_INPUT_BYTES } cairn_model_input;

/* The graph of a network: input "image", output "logits", and with `training` not NULL also the inputs
 * "labels", outputs "loss" (mean) and "losses" (per image), gradients and update. mean and std are used with
 * byte input, as is scale [255]. settings may be NULL. */
typedef struct cairn_model_training {
    cairn_loss_options loss;
    cairn_update_options update;
    bool soft;           /* [false] the input is "targets", shares of each class, instead of "labels" */
    bool gradients_only; /* [false] no update */
    bool loss_only;      /* [false] no gradients either, and the network as in inference: to evaluate it */
    const char *const *frozen; /* [none] names for cairn_graph_freeze, ends with NULL */
    const float *dropout;      /* [the network's own] rate of all dropout */
    const double *aux_weight;  /* [the network's own] weight of all auxiliary heads */
    /* [none] Called when the network is built, before the gradients: the place for cairn_param_group. */
    void (*groups)(cairn_graph *graph, void *user);
    void *user;
} cairn_model_training;

CAIRN_API cairn_status cairn_model_graph(cairn_ctx *ctx, const cairn_model *model,
                                         const cairn_model_settings *settings, cairn_model_input input,
                                         float scale, const float *mean, const float *std,
                                         const cairn_model_training *training, cairn_graph **graph);

CAIRN_END

#endif
