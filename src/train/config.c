/* Settings: the library's defaults, the network's, a recipe's and the user's, each in place of those before.
 */
#include "train/config.h"
#include "base/file.h"
#include "train/recipe.h"
#include <cairn/augment.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void cairn_train_note(cairn_ctx *ctx, const cairn_train_hooks *hooks, const char *format, ...)
{
    char line[400];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (hooks != NULL && hooks->note != NULL)
        hooks->note(hooks->user, line);
    else
        cairn_log(ctx, CAIRN_LOG_INFO, "%s", line);
}

/* ---- checks ---- */

static cairn_status check_integer(cairn_ctx *ctx, const cairn_setting *s, int value)
{
    if (value >= s->least && value <= s->most)
        return CAIRN_OK;
    return cairn_fail(ctx, CAIRN_USAGE, "%s: expected %d to %d, found %d", s->key, (int)s->least,
                      (int)s->most, value);
}

static cairn_status check_real(cairn_ctx *ctx, const cairn_setting *s, float value)
{
    char found[CAIRN_NUMBER_BYTES], below[CAIRN_NUMBER_BYTES], least[CAIRN_NUMBER_BYTES];
    float limit = (float)s->most;
    bool own = s->least < 0 && value == -1; /* the network's */
    if (own || (value >= 0 && value <= __FLT_MAX__ && (limit == 0 || value < limit)))
        return CAIRN_OK;
    cairn_number_print_float(found, value);
    cairn_number_print_float(below, limit);
    cairn_number_print_float(least, (float)fmax(s->least, 0));
    return cairn_fail(ctx, CAIRN_USAGE, "%s: expected a number from %s%s%s, found %s", s->key, least,
                      limit > 0 ? " to below " : "", limit > 0 ? below : "", found);
}

static cairn_status check_together(cairn_ctx *ctx, const cairn_config *c)
{
    cairn_schedule schedule;
    cairn_augment augment;
    if (c->augment[0] != '\0' && cairn_augment_parse(ctx, c->augment, &augment) != CAIRN_OK)
        return CAIRN_USAGE;
    if (c->warmup > (float)c->epochs)
        return cairn_fail(ctx, CAIRN_USAGE, "warmup: expected at most %d epochs", c->epochs);
    if (c->nesterov && c->momentum <= 0)
        return cairn_fail(ctx, CAIRN_USAGE, "nesterov: needs a momentum above 0");
    if (c->gamma <= 0 || c->climb <= 0 || c->lr_decay <= 0)
        return cairn_fail(ctx, CAIRN_USAGE, "%s: expected a number above 0",
                          c->gamma <= 0   ? "gamma"
                          : c->climb <= 0 ? "climb"
                                          : "lr_decay");
    if (c->batch % c->accumulate != 0)
        return cairn_fail(ctx, CAIRN_USAGE, "accumulate: expected a divisor of the batch of %d, found %d",
                          c->batch, c->accumulate);
    if (c->progressive > cairn_config_side(c))
        return cairn_fail(ctx, CAIRN_USAGE, "progressive: expected at most the input's side of %d, found %d",
                          cairn_config_side(c), c->progressive);
    if (c->seed > INT64_MAX)
        return cairn_fail(ctx, CAIRN_USAGE, "seed: expected at most %" PRId64, INT64_MAX);
    cairn_status status = cairn_config_schedule(ctx, c, 1, &schedule);
    cairn_model_settings settings = {.set = c->set};
    return status == CAIRN_OK ? cairn_model_check(ctx, c->model, &settings) : status;
}

cairn_status cairn_config_check(cairn_ctx *ctx, const cairn_config *config)
{
    cairn_status status = CAIRN_OK;
    for (int i = 0; i < CAIRN_SETTING_COUNT && status == CAIRN_OK; i++) {
        const cairn_setting *s = &cairn_settings[i];
        const void *at = (const char *)config + s->place;
        if (s->kind == CAIRN_SETTING_INTEGER)
            status = check_integer(ctx, s, *(const int *)at);
        else if (s->kind == CAIRN_SETTING_REAL)
            status = check_real(ctx, s, *(const float *)at);
    }
    return status == CAIRN_OK ? check_together(ctx, config) : status;
}

/* ---- the schedule ---- */

/* Milestones in epochs; those below 1 are shares of the run. */
static cairn_status read_milestones(cairn_ctx *ctx, const cairn_config *c, double *milestones, int *count)
{
    *count = 0;
    for (const char *p = c->milestones; *p != '\0';) {
        char word[32];
        double value;
        size_t length = strcspn(p, ",");
        snprintf(word, sizeof word, "%.*s", (int)cairn_min((int64_t)length, 31), p);
        if (length > 31 || !cairn_number_parse(word, &value) || !(value > 0) ||
            *count == CAIRN_MAX_MILESTONES)
            return cairn_fail(ctx, CAIRN_USAGE,
                              "milestones: expected up to %d epochs or shares of the run, found '%.64s'",
                              CAIRN_MAX_MILESTONES, c->milestones);
        milestones[(*count)++] = value < 1 ? value * c->epochs : value;
        p += length + (p[length] == ',');
    }
    return CAIRN_OK;
}

cairn_status cairn_config_schedule(cairn_ctx *ctx, const cairn_config *c, int64_t epoch_steps,
                                   cairn_schedule *schedule)
{
    *schedule = (cairn_schedule){.kind = (cairn_schedule_kind)c->schedule,
                                 .lr = (double)c->lr,
                                 .steps = epoch_steps * c->epochs,
                                 .warmup_steps = llround((double)c->warmup * (double)epoch_steps),
                                 .warmup_factor = (double)c->warmup_factor,
                                 .lr_min = (double)c->lr_min,
                                 .gamma = (double)c->gamma,
                                 .period = (double)c->step_epochs * (double)epoch_steps,
                                 .power = (double)c->power,
                                 .climb = (double)c->climb};
    cairn_status status = read_milestones(ctx, c, schedule->milestones, &schedule->milestone_count);
    for (int i = 0; i < schedule->milestone_count; i++)
        schedule->milestones[i] *= (double)epoch_steps;
    if (status == CAIRN_OK && c->schedule == CAIRN_SCHEDULE_MULTISTEP && schedule->milestone_count == 0)
        return cairn_fail(ctx, CAIRN_USAGE, "schedule: multistep needs milestones");
    return status;
}

/* ---- where values come from ---- */

static cairn_status take(cairn_ctx *ctx, cairn_config *c, const char *key, const char *text,
                         cairn_origin origin)
{
    cairn_setting_id id = cairn_setting_find(ctx, "settings", key, CAIRN_USAGE);
    return id == CAIRN_SETTING_COUNT ? CAIRN_USAGE
                                     : cairn_setting_take(ctx, c, id, "", text, origin, CAIRN_USAGE);
}

static void put_real(cairn_config *c, cairn_setting_id id, float value, cairn_origin origin)
{
    *(float *)(void *)((char *)c + cairn_settings[id].place) = value;
    c->origin[id] = (unsigned char)origin;
}

static void put_integer(cairn_config *c, cairn_setting_id id, int value, cairn_origin origin)
{
    *(int *)(void *)((char *)c + cairn_settings[id].place) = value;
    c->origin[id] = (unsigned char)origin;
}

static cairn_status take_standards(cairn_ctx *ctx, cairn_config *c)
{
    cairn_status status = CAIRN_OK;
    for (int i = 0; i < CAIRN_SETTING_COUNT && status == CAIRN_OK; i++) {
        const cairn_setting *s = &cairn_settings[i];
        char *at = (char *)c + s->place;
        if (s->text != NULL)
            status = cairn_setting_take(ctx, c, (cairn_setting_id)i, "", s->text, CAIRN_ORIGIN_DEFAULT,
                                        CAIRN_FAILURE);
        else if (s->kind == CAIRN_SETTING_INTEGER)
            *(int *)(void *)at = (int)s->standard;
        else if (s->kind == CAIRN_SETTING_REAL)
            *(float *)(void *)at = (float)s->standard;
        else
            *(bool *)(void *)at = s->standard != 0;
    }
    return status;
}

static cairn_status take_network(cairn_ctx *ctx, const cairn_train_settings *settings, cairn_config *c)
{
    cairn_training_defaults d = cairn_model_training_of(c->model, settings->set);
    put_integer(c, CAIRN_SETTING_epochs, d.epochs, CAIRN_ORIGIN_NETWORK);
    put_integer(c, CAIRN_SETTING_batch, d.batch, CAIRN_ORIGIN_NETWORK);
    put_real(c, CAIRN_SETTING_lr, d.lr, CAIRN_ORIGIN_NETWORK);
    put_real(c, CAIRN_SETTING_momentum, d.momentum, CAIRN_ORIGIN_NETWORK);
    put_real(c, CAIRN_SETTING_weight_decay, d.weight_decay, CAIRN_ORIGIN_NETWORK);
    put_real(c, CAIRN_SETTING_label_smoothing, d.label_smoothing, CAIRN_ORIGIN_NETWORK);
    put_real(c, CAIRN_SETTING_warmup, d.warmup, CAIRN_ORIGIN_NETWORK);
    c->nesterov = d.nesterov;
    c->origin[CAIRN_SETTING_nesterov] = CAIRN_ORIGIN_NETWORK;
    return take(ctx, c, "schedule", d.schedule, CAIRN_ORIGIN_NETWORK);
}

static cairn_status take_options(cairn_ctx *ctx, const cairn_train_settings *s, cairn_config *c)
{
    cairn_status status = CAIRN_OK;
    for (const char *const *option = s->options; option != NULL && *option != NULL && status == CAIRN_OK;
         option++) {
        char key[64];
        size_t length = strcspn(*option, "=");
        if ((*option)[length] == '\0' || length >= sizeof key)
            return cairn_fail(ctx, CAIRN_USAGE, "options: expected KEY=VALUE, found '%.64s'", *option);
        snprintf(key, sizeof key, "%.*s", (int)length, *option);
        status = take(ctx, c, key, *option + length + 1, CAIRN_ORIGIN_GIVEN);
    }
    return status;
}

static cairn_status take_given(cairn_ctx *ctx, const cairn_train_settings *s, cairn_config *c)
{
    const struct {
        cairn_setting_id id;
        float value;
    } reals[] = {{CAIRN_SETTING_lr, s->lr},
                 {CAIRN_SETTING_momentum, s->momentum},
                 {CAIRN_SETTING_weight_decay, s->weight_decay},
                 {CAIRN_SETTING_label_smoothing, s->label_smoothing},
                 {CAIRN_SETTING_val_split, s->val_split},
                 {CAIRN_SETTING_max_bad, s->max_bad},
                 {CAIRN_SETTING_warmup, s->warmup}};
    for (size_t i = 0; i < CAIRN_COUNT(reals); i++)
        if (!(reals[i].value < 0))
            put_real(c, reals[i].id, reals[i].value, CAIRN_ORIGIN_GIVEN);
    if (s->epochs != 0)
        put_integer(c, CAIRN_SETTING_epochs, s->epochs, CAIRN_ORIGIN_GIVEN);
    if (s->batch != 0)
        put_integer(c, CAIRN_SETTING_batch, s->batch, CAIRN_ORIGIN_GIVEN);
    if (s->loaders != 0)
        put_integer(c, CAIRN_SETTING_loaders, s->loaders, CAIRN_ORIGIN_GIVEN);
    if (s->nesterov >= 0) {
        c->nesterov = s->nesterov != 0;
        c->origin[CAIRN_SETTING_nesterov] = CAIRN_ORIGIN_GIVEN;
    }
    cairn_status status =
        s->schedule != NULL ? take(ctx, c, "schedule", s->schedule, CAIRN_ORIGIN_GIVEN) : CAIRN_OK;
    if (status == CAIRN_OK && s->augment != NULL)
        status = take(ctx, c, "augment", s->augment, CAIRN_ORIGIN_GIVEN);
    return status == CAIRN_OK ? take_options(ctx, s, c) : status;
}

/* ---- a recipe at another batch and length ---- */

/* Goyal et al. 2017: the rate grows with the batch. */
static void scale_rate(cairn_ctx *ctx, const cairn_train_hooks *hooks, cairn_config *c, int batch)
{
    if (c->origin[CAIRN_SETTING_lr] != CAIRN_ORIGIN_RECIPE || c->batch == batch || c->batch < 1)
        return;
    char was[CAIRN_NUMBER_BYTES], is[CAIRN_NUMBER_BYTES];
    cairn_number_print_float(was, c->lr);
    put_real(c, CAIRN_SETTING_lr, (float)((double)c->lr * c->batch / batch), CAIRN_ORIGIN_SCALED);
    cairn_number_print_float(is, c->lr);
    cairn_train_note(
        ctx, hooks,
        "recipe %s: the learning rate %s is for batches of %d; for %d it becomes %s (linear rule)", c->recipe,
        was, batch, c->batch, is);
}

static cairn_status scale_milestones(cairn_ctx *ctx, cairn_config *c, double factor)
{
    cairn_text text = {.ctx = ctx};
    double milestones[CAIRN_MAX_MILESTONES];
    int count;
    cairn_status status = read_milestones(ctx, c, milestones, &count);
    if (status != CAIRN_OK || strchr(c->milestones, '.') == c->milestones + 1) /* shares of the run */
        return status;
    for (int i = 0; i < count; i++) {
        cairn_text_add(&text, i > 0 ? "," : "");
        cairn_text_number(&text, fmax(milestones[i] * factor, 1.0));
    }
    status = text.failed || text.data == NULL ? CAIRN_MEMORY
                                              : take(ctx, c, "milestones", text.data, CAIRN_ORIGIN_SCALED);
    cairn_free(ctx, text.data);
    return status;
}

/* What a recipe counts in epochs is stretched with the run. */
static cairn_status scale_epochs(cairn_ctx *ctx, const cairn_train_hooks *hooks, cairn_config *c, int epochs)
{
    double factor = (double)c->epochs / epochs;
    bool scaled = false;
    static const cairn_setting_id lengths[] = {CAIRN_SETTING_warmup, CAIRN_SETTING_step_epochs};
    for (size_t i = 0; i < CAIRN_COUNT(lengths); i++) {
        float *value = (float *)(void *)((char *)c + cairn_settings[lengths[i]].place);
        if (c->origin[lengths[i]] != CAIRN_ORIGIN_RECIPE || !(*value > 0))
            continue;
        put_real(c, lengths[i], (float)((double)*value * factor), CAIRN_ORIGIN_SCALED);
        scaled = true;
    }
    cairn_status status = CAIRN_OK;
    if (c->origin[CAIRN_SETTING_milestones] == CAIRN_ORIGIN_RECIPE && *c->milestones != '\0') {
        status = scale_milestones(ctx, c, factor);
        scaled = true;
    }
    if (scaled)
        cairn_train_note(ctx, hooks, "recipe %s: its schedule of %d epochs is brought to %d", c->recipe,
                         epochs, c->epochs);
    return status;
}

static cairn_status scale(cairn_ctx *ctx, const cairn_train_hooks *hooks, cairn_config *c, int batch,
                          int epochs)
{
    scale_rate(ctx, hooks, c, batch);
    return c->epochs != epochs && c->epochs > 0 ? scale_epochs(ctx, hooks, c, epochs) : CAIRN_OK;
}

/* ---- all of it ---- */

static cairn_status take_all(cairn_ctx *ctx, const cairn_train_settings *settings,
                             const cairn_train_hooks *hooks, cairn_config *c)
{
    cairn_status status = take_standards(ctx, c);
    if (status == CAIRN_OK)
        status = take_network(ctx, settings, c);
    if (status == CAIRN_OK && settings->recipe != NULL)
        status = cairn_recipe_take(ctx, settings->recipe, c);
    int batch = c->batch, epochs = c->epochs;
    if (status == CAIRN_OK)
        status = take_given(ctx, settings, c);
    if (status == CAIRN_OK && c->recipe != NULL)
        status = scale(ctx, hooks, c, batch, epochs);
    if (c->origin[CAIRN_SETTING_warmup] != CAIRN_ORIGIN_GIVEN)
        c->warmup = fminf(c->warmup, (float)c->epochs);
    return status;
}

cairn_status cairn_config_resolve(cairn_ctx *ctx, const cairn_train_settings *settings,
                                  const cairn_train_hooks *hooks, cairn_config *config)
{
    *config = (cairn_config){.seed = settings->seed};
    if (settings->model == NULL)
        return cairn_fail(ctx, CAIRN_USAGE, "training needs a model");
    config->model = cairn_model_find(settings->model);
    if (config->model == NULL)
        return cairn_fail(ctx, CAIRN_USAGE, "there is no network '%s'", settings->model);
    config->set = cairn_strdup(ctx, settings->set == NULL ? "" : settings->set);
    config->data = cairn_strdup(ctx, settings->data == NULL ? "" : settings->data);
    if (config->set == NULL || config->data == NULL)
        return CAIRN_MEMORY;
    cairn_status status = take_all(ctx, settings, hooks, config);
    if (status == CAIRN_OK && settings->init != NULL)
        status = cairn_path_absolute(ctx, settings->init, &config->init);
    return status == CAIRN_OK ? cairn_config_check(ctx, config) : status;
}

void cairn_config_free(cairn_ctx *ctx, cairn_config *config)
{
    cairn_free(ctx, config->set);
    cairn_free(ctx, config->data);
    cairn_free(ctx, config->init);
    cairn_free(ctx, config->recipe);
    for (int i = 0; i < CAIRN_SETTING_COUNT; i++)
        if (cairn_settings[i].kind == CAIRN_SETTING_TEXT)
            cairn_free(ctx, *(char **)(void *)((char *)config + cairn_settings[i].place));
    *config = (cairn_config){0};
}

/* ---- what the library says of it ---- */

int cairn_setting_count(void)
{
    return CAIRN_SETTING_COUNT;
}

cairn_setting_info cairn_setting_at(int index)
{
    if (index < 0 || index >= CAIRN_SETTING_COUNT)
        return (cairn_setting_info){0};
    return (cairn_setting_info){cairn_settings[index].key, cairn_settings[index].help};
}

cairn_status cairn_train_describe(cairn_ctx *ctx, const cairn_train_settings *settings,
                                  const cairn_train_hooks *hooks, cairn_setting_value *values)
{
    static const char *const origins[] = {"default", "network", "recipe", "given", "recipe, scaled"};
    cairn_config config;
    cairn_status status = cairn_config_resolve(ctx, settings, hooks, &config);
    for (int i = 0; i < CAIRN_SETTING_COUNT && status == CAIRN_OK; i++) {
        cairn_text text = {.ctx = ctx};
        cairn_setting_print(&text, &config, (cairn_setting_id)i);
        values[i] = (cairn_setting_value){.key = cairn_settings[i].key, .origin = origins[config.origin[i]]};
        snprintf(values[i].value, sizeof values[i].value, "%s", text.data == NULL ? "" : text.data);
        status = text.failed ? CAIRN_MEMORY : CAIRN_OK;
        cairn_free(ctx, text.data);
    }
    cairn_config_free(ctx, &config);
    return status;
}
