/* AlexNet, VGG and the Inception networks: their sizes, costs and maps against the literature's; names. */
#include <cairn/cairn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static cairn_ctx *ctx;

static int set_up(void **state)
{
    (void)state;
    return (int)cairn_ctx_create(NULL, &ctx);
}

static int tear_down(void **state)
{
    (void)state;
    cairn_ctx_destroy(ctx);
    return 0;
}

static cairn_graph *graph_of(const char *name, const cairn_model_settings *settings)
{
    const cairn_model *model = cairn_model_find(name);
    cairn_graph *graph = NULL;
    assert_non_null(model);
    if (cairn_model_graph(ctx, model, settings, CAIRN_INPUT_NUMBERS, 0, NULL, NULL, NULL, &graph) != CAIRN_OK)
        fail_msg("%s: %s", name, cairn_error(ctx));
    return graph;
}

typedef struct sums {
    int64_t params, buffers, macs;
} sums;

/* Of the layers whose names begin with `prefix`. */
static sums sums_of(const cairn_graph *graph, const char *prefix)
{
    sums total = {0};
    for (int i = 0; i < cairn_node_count(graph); i++) {
        cairn_node_info info = cairn_node_at(graph, i);
        if (strncmp(info.name, prefix, strlen(prefix)) != 0)
            continue;
        total.params += info.params;
        total.buffers += info.buffers;
        total.macs += info.macs;
    }
    return total;
}

static void assert_equal(const char *name, const char *what, int64_t found, int64_t expected)
{
    if (found != expected)
        fail_msg("%s: %s: expected %lld, found %lld", name, what, (long long)expected, (long long)found);
}

/* What with_heads adds is 0 for networks without. */
static const struct network {
    const char *name;
    int64_t params, buffers, macs, head_params, head_buffers, head_macs;
} networks[] = {
    {"alexnet", 61100840, 0, 714188480, 0, 0, 0},
    {"alexnet.paper", 60965224, 0, 724406816, 0, 0, 0},
    {"alexnet.tutorial", 49516520, 0, 818842752, 0, 0, 0},
    {"vgg11", 132863336, 0, 7609090048, 0, 0, 0},
    {"vgg13", 133047848, 0, 11308466176, 0, 0, 0},
    {"vgg16", 138357544, 0, 15470264320, 0, 0, 0},
    {"vgg19", 143667240, 0, 19632062464, 0, 0, 0},
    {"vgg11_bn", 132868840, 5504, 7609090048, 0, 0, 0},
    {"vgg13_bn", 133053736, 5888, 11308466176, 0, 0, 0},
    {"vgg16_bn", 138365992, 8448, 15470264320, 0, 0, 0},
    {"vgg19_bn", 143678248, 11008, 19632062464, 0, 0, 0},
    {"vgg16.keras", 138357544, 0, 15470264320, 0, 0, 0},
    {"vgg19.keras", 143667240, 0, 19632062464, 0, 0, 0},
    {"vgg16.tutorial", 138357544, 0, 15470264320, 0, 0, 0},
    {"vgg19.tutorial", 143667240, 0, 19632062464, 0, 0, 0},
    {"googlenet", 6624904, 14560, 1498376192, 3188968 + 3191016, 512, 8372224},
    {"inception_v1", 6998552, 0, 1582671872, 3188840 + 3190888, 0, 8372224},
    {"inception_v1.tutorial", 6976520, 0, 1578356736, 2 * 3188840, 0, 2 * 4169728},
    {"inception_v2", 11295240, 20032, 1987204096, 0, 0, 0},
    {"inception_v2.prose", 7292264, 16064, 1639721984, 0, 0, 0},
    {"inception_v3", 23834568, 34432, 5713216096, 3326696, 1792, 5683200},
    {"inception_v3.keras", 23817352, 34432, 5713216096, 0, 0, 0},
    {"inception_v3.tutorial", 23817352, 34432, 5713216096, 0, 0, 0},
    {"inception_v4", 42679816, 63168, 12253974624, 0, 0, 0},
    {"inception_resnet_v1", 22756328, 27040, 6206361696, 0, 0, 0},
    {"inception_resnet_v2", 55843464, 60544, 13155794016, 0, 0, 0},
    {"inception_resnet_v2.keras", 55813192, 60544, 13155794016, 0, 0, 0},
};

static void sizes_and_costs(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(networks); i++) {
        const struct network *n = &networks[i];
        cairn_graph *graph = graph_of(n->name, NULL);
        sums plain = sums_of(graph, "");
        assert_equal(n->name, "parameters", plain.params, n->params);
        assert_equal(n->name, "statistics", plain.buffers, n->buffers);
        assert_equal(n->name, "multiplications", plain.macs, n->macs);
        cairn_shape logits = cairn_shape_of(graph, cairn_find(graph, "logits"));
        assert_equal(n->name, "classes", logits.rank == 1 ? logits.dim[0] : 0, 1000);
        cairn_graph_destroy(graph);

        graph = graph_of(n->name, &(cairn_model_settings){.heads = true});
        sums heads = sums_of(graph, "");
        assert_equal(n->name, "parameters with heads", heads.params, n->params + n->head_params);
        assert_equal(n->name, "statistics with heads", heads.buffers, n->buffers + n->head_buffers);
        assert_equal(n->name, "multiplications with heads", heads.macs, n->macs + n->head_macs);
        cairn_graph_destroy(graph);
    }
}

static void heads_can_be_left_out(void **state)
{
    (void)state;
    static const char *const names[] = {"googlenet", "inception_v1.paper", "inception_v3"};
    for (size_t i = 0; i < COUNT(names); i++) {
        cairn_graph *graph = graph_of(names[i], &(cairn_model_settings){.heads = true});
        assert_true(cairn_find(graph, "aux1_logits").id != 0);
        cairn_graph_destroy(graph);
        graph = graph_of(names[i], &(cairn_model_settings){.heads = true, .set = "aux=off"});
        assert_true(cairn_find(graph, "aux1_logits").id == 0);
        cairn_graph_destroy(graph);
    }
}

/* Ten classes instead of a thousand take (features + 1) * 990 parameters from the last layer. */
static void class_counts(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t features;
    } heads[] = {{"alexnet", 4096},
                 {"alexnet.tutorial", 4096},
                 {"vgg16_bn", 4096},
                 {"vgg16.tutorial", 4096},
                 {"googlenet", 1024},
                 {"inception_v1.tutorial", 1024},
                 {"inception_v2", 1024},
                 {"inception_v3.keras", 2048},
                 {"inception_v4", 1536},
                 {"inception_resnet_v1", 1792},
                 {"inception_resnet_v2", 1536}};
    for (size_t i = 0; i < COUNT(heads); i++) {
        cairn_graph *thousand = graph_of(heads[i].name, NULL);
        cairn_graph *ten = graph_of(heads[i].name, &(cairn_model_settings){.classes = 10});
        assert_equal(heads[i].name, "difference of 990 classes",
                     sums_of(thousand, "").params - sums_of(ten, "").params, (heads[i].features + 1) * 990);
        cairn_graph_destroy(thousand);
        cairn_graph_destroy(ten);
    }
}

/* Sides of the square maps, each counted once, from the picture down. */
static void maps_of(const char *name, const char *set, char text[256])
{
    cairn_graph *graph = graph_of(name, &(cairn_model_settings){.set = set});
    int64_t last = 0;
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < cairn_node_count(graph); i++) {
        cairn_node_info info = cairn_node_at(graph, i);
        bool pads = strcmp(info.op, "zero_pad") == 0; /* no map of the network's own */
        if (info.shape.rank != 3 || info.shape.dim[0] == last || pads)
            continue;
        last = info.shape.dim[0];
        used += (size_t)snprintf(text + used, 256 - used, "%s%lld", used > 0 ? " " : "", (long long)last);
    }
    cairn_graph_destroy(graph);
}

static void map_sizes(void **state)
{
    (void)state;
    static const char *const maps[][3] = {
        {"alexnet", "", "224 55 27 13 6"},
        {"alexnet.paper", "", "227 55 27 13 6"},
        {"alexnet.tutorial", "", "224 54 26 12 5"},
        {"vgg11", "", "224 112 56 28 14 7"},
        {"vgg19.tutorial", "", "224 112 56 28 14 7"},
        {"googlenet", "", "224 112 56 28 14 7"},
        {"inception_v1.paper", "", "224 112 56 28 14 7"},
        {"inception_v1.tutorial", "", "224 112 56 28 14 7"},
        {"inception_v2.prose", "", "224 112 56 28 14 7"},
    };
    char text[256];
    for (size_t i = 0; i < COUNT(maps); i++) {
        maps_of(maps[i][0], maps[i][1], text);
        assert_string_equal(text, maps[i][2]);
    }
}

/* Shape of the last layer whose name begins so. */
static void shape_after(const cairn_graph *graph, const char *prefix, char text[64])
{
    text[0] = '\0';
    for (int i = 0; i < cairn_node_count(graph); i++) {
        cairn_node_info info = cairn_node_at(graph, i);
        if (strncmp(info.name, prefix, strlen(prefix)) == 0 && info.shape.rank == 3)
            snprintf(text, 64, "%lldx%lldx%lld", (long long)info.shape.dim[0], (long long)info.shape.dim[1],
                     (long long)info.shape.dim[2]);
    }
}

static void module_shapes(void **state)
{
    (void)state;
    static const char *const shapes[][4] = {
        {"inception_v2", "", "conv_2_red", "55x55x64"},
        {"inception_v2", "", "conv_3a_1x1", "27x27x64"},
        {"inception_v2", "", "conv_4a_1x1", "14x14x224"},
        {"inception_v2", "", "conv_5b_1x1", "7x7x352"},
        {"inception_v2", "pool=ceil", "conv_2_red", "56x56x64"},
        {"inception_v2", "pool=ceil", "conv_3a_1x1", "28x28x64"},
        {"googlenet", "", "inception4d", "14x14x528"},
        {"inception_v3", "", "Conv2d_1a_3x3", "149x149x32"},
        {"inception_v3", "", "Conv2d_4a_3x3", "71x71x192"},
        {"inception_v3", "", "Mixed_5b", "35x35x256"},
        {"inception_v3", "", "Mixed_6e", "17x17x768"},
        {"inception_v3", "", "Mixed_7a", "8x8x1280"},
        {"inception_v3", "", "Mixed_7c", "8x8x2048"},
        {"inception_v4", "", "features.3", "73x73x160"},
        {"inception_v4", "", "features.4", "71x71x192"},
        {"inception_v4", "", "features.5", "35x35x384"},
        {"inception_v4", "", "features.10", "17x17x1024"},
        {"inception_v4", "", "features.18", "8x8x1536"},
        {"inception_resnet_v1", "", "conv2d_4b", "35x35x256"},
        {"inception_resnet_v1", "", "mixed_6a", "17x17x896"},
        {"inception_resnet_v1", "", "mixed_7a", "8x8x1792"},
        {"inception_resnet_v2", "", "mixed_5b", "35x35x320"},
        {"inception_resnet_v2", "", "mixed_6a", "17x17x1088"},
        {"inception_resnet_v2", "", "mixed_7a", "8x8x2080"},
        {"inception_resnet_v2", "", "conv2d_7b", "8x8x1536"},
    };
    char text[64];
    for (size_t i = 0; i < COUNT(shapes); i++) {
        cairn_graph *graph = graph_of(shapes[i][0], &(cairn_model_settings){.set = shapes[i][1]});
        shape_after(graph, shapes[i][2], text);
        if (strcmp(text, shapes[i][3]) != 0)
            fail_msg("%s: %s: expected %s, found %s", shapes[i][0], shapes[i][2], shapes[i][3], text);
        cairn_graph_destroy(graph);
    }
}

static void module_sizes(void **state)
{
    (void)state;
    static const struct {
        const char *network, *prefix;
        int64_t params;
    } modules[] = {
        {"alexnet.paper", "conv2", 307456},
        {"alexnet.paper", "conv5", 442624},
        {"vgg16", "classifier.0", 102764544},
        {"vgg16", "classifier.6", 4097000},
        {"vgg16", "classifier", 123642856},
        {"inception_v1.paper", "conv1/", 9472},
        {"inception_v1.paper", "inception_3a/", 163696},
        {"inception_v1.paper", "inception_4d/", 605376},
        {"inception_v1.paper", "inception_5b/", 1444080},
        {"inception_v1.paper", "loss1/", 3188840},
        {"inception_v1.paper", "loss2/", 3190888},
        {"inception_v1.tutorial", "loss2/", 3188840},
        {"googlenet", "inception3a.", 155872},
        {"googlenet", "inception4e.", 803840},
        {"googlenet", "aux1.", 3188968},
        {"googlenet", "aux2.", 3191016},
        {"inception_v3", "Mixed_5b.", 255904},
        {"inception_v3", "Mixed_6a.", 1153280},
        {"inception_v3", "Mixed_6b.", 1297408},
        {"inception_v3", "Mixed_7a.", 1698304},
        {"inception_v3", "Mixed_7c.", 6076800},
        {"inception_v3", "AuxLogits.", 3326696},
        {"inception_v4", "features.4.", 189312},
        {"inception_v4", "features.9.", 317632},
        {"inception_v4", "features.10.", 2306112},
        {"inception_v4", "features.17.", 2936256},
        {"inception_v4", "features.18.", 2747392},
        {"inception_v4", "features.21.", 4553088},
        {"inception_resnet_v2", "mixed_5b.", 268320},
        {"inception_resnet_v2", "repeat.", 1231680},
        {"inception_resnet_v2", "mixed_6a.", 2664960},
        {"inception_resnet_v2", "repeat_1.", 22535680},
        {"inception_resnet_v2", "mixed_7a.", 3880960},
        {"inception_resnet_v2", "repeat_2.", 18318816},
        {"inception_resnet_v2", "block8.", 2035424},
        {"inception_resnet_v2", "conv2d_7b.", 3197952},
    };
    for (size_t i = 0; i < COUNT(modules); i++) {
        cairn_graph *graph = graph_of(modules[i].network, &(cairn_model_settings){.heads = true});
        assert_equal(modules[i].network, modules[i].prefix, sums_of(graph, modules[i].prefix).params,
                     modules[i].params);
        cairn_graph_destroy(graph);
    }
}

/* The variants of the second network that other programs have. */
static void switches_of_v2(void **state)
{
    (void)state;
    cairn_graph *graph = graph_of("inception_v2", &(cairn_model_settings){.set = "proj4cd=96"});
    assert_equal("inception_v2", "parameters, proj4cd=96", sums_of(graph, "").params, 11204936);
    cairn_graph_destroy(graph);
    graph = graph_of("inception_v2", &(cairn_model_settings){.set = "pool=ceil"});
    assert_equal("inception_v2", "multiplications, pool=ceil", sums_of(graph, "").macs, 2032600064);
    cairn_graph_destroy(graph);
}

static void assert_param(const char *network, const char *name, const char *shape)
{
    cairn_graph *graph = graph_of(network, &(cairn_model_settings){.heads = true});
    char found[96] = "no such tensor";
    for (int i = 0; i < cairn_param_count(graph); i++) {
        cairn_param_info info = cairn_param_at(graph, i);
        if (strcmp(info.name, name) != 0)
            continue;
        size_t used = 0;
        for (int k = 0; k < info.shape.rank; k++)
            used += (size_t)snprintf(found + used, sizeof found - used, "%s%lld", k > 0 ? "x" : "",
                                     (long long)info.shape.dim[k]);
    }
    if (strcmp(found, shape) != 0)
        fail_msg("%s: %s: expected %s, found %s", network, name, shape, found);
    cairn_graph_destroy(graph);
}

/* Names of the files that people have, and the order that counted names stand for. */
static void names_of_tensors(void **state)
{
    (void)state;
    static const char *const names[][3] = {
        {"alexnet", "features.10.bias", "256"},
        {"alexnet.paper", "conv4.weight", "3x3x192x384"},
        {"vgg19", "features.34.weight", "3x3x512x512"},
        {"vgg16_bn", "features.40.weight", "3x3x512x512"},
        {"vgg16_bn", "features.41.running_var", "512"},
        {"vgg16.keras", "block5_conv3.weight", "3x3x512x512"},
        {"vgg16.keras", "fc1.weight", "25088x4096"},
        {"googlenet", "inception3a.branch3.1.conv.weight", "3x3x16x32"},
        {"googlenet", "aux1.conv.bn.running_mean", "128"},
        {"inception_v1.paper", "conv1/7x7_s2.weight", "7x7x3x64"},
        {"inception_v1.paper", "inception_3a/5x5.weight", "5x5x16x32"},
        {"inception_v1.tutorial", "inception_4d/5x5.weight", "5x5x32x48"},
        {"inception_v2", "conv_3c_double_3x3_1.weight", "3x3x96x96"},
        {"inception_v2", "bn_2_red.running_mean", "64"},
        {"inception_v3", "Mixed_7b.branch3x3dbl_3b.conv.weight", "3x1x384x384"},
        {"inception_v3", "AuxLogits.conv1.conv.weight", "5x5x128x768"},
        {"inception_v3.keras", "conv2d_7.weight", "5x5x48x64"},
        {"inception_v3.keras", "conv2d_33.weight", "7x1x128x192"},
        {"inception_v3.keras", "conv2d_82.weight", "1x3x384x384"},
        {"inception_v3.keras", "conv2d_93.weight", "1x1x2048x192"},
        {"inception_v3.tutorial", "batch_normalization_93.bias", "192"},
        {"inception_v4", "features.0.conv.weight", "3x3x3x32"},
        {"inception_v4", "features.21.branch2_3a.conv.weight", "1x3x512x256"},
        {"inception_v4", "features.6.branch3.1.bn.running_var", "96"},
        {"inception_resnet_v1", "repeat_1.9.conv2d.bias", "896"},
        {"inception_resnet_v2", "mixed_7a.branch2.2.conv.weight", "3x3x288x320"},
        {"inception_resnet_v2", "block8.conv2d.weight", "1x1x448x2080"},
        {"inception_resnet_v2.keras", "conv2d_79.weight", "7x1x160x192"},
        {"inception_resnet_v2.keras", "conv2d_202.weight", "3x1x224x256"},
        {"inception_resnet_v2.keras", "block17_20_conv.bias", "1088"},
        {"inception_resnet_v2.keras", "block8_10_conv.weight", "1x1x448x2080"},
        {"inception_resnet_v2.keras", "conv_7b_bn.running_mean", "1536"},
    };
    for (size_t i = 0; i < COUNT(names); i++)
        assert_param(names[i][0], names[i][1], names[i][2]);
}

/* A picture that is too small is refused by the layer that it does not fit, by name. */
static void too_small(void **state)
{
    (void)state;
    static const struct {
        const char *network;
        int side;
        const char *layer;
    } cases[] = {
        {"alexnet.paper", 10, "conv1"},      {"alexnet", 48, "maxpool_2"},
        {"vgg16", 31, "maxpool_4"},          {"inception_v3", 74, "Mixed_7a"},
        {"inception_v4", 74, "features.18"}, {"inception_resnet_v2", 74, "mixed_7a"},
        {"inception_v3.keras", 2, "conv2d"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        cairn_graph *graph = NULL;
        cairn_model_settings settings = {.h = cases[i].side, .w = cases[i].side};
        cairn_status status = cairn_model_graph(ctx, cairn_model_find(cases[i].network), &settings,
                                                CAIRN_INPUT_NUMBERS, 0, NULL, NULL, NULL, &graph);
        if (status == CAIRN_OK || graph != NULL || strstr(cairn_error(ctx), cases[i].layer) == NULL)
            fail_msg("%s at %d pixels: expected a failure of %s, found '%s'", cases[i].network, cases[i].side,
                     cases[i].layer, status == CAIRN_OK ? "no failure" : cairn_error(ctx));
    }
}

static void aliases(void **state)
{
    (void)state;
    assert_ptr_equal(cairn_model_find("inception_v1"), cairn_model_find("inception_v1.paper"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sizes_and_costs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(heads_can_be_left_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(class_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(map_sizes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(module_shapes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(module_sizes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(switches_of_v2, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_of_tensors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(too_small, set_up, tear_down),
        cmocka_unit_test_setup_teardown(aliases, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
