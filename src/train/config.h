/* The settings of a run with every default filled in: what args.json holds and what a resumed run starts
 * from. */
#ifndef CAIRN_CONFIG_H
#define CAIRN_CONFIG_H

#include "base/sha256.h"
#include "train/schedule.h"
#include <cairn/train.h>

typedef struct cairn_config {
    const cairn_model *model;
    char *set;     /* switches */
    char *data;    /* as given; absolute in args.json */
    char *init;    /* absolute, or NULL */
    char *augment; /* as cairn_augment_print has it; "": what is usual for the data */
    int epochs, batch, loaders;
    float lr, momentum, weight_decay, label_smoothing, val_split, warmup, max_bad;
    bool nesterov;
    cairn_schedule_kind schedule;
    uint64_t seed;
} cairn_config;

/* Fills in defaults and checks every value. CAIRN_USAGE naming the setting, CAIRN_IO when the init file is
 * not there. To be freed even after a failure. */
cairn_status cairn_config_resolve(cairn_ctx *ctx, const cairn_train_settings *settings, cairn_config *config);
void cairn_config_free(cairn_ctx *ctx, cairn_config *config);

/* args.json; `data` is the data set's absolute path. cairn_free it. NULL: no memory. */
char *cairn_config_print(cairn_ctx *ctx, const cairn_config *config, const char *data);

/* And back. `name` begins the messages. CAIRN_INPUT naming the key, CAIRN_USAGE for values that no run can
 * have. */
cairn_status cairn_config_parse(cairn_ctx *ctx, const char *name, const char *text, size_t size,
                                cairn_config *config);

/* Hash of all that changes a run's result but its data: equal hashes, equal runs. CAIRN_MEMORY. */
cairn_status cairn_config_hash(cairn_ctx *ctx, const cairn_config *config, char hash[CAIRN_SHA256_TEXT]);

#endif
