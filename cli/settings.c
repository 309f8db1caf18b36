/* The settings of cairn train: from options to the library, and --print-config and --find-lr. */
#include "settings.h"
#include "output.h"
#include "progress.h"
#include "report/scene.h"
#include <string.h>

/* Options that are a setting of the library by another name. */
static const struct {
    cli_option_id id;
    const char *key;
} same[] = {{OPTION_OPTIMIZER, "optimizer"},
            {OPTION_CLIP_NORM, "clip_norm"},
            {OPTION_EMA, "ema"},
            {OPTION_ACCUMULATE, "accumulate"},
            {OPTION_RECOMPUTE, "recompute"},
            {OPTION_PRECISION, "precision"},
            {OPTION_EVAL_INPUT, "eval_input"},
            {OPTION_PROGRESSIVE, "progressive"},
            {OPTION_DROPOUT, "dropout"},
            {OPTION_AUX_WEIGHT, "aux_weight"},
            {OPTION_FREEZE, "freeze"},
            {OPTION_LR_DECAY, "lr_decay"},
            {OPTION_HEAD_LR_FACTOR, "head_lr_factor"},
            {OPTION_PATIENCE, "patience"},
            {OPTION_KEEP, "keep"},
            {OPTION_TENSORBOARD, "tensorboard"}};

/* ---- reading ---- */

typedef struct list {
    cli_call *cli;
    cli_settings *given;
    int count;
    size_t used;
    cairn_status status;
} list;

static void add(list *l, const char *key, const char *separator, const char *value, size_t length)
{
    size_t room = sizeof l->given->text - l->used;
    char *to = l->given->text + l->used;
    if (l->status != CAIRN_OK)
        return;
    int size = snprintf(to, room, "%s%s%.*s", key, separator, (int)length, value);
    if (size < 0 || (size_t)size >= room || l->count == CLI_MAX_SETTINGS) {
        l->status = cairn_cli_fail(l->cli, CAIRN_USAGE, "train: too many settings");
        return;
    }
    l->given->option[l->count++] = to;
    l->used += (size_t)size + 1;
}

/* "key=value,key=value", where a piece without '=' belongs to the value before it. */
static void add_pairs(list *l, const char *text)
{
    while (text && *text) {
        size_t length = strcspn(text, ",");
        while (text[length]) {
            size_t next = strcspn(text + length + 1, ",");
            if (memchr(text + length + 1, '=', next))
                break;
            length += 1 + next;
        }
        add(l, "", "", text, length);
        text += length + (text[length] == ',');
    }
}

static cairn_status add_input(list *l)
{
    const cli_value *input = &l->cli->values[OPTION_INPUT];
    char side[16];
    if (!input->given)
        return CAIRN_OK;
    if (input->h != input->w)
        return cairn_cli_fail(l->cli, CAIRN_USAGE, "--input: expected a square for training, found %dx%d",
                              input->h, input->w);
    snprintf(side, sizeof side, "%d", input->h);
    add(l, "input", "=", side, strlen(side));
    return CAIRN_OK;
}

static cairn_status read_options(cli_call *cli, cli_settings *given)
{
    list l = {.cli = cli, .given = given};
    cairn_status status = add_input(&l);
    if (status != CAIRN_OK)
        return status;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        const cli_value *value = &cli->values[same[i].id];
        const char *text = cairn_cli_options[same[i].id].kind == CLI_FLAG ? "true" : value->text;
        if (value->given)
            add(&l, same[i].key, "=", text, strlen(text));
    }
    add_pairs(&l, cairn_cli_text(cli, OPTION_SETTING, NULL));
    given->option[l.count] = NULL;
    return l.status;
}

/* Weights that a training begins from ask for the recipe that is meant for them. */
static const char *recipe_of(const cli_call *cli, const cairn_train_settings *settings)
{
    const char *recipe = cairn_cli_text(cli, OPTION_RECIPE, settings->init ? "finetune" : NULL);
    return recipe && strcmp(recipe, "none") == 0 ? NULL : recipe;
}

cairn_status cairn_cli_settings(cli_call *cli, cli_settings *given, cli_model *model,
                                cairn_train_settings *settings)
{
    *settings = (cairn_train_settings){
        .set = cairn_cli_text(cli, OPTION_SET, NULL),
        .init = cairn_cli_text(cli, OPTION_INIT, NULL),
        .epochs = cairn_cli_int(cli, OPTION_EPOCHS, 0),
        .batch = cairn_cli_int(cli, OPTION_BATCH, 0),
        .lr = (float)cairn_cli_real(cli, OPTION_LR, -1),
        .momentum = (float)cairn_cli_real(cli, OPTION_MOMENTUM, -1),
        .weight_decay = (float)cairn_cli_real(cli, OPTION_WEIGHT_DECAY, -1),
        .label_smoothing = (float)cairn_cli_real(cli, OPTION_LABEL_SMOOTHING, -1),
        .val_split = (float)cairn_cli_real(cli, OPTION_VAL_SPLIT, -1),
        .nesterov = cairn_cli_given(cli, OPTION_NESTEROV) ? 1 : -1,
        .schedule = cairn_cli_text(cli, OPTION_SCHEDULE, NULL),
        .warmup = (float)cairn_cli_real(cli, OPTION_WARMUP, -1),
        .seed = cli->values[OPTION_SEED].given ? (uint64_t)cli->values[OPTION_SEED].integer : 0,
        .loaders = cairn_cli_int(cli, OPTION_LOADERS, 0),
        .augment = cairn_cli_text(cli, OPTION_AUGMENT, NULL),
        .max_bad = (float)cairn_cli_real(cli, OPTION_MAX_BAD, -1),
        .options = given->option,
    };
    cairn_status status = read_options(cli, given);
    if (status == CAIRN_OK)
        status = cairn_cli_model_open(cli, cli->names[0], model);
    if (status != CAIRN_OK)
        return status;
    settings->model = model->model->name;
    settings->data = cli->count > 1 ? cli->names[1] : NULL;
    if (model->classifier && !settings->init)
        settings->init = cairn_classifier_about(model->classifier)->weights_path;
    if (model->classifier && !settings->set)
        settings->set = model->settings.set;
    settings->recipe = recipe_of(cli, settings);
    given->fine_tunes = settings->init && !cairn_cli_given(cli, OPTION_RECIPE);
    return CAIRN_OK;
}

/* ---- notes ---- */

void cairn_cli_notes_take(cli_notes *n, const char *line)
{
    size_t used = strlen(n->text);
    if (n->shown)
        cairn_cli_note(n->cli, "%s", line);
    else
        snprintf(n->text + used, sizeof n->text - used, "%s\n", line);
}

void cairn_cli_notes_show(cli_notes *n)
{
    for (char *line = n->text; *line;) {
        size_t length = strcspn(line, "\n");
        cairn_cli_note(n->cli, "%.*s", (int)length, line);
        line += length + (line[length] == '\n');
    }
    n->text[0] = '\0';
    n->shown = true;
}

static void on_note(void *user, const char *line)
{
    cairn_cli_notes_take(user, line);
}

/* ---- --print-config ---- */

static void put_json(const cairn_train_settings *settings, const cairn_setting_value *values)
{
    cli_json json = {0};
    cairn_cli_json_open(&json, NULL, '{');
    cairn_cli_json_text(&json, "model", settings->model);
    for (int i = 0; i < cairn_setting_count(); i++) {
        cairn_cli_json_open(&json, values[i].key, '{');
        cairn_cli_json_text(&json, "value", values[i].value);
        cairn_cli_json_text(&json, "origin", values[i].origin);
        cairn_cli_json_close(&json);
    }
    cairn_cli_json_close(&json);
}

cairn_status cairn_cli_print_config(cli_call *cli)
{
    cli_settings given;
    cli_model model = {0};
    cairn_train_settings settings;
    cairn_setting_value values[CLI_MAX_SETTINGS];
    cli_notes notes = {.cli = cli};
    cairn_train_hooks hooks = {.note = on_note, .user = &notes};
    cairn_status status = cairn_cli_settings(cli, &given, &model, &settings);
    if (status == CAIRN_OK)
        status = cairn_train_describe(cli->ctx, &settings, &hooks, values);
    if (status == CAIRN_OK && cairn_cli_given(cli, OPTION_JSON))
        put_json(&settings, values);
    else if (status == CAIRN_OK)
        for (int i = 0; i < cairn_setting_count(); i++)
            printf("%-18s %-24s %s\n", values[i].key, *values[i].value ? values[i].value : "-",
                   values[i].origin);
    if (status == CAIRN_OK)
        cairn_cli_notes_show(&notes);
    cairn_cli_model_close(&model);
    return status;
}

/* ---- --find-lr ---- */

static cairn_status tell(cli_call *cli, const cairn_lr_search *search, const char *path)
{
    cairn_status status = cairn_draw_rates(cli->ctx, search, path);
    if (status != CAIRN_OK)
        return status;
    if (cairn_cli_given(cli, OPTION_JSON)) {
        cli_json json = {0};
        cairn_cli_json_open(&json, NULL, '{');
        cairn_cli_json_real(&json, "suggestion", search->suggestion);
        cairn_cli_json_integer(&json, "steps", search->count);
        cairn_cli_json_text(&json, "picture", path);
        cairn_cli_json_close(&json);
        return CAIRN_OK;
    }
    if (search->suggestion > 0)
        printf("learning rate  %.2g, a tenth of that at which the loss is lowest\n", search->suggestion);
    else
        puts("learning rate  none: the loss never fell");
    printf("curve          %s\n", path);
    return CAIRN_OK;
}

cairn_status cairn_cli_find_lr(cli_call *cli, const cairn_train_hooks *hooks)
{
    cli_settings given;
    cli_model model = {0};
    cairn_train_settings settings;
    cairn_lr_search search;
    const char *path = cairn_cli_text(cli, OPTION_OUTPUT, "find-lr.svg");
    cairn_picture_format format = cairn_format_of(path);
    if (format == CAIRN_FORMAT_NONE || format == CAIRN_FORMAT_DOT)
        return cairn_cli_fail(cli, CAIRN_USAGE, "-o: %s (expected a name that ends in .svg, .pdf or .png)",
                              path);
    cairn_status status = cairn_cli_check_output(cli, path, cli->names[1]);
    if (status == CAIRN_OK)
        status = cairn_cli_settings(cli, &given, &model, &settings);
    if (status == CAIRN_OK)
        status = cairn_train_find_lr(cli->ctx, &settings, hooks, &search);
    cairn_cli_progress_hide(cli);
    cli->progress = NULL;
    if (status == CAIRN_OK)
        status = tell(cli, &search, path);
    cairn_cli_model_close(&model);
    return status;
}
