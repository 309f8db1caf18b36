/* Other programs' names of tensors, recognising a network by them, and what is written for other programs. */
#include "support.h"

#include "io/names.h"
#include <cairn/graph.h>
#include <cairn/models.h>

static cairn_graph *graph_of(bench *b, const char *network, int classes)
{
    const cairn_model_settings settings = {.classes = classes};
    cairn_graph *graph;
    assert_int_equal(cairn_model_graph(b->ctx, cairn_model_find(network), &settings, CAIRN_INPUT_NUMBERS, 0,
                                       NULL, NULL, NULL, &graph),
                     CAIRN_OK);
    return graph;
}

static const cairn_tensor *add(cairn_weights *weights, const char *name, int rank, const int64_t *dim)
{
    cairn_shape shape = {.rank = rank};
    const cairn_tensor *tensor;
    double values[512];
    int64_t count = 1;
    for (int i = 0; i < rank; i++)
        count *= shape.dim[i] = dim[i];
    for (int64_t i = 0; i < count; i++)
        values[i] = (double)i;
    assert_int_equal(cairn_weights_add(weights, name, CAIRN_F32, CAIRN_LAYOUT_PLAIN, &shape, &tensor),
                     CAIRN_OK);
    assert_int_equal(cairn_tensor_set(tensor, CAIRN_F64, values), CAIRN_OK);
    return tensor;
}

static const struct name_case {
    const char *network, *theirs, *ours;
} name_cases[] = {
    {"resnet50", "layer3.5.bn2.running_var", "layer3.5.bn2.running_var"},
    {"resnet50", "module.layer1.0.conv1.weight", "layer1.0.conv1.weight"},
    {"resnet50", "_orig_mod.module.fc.bias", "fc.bias"},
    {"resnet50", "module._orig_mod.backbone.bn1.weight", "bn1.weight"},
    {"resnet50", "model.module.fc.bias", "fc.bias"},
    {"resnet50", "module.model.fc.bias", "fc.bias"},
    {"resnet50", "model.module.model._orig_mod.bn1.weight", "bn1.weight"},
    {"resnet50", "model.conv1.weight", "conv1.weight"},
    {"resnet50", "resnet.embedder.embedder.convolution.weight", "conv1.weight"},
    {"resnet50", "resnet.encoder.stages.0.layers.2.layer.0.convolution.weight", "layer1.2.conv1.weight"},
    {"resnet50", "resnet.encoder.stages.3.layers.2.layer.1.normalization.running_var",
     "layer4.2.bn2.running_var"},
    {"resnet50", "resnet.encoder.stages.1.layers.0.shortcut.normalization.bias",
     "layer2.0.downsample.1.bias"},
    {"resnet50", "classifier.1.bias", "fc.bias"},
    {"resnet20", "module.linear.weight", "linear.weight"},
    {"resnet50.keras", "conv1_conv/kernel:0", "conv1_conv.weight"},
    {"resnet50.keras", "bn_conv1/gamma", "conv1_bn.weight"},
    {"resnet50.keras", "res5c_branch2a/kernel", "conv5_block3_1_conv.weight"},
    {"resnet50.keras", "bn4f_branch2c/moving_mean", "conv4_block6_3_bn.running_mean"},
    {"resnet50.keras", "fc1000/bias", "predictions.bias"},
    {"resnet101.keras", "res2a_branch1/kernel", "conv2_block1_0_conv.weight"},
    {"resnet101.keras", "res4b22_branch2b/kernel:0", "conv4_block23_2_conv.weight"},
    {"resnet101.keras", "bn3b1_branch2a/beta", "conv3_block2_1_bn.bias"},
    {"resnet152.keras", "res3b7_branch2c/bias", "conv3_block8_3_conv.bias"},
    {"resnet152.keras", "conv4_block36_2_bn/moving_variance", "conv4_block36_2_bn.running_var"},
    {"vgg16", "pre_logits.fc2.weight", "classifier.3.weight"},
    {"vgg16", "head.fc.bias", "classifier.6.bias"},
    {"vgg16", "conv5_3.weight", "features.28.weight"},
    {"vgg19.keras", "block5_conv4/kernel", "block5_conv4.weight"},
    {"vgg19.keras", "fc2/bias", "fc2.bias"},
    {"inception_v1.paper", "inception_4e/5x5_reduce/weight", "inception_4e/5x5_reduce.weight"},
    {"inception_v1.paper", "loss3/classifier/bias", "loss3/classifier.bias"},
    {"inception_resnet_v2.keras", "conv_7b_bn/moving_mean", "conv_7b_bn.running_mean"},
    {"resnet50v2", "conv2_block1_preact_bn/gamma", "conv2_block1_preact_bn.weight"},
    {"resnet152v2", "probs/kernel", "predictions.weight"},
    {"resnet50", "resnet.encoder.stages.x.layers.2.layer.0.convolution.weight", NULL},
    {"resnet50.keras", "res4b_branch1/kernel", NULL}, /* only the first block of a stage has one */
    {"resnet50", "modul.conv1.weight", NULL},
};

static void other_programs_names_are_known(void **state)
{
    bench *b = *state;
    for (size_t i = 0; i < CAIRN_COUNT(name_cases); i++) {
        const struct name_case *c = &name_cases[i];
        cairn_graph *graph = graph_of(b, c->network, 0);
        cairn_weights *weights;
        cairn_tensor *found = calloc((size_t)cairn_param_count(graph), sizeof *found);
        bool used[1] = {false};
        assert_non_null(found);
        assert_int_equal(cairn_weights_create(b->ctx, &weights), CAIRN_OK);
        add(weights, c->theirs, 1, (int64_t[]){1});
        assert_int_equal(
            cairn_names_match(b->ctx, graph, cairn_model_find(c->network)->names, weights, found, used),
            CAIRN_OK);
        if (used[0] != (c->ours != NULL))
            fail_msg("%s: '%s' is %s", c->network, c->theirs, used[0] ? "used" : "not used");
        for (int p = 0; p < cairn_param_count(graph); p++) {
            bool expected = c->ours != NULL && strcmp(cairn_param_at(graph, p).name, c->ours) == 0;
            if (expected != (found[p].data != NULL))
                fail_msg("%s: '%s' is for '%s'", c->network, c->theirs, cairn_param_at(graph, p).name);
        }
        free(found);
        cairn_weights_destroy(weights);
        cairn_graph_destroy(graph);
    }
}

/* timm keeps dense layers after a flatten as convolutions with the channel slowest. */
static void dense_layers_may_be_convolutions(void **state)
{
    bench *b = *state;
    static const cairn_name_rule rules[] = {{"pre_logits.fc1", "fc1"}, {NULL, NULL}};
    const int64_t window[] = {2, 5, 3, 4}, pixel[] = {3, 2, 1, 1};
    cairn_graph *graph;
    cairn_weights *theirs, *ours, *bound;
    assert_int_equal(cairn_graph_create(b->ctx, &graph), CAIRN_OK);
    cairn_val x =
        cairn_linear(graph, cairn_flatten_chw(graph, cairn_image(graph, 3, 4, 5)), "fc1", 2, .no_bias = true);
    cairn_output(graph, cairn_linear(graph, x, "fc2", 3, .no_bias = true), "logits");
    assert_int_equal(cairn_weights_create(b->ctx, &theirs), CAIRN_OK);
    add(theirs, "pre_logits.fc1.weight", 4, window);
    add(theirs, "fc2.weight", 4, pixel);
    assert_int_equal(cairn_weights_bind_as(b->ctx, graph, rules, theirs, CAIRN_F32, &bound), CAIRN_OK);
    const cairn_tensor *fc1 = cairn_weights_find(bound, "fc1.weight");
    for (int i = 0; i < 60; i++) /* in memory inputs come before outputs */
        assert_true(((float *)fc1->data)[2 * i] == (float)i &&
                    ((float *)fc1->data)[2 * i + 1] == (float)(60 + i));
    cairn_weights_destroy(bound);
    /* by that name only a dense layer is known, whose order of columns is anyone's guess */
    assert_int_equal(cairn_weights_create(b->ctx, &ours), CAIRN_OK);
    add(ours, "fc1.weight", 4, window);
    add(ours, "fc2.weight", 4, pixel);
    assert_fails(b, cairn_weights_bind_as(b->ctx, graph, rules, ours, CAIRN_F32, &bound), CAIRN_INPUT,
                 "'fc1.weight' has the wrong shape (expected [2,60], found [2,5,3,4])");
    cairn_weights_destroy(theirs);
    cairn_weights_destroy(ours);
    cairn_graph_destroy(graph);
}

static void networks_are_recognised(void **state)
{
    bench *b = *state;
    cairn_graph *graph = graph_of(b, "resnet20", 7), *other = graph_of(b, "resnet32", 7);
    cairn_weights *weights, *loaded, *bound;
    cairn_recognised found[2];
    cairn_fit fit;
    int count;
    assert_int_equal(cairn_weights_init(b->ctx, graph, CAIRN_F32, 1, &weights), CAIRN_OK);
    assert_int_equal(cairn_weights_save(weights, bench_path(b, "w")), CAIRN_OK);
    assert_int_equal(cairn_weights_load(b->ctx, bench_path(b, "w"), &loaded), CAIRN_OK);
    assert_int_equal(cairn_weights_recognise(b->ctx, loaded, found, 2, &count), CAIRN_OK);
    assert_int_equal(count, 2); /* shortcuts without parameters leave no trace */
    assert_string_equal(found[0].model->name, "resnet20");
    assert_string_equal(found[1].model->name, "plain20");
    assert_int_equal(found[0].classes, 7);
    assert_int_equal(cairn_weights_fit(b->ctx, other, NULL, loaded, &fit), CAIRN_OK);
    assert_int_equal(fit.missing, 12 * 5);
    assert_int_equal(fit.misshapen, 0);
    assert_int_equal(fit.extra, 0);
    assert_int_equal(fit.classes, 7);
    assert_fails(b, cairn_weights_bind(b->ctx, other, loaded, CAIRN_F32, &bound), CAIRN_INPUT,
                 "60 are missing or have the wrong shape; the file looks like resnet20 of 7 classes");
    assert_fails(b, cairn_weights_bind(b->ctx, other, loaded, CAIRN_F32, &bound), CAIRN_INPUT,
                 "tensor 'layer1.3.conv1.weight' is missing (expected shape [16,16,3,3])");
    cairn_weights_destroy(weights);
    cairn_weights_destroy(loaded);
    /* and the other way round, where only tensors are left over */
    assert_int_equal(cairn_weights_init(b->ctx, other, CAIRN_F32, 1, &weights), CAIRN_OK);
    assert_int_equal(cairn_weights_save(weights, bench_path(b, "w")), CAIRN_OK);
    assert_int_equal(cairn_weights_load(b->ctx, bench_path(b, "w"), &loaded), CAIRN_OK);
    assert_fails(b, cairn_weights_bind(b->ctx, graph, loaded, CAIRN_F32, &bound), CAIRN_INPUT,
                 "is not used by this network; the file looks like resnet32 of 7 classes");
    cairn_weights_destroy(weights);
    cairn_weights_destroy(loaded);
    cairn_graph_destroy(graph);
    cairn_graph_destroy(other);
}

/* A normalisation with `largest` as its first scale, saved in that type and loaded again. */
static cairn_weights *rewrite(bench *b, cairn_dtype dtype, float largest)
{
    cairn_graph *graph;
    cairn_weights *weights, *loaded;
    assert_int_equal(cairn_graph_create(b->ctx, &graph), CAIRN_OK);
    cairn_val x = cairn_conv2d(graph, cairn_image(graph, 4, 4, 2), "conv", 3, .k = 3);
    cairn_output(graph, cairn_batchnorm(graph, x, "bn"), "logits");
    assert_int_equal(cairn_weights_init(b->ctx, graph, CAIRN_F32, 1, &weights), CAIRN_OK);
    *(float *)cairn_weights_find(weights, "bn.weight")->data = largest;
    assert_int_equal(cairn_weights_save_as(weights, bench_path(b, "w"), dtype), CAIRN_OK);
    assert_int_equal(cairn_weights_load(b->ctx, bench_path(b, "w"), &loaded), CAIRN_OK);
    cairn_weights_destroy(weights);
    cairn_graph_destroy(graph);
    return loaded;
}

static cairn_dtype type_of(const cairn_weights *weights, const char *name)
{
    const cairn_tensor *tensor = cairn_weights_find(weights, name);
    assert_non_null(tensor);
    return tensor->dtype;
}

static void files_are_what_pytorch_loads(void **state)
{
    bench *b = *state;
    cairn_weights *loaded = rewrite(b, CAIRN_F32, 1);
    const cairn_tensor *counter = cairn_weights_find(loaded, "bn.num_batches_tracked");
    assert_non_null(counter);
    assert_int_equal(counter->dtype, CAIRN_I64);
    assert_int_equal(counter->shape.rank, 0);
    assert_true(*(int64_t *)counter->data == 0);
    assert_int_equal(cairn_weights_count(loaded), 2 + 4 + 1);
    /* what was loaded is saved with the counter that it has */
    assert_int_equal(cairn_weights_save(loaded, bench_path(b, "again")), CAIRN_OK);
    uint8_t *first, *second;
    size_t first_size, second_size;
    assert_int_equal(cairn_file_read(b->ctx, bench_path(b, "w"), 1 << 20, &first, &first_size), CAIRN_OK);
    assert_int_equal(cairn_file_read(b->ctx, bench_path(b, "again"), 1 << 20, &second, &second_size),
                     CAIRN_OK);
    assert_int_equal(first_size, second_size);
    assert_memory_equal(first, second, first_size);
    cairn_free(b->ctx, first);
    cairn_free(b->ctx, second);
    cairn_weights_destroy(loaded);
}

static void types_are_narrowed_but_statistics(void **state)
{
    bench *b = *state;
    const cairn_dtype narrow[] = {CAIRN_F16, CAIRN_BF16};
    for (int i = 0; i < 2; i++) {
        cairn_weights *loaded = rewrite(b, narrow[i], 1.0009765625f + 1e-4f);

        assert_int_equal(type_of(loaded, "conv.weight"), narrow[i]);
        assert_int_equal(type_of(loaded, "bn.weight"), narrow[i]);
        assert_int_equal(type_of(loaded, "bn.running_mean"), CAIRN_F32);
        assert_int_equal(type_of(loaded, "bn.running_var"), CAIRN_F32);
        double values[3];
        assert_int_equal(cairn_tensor_get(cairn_weights_find(loaded, "bn.weight"), CAIRN_F64, values),
                         CAIRN_OK);

        assert_true(values[0] == (i == 0 ? 1.0009765625 : 1.0)); /* the nearest */
        assert_int_equal(b->warnings, 0);
        cairn_weights_destroy(loaded);
    }
    cairn_weights *loaded = rewrite(b, CAIRN_F16, 1e6f);
    assert_int_equal(type_of(loaded, "bn.weight"), CAIRN_F32);
    assert_int_equal(type_of(loaded, "bn.bias"), CAIRN_F16);
    assert_non_null(strstr(b->last_warning, "'bn.weight' has numbers beyond the range of F16"));
    cairn_weights_destroy(loaded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(other_programs_names_are_known),    TEST(dense_layers_may_be_convolutions),
        TEST(networks_are_recognised),           TEST(files_are_what_pytorch_loads),
        TEST(types_are_narrowed_but_statistics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
