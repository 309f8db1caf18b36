/* The parts of Inception networks; inception.h says what they are. */
#include "models/inception.h"
#include "models/named.h"
#include <stdarg.h>
#include <stdio.h>

#define NAME_BYTES CAIRN_INCEPTION_BYTES

const cairn_inception_widths cairn_inception_widths_2014[CAIRN_INCEPTION_MODULES] = {
    {"3a", 64, 96, 128, 16, 32, 32},     {"3b", 128, 128, 192, 32, 96, 64},
    {"4a", 192, 96, 208, 16, 48, 64},    {"4b", 160, 112, 224, 24, 64, 64},
    {"4c", 128, 128, 256, 24, 64, 64},   {"4d", 112, 144, 288, 32, 64, 64},
    {"4e", 256, 160, 320, 32, 128, 128}, {"5a", 256, 160, 320, 32, 128, 128},
    {"5b", 384, 192, 384, 48, 128, 128},
};

cairn_inception cairn_inception_start(cairn_graph *graph, const cairn_model_settings *s,
                                      cairn_inception_names names, cairn_init init)
{
    bool keras = names == CAIRN_INCEPTION_KERAS;
    return (cairn_inception){
        .graph = graph,
        .names = names,
        .norm = {.eps = cairn_switch_number(s->model, s, "bn_eps"),
                 .momentum = keras ? 0.01 : 0.1,
                 .biased = keras,
                 .no_scale = keras},
        .init = init,
    };
}

static void number(char name[NAME_BYTES], const char *kind, int count)
{
    if (count == 0)
        snprintf(name, NAME_BYTES, "%s", kind);
    else
        snprintf(name, NAME_BYTES, "%s_%d", kind, count);
}

cairn_val cairn_inception_conv(cairn_inception *net, cairn_val x, const char *name, cairn_inception_unit unit)
{
    char conv[NAME_BYTES] = "conv", norm[NAME_BYTES] = "bn";
    cairn_graph *g = net->graph;
    if (net->names == CAIRN_INCEPTION_KERAS) {
        number(conv, "conv2d", net->made);
        number(norm, "batch_normalization", net->made);
    }
    net->made++;
    cairn_inception_enter(net, name);
    x = cairn_conv2d(g, x, conv, unit.out, .k_h = unit.k_h, .k_w = unit.k_w, .stride = unit.stride,
                     .pad_h = unit.valid ? 0 : unit.k_h / 2, .pad_w = unit.valid ? 0 : unit.k_w / 2,
                     .no_bias = true, .init = net->init);
    x = cairn_relu(g, cairn_batchnorm_with(g, x, norm, net->norm));
    cairn_inception_leave(net);
    return x;
}

cairn_val cairn_inception_chain(cairn_inception *net, cairn_val x, const char *name, int count,
                                const cairn_inception_unit *units)
{
    for (int i = 0; i < count; i++) {
        char full[NAME_BYTES];
        if (count == 1)
            snprintf(full, sizeof full, "%s", name);
        else if (net->names == CAIRN_INCEPTION_TIMM)
            snprintf(full, sizeof full, "%s.%d", name, i);
        else
            snprintf(full, sizeof full, "%s_%d", name, i + 1);
        x = cairn_inception_conv(net, x, full, units[i]);
    }
    return x;
}

void cairn_inception_name_join(cairn_inception *net, const char *format, ...)
{
    if (net->names != CAIRN_INCEPTION_KERAS)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(net->join, sizeof net->join, format, arguments);
    va_end(arguments);
}

cairn_val cairn_inception_join(cairn_inception *net, int count, const cairn_val *values)
{
    cairn_val x = cairn_concat_named(net->graph, count, values, net->join[0] ? net->join : NULL);
    net->join[0] = '\0';
    return x;
}

void cairn_inception_enter(const cairn_inception *net, const char *scope)
{
    if (net->names != CAIRN_INCEPTION_KERAS)
        cairn_enter(net->graph, "%s", scope);
}

void cairn_inception_leave(const cairn_inception *net)
{
    if (net->names != CAIRN_INCEPTION_KERAS)
        cairn_leave(net->graph);
}
