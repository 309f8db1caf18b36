/* The settings of a run with every default filled in: what args.json holds and what a resumed run starts
 * from. */
#ifndef CAIRN_CONFIG_H
#define CAIRN_CONFIG_H

#include "base/sha256.h"
#include "base/text.h"
#include "train/state.h"
#include <cairn/train.h>

#define CAIRN_OPTIMIZER_NAMES "sgd|rmsprop|adam|adamw|lars|lamb" /* in the order of cairn_optimizer */

typedef enum cairn_setting_id {
#define INTEGER(key, ...) CAIRN_SETTING_##key,
#define REAL(key, ...) CAIRN_SETTING_##key,
#define FLAG(key, ...) CAIRN_SETTING_##key,
#define CHOICE(key, ...) CAIRN_SETTING_##key,
#define TEXT(key, ...) CAIRN_SETTING_##key,
#include "train/settings.def"
#undef INTEGER
#undef REAL
#undef FLAG
#undef CHOICE
#undef TEXT
    CAIRN_SETTING_COUNT
} cairn_setting_id;

/* Where a value comes from. */
typedef enum cairn_origin {
    CAIRN_ORIGIN_DEFAULT,
    CAIRN_ORIGIN_NETWORK,
    CAIRN_ORIGIN_RECIPE,
    CAIRN_ORIGIN_GIVEN,  /* by the user */
    CAIRN_ORIGIN_SCALED, /* the recipe's, brought to the user's batch or epochs */
    CAIRN_ORIGIN_RUN,    /* the arguments of a run that goes on */
} cairn_origin;

typedef struct cairn_config {
    const cairn_model *model;
    char *set;    /* switches */
    char *data;   /* as given; absolute in args.json */
    char *init;   /* absolute, or NULL */
    char *recipe; /* or NULL */
    uint64_t seed;
#define INTEGER(key, ...) int key;
#define REAL(key, ...) float key;
#define FLAG(key, ...) bool key;
#define CHOICE(key, ...) int key;
#define TEXT(key, ...) char *key;
#include "train/settings.def"
#undef INTEGER
#undef REAL
#undef FLAG
#undef CHOICE
#undef TEXT
    unsigned char origin[CAIRN_SETTING_COUNT]; /* cairn_origin; not in args.json */
} cairn_config;

/* Of the pictures that it trains on, in the end. */
static inline int cairn_config_side(const cairn_config *config)
{
    return config->input > 0 ? config->input : config->model->h;
}

/* ---- the table of settings ---- */

typedef enum cairn_setting_kind {
    CAIRN_SETTING_INTEGER,
    CAIRN_SETTING_REAL,
    CAIRN_SETTING_FLAG,
    CAIRN_SETTING_CHOICE,
    CAIRN_SETTING_TEXT,
} cairn_setting_kind;

typedef struct cairn_setting {
    const char *key;
    cairn_setting_kind kind;
    size_t place;
    double least, most, standard; /* most: of reals the limit that they stay below, or 0 */
    const char *names;            /* of a choice */
    const char *text;             /* standard of a choice or text */
    const char *help;
} cairn_setting;

/* By cairn_setting_id. */
extern const cairn_setting cairn_settings[CAIRN_SETTING_COUNT];

/* The setting of a key. CAIRN_SETTING_COUNT: none; the message, with `status` and the nearest key, says so.
 */
cairn_setting_id cairn_setting_find(cairn_ctx *ctx, const char *name, const char *key, cairn_status status);

/* A value as text, as it would be given: "0.1", "true", "cosine". */
void cairn_setting_print(cairn_text *text, const cairn_config *config, cairn_setting_id id);

/* Takes a value from its text. `name` begins the message of a failure, which has `status`. */
cairn_status cairn_setting_take(cairn_ctx *ctx, cairn_config *config, cairn_setting_id id, const char *name,
                                const char *text, cairn_origin origin, cairn_status status);

/* ---- configurations ---- */

/* Fills in defaults, takes the recipe and checks every value. CAIRN_USAGE naming the setting, CAIRN_IO when
 * the init file is not there. `note` (may be NULL) is told what was decided. To be freed even after a
 * failure. */
cairn_status cairn_config_resolve(cairn_ctx *ctx, const cairn_train_settings *settings,
                                  const cairn_train_hooks *hooks, cairn_config *config);
void cairn_config_free(cairn_ctx *ctx, cairn_config *config);

/* CAIRN_USAGE naming the setting that no run can have. */
cairn_status cairn_config_check(cairn_ctx *ctx, const cairn_config *config);

/* args.json; `data` is the data set's absolute path. cairn_free it. NULL: no memory. */
char *cairn_config_print(cairn_ctx *ctx, const cairn_config *config, const char *data);

/* And back. `name` begins the messages. CAIRN_INPUT naming the key, CAIRN_USAGE for values that no run can
 * have. */
cairn_status cairn_config_parse(cairn_ctx *ctx, const char *name, const char *text, size_t size,
                                cairn_config *config);

/* Hash of all that changes a run's result but its data: equal hashes, equal runs. CAIRN_MEMORY. */
cairn_status cairn_config_hash(cairn_ctx *ctx, const cairn_config *config, char hash[CAIRN_SHA256_TEXT]);

/* The schedule of a run with so many steps in an epoch. CAIRN_USAGE for milestones that are none. */
cairn_status cairn_config_schedule(cairn_ctx *ctx, const cairn_config *config, int64_t epoch_steps,
                                   cairn_schedule *schedule);

/* What is said to the user. */
void cairn_train_note(cairn_ctx *ctx, const cairn_train_hooks *hooks, const char *format, ...)
    CAIRN_PRINTF(3, 4);

#endif
