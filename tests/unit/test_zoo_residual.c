/* The residual networks: what each flavour has to count, stage by stage, whatever the number of classes, the
 * shapes between the stages, the names of the tensors, and what becomes of sizes that do not fit. */
#include <cairn/cairn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

typedef struct totals {
    int64_t params, buffers, macs;
} totals;

static cairn_graph *build(cairn_ctx *ctx, const char *name, cairn_model_settings settings)
{
    const cairn_model *model = cairn_model_find(name);
    if (model == NULL)
        fail_msg("%s: no such network", name);
    cairn_graph *graph;
    if (cairn_model_graph(ctx, model, &settings, CAIRN_INPUT_NUMBERS, 0, NULL, NULL, NULL, &graph) !=
        CAIRN_OK)
        fail_msg("%s: %s", name, cairn_error(ctx));
    return graph;
}

/* Sums over nodes for what they train and cost, over parameters for statistics. */
static totals count(const cairn_graph *graph)
{
    totals sum = {0};
    int64_t trainable = 0;
    for (int i = 0; i < cairn_node_count(graph); i++) {
        cairn_node_info node = cairn_node_at(graph, i);
        sum.params += node.params;
        sum.macs += node.macs;
    }
    for (int i = 0; i < cairn_param_count(graph); i++) {
        cairn_param_info param = cairn_param_at(graph, i);
        *(param.trainable ? &trainable : &sum.buffers) += cairn_shape_elements(&param.shape);
    }
    assert_int_equal(trainable, sum.params);
    return sum;
}

/* ---- totals ---- */

static const struct expected {
    const char *name, *set;
    totals totals;
} table[] = {
    {"resnet18", "", {11689512, 9600, 1814073344}},
    {"resnet34", "", {21797672, 17024, 3663761408}},
    {"resnet50", "", {25557032, 53120, 4089184256}},
    {"resnet101", "", {44549160, 105344, 7801405440}},
    {"resnet152", "", {60192808, 151424, 11513626624}},
    {"resnet18", "shortcut=A-append", {11515688, 7808, 1794805760}},
    {"resnet34", "shortcut=A-centred", {21623848, 15232, 3644493824}},
    {"resnet18.paper", "", {11515688, 7808, 1794805760}},
    {"resnet34.paper", "", {21623848, 15232, 3644493824}},
    {"resnet34.paper", "shortcut=B", {21797672, 17024, 3663761408}},
    {"resnet50.paper", "", {25557032, 53120, 3857973248}},
    {"resnet101.paper", "", {44549160, 105344, 7570194432}},
    {"resnet152.paper", "", {60192808, 151424, 11282415616}},
    {"resnet50.keras", "", {25583592, 53120, 3857973248}},
    {"resnet101.keras", "", {44601832, 105344, 7570194432}},
    {"resnet152.keras", "", {60268520, 151424, 11282415616}},
    {"resnet18.tutorial", "", {11694312, 9600, 1814073344}},
    {"resnet34.tutorial", "", {21806184, 17024, 3663761408}},
    {"resnet50.tutorial", "", {25583592, 53120, 3857973248}},
    {"resnet101.tutorial", "", {44601832, 105344, 7570194432}},
    {"resnet152.tutorial", "", {60268520, 151424, 11282415616}},
    {"resnet20", "", {269722, 1376, 40551040}},
    {"resnet32", "", {464154, 2272, 68862592}},
    {"resnet44", "", {658586, 3168, 97174144}},
    {"resnet56", "", {853018, 4064, 125485696}},
    {"resnet110", "", {1727962, 8096, 252887680}},
    {"resnet20", "shortcut=A-append", {269722, 1376, 40551040}},
    {"resnet20", "shortcut=B", {272474, 1568, 40813184}},
    {"resnet56", "shortcut=B", {855770, 4256, 125747840}},
    {"resnet110", "shortcut=B", {1730714, 8288, 253149824}},
    {"plain18", "", {11515688, 7808, 1794805760}},
    {"plain34", "", {21623848, 15232, 3644493824}},
    {"plain20", "", {269722, 1376, 40551040}},
    {"plain32", "", {464154, 2272, 68862592}},
    {"plain44", "", {658586, 3168, 97174144}},
    {"plain56", "", {853018, 4064, 125485696}},
    {"resnet50v2", "", {25568360, 45440, 3482255360}},
    {"resnet101v2", "", {44577896, 97664, 7194476544}},
    {"resnet152v2", "", {60236904, 143744, 10906697728}},
    {"resnet50v2.tutorial", "", {25568360, 45440, 3482255360}},
    {"resnet152v2.keras", "", {60236904, 143744, 10906697728}},
    {"resnetv2_18", "", {11687720, 7808, 1814073344}},
    {"resnetv2_34", "", {21795880, 15232, 3663761408}},
    {"resnet18v2", "", {11687720, 7808, 1814073344}},
    {"resnetv2_50", "", {25549352, 45440, 4089184256}},
    {"resnetv2_101", "", {44541480, 97664, 7801405440}},
    {"resnetv2_152", "", {60185128, 143744, 11513626624}},
    {"resnet110v2", "", {1727962, 8096, 252887680}},
    {"resnet110v2", "shortcut=A-centred", {1727962, 8096, 252887680}},
    {"resnet110v2", "shortcut=B", {1730522, 8096, 253149824}},
    {"resnet164v2", "", {1703258, 24224, 244500992}},
    {"resnet1001v2", "", {10327706, 149216, 1487849984}},
    {"resnext50_32x4d", "", {25028904, 68224, 4230479872}},
    {"resnext101_32x4d", "", {44177704, 137856, 7969996800}},
    {"resnext101_32x8d", "", {88791336, 202880, 16414015488}},
    {"resnext101_64x4d", "", {83455272, 202880, 15460270080}},
    {"resnext29_8x64d", "", {34426698, 57472, 5387266048}},
    {"resnext29_16x64d", "", {68155210, 100480, 10688866304}},
};

static void totals_are_those_of_the_sources(void **state)
{
    cairn_ctx *ctx = *state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct expected *e = &table[i];
        cairn_graph *graph = build(ctx, e->name, (cairn_model_settings){.set = e->set});
        totals found = count(graph);
        cairn_graph_destroy(graph);
        if (memcmp(&found, &e->totals, sizeof found) != 0)
            fail_msg("%s %s: found %lld parameters, %lld statistics, %lld MACs", e->name, e->set,
                     (long long)found.params, (long long)found.buffers, (long long)found.macs);
    }
}

/* ---- parts ---- */

typedef struct parts {
    const char *name;
    const char *prefix[6];
    int64_t params[6];
} parts;

#define TORCH_PARTS                                                                                          \
    {                                                                                                        \
        "", "layer1.", "layer2.", "layer3.", "layer4.", "fc."                                                \
    }
#define TIMM_PARTS                                                                                           \
    {                                                                                                        \
        "stem.", "stages.0.", "stages.1.", "stages.2.", "stages.3.", "norm."                                 \
    }

static const parts part_table[] = {
    {"resnet18", TORCH_PARTS, {9536, 147968, 525568, 2099712, 8393728, 513000}},
    {"resnet34", TORCH_PARTS, {9536, 221952, 1116416, 6822400, 13114368, 513000}},
    {"resnet50", TORCH_PARTS, {9536, 215808, 1219584, 7098368, 14964736, 2049000}},
    {"resnet50.paper", TORCH_PARTS, {9536, 215808, 1219584, 7098368, 14964736, 2049000}},
    {"resnet101", TORCH_PARTS, {9536, 215808, 1219584, 26090496, 14964736, 2049000}},
    {"resnet152", TORCH_PARTS, {9536, 215808, 2339840, 40613888, 14964736, 2049000}},
    {"resnext50_32x4d", TORCH_PARTS, {9536, 205824, 1197056, 7022592, 14544896, 2049000}},
    {"resnext101_32x4d", TORCH_PARTS, {9536, 205824, 1197056, 26171392, 14544896, 2049000}},
    {"resnext101_32x8d", TORCH_PARTS, {9536, 420864, 2405376, 55160832, 28745728, 2049000}},
    {"resnext101_64x4d", TORCH_PARTS, {9536, 393216, 2257920, 51769344, 26976256, 2049000}},
    {"resnetv2_18", TIMM_PARTS, {9408, 147968, 525184, 2098944, 8392192, 1024}},
    {"resnetv2_34", TIMM_PARTS, {9408, 221952, 1116032, 6821632, 13112832, 1024}},
    {"resnetv2_50", TIMM_PARTS, {9408, 214912, 1218048, 7095296, 14958592, 4096}},
    {"resnetv2_101", TIMM_PARTS, {9408, 214912, 1218048, 26087424, 14958592, 4096}},
    {"resnetv2_152", TIMM_PARTS, {9408, 214912, 2338304, 40610816, 14958592, 4096}},
};

/* The first prefix is that of the stem; "" stands for its layers, conv1 and bn1. */
static bool belongs(const char *name, const char *prefix)
{
    if (prefix[0] == '\0')
        return strncmp(name, "conv1.", 6) == 0 || strncmp(name, "bn1.", 4) == 0;
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

static void parts_are_those_of_the_sources(void **state)
{
    cairn_ctx *ctx = *state;
    for (size_t i = 0; i < sizeof part_table / sizeof *part_table; i++) {
        const parts *e = &part_table[i];
        cairn_graph *graph = build(ctx, e->name, (cairn_model_settings){0});
        for (int part = 0; part < 6; part++) {
            int64_t sum = 0;
            for (int j = 0; j < cairn_param_count(graph); j++) {
                cairn_param_info param = cairn_param_at(graph, j);
                if (param.trainable && belongs(param.name, e->prefix[part]))
                    sum += cairn_shape_elements(&param.shape);
            }
            if (sum != e->params[part])
                fail_msg("%s: part %d: found %lld parameters", e->name, part, (long long)sum);
        }
        cairn_graph_destroy(graph);
    }
}

/* ---- classes ---- */

/* The network and the values that reach its last layer. */
static const struct {
    const char *name;
    int classes, features;
} heads[] = {
    {"resnet18", 1000, 512},       {"resnet50.keras", 1000, 2048}, {"resnet34.tutorial", 1000, 512},
    {"resnet56", 10, 64},          {"plain34", 1000, 512},         {"resnetv2_50", 1000, 2048},
    {"resnet152v2", 1000, 2048},   {"resnet164v2", 10, 256},       {"resnext50_32x4d", 1000, 2048},
    {"resnext29_8x64d", 10, 1024},
};

static void classes_change_the_last_layer_alone(void **state)
{
    cairn_ctx *ctx = *state;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        int other = heads[i].classes == 10 ? 100 : 10;
        cairn_graph *own = build(ctx, heads[i].name, (cairn_model_settings){0});
        cairn_graph *changed = build(ctx, heads[i].name, (cairn_model_settings){.classes = other});
        assert_int_equal(count(changed).params - count(own).params,
                         (heads[i].features + 1) * (other - heads[i].classes));
        cairn_shape logits = cairn_shape_of(changed, cairn_find(changed, "logits"));
        assert_int_equal(logits.rank, 1);
        assert_int_equal(logits.dim[0], other);
        cairn_graph_destroy(own);
        cairn_graph_destroy(changed);
    }
}

/* ---- shapes ---- */

/* A node at the end of a stage and its shape; h = 0 where there is none. */
static const struct {
    const char *name, *node;
    int side, c;
} ends[] = {
    {"resnet50", "conv1", 112, 64},
    {"resnet50", "maxpool", 56, 64},
    {"resnet50", "layer1.2.add", 56, 256},
    {"resnet50", "layer2.3.add", 28, 512},
    {"resnet50", "layer3.5.add", 14, 1024},
    {"resnet50", "layer4.2.add", 7, 2048},
    {"resnet50", "layer2.0.conv1", 56, 128},       /* the stride is on the 3x3 ... */
    {"resnet50.paper", "layer2.0.conv1", 28, 128}, /* ... or on the first 1x1 */
    {"resnet18.tutorial", "conv1", 112, 64},
    {"resnet18.tutorial", "maxpool", 56, 64},
    {"resnet18.tutorial", "layer4.1.add", 7, 512},
    {"resnet50.keras", "conv3_block1_1_conv", 28, 128},
    {"resnet50v2", "conv1_conv", 112, 64},
    {"resnet50v2", "conv2_block2_3_conv", 56, 256},
    {"resnet50v2", "conv2_block3_3_conv", 28, 256}, /* the last block of the stage strides */
    {"resnet50v2", "conv4_block6_3_conv", 7, 1024},
    {"resnet50v2", "conv5_block3_3_conv", 7, 2048},
    {"resnetv2_50", "stages.0.blocks.2.add", 56, 256},
    {"resnetv2_50", "stages.1.blocks.0.conv1", 56, 128},
    {"resnetv2_50", "stages.3.blocks.2.add", 7, 2048},
    {"resnet20", "layer1.2.add", 32, 16},
    {"resnet20", "layer2.0.subsample", 16, 32},
    {"resnet20", "layer3.2.add", 8, 64},
    {"plain20", "layer3.2.bn2", 8, 64},
    {"resnet164v2", "stages.0.blocks.0.downsample.conv", 32, 64},
    {"resnet164v2", "stages.1.blocks.0.conv1", 16, 32},
    {"resnet164v2", "stages.2.blocks.17.add", 8, 256},
    {"resnext29_8x64d", "layer1.0.conv2", 32, 512},
    {"resnext29_8x64d", "layer3.2.add", 8, 1024},
};

static void stages_have_their_shapes(void **state)
{
    cairn_ctx *ctx = *state;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        cairn_graph *graph = build(ctx, ends[i].name, (cairn_model_settings){0});
        bool found = false;
        for (int j = 0; j < cairn_node_count(graph); j++) {
            cairn_node_info node = cairn_node_at(graph, j);
            if (strcmp(node.name, ends[i].node) != 0)
                continue;
            found = true;
            if (node.shape.dim[0] != ends[i].side || node.shape.dim[1] != ends[i].side ||
                node.shape.dim[2] != ends[i].c)
                fail_msg("%s: %s: found %lld x %lld x %lld", ends[i].name, node.name,
                         (long long)node.shape.dim[0], (long long)node.shape.dim[1],
                         (long long)node.shape.dim[2]);
        }
        if (!found)
            fail_msg("%s: no node %s", ends[i].name, ends[i].node);
        cairn_graph_destroy(graph);
    }
}

/* ---- names ---- */

/* Tensors that only the right naming and numbering has, in the shape that memory has them. */
static const struct {
    const char *name, *tensor;
    int64_t elements;
} tensors[] = {
    {"resnet18", "layer2.0.downsample.0.weight", 128 * 64},
    {"resnet50", "layer1.0.downsample.1.running_var", 256},
    {"resnet152", "layer3.35.conv3.weight", 256 * 1024},
    {"resnet50", "fc.bias", 1000},
    {"resnet50.keras", "conv1_conv.bias", 64},
    {"resnet50.keras", "conv2_block1_0_bn.running_mean", 256},
    {"resnet152.keras", "conv4_block36_3_conv.bias", 1024},
    {"resnet50.keras", "predictions.weight", 2048 * 1000},
    {"resnet50.tutorial", "layer1.0.downsample.0.bias", 256},
    {"resnet20", "linear.weight", 640},
    {"resnet50v2", "conv2_block1_preact_bn.weight", 64},
    {"resnet50v2", "conv2_block1_0_conv.bias", 256},
    {"resnet101v2", "conv4_block23_1_bn.bias", 256},
    {"resnet50v2", "post_bn.running_var", 2048},
    {"resnetv2_50", "stem.conv.weight", 64 * 3 * 49},
    {"resnetv2_50", "stages.0.blocks.0.downsample.conv.weight", 64 * 256},
    {"resnetv2_50", "stages.2.blocks.5.norm3.running_mean", 256},
    {"resnetv2_50", "head.fc.weight", 2048 * 1000},
    {"resnext50_32x4d", "layer1.0.conv2.weight", 128 * 4 * 9},
};

static void tensors_have_the_names_of_the_files(void **state)
{
    cairn_ctx *ctx = *state;
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++) {
        cairn_graph *graph = build(ctx, tensors[i].name, (cairn_model_settings){0});
        int64_t elements = 0;
        for (int j = 0; j < cairn_param_count(graph); j++) {
            cairn_param_info param = cairn_param_at(graph, j);
            if (strcmp(param.name, tensors[i].tensor) == 0)
                elements = cairn_shape_elements(&param.shape);
        }
        if (elements != tensors[i].elements)
            fail_msg("%s: %s: found %lld elements", tensors[i].name, tensors[i].tensor, (long long)elements);
        cairn_graph_destroy(graph);
    }
}

/* ---- sizes and switches ---- */

/* A mean over all pixels ends these networks: one pixel is enough where padding makes up for the kernel. */
static void sizes_are_free(void **state)
{
    cairn_ctx *ctx = *state;
    static const char *const names[] = {"resnet50", "resnet18.tutorial", "resnet50v2",     "resnetv2_18",
                                        "resnet20", "plain34",           "resnext29_8x64d"};
    static const int sides[][2] = {{1, 1}, {33, 47}, {225, 64}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (size_t j = 0; j < sizeof sides / sizeof *sides; j++) {
            cairn_model_settings settings = {.h = sides[j][0], .w = sides[j][1], .classes = 7};
            cairn_graph *graph = build(ctx, names[i], settings);
            assert_int_equal(cairn_shape_of(graph, cairn_find(graph, "logits")).dim[0], 7);
            cairn_graph_destroy(graph);
        }
}

static void switches_are_checked(void **state)
{
    cairn_ctx *ctx = *state;
    static const char *const wrong[][2] = {
        {"resnet50", "shortcut=D"},       {"resnet50", "bn_eps=small"}, {"plain20", "shortcut=B"},
        {"resnet50v2", "shortcut=B"},     {"resnetv2_50", "bn_eps="},   {"resnet110v2", "shortcut=C"},
        {"resnext50_32x4d", "groups=16"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cairn_graph *graph;
        cairn_model_settings settings = {.set = wrong[i][1]};
        assert_int_equal(cairn_model_graph(ctx, cairn_model_find(wrong[i][0]), &settings, CAIRN_INPUT_NUMBERS,
                                           0, NULL, NULL, NULL, &graph),
                         CAIRN_USAGE);
        assert_null(graph);
    }
    cairn_graph *graph = build(ctx, "resnet50.keras", (cairn_model_settings){.set = "bn_eps=0.001"});
    cairn_graph_destroy(graph);
}

static int open_context(void **state)
{
    cairn_ctx *ctx = NULL;
    int failed = cairn_ctx_create(NULL, &ctx) != CAIRN_OK;
    *state = ctx;
    return failed;
}

static int close_context(void **state)
{
    cairn_ctx_destroy(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(totals_are_those_of_the_sources),
        cmocka_unit_test(parts_are_those_of_the_sources),
        cmocka_unit_test(classes_change_the_last_layer_alone),
        cmocka_unit_test(stages_have_their_shapes),
        cmocka_unit_test(tensors_have_the_names_of_the_files),
        cmocka_unit_test(sizes_are_free),
        cmocka_unit_test(switches_are_checked),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
