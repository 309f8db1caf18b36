/* Settings: where each value comes from, recipes, the linear rule, and what is refused. */
#include "support.h"

#include "train/config.h"
#include "train/recipe.h"
#include <jansson.h>
#include <math.h>

typedef struct notes {
    int count;
    char last[400];
} notes;

static void on_note(void *user, const char *line)
{
    notes *n = user;
    n->count++;
    snprintf(n->last, sizeof n->last, "%s", line);
}

/* Nothing given. */
static cairn_train_settings plain(const char *model)
{
    return (cairn_train_settings){.model = model,
                                  .lr = -1,
                                  .momentum = -1,
                                  .weight_decay = -1,
                                  .label_smoothing = -1,
                                  .val_split = -1,
                                  .nesterov = -1,
                                  .warmup = -1};
}

static cairn_config resolve(bench *b, const cairn_train_settings *settings, notes *n)
{
    cairn_config config;
    cairn_train_hooks hooks = {.note = on_note, .user = n};
    cairn_status status = cairn_config_resolve(b->ctx, settings, n == NULL ? NULL : &hooks, &config);
    if (status != CAIRN_OK)
        fail_msg("%s: %s", settings->recipe, cairn_error(b->ctx));
    return config;
}

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-6 * fabs(b);
}

static void every_recipe_can_be_taken(void **state)
{
    bench *b = *state;
    assert_true(cairn_recipe_count() >= 15);
    for (int i = 0; i < cairn_recipe_count(); i++) {
        cairn_recipe_info info = cairn_recipe_at(i);
        assert_true(info.name[0] != 0 && strlen(info.about) > 10);
        cairn_train_settings settings = plain("resnet50");
        settings.recipe = info.name;
        cairn_config c = resolve(b, &settings, NULL);
        assert_string_equal(c.recipe, info.name);
        assert_int_equal(c.origin[CAIRN_SETTING_lr], CAIRN_ORIGIN_RECIPE);
        assert_int_equal(c.origin[CAIRN_SETTING_epochs], CAIRN_ORIGIN_RECIPE);
        assert_int_equal(c.origin[CAIRN_SETTING_batch], CAIRN_ORIGIN_RECIPE);
        assert_int_equal(c.origin[CAIRN_SETTING_schedule], CAIRN_ORIGIN_RECIPE);
        assert_int_equal(c.origin[CAIRN_SETTING_augment], CAIRN_ORIGIN_RECIPE);
        cairn_config_free(b->ctx, &c);
    }
    assert_null(cairn_recipe_at(-1).name);
    assert_null(cairn_recipe_at(cairn_recipe_count()).name);
}

/* Numbers of the papers, written here once more. */
static void papers_have_their_recipes(void **state)
{
    static const struct {
        const char *network, *recipe;
        cairn_optimizer optimizer;
        cairn_schedule_kind schedule;
        int epochs, batch;
        double lr, momentum, decay;
    } papers[] = {
        {"alexnet", "alexnet", CAIRN_SGD, CAIRN_SCHEDULE_PLATEAU, 90, 128, 0.01, 0.9, 5e-4},
        {"vgg16", "vgg", CAIRN_SGD, CAIRN_SCHEDULE_PLATEAU, 74, 256, 0.01, 0.9, 5e-4},
        {"inception_v1.paper", "googlenet", CAIRN_SGD, CAIRN_SCHEDULE_STEP, 60, 32, 0.01, 0.9, 2e-4},
        {"inception_v3", "inception-v3", CAIRN_RMSPROP, CAIRN_SCHEDULE_STEP, 100, 32, 0.045, 0.9, 4e-5},
        {"resnet50", "resnet", CAIRN_SGD, CAIRN_SCHEDULE_PLATEAU, 120, 256, 0.1, 0.9, 1e-4},
        {"resnext50_32x4d", "resnext", CAIRN_SGD, CAIRN_SCHEDULE_STEP, 90, 256, 0.1, 0.9, 1e-4},
        {"resnet20", "cifar-resnet", CAIRN_SGD, CAIRN_SCHEDULE_MULTISTEP, 164, 128, 0.1, 0.9, 1e-4},
        {"resnet110", "cifar-resnet-deep", CAIRN_SGD, CAIRN_SCHEDULE_MULTISTEP, 164, 128, 0.1, 0.9, 1e-4},
        {"resnext29_8x64d", "cifar-resnext", CAIRN_SGD, CAIRN_SCHEDULE_MULTISTEP, 300, 128, 0.1, 0.9, 5e-4},
    };
    bench *b = *state;
    for (size_t i = 0; i < CAIRN_COUNT(papers); i++) {
        cairn_train_settings settings = plain(papers[i].network);
        settings.recipe = "paper";
        cairn_config c = resolve(b, &settings, NULL);
        assert_string_equal(c.recipe, papers[i].recipe);
        assert_int_equal(c.optimizer, papers[i].optimizer);
        assert_int_equal(c.schedule, papers[i].schedule);
        assert_int_equal(c.epochs, papers[i].epochs);
        assert_int_equal(c.batch, papers[i].batch);
        assert_true(near((double)c.lr, papers[i].lr) && near((double)c.momentum, papers[i].momentum));
        assert_true(near((double)c.weight_decay, papers[i].decay));
        cairn_config_free(b->ctx, &c);
    }
    cairn_train_settings lenet = plain("lenet5");
    lenet.recipe = "paper";
    cairn_config c;
    assert_fails(b, cairn_config_resolve(b->ctx, &lenet, NULL, &c), CAIRN_USAGE,
                 "none of the paper of lenet5");
    cairn_config_free(b->ctx, &c);
}

/* A network has one paper. */
static void no_network_is_named_twice(void **state)
{
    bench *b = *state;
    for (int i = 0; i < cairn_model_count(); i++) {
        const char *name = cairn_model_at(i)->name;
        int named = 0;
        for (const cairn_recipe_file *f = cairn_recipe_files; f->name != NULL; f++) {
            json_t *root = json_loadb((const char *)f->text, f->size, 0, NULL);
            assert_non_null(root);
            const json_t *patterns = json_object_get(root, "paper_of");
            for (size_t k = 0; k < json_array_size(patterns); k++) {
                const char *p = json_string_value(json_array_get(patterns, k));
                size_t length = strlen(p);
                named += p[length - 1] == '*' ? strncmp(p, name, length - 1) == 0 : strcmp(p, name) == 0;
            }
            json_decref(root);
        }
        if (named > 1)
            fail_msg("%s is named by %d recipes", name, named);
    }
    (void)b;
}

static void what_is_given_comes_last(void **state)
{
    bench *b = *state;
    static const char *const options[] = {"optimizer=adamw", "lr=0.25", "milestones=30,60", NULL};
    cairn_train_settings settings = plain("resnet50");
    settings.recipe = "torchvision-v2";
    settings.momentum = 0.5f;
    settings.lr = 0.125f;
    settings.options = options;
    cairn_config c = resolve(b, &settings, NULL);
    assert_true(c.lr == 0.25f && c.momentum == 0.5f && c.optimizer == CAIRN_ADAMW);
    assert_string_equal(c.milestones, "30,60");
    assert_int_equal(c.origin[CAIRN_SETTING_lr], CAIRN_ORIGIN_GIVEN);
    assert_int_equal(c.origin[CAIRN_SETTING_momentum], CAIRN_ORIGIN_GIVEN);
    assert_int_equal(c.origin[CAIRN_SETTING_ema], CAIRN_ORIGIN_RECIPE);
    assert_int_equal(c.origin[CAIRN_SETTING_beta1], CAIRN_ORIGIN_DEFAULT);
    assert_false(c.norm_weight_decay);
    assert_true(c.input == 176 && c.eval_input == 224);
    cairn_config_free(b->ctx, &c);
    settings = plain("resnet50");
    c = resolve(b, &settings, NULL);
    assert_int_equal(c.origin[CAIRN_SETTING_lr], CAIRN_ORIGIN_NETWORK);
    assert_int_equal(c.origin[CAIRN_SETTING_optimizer], CAIRN_ORIGIN_DEFAULT);
    assert_null(c.recipe);
    cairn_config_free(b->ctx, &c);
}

static void the_rate_follows_the_batch(void **state)
{
    bench *b = *state;
    notes n = {0};
    cairn_train_settings settings = plain("resnet50");
    settings.recipe = "resnext";
    settings.batch = 32;
    cairn_config c = resolve(b, &settings, &n);
    assert_true(near((double)c.lr, 0.0125));
    assert_int_equal(c.origin[CAIRN_SETTING_lr], CAIRN_ORIGIN_SCALED);
    assert_int_equal(n.count, 1);
    assert_non_null(strstr(n.last, "0.1 is for batches of 256; for 32 it becomes 0.0125 (linear rule)"));
    cairn_config_free(b->ctx, &c);
    settings.lr = 0.3f; /* given: as it is */
    c = resolve(b, &settings, &n);
    assert_true(c.lr == 0.3f);
    assert_int_equal(n.count, 1);
    cairn_config_free(b->ctx, &c);
    settings = plain("resnet50"); /* no recipe: the network's own rate */
    settings.batch = 32;
    c = resolve(b, &settings, &n);
    assert_int_equal(c.origin[CAIRN_SETTING_lr], CAIRN_ORIGIN_NETWORK);
    assert_int_equal(n.count, 1);
    cairn_config_free(b->ctx, &c);
}

static void the_schedule_follows_the_epochs(void **state)
{
    bench *b = *state;
    notes n = {0};
    cairn_schedule s;
    cairn_train_settings settings = plain("resnet50");
    settings.recipe = "torchvision-v2";
    settings.epochs = 60;
    cairn_config c = resolve(b, &settings, &n);
    assert_true(near((double)c.warmup, 0.5));
    assert_int_equal(n.count, 1);
    assert_non_null(strstr(n.last, "600 epochs is brought to 60"));
    cairn_config_free(b->ctx, &c);
    settings.recipe = "inception-v3";
    settings.epochs = 10;
    c = resolve(b, &settings, &n);
    assert_true(near((double)c.step_epochs, 0.2));
    cairn_config_free(b->ctx, &c);
    settings.recipe = "cifar-resnet"; /* shares of the run need no scaling */
    c = resolve(b, &settings, &n);
    assert_int_equal(cairn_config_schedule(b->ctx, &c, 100, &s), CAIRN_OK);
    assert_int_equal(s.milestone_count, 2);
    assert_true(s.milestones[0] == 500 && s.milestones[1] == 750 && s.steps == 1000);
    cairn_config_free(b->ctx, &c);
}

static void files_are_recipes_too(void **state)
{
    static const char text[] = "{\"about\":\"mine\",\"settings\":{\"lr\":0.5,\"milestones\":\"2,4\","
                               "\"schedule\":\"multistep\",\"epochs\":6,\"nesterov\":false}}";
    bench *b = *state;
    const char *path = bench_path(b, "mine.json");
    bench_put(path, text, sizeof text - 1);
    notes n = {0};
    cairn_train_settings settings = plain("lenet5");
    settings.recipe = path;
    settings.epochs = 12;
    cairn_config c = resolve(b, &settings, &n);
    assert_true(c.lr == 0.5f);
    assert_string_equal(c.milestones, "4,8");
    cairn_config_free(b->ctx, &c);
}

static void refuse(bench *b, const char *text, cairn_status status, const char *piece)
{
    const char *path = bench_path(b, "wrong.json");
    cairn_config c;
    bench_put(path, text, strlen(text));
    cairn_train_settings settings = plain("lenet5");
    settings.recipe = path;
    assert_fails(b, cairn_config_resolve(b->ctx, &settings, NULL, &c), status, piece);
    cairn_config_free(b->ctx, &c);
}

static void wrong_recipes_are_refused(void **state)
{
    bench *b = *state;
    cairn_config c;
    refuse(b, "{\"settings\":{\"weight_dekay\":1}}", CAIRN_INPUT, "did you mean 'weight_decay'");
    refuse(b, "{\"settings\":{\"zzzzzz\":1}}", CAIRN_INPUT, "there is no setting 'zzzzzz'");
    refuse(b, "{\"settings\":{\"lr\":\"much\"}}", CAIRN_INPUT, "'lr': expected a number");
    refuse(b, "{\"settings\":{\"epochs\":1.5}}", CAIRN_INPUT, "'epochs': expected a whole number");
    refuse(b, "{\"settings\":{\"nesterov\":1}}", CAIRN_INPUT, "'nesterov': expected true or false");
    refuse(b, "{\"settings\":{\"optimizer\":\"adamax\"}}", CAIRN_INPUT, "expected one of sgd|rmsprop");
    refuse(b, "{\"settings\":{\"lr\":1e999}}", CAIRN_INPUT, "JSON");
    refuse(b, "{\"settings\":{\"lr\":1,\"lr\":2}}", CAIRN_INPUT, "JSON");
    refuse(b, "{\"settings\":[]}", CAIRN_INPUT, "'settings': expected an object");
    refuse(b, "{}", CAIRN_INPUT, "'settings': expected an object, found nothing");
    refuse(b, "{\"settings\":{\"schedule\":\"multistep\"}}", CAIRN_USAGE, "needs milestones");
    refuse(b, "{\"settings\":{\"milestones\":\"3,x\"}}", CAIRN_USAGE, "milestones: expected");
    refuse(b, "{\"settings\":{\"lr\":-1}}", CAIRN_USAGE, "lr: expected a number from 0");
    refuse(b, "{\"settings\":{\"batch\":0}}", CAIRN_USAGE, "batch: expected 1 to 65536, found 0");
    cairn_train_settings settings = plain("lenet5");
    settings.recipe = "torchvison-v2";
    assert_fails(b, cairn_config_resolve(b->ctx, &settings, NULL, &c), CAIRN_USAGE,
                 "did you mean 'torchvision-v2'");
    cairn_config_free(b->ctx, &c);
    settings.recipe = bench_path(b, "none.json");
    assert_fails(b, cairn_config_resolve(b->ctx, &settings, NULL, &c), CAIRN_IO, "none.json");
    cairn_config_free(b->ctx, &c);
    static const char *const wrong[] = {"lr", NULL}, *const unknown[] = {"patiens=3", NULL};
    settings = plain("lenet5");
    settings.options = wrong;
    assert_fails(b, cairn_config_resolve(b->ctx, &settings, NULL, &c), CAIRN_USAGE, "expected KEY=VALUE");
    cairn_config_free(b->ctx, &c);
    settings.options = unknown;
    assert_fails(b, cairn_config_resolve(b->ctx, &settings, NULL, &c), CAIRN_USAGE,
                 "did you mean 'patience'");
    cairn_config_free(b->ctx, &c);
}

static void settings_survive_json(void **state)
{
    bench *b = *state;
    static const char *const options[] = {"freeze=layer1,conv1", "keep=3",           "dropout=0.25",
                                          "tensorboard=true",    "augment=rrc,flip", NULL};
    cairn_train_settings settings = plain("inception_v3");
    settings.recipe = "paper";
    settings.options = options;
    settings.seed = 7;
    cairn_config c = resolve(b, &settings, NULL), back;
    char *text = cairn_config_print(b->ctx, &c, "/data"), hash[CAIRN_SHA256_TEXT], other[CAIRN_SHA256_TEXT];
    assert_non_null(text);
    if (cairn_config_parse(b->ctx, "args.json", text, strlen(text), &back) != CAIRN_OK)
        fail_msg("%s", cairn_error(b->ctx));
    char *again = cairn_config_print(b->ctx, &back, "/data");
    assert_string_equal(text, again);
    assert_int_equal(cairn_config_hash(b->ctx, &c, hash), CAIRN_OK);
    back.loaders = 1; /* what changes no result is not in the hash */
    back.tensorboard = false;
    assert_int_equal(cairn_config_hash(b->ctx, &back, other), CAIRN_OK);
    assert_string_equal(hash, other);
    back.ema = 0.5f;
    assert_int_equal(cairn_config_hash(b->ctx, &back, other), CAIRN_OK);
    assert_string_not_equal(hash, other);
    cairn_free(b->ctx, text);
    cairn_free(b->ctx, again);
    cairn_config_free(b->ctx, &c);
    cairn_config_free(b->ctx, &back);
}

static void every_setting_is_described(void **state)
{
    bench *b = *state;
    cairn_setting_value values[CAIRN_SETTING_COUNT];
    cairn_train_settings settings = plain("resnet50");
    settings.recipe = "resnext";
    settings.batch = 64;
    assert_int_equal(cairn_train_describe(b->ctx, &settings, NULL, values), CAIRN_OK);
    assert_int_equal(cairn_setting_count(), CAIRN_SETTING_COUNT);
    for (int i = 0; i < CAIRN_SETTING_COUNT; i++) {
        assert_string_equal(values[i].key, cairn_setting_at(i).key);
        assert_true(strlen(cairn_setting_at(i).help) > 3);
    }
    assert_string_equal(values[CAIRN_SETTING_lr].value, "0.025");
    assert_string_equal(values[CAIRN_SETTING_lr].origin, "recipe, scaled");
    assert_string_equal(values[CAIRN_SETTING_batch].origin, "given");
    assert_string_equal(values[CAIRN_SETTING_beta2].origin, "default");
    assert_string_equal(values[CAIRN_SETTING_schedule].value, "step");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_recipe_can_be_taken),  TEST(papers_have_their_recipes),
        TEST(no_network_is_named_twice),  TEST(what_is_given_comes_last),
        TEST(the_rate_follows_the_batch), TEST(the_schedule_follows_the_epochs),
        TEST(files_are_recipes_too),      TEST(wrong_recipes_are_refused),
        TEST(settings_survive_json),      TEST(every_setting_is_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
