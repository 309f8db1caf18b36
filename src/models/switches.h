/* Switches that several families have, and what some of them mean. */
#ifndef CAIRN_MODELS_SWITCHES_H
#define CAIRN_MODELS_SWITCHES_H

#include <cairn/models.h>

#define CAIRN_SWITCH_BN_EPS(value)                                                                           \
    {                                                                                                        \
        "bn_eps", value "|<number>",                                                                         \
            "added to the variance before the root; a file of weights may want its own", NULL, 0             \
    }
#define CAIRN_SWITCH_AUX                                                                                     \
    {                                                                                                        \
        "aux", "on|off", "auxiliary heads in training, whose losses early layers feel", NULL, 0              \
    }
#define CAIRN_SWITCH_LRN(values)                                                                             \
    {                                                                                                        \
        "lrn", values,                                                                                       \
            "response normalisation as printed (k 2, alpha 1e-4), as AlexNet's author computed it "          \
            "(alpha / 5), or as in Caffe's files (k 1 and alpha / 5)",                                       \
            NULL, 0                                                                                          \
    }

/* Local response normalisation as the switch says. */
cairn_val cairn_switch_lrn(cairn_graph *graph, cairn_val x, const cairn_model_settings *settings);

#endif
