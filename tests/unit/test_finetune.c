/* What a training can be told beyond its rate: every optimiser with moving averages and clipping resumes to
 * the same bits; frozen layers and their statistics stay; rates by depth; new heads. */
#include "runs.h"

#include "train/groups.h"
#include <math.h>

/* ---- resume ---- */

static void every_optimiser_resumes_to_the_same_bits(void **state)
{
    bench *b = *state;
    static const char *const names[] = {"sgd", "rmsprop", "adam", "adamw", "lars", "lamb"};
    for (size_t i = 0; i < CAIRN_COUNT(names); i++) {
        char optimizer[32];
        snprintf(optimizer, sizeof optimizer, "optimizer=%s", names[i]);
        const char *const options[] = {optimizer,
                                       "ema=0.9",
                                       "clip_norm=1",
                                       "clip_value=0.5",
                                       "norm_weight_decay=false",
                                       "keep=2",
                                       "augment=pad=2,flip,erase=0.3,mixup=0.4,cutmix=1",
                                       "lr=0.01",
                                       NULL};
        resume_after(b, "lenet5", options, 1 + (int)(i * 3 + 1) % 8);
    }
}

static void normalisation_resumes_too(void **state)
{
    bench *b = *state;
    static const char *const options[] = {
        "ema=0.9", "augment=rrc,flip", "freeze=conv1,bn1", "head_lr_factor=3", "lr_decay=0.5", "lr=0.01",
        NULL};
    resume_after(b, "resnet20", options, 5);
}

static void threads_change_no_bit(void **state)
{
    bench *b = *state;
    static const char *const options[] = {"optimizer=lamb", "ema=0.9", "clip_norm=1", "lr=0.01", NULL};
    train_with(b, "one", "lenet5", options);
    tiny_threads(b, 3);
    train_with(b, "three", "lenet5", options);
    assert_same_file(b, "one/weights/last.safetensors", "three/weights/last.safetensors");
}

/* ---- averages ---- */

static bool same_tensor(bench *b, const char *x, const char *name_x, const char *y, const char *name_y)
{
    cairn_weights *a, *c;
    const cairn_tensor *p = tensor_of(b, x, name_x, &a), *q = tensor_of(b, y, name_y, &c);
    assert_int_equal(cairn_shape_elements(&p->shape), cairn_shape_elements(&q->shape));
    bool same = memcmp(p->data, q->data, (size_t)cairn_shape_elements(&p->shape) * sizeof(float)) == 0;
    cairn_weights_destroy(a);
    cairn_weights_destroy(c);
    return same;
}

/* What is saved for people are the averages, statistics included, and the training itself is not changed. */
static void averages_are_saved(void **state)
{
    bench *b = *state;
    static const char *const with[] = {"ema=0.9", "lr=0.01", NULL}, *const without[] = {"lr=0.01", NULL};
    train_with(b, "with", "resnet20", with);
    train_with(b, "without", "resnet20", without);
    static const char *const names[] = {"conv1.weight", "bn1.weight", "bn1.running_mean", "bn1.running_var"};
    for (size_t i = 0; i < CAIRN_COUNT(names); i++) {
        char average[64];
        snprintf(average, sizeof average, "%s/average", names[i]);
        assert_true(same_tensor(b, "with/weights/last.safetensors", names[i],
                                "with/checkpoints/step-000009/train.safetensors", average));
        assert_false(same_tensor(b, "with/weights/last.safetensors", names[i],
                                 "with/checkpoints/step-000009/model.safetensors", names[i]));
        assert_true(same_tensor(b, "without/weights/last.safetensors", names[i],
                                "with/checkpoints/step-000009/model.safetensors", names[i]));
    }
}

/* ---- frozen layers ---- */

static void frozen_layers_stay(void **state)
{
    bench *b = *state;
    static const char *const first[] = {"lr=0.01", NULL}, *const freeze[] = {"freeze=layer2", "lr=0.01",
                                                                             NULL};
    static const char *const stay[] = {"layer2.0.conv1.weight", "layer2.0.bn1.weight",
                                       "layer2.0.bn1.running_mean", "layer2.1.bn2.running_var"};
    static const char *const learn[] = {"conv1.weight", "layer1.0.conv1.weight", "bn1.running_mean",
                                        "layer3.0.conv1.weight", "linear.weight"};
    train_with(b, "first", "resnet20", first);
    cairn_train_settings settings = settings_with(b, "frozen", "resnet20", freeze);
    settings.init = bench_path(b, "first");
    assert_ok(b, cairn_train(b->ctx, &settings, NULL, NULL));
    for (size_t i = 0; i < CAIRN_COUNT(stay); i++)
        if (!same_tensor(b, "first/weights/best.safetensors", stay[i], "frozen/weights/last.safetensors",
                         stay[i]))
            fail_msg("%s was changed", stay[i]);
    for (size_t i = 0; i < CAIRN_COUNT(learn); i++)
        if (same_tensor(b, "first/weights/best.safetensors", learn[i], "frozen/weights/last.safetensors",
                        learn[i]))
            fail_msg("%s was not changed", learn[i]);
}

static cairn_config config_of(bench *b, const char *const *options)
{
    cairn_train_settings settings = tiny_settings(b, "unused");
    settings.model = "resnet20";
    settings.options = options;
    cairn_config config;
    assert_ok(b, cairn_config_resolve(b->ctx, &settings, NULL, &config));
    return config;
}

static cairn_graph *graph_of(bench *b, const cairn_config *config, cairn_groups *groups)
{
    cairn_graph *graph;
    cairn_model_settings settings = {.classes = 10, .h = 32, .w = 32, .c = 3};
    assert_ok(b, cairn_groups_prepare(b->ctx, config, &settings, groups));
    cairn_model_training training = {
        .frozen = groups->frozen, .groups = cairn_groups_apply, .user = groups, .update = {.momentum = 0.9}};
    assert_ok(b, cairn_model_graph(b->ctx, config->model, &settings, CAIRN_INPUT_NUMBERS, 0, NULL, NULL,
                                   &training, &graph));
    return graph;
}

static cairn_param_info param_of(const cairn_graph *graph, const char *name)
{
    for (int i = 0; i < cairn_param_count(graph); i++)
        if (strcmp(cairn_param_at(graph, i).name, name) == 0)
            return cairn_param_at(graph, i);
    fail_msg("there is no %s", name);
    return (cairn_param_info){0};
}

static void groups_have_their_rates(void **state)
{
    bench *b = *state;
    static const char *const options[] = {"lr_decay=0.01", "head_lr_factor=5", "norm_weight_decay=false",
                                          NULL};
    cairn_config config = config_of(b, options);
    cairn_groups groups;
    cairn_graph *graph = graph_of(b, &config, &groups);
    cairn_param_info first = param_of(graph, "conv1.weight"), norm = param_of(graph, "bn1.weight");
    cairn_param_info head = param_of(graph, "linear.weight"), bias = param_of(graph, "linear.bias");
    assert_true(fabs((double)first.lr_factor - 0.01) < 1e-8);
    assert_true(norm.lr_factor == first.lr_factor && bias.lr_factor == head.lr_factor);
    assert_true(head.lr_factor == 5);
    float last = 0;
    for (int i = 0; i < cairn_param_count(graph); i++) { /* they rise from layer to layer */
        cairn_param_info p = cairn_param_at(graph, i);
        if (!p.trainable)
            continue;
        assert_true(p.lr_factor >= last);
        last = p.lr_factor;
        assert_true(p.decay_factor == (p.shape.rank >= 2 ? 1.0f : 0.0f));
    }
    cairn_graph_destroy(graph);
    cairn_groups_free(&groups);
    cairn_config_free(b->ctx, &config);
}

static int frozen_with(bench *b, const char *freeze)
{
    char option[64];
    snprintf(option, sizeof option, "freeze=%s", freeze);
    const char *const options[] = {option, NULL};
    cairn_config config = config_of(b, options);
    cairn_groups groups;
    cairn_graph *graph = graph_of(b, &config, &groups);
    int frozen = 0;
    for (int i = 0; i < cairn_param_count(graph); i++)
        frozen += cairn_param_at(graph, i).lr_factor == 0 && cairn_param_at(graph, i).shape.rank >= 2;
    cairn_graph_destroy(graph);
    cairn_groups_free(&groups);
    cairn_config_free(b->ctx, &config);
    return frozen;
}

static void layers_are_frozen_by_number_and_name(void **state)
{
    bench *b = *state;
    assert_int_equal(frozen_with(b, "0"), 0);
    assert_int_equal(frozen_with(b, "1"), 1);
    assert_int_equal(frozen_with(b, "7"), 7);
    assert_int_equal(frozen_with(b, "body"), 19);
    assert_int_equal(frozen_with(b, "layer1"), 6);
    assert_int_equal(frozen_with(b, "layer1.0"), 2);
    assert_int_equal(frozen_with(b, "conv1,layer2.2"), 3);
    static const struct {
        const char *freeze, *piece;
    } wrong[] = {{"freeze=20", "leaves no layer that learns"},
                 {"freeze=layer", "no layer 'layer'"},
                 {"freeze=layr1", "did you mean 'layer1'"},
                 {"freeze=conv1,layer1,layer2,layer3,bn1,linear", "leaves no layer"}};
    cairn_model_settings settings = {.classes = 10, .h = 32, .w = 32, .c = 3};
    for (size_t i = 0; i < CAIRN_COUNT(wrong); i++) {
        const char *const options[] = {wrong[i].freeze, NULL};
        cairn_config config = config_of(b, options);
        cairn_groups groups;
        assert_fails(b, cairn_groups_prepare(b->ctx, &config, &settings, &groups), CAIRN_USAGE,
                     wrong[i].piece);
        cairn_groups_free(&groups);
        cairn_config_free(b->ctx, &config);
    }
}

static void a_new_head_is_said(void **state)
{
    bench *b = *state;
    cairn_weights *other;
    cairn_graph *graph;
    cairn_model_settings wide = {.classes = 13};
    assert_ok(b, cairn_model_graph(b->ctx, cairn_model_find("lenet5"), &wide, CAIRN_INPUT_NUMBERS, 0, NULL,
                                   NULL, NULL, &graph));
    assert_ok(b, cairn_weights_init(b->ctx, graph, CAIRN_F32, 1, &other));
    assert_ok(b, cairn_weights_save(other, bench_path(b, "other.safetensors")));
    cairn_weights_destroy(other);
    cairn_graph_destroy(graph);
    watch w = {0};
    cairn_train_hooks hooks = hooks_of(&w);
    cairn_train_settings settings = tiny_settings(b, "tuned");
    settings.init = bench_path(b, "other.safetensors");
    settings.recipe = "finetune";
    assert_ok(b, cairn_train(b->ctx, &settings, &hooks, NULL));
    assert_true(w.notes > 0);
    assert_non_null(strstr(w.note, "its head of 13 classes is replaced by a new one of 10"));
    cairn_weights *tuned;
    const cairn_tensor *head = tensor_of(b, "tuned/weights/last.safetensors", "fc2.weight", &tuned);
    assert_non_null(head);
    assert_non_null(strstr(cairn_weights_meta(tuned, "cairn.labels"), "\"9\""));
    cairn_weights_destroy(tuned);
}

/* Pictures become numbers as the weights know them, not as the network would have it. */
static void the_chain_comes_with_the_weights(void **state)
{
    static const char *const folders[] = {"train/a", "train/b", "val/a", "val/b"};
    bench *b = *state;
    uint8_t *png;
    size_t size;
    char data[256], init[256];
    snprintf(data, sizeof data, "%s", bench_path(b, "pictures"));
    snprintf(init, sizeof init, "%s", bench_path(b, "other.safetensors"));
    assert_ok(b,
              cairn_file_read(b->ctx, CAIRN_TEST_DATA "/preprocess/small_40x30.png", 1 << 20, &png, &size));
    for (size_t i = 0; i < CAIRN_COUNT(folders); i++) {
        char name[64];
        snprintf(name, sizeof name, "pictures/%s", folders[i]);
        assert_ok(b, cairn_folder_make(b->ctx, bench_path(b, name)));
        snprintf(name, sizeof name, "pictures/%s/x.png", folders[i]);
        bench_put(bench_path(b, name), png, size);
    }
    cairn_free(b->ctx, png);
    cairn_train_settings settings = tiny_settings(b, "one");
    settings.data = data;
    settings.epochs = 1;
    assert_ok(b, cairn_train(b->ctx, &settings, NULL, NULL));
    cairn_weights *weights;
    cairn_preprocess chain;
    tensor_of(b, "one/weights/last.safetensors", "conv1.weight", &weights);
    assert_ok(b,
              cairn_weights_set_meta(weights, "cairn.preprocess",
                                     "{\"resize\":40,\"crop\":32,\"mean\":[0.25,0.5,0.75],\"std\":[1,1,1]}"));
    assert_ok(b, cairn_weights_save(weights, init));
    cairn_weights_destroy(weights);
    settings.init = init;
    settings.out = bench_path(b, "two");
    assert_ok(b, cairn_train(b->ctx, &settings, NULL, NULL));
    tensor_of(b, "two/weights/last.safetensors", "conv1.weight", &weights);
    assert_ok(b, cairn_preprocess_from_json(b->ctx, cairn_weights_meta(weights, "cairn.preprocess"), &chain));
    cairn_weights_destroy(weights);
    assert_true(chain.resize == 40 && chain.crop == 32 && chain.mean[2] == 0.75f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TINY(every_optimiser_resumes_to_the_same_bits),
        TINY(normalisation_resumes_too),
        TINY(threads_change_no_bit),
        TINY(averages_are_saved),
        TINY(frozen_layers_stay),
        TINY(groups_have_their_rates),
        TINY(layers_are_frozen_by_number_and_name),
        TINY(a_new_head_is_said),
        TINY(the_chain_comes_with_the_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
