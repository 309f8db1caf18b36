/* cairn models: the zoo as a table, or the story of one network. */
#include "base/text.h"
#include "commands.h"
#include "model.h"
#include "output.h"
#include <string.h>
#include <strings.h>

#define LONGEST_LINE 88 /* more is hard to read */

static cairn_status totals_of(cli_call *cli, const cairn_model *model, cli_totals *totals)
{
    cairn_graph *graph = NULL;
    cli_model named = {.model = model};
    cairn_status status = cairn_cli_model_graph(cli, &named, false, &graph);
    if (status == CAIRN_OK)
        *totals = cairn_cli_totals(graph);
    cairn_graph_destroy(graph);
    return status;
}

/* Columns of the table before the paper; those of names are as wide as the longest. */
typedef struct layout {
    int name, family, flavour;
} layout;

static layout measure(void)
{
    layout wide = {4, 6, 7};
    for (int i = 0; i < cairn_model_count(); i++) {
        const cairn_model *model = cairn_model_at(i);
        int name = cairn_cli_columns(model->name), family = cairn_cli_columns(model->family),
            flavour = cairn_cli_columns(model->flavour);
        wide.name = name > wide.name ? name : wide.name;
        wide.family = family > wide.family ? family : wide.family;
        wide.flavour = flavour > wide.flavour ? flavour : wide.flavour;
    }
    return wide;
}

static void put_row(const cairn_model *model, const cli_totals *totals, layout wide)
{
    char input[64], params[CLI_NUMBER_BYTES], macs[CLI_NUMBER_BYTES];
    snprintf(input, sizeof input, "%dx%dx%d", model->h, model->w, model->c);
    int before =
        printf("%-*s %-*s %-*s %4d  %-9s %7d %7s %7s  ", wide.name, model->name, wide.family, model->family,
               wide.flavour, model->flavour, model->year, input, model->classes,
               cairn_cli_short((double)totals->params, params), cairn_cli_short((double)totals->macs, macs));
    int room = cairn_cli_is_terminal(stdout) ? cairn_cli_width(stdout) - before - 1 : 1000;
    int needed = cairn_cli_columns(model->paper);
    cairn_cli_put(stdout, model->paper, needed < room ? needed : room > 0 ? room : 0);
    putchar('\n');
}

static void put_json(cli_json *json, const cairn_model *model, const cli_totals *totals)
{
    cairn_cli_json_open(json, NULL, '{');
    cairn_cli_json_text(json, "name", model->name);
    cairn_cli_json_text(json, "family", model->family);
    cairn_cli_json_text(json, "flavour", model->flavour);
    cairn_cli_json_integer(json, "year", model->year);
    cairn_cli_json_open(json, "input", '[');
    cairn_cli_json_integer(json, NULL, model->h);
    cairn_cli_json_integer(json, NULL, model->w);
    cairn_cli_json_integer(json, NULL, model->c);
    cairn_cli_json_close(json);
    cairn_cli_json_integer(json, "classes", model->classes);
    cairn_cli_json_integer(json, "params", totals->params);
    cairn_cli_json_integer(json, "macs", totals->macs);
    cairn_cli_json_text(json, "paper", model->paper);
    cairn_cli_json_close(json);
}

/* Does the other one differ in its flavour only? */
static bool same_network(const cairn_model *model, const cairn_model *other)
{
    size_t length = strcspn(model->name, ".");
    return strcspn(other->name, ".") == length && memcmp(model->name, other->name, length) == 0;
}

#define MOST_RELATIVES 5 /* of a larger family only the other flavours are named */

/* Names of the networks of a family, the one that is told about left out. */
static void put_relatives(const cairn_model *model, int width)
{
    char line[512];
    int length = snprintf(line, sizeof line, "Others of the family:"), others = 0, named = 0;
    for (int i = 0; i < cairn_model_count(); i++)
        others += strcmp(cairn_model_at(i)->family, model->family) == 0;
    others--;
    for (int i = 0; i < cairn_model_count() && length < (int)sizeof line - 120; i++) {
        const cairn_model *other = cairn_model_at(i);
        if (other == model || strcmp(other->family, model->family) != 0 ||
            (others > MOST_RELATIVES && !same_network(model, other)))
            continue;
        length +=
            snprintf(line + length, sizeof line - (size_t)length, "%s %s", named ? "," : "", other->name);
        named++;
    }
    if (others > named)
        snprintf(line + length, sizeof line - (size_t)length, "%s %d%s in `cairn models --family %s`",
                 named ? " and" : "", others - named, named ? " more" : "", model->family);
    cairn_cli_wrap(stdout, line, 0, width);
}

/* What to type, with a data set that suits the input, and what it does. */
static void put_training(const cairn_model *model, int width)
{
    const cairn_training_defaults *t = &model->training;
    const char *data = model->c == 1 ? "fashion-mnist" : model->h <= 64 ? "cifar10" : "FOLDER";
    char line[512];
    snprintf(line, sizeof line,
             "`cairn train %s %s`: %d epochs, batch %d, learning rate %g (%s), momentum %g, weight decay %g",
             model->name, data, t->epochs, t->batch, (double)t->lr, t->schedule, (double)t->momentum,
             (double)t->weight_decay);
    putchar('\n');
    cairn_cli_wrap(stdout, line, 0, width);
}

static void put_cost(const cairn_model *model, const cli_totals *totals, int width)
{
    char line[512], params[CLI_NUMBER_BYTES], buffers[CLI_NUMBER_BYTES], macs[CLI_NUMBER_BYTES],
        bytes[CLI_NUMBER_BYTES], statistics[CLI_NUMBER_BYTES + 24] = "";
    if (totals->buffers > 0)
        snprintf(statistics, sizeof statistics, " and %s statistics",
                 cairn_cli_count(totals->buffers, buffers));
    snprintf(line, sizeof line,
             "input %dx%dx%d, %d classes, %s parameters%s (%s as float32), %s multiply-accumulates", model->h,
             model->w, model->c, model->classes, cairn_cli_count(totals->params, params), statistics,
             cairn_cli_bytes(4.0 * (double)(totals->params + totals->buffers), bytes),
             cairn_cli_count(totals->macs, macs));
    cairn_cli_wrap(stdout, line, 0, width);
}

/* "name   family, year, flavour", and the aliases. */
static void put_title(const cairn_model *model, int width)
{
    char line[512];
    const char *own, *alias;
    int length = snprintf(line, sizeof line, "%s, %d, %s", model->family, model->year, model->flavour);
    for (int i = 0, found = 0; (alias = cairn_model_alias_at(i, &own)); i++)
        if (strcmp(own, model->name) == 0)
            length += snprintf(line + length, sizeof line - (size_t)length, "%s %s",
                               found++ ? "," : "; also called", alias);
    printf("%s   ", model->name);
    cairn_cli_wrap(stdout, line, 0, width - cairn_cli_columns(model->name) - 3);
}

static void put_story(const cairn_model *model, const cli_totals *totals)
{
    int width = cairn_cli_width(stdout) - 1;
    width = width > LONGEST_LINE ? LONGEST_LINE : width;
    put_title(model, width);
    cairn_cli_wrap(stdout, model->paper, 0, width);
    put_cost(model, totals, width);
    putchar('\n');
    cairn_cli_wrap(stdout, model->story, 0, width);
    put_training(model, width);
    for (const cairn_switch *s = model->switches; s && s->key; s++) {
        printf("--set %s=%s\n", s->key, s->values);
        cairn_cli_wrap(stdout, s->help, 4, width);
    }
    put_relatives(model, width);
}

/* The family's own spelling, or NULL with the nearest as a hint. */
static cairn_status find_family(cli_call *cli, const char *typed, const char **family)
{
    const char *names[64];
    size_t count = 0;
    char brief[CLI_NAME_BYTES];
    for (int i = 0; i < cairn_model_count(); i++) {
        const char *name = cairn_model_at(i)->family;
        if (strcasecmp(name, typed) == 0) {
            *family = name;
            return CAIRN_OK;
        }
        if ((count == 0 || strcmp(names[count - 1], name) != 0) && count < CAIRN_COUNT(names))
            names[count++] = name;
    }
    const char *nearest = cairn_nearest_name(typed, names, count);
    return cairn_cli_fail(cli, CAIRN_USAGE, "--family: unknown family '%s'%s%s%s",
                          cairn_cli_brief(typed, brief), nearest ? " (did you mean '" : "",
                          nearest ? nearest : "", nearest ? "'?)" : " (cairn models lists all)");
}

static cairn_status list(cli_call *cli, const cairn_model *only, const char *family)
{
    cli_json json = {0};
    bool as_json = cairn_cli_given(cli, OPTION_JSON);
    layout wide = measure();
    if (as_json)
        cairn_cli_json_open(&json, NULL, '[');
    else
        printf("%-*s %-*s %-*s year  %-9s %7s %7s %7s  paper\n", wide.name, "name", wide.family, "family",
               wide.flavour, "flavour", "input", "classes", "params", "MACs");
    for (int i = 0; i < cairn_model_count(); i++) {
        const cairn_model *model = cairn_model_at(i);
        cli_totals totals;
        if ((only && model != only) || (family && strcmp(model->family, family) != 0))
            continue;
        cairn_status status = totals_of(cli, model, &totals);
        if (status != CAIRN_OK)
            return status;
        if (as_json)
            put_json(&json, model, &totals);
        else
            put_row(model, &totals, wide);
    }
    if (as_json)
        cairn_cli_json_close(&json);
    return CAIRN_OK;
}

static cairn_status run(cli_call *cli)
{
    const char *typed = cairn_cli_text(cli, OPTION_FAMILY, NULL), *family = NULL;
    cairn_status status = typed ? find_family(cli, typed, &family) : CAIRN_OK;
    if (status != CAIRN_OK || cli->count == 0)
        return status != CAIRN_OK ? status : list(cli, NULL, family);
    cli_model model;
    cli_totals totals;
    status = cairn_cli_model_open(cli, cli->names[0], &model);
    if (status == CAIRN_OK && cairn_cli_given(cli, OPTION_JSON)) {
        status = list(cli, model.model, family);
    } else if (status == CAIRN_OK) {
        status = totals_of(cli, model.model, &totals);
        if (status == CAIRN_OK)
            put_story(model.model, &totals);
    }
    cairn_cli_model_close(&model);
    return status;
}

const cli_command cairn_cli_models = {
    .name = "models",
    .arguments = "[NAME]",
    .help = "the networks there are, or the story of one",
    .examples = {{"cairn models", "all networks"},
                 {"cairn models resnet50", "what it brought, its cost, its switches"},
                 {"cairn models --family lenet --json", "for programs"}},
    .options = {OPTION_FAMILY, OPTION_JSON},
    .max_names = 1,
    .completion = CLI_COMPLETE_MODELS,
    .run = run,
};
