// C++ builds a network with the same calls as C; designated initialisers are C++20.
#include <cairn/cairn.h>

cairn_val block(cairn_graph *g, cairn_val x);

cairn_val block(cairn_graph *g, cairn_val x)
{
    x = cairn_relu(g, cairn_conv2d(g, x, "conv", 6, .k = 5, .padding = CAIRN_PAD_SAME));
    x = cairn_maxpool(g, x, .k = 2, .ceil = true);
    return cairn_linear(g, x, "fc", 10, .no_bias = true);
}
