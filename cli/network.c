/* From a file's metadata and tensors to its network. */
#include "network.h"
#include "base/text.h"
#include "model.h"
#include "output.h"
#include "train/metadata.h"
#include <string.h>

static cairn_status find_model(cli_call *cli, const char *path, const cairn_weights *loaded, const char *name,
                               cli_network *network)
{
    char brief[CLI_NAME_BYTES];
    cairn_recognised found;
    int count;
    const char *arch = cairn_weights_meta(loaded, "cairn.arch");
    network->model = name || arch ? cairn_model_find(name ? name : arch) : NULL;
    if (network->model)
        return CAIRN_OK;
    if (name)
        return cairn_cli_model_unknown(cli, name);
    if (arch)
        return cairn_cli_fail(cli, CAIRN_INPUT, "%s: metadata 'cairn.arch': there is no network '%.80s'",
                              cairn_cli_brief(path, brief), arch);
    cairn_status status = cairn_weights_recognise(cli->ctx, loaded, &found, 1, &count);
    if (status == CAIRN_OK && count == 0)
        return cairn_cli_fail(
            cli, CAIRN_INPUT,
            "%s: does not name its network (expected the metadata key 'cairn.arch', or --model "
            "NAME), and its tensors fit none as they are",
            cairn_cli_brief(path, brief));
    network->model = status == CAIRN_OK ? found.model : NULL;
    network->recognised = true;
    return status;
}

/* The file's switches are those of the network that it names. */
static cairn_status read_switches(cli_call *cli, const char *path, const cairn_weights *loaded,
                                  const char *set, cli_network *network)
{
    cairn_text list = {.ctx = cli->ctx};
    const char *arch = cairn_weights_meta(loaded, "cairn.arch");
    bool own = arch && cairn_model_find(arch) == network->model;
    char *stored = NULL;
    cairn_status status = own ? cairn_metadata_switches(cli->ctx, path, loaded, &stored) : CAIRN_OK;
    if (status != CAIRN_OK)
        return status;
    network->settings.set = stored;
    if (cairn_model_check(cli->ctx, network->model, &network->settings) != CAIRN_OK)
        status = CAIRN_INPUT; /* a wrong switch is the file's fault here */
    cairn_text_format(&list, "%s%s%s", stored ? stored : "", stored && *stored && set ? "," : "",
                      set ? set : "");
    cairn_free(cli->ctx, stored);
    network->set = list.data;
    network->settings.set = list.data;
    if (status == CAIRN_OK && list.failed)
        return CAIRN_MEMORY;
    return status == CAIRN_OK ? cairn_model_check(cli->ctx, network->model, &network->settings) : status;
}

static cairn_status build(cli_call *cli, const cli_network *network, bool heads, const cairn_weights *loaded,
                          cairn_graph **graph, cairn_fit *fit)
{
    cairn_model_settings settings = network->settings;
    settings.heads = heads;
    cairn_status status = cairn_model_graph(cli->ctx, network->model, &settings, CAIRN_INPUT_NUMBERS, 0, NULL,
                                            NULL, NULL, graph);
    if (status != CAIRN_OK)
        return status == CAIRN_USAGE ? CAIRN_INPUT : status; /* sizes came from the file */
    return cairn_weights_fit(cli->ctx, *graph, network->model->names, loaded, fit);
}

/* The number of classes that the tensors have, unless the file says it. */
static cairn_status count_classes(cli_call *cli, const cairn_weights *loaded, cli_network *network)
{
    cairn_graph *graph = NULL;
    cairn_fit fit;
    if (cairn_weights_meta(loaded, "cairn.num_classes"))
        return CAIRN_OK;
    cairn_status status = build(cli, network, false, loaded, &graph, &fit);
    if (status == CAIRN_OK && fit.classes > 0)
        network->settings.classes = fit.classes;
    cairn_graph_destroy(graph);
    return status;
}

/* With heads if that gives a place to more of the file's tensors. */
static cairn_status make_graph(cli_call *cli, const cairn_weights *loaded, cli_network *network)
{
    cairn_graph *with = NULL, *without = NULL;
    cairn_fit fit_with, fit_without;
    cairn_status status = build(cli, network, false, loaded, &without, &fit_without);
    if (status == CAIRN_OK)
        status = build(cli, network, true, loaded, &with, &fit_with);
    bool heads = status == CAIRN_OK && fit_with.fitting > fit_without.fitting;
    network->settings.heads = heads;
    network->graph = heads ? with : without;
    cairn_graph_destroy(heads ? without : with);
    return status;
}

cairn_status cairn_cli_network_find(cli_call *cli, const char *path, const cairn_weights *loaded,
                                    const char *name, const char *set, cli_network *network)
{
    *network = (cli_network){0};
    cairn_status status = find_model(cli, path, loaded, name, network);
    if (status != CAIRN_OK)
        return status;
    const cairn_model *m = network->model;
    network->settings = (cairn_model_settings){.h = m->h, .w = m->w, .c = m->c, .classes = m->classes};
    status = read_switches(cli, path, loaded, set, network);
    if (status == CAIRN_OK)
        status = cairn_metadata_sizes(cli->ctx, path, loaded, &network->settings);
    if (status == CAIRN_OK)
        status = count_classes(cli, loaded, network);
    return status == CAIRN_OK ? make_graph(cli, loaded, network) : status;
}

void cairn_cli_network_free(cli_call *cli, cli_network *network)
{
    cairn_graph_destroy(network->graph);
    cairn_free(cli->ctx, network->set);
}
