/* cairn draw: a network as a picture. */
#include "commands.h"
#include "model.h"
#include "output.h"

static cairn_status run(cli_call *cli)
{
    const char *path = cairn_cli_text(cli, OPTION_OUTPUT, NULL),
               *style = cairn_cli_text(cli, OPTION_STYLE, NULL);
    if (!path)
        return cairn_cli_fail(cli, CAIRN_USAGE,
                              "draw: -o FILE is missing (expected a name that ends in .svg, .pdf, "
                              ".png or .dot)");
    cli_model model;
    cairn_graph *graph = NULL;
    cairn_status status = cairn_cli_check_output(cli, path, cli->names[0]);
    if (status != CAIRN_OK)
        return status;
    status = cairn_cli_model_open(cli, cli->names[0], &model);
    if (status == CAIRN_OK) {
        model.settings.heads = cairn_cli_given(cli, OPTION_TRAIN);
        status = cairn_cli_model_graph(cli, &model, false, &graph);
    }
    if (status == CAIRN_OK) {
        cairn_draw_options options = {.title = model.model->name,
                                      .unfold = cairn_cli_given(cli, OPTION_UNFOLD),
                                      .detail = cairn_cli_given(cli, OPTION_DETAIL)};
        if (style)
            options.style = style[0] == 'v'   ? CAIRN_DRAW_VOLUMES
                            : style[0] == 's' ? CAIRN_DRAW_STRIPS
                                              : CAIRN_DRAW_FLOW;
        status = cairn_draw(cli->ctx, graph, path, &options);
    }
    if (status == CAIRN_OK)
        cairn_cli_note(cli, "%s", path);
    cairn_graph_destroy(graph);
    cairn_cli_model_close(&model);
    return status;
}

const cli_command cairn_cli_draw = {
    .name = "draw",
    .arguments = "MODEL",
    .help = "a network as a picture: svg, pdf, png or dot",
    .text = "With --train the auxiliary heads are drawn, too, to which only training listens.",
    .examples = {{"cairn draw lenet5 -o lenet5.pdf", "feature maps as volumes"},
                 {"cairn draw resnet152 -o resnet.svg", "repeated blocks once, with a count"},
                 {"cairn draw inception_v4 --unfold --detail -o v4.pdf", "everything"},
                 {"cairn draw lenet5.paper --style strips -o l.svg", "a row a layer"}},
    .options = {OPTION_OUTPUT, OPTION_STYLE, OPTION_UNFOLD, OPTION_DETAIL, OPTION_TRAIN, OPTION_INPUT,
                OPTION_CLASSES, OPTION_SET, OPTION_QUIET},
    .min_names = 1,
    .max_names = 1,
    .completion = CLI_COMPLETE_MODELS,
    .run = run,
};
