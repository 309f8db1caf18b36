/* cairn summary: the layers of a network as a table, with parameters, multiply-accumulates and memory. */
#include "commands.h"
#include "model.h"
#include "output.h"
#include <string.h>

static void put_dims(cli_json *json, const char *key, const cairn_shape *shape)
{
    cairn_cli_json_open(json, key, '[');
    for (int i = 0; i < shape->rank; i++)
        cairn_cli_json_integer(json, NULL, shape->dim[i]);
    cairn_cli_json_close(json);
}

/* Bytes that inference or training takes. */
static cairn_status memory_of(cli_call *cli, const cli_model *model, bool training, int64_t *bytes)
{
    cairn_graph *graph = NULL;
    cairn_plan_memory memory = {0};
    cairn_plan_options options = {.batch = cairn_cli_int(cli, OPTION_BATCH, 1),
                                  .training = training,
                                  .precision = cairn_cli_precision(cli),
                                  .recompute = cairn_cli_given(cli, OPTION_RECOMPUTE)};
    cairn_status status = cairn_cli_model_graph(cli, model, training, &graph);
    if (status == CAIRN_OK)
        status = cairn_plan_estimate(cli->ctx, graph, &options, &memory);
    cairn_graph_destroy(graph);
    *bytes = (int64_t)(memory.arena + memory.weights + memory.state);
    return status;
}

static void put_layers(cli_json *json, const cairn_graph *graph)
{
    cairn_cli_json_open(json, "layers", '[');
    for (int i = 0; i < cairn_node_count(graph); i++) {
        cairn_node_info node = cairn_node_at(graph, i);
        cairn_cli_json_open(json, NULL, '{');
        cairn_cli_json_text(json, "name", node.name);
        cairn_cli_json_text(json, "type", node.label);
        put_dims(json, "output", &node.shape);
        cairn_cli_json_integer(json, "params", node.params);
        cairn_cli_json_integer(json, "macs", node.macs);
        cairn_cli_json_close(json);
    }
    cairn_cli_json_close(json);
}

/* Sums with the auxiliary heads, which only training builds. */
static cairn_status with_heads(cli_call *cli, const cli_model *model, cli_totals *totals)
{
    cairn_graph *graph = NULL;
    cli_model all = *model;
    all.settings.heads = true;
    cairn_status status = cairn_cli_model_graph(cli, &all, false, &graph);
    if (status == CAIRN_OK)
        *totals = cairn_cli_totals(graph);
    cairn_graph_destroy(graph);
    return status;
}

static cairn_status put_json(cli_call *cli, const cli_model *model, const cairn_graph *graph)
{
    int64_t inference, training;
    cli_totals totals = cairn_cli_totals(graph), all;
    cairn_status status = memory_of(cli, model, false, &inference);
    if (status == CAIRN_OK)
        status = memory_of(cli, model, true, &training);
    if (status == CAIRN_OK)
        status = with_heads(cli, model, &all);
    if (status != CAIRN_OK)
        return status;
    cairn_shape input = cairn_shape_of(graph, cairn_find(graph, "image"));
    cli_json json = {0};
    cairn_cli_json_open(&json, NULL, '{');
    cairn_cli_json_text(&json, "model", model->model->name);
    put_dims(&json, "input", &input);
    put_layers(&json, graph);
    cairn_cli_json_integer(&json, "params", totals.params);
    cairn_cli_json_integer(&json, "trainable", totals.params);
    cairn_cli_json_integer(&json, "buffers", totals.buffers);
    cairn_cli_json_integer(&json, "macs", totals.macs);
    cairn_cli_json_integer(&json, "params_with_heads", all.params);
    cairn_cli_json_integer(&json, "macs_with_heads", all.macs);
    cairn_cli_json_open(&json, "memory", '{');
    cairn_cli_json_integer(&json, "inference", inference);
    cairn_cli_json_integer(&json, "training", training);
    cairn_cli_json_close(&json);
    cairn_cli_json_close(&json);
    return CAIRN_OK;
}

static bool is_tutorial(const char *name)
{
    const char *suffix = strrchr(name, '.');
    return suffix && strcmp(suffix, ".tutorial") == 0;
}

static cairn_status put_table(cli_call *cli, const cli_model *model, const cairn_graph *graph)
{
    const char *name = model->model->name;
    cairn_summary_options options = {.batch = cairn_cli_int(cli, OPTION_BATCH, 1),
                                     .precision = cairn_cli_precision(cli),
                                     .recompute = cairn_cli_given(cli, OPTION_RECOMPUTE),
                                     .depth = cairn_cli_int(cli, OPTION_DEPTH, 0),
                                     .width = cairn_cli_is_terminal(stdout) ? cairn_cli_width(stdout) : 0,
                                     .keras = is_tutorial(name) || is_tutorial(cli->names[0])};
    /* Keras calls a network that was given no name "functional"; its table is repeated to the letter. Where
     * the tutorial's network is Keras' own, it differs in the names that the rules tell. */
    if (is_tutorial(name))
        name = "functional";
    else if (options.keras)
        options.names = model->model->names;
    cairn_graph *training = NULL;
    char *text = NULL;
    cairn_status status = options.keras ? CAIRN_OK : cairn_cli_model_graph(cli, model, true, &training);
    options.training = training;
    if (status == CAIRN_OK)
        status = cairn_summary_text(cli->ctx, graph, name, &options, &text);
    if (status == CAIRN_OK)
        fputs(text, stdout);
    if (status == CAIRN_OK && options.keras)
        putchar('\n'); /* so ends Keras' table, too */
    cairn_text_free(cli->ctx, text);
    cairn_graph_destroy(training);
    return status;
}

static cairn_status run(cli_call *cli)
{
    cli_model model;
    cairn_graph *graph = NULL;
    bool json = cairn_cli_given(cli, OPTION_JSON);
    cairn_status status = cairn_cli_model_open(cli, cli->names[0], &model);
    if (status == CAIRN_OK) {
        /* The tutorial's networks have all their outputs always. */
        model.settings.heads =
            !json && (cairn_cli_given(cli, OPTION_TRAIN) || is_tutorial(model.model->name));
        status = cairn_cli_model_graph(cli, &model, false, &graph);
    }
    if (status == CAIRN_OK)
        status = json ? put_json(cli, &model, graph) : put_table(cli, &model, graph);
    cairn_graph_destroy(graph);
    cairn_cli_model_close(&model);
    return status;
}

const cli_command cairn_cli_summary = {
    .name = "summary",
    .arguments = "MODEL",
    .help = "the layers of a network",
    .text = "MODEL is the name of a network, a weights file or a run folder. Networks of the tutorial print "
            "the table that Keras prints. Memory is that of the plan for a batch: weights, activations, and "
            "in training gradients and the optimiser's state.",
    .examples = {{"cairn summary lenet5", "layers, parameters, memory"},
                 {"cairn summary resnet50 --batch 8 --depth 1", "a row a stage; memory for batch 8"},
                 {"cairn summary googlenet --train", "with the auxiliary heads that training adds"},
                 {"cairn summary lenet5.tutorial", "Keras' own table"}},
    .options = {OPTION_BATCH, OPTION_DEPTH, OPTION_TRAIN, OPTION_RECOMPUTE, OPTION_PRECISION, OPTION_INPUT,
                OPTION_CLASSES, OPTION_SET, OPTION_JSON},
    .min_names = 1,
    .max_names = 1,
    .completion = CLI_COMPLETE_MODELS,
    .run = run,
};
