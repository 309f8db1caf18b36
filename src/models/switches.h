/* Switches that several families have, and what some of them mean. */
#ifndef CAIRN_MODELS_SWITCHES_H
#define CAIRN_MODELS_SWITCHES_H

#include <cairn/models.h>

#define CAIRN_SWITCH_BN_EPS(value)                                                                           \
    {                                                                                                        \
        "bn_eps", value "|<number>",                                                                         \
            "added to the variance in batch normalisation; older files want the number of their makers",     \
            NULL, 0                                                                                          \
    }
#define CAIRN_SWITCH_AUX                                                                                     \
    {                                                                                                        \
        "aux", "on|off", "auxiliary heads in training: the loss is also felt in the middle of the network",  \
            NULL, 0                                                                                          \
    }
#define CAIRN_SWITCH_LRN(values)                                                                             \
    {                                                                                                        \
        "lrn", values,                                                                                       \
            "response normalisation: as the paper prints it (k 2, alpha 1e-4), as its author's program "     \
            "computes it (k 2, alpha 1e-4 / 5), or as in Caffe's files (k 1, alpha 1e-4 / 5)",               \
            NULL, 0                                                                                          \
    }

/* Local response normalisation as the switch says. */
cairn_val cairn_switch_lrn(cairn_graph *graph, cairn_val x, const cairn_model_settings *settings);

#endif
