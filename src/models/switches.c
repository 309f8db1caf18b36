/* What the switches mean that several families have. */
#include "models/switches.h"

cairn_val cairn_switch_lrn(cairn_graph *graph, cairn_val x, const cairn_model_settings *s)
{
    bool paper = cairn_switch_is(s->model, s, "lrn", "paper");
    bool bvlc = cairn_switch_is(s->model, s, "lrn", "bvlc");
    return cairn_lrn(graph, x, .size = 5, .alpha = paper ? 1e-4 : 1e-4 / 5, .beta = 0.75, .k = bvlc ? 1 : 2);
}
