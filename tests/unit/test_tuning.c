/* Kernels chosen by measuring: what was measured is kept and obeyed, whatever the number of threads; a file
 * that is wrong is ignored, and costs no more than measuring once more. */
#include "base/cpu.h"
#include "support.h"
#include <cairn/cairn.h>

#define PIXELS (32 * 32 * 3)
#define PLAN_BYTES 65536

/* A plan for resnet20, with its kernels as text. */
typedef struct made {
    cairn_plan *plan;
    char kernels[PLAN_BYTES];
    float logits[10];
} made;

static cairn_status try_make(cairn_ctx *ctx, cairn_tuning *tuning, made *m)
{
    cairn_graph *graph;
    cairn_weights *weights;
    const cairn_model *model = cairn_model_find("resnet20");
    cairn_plan_options options = {.outputs = "logits", .tuning = tuning};
    m->plan = NULL;
    assert_int_equal(cairn_model_graph(ctx, model, NULL, CAIRN_INPUT_NUMBERS, 0, NULL, NULL, NULL, &graph),
                     CAIRN_OK);
    assert_int_equal(cairn_weights_init(ctx, graph, CAIRN_F32, 5, &weights), CAIRN_OK);
    cairn_status status = cairn_plan_create(ctx, graph, weights, NULL, &options, &m->plan);
    if (status == CAIRN_OK) {
        assert_true(cairn_plan_print(m->plan, m->kernels, sizeof m->kernels) < sizeof m->kernels);
        float *image = cairn_plan_data(m->plan, "image");
        for (int i = 0; i < PIXELS; i++)
            image[i] = (float)(i * 37 % 101) / 50 - 1;
        assert_int_equal(cairn_plan_run(m->plan, NULL), CAIRN_OK);
        memcpy(m->logits, cairn_plan_data(m->plan, "logits"), sizeof m->logits);
    }
    cairn_plan_destroy(m->plan);
    cairn_weights_destroy(weights);
    cairn_graph_destroy(graph);
    return status;
}

/* Opens the folder's choices, makes the plan, and keeps what was measured. */
static cairn_tuning_info make(cairn_ctx *ctx, const char *folder, made *m, char path[256])
{
    cairn_tuning *tuning;
    assert_int_equal(cairn_tuning_open(ctx, folder, &tuning), CAIRN_OK);
    assert_int_equal(try_make(ctx, tuning, m), CAIRN_OK);
    assert_int_equal(cairn_tuning_save(tuning), CAIRN_OK);
    cairn_tuning_info info = cairn_tuning_about(tuning);
    if (path != NULL)
        snprintf(path, 256, "%s", info.path);
    cairn_tuning_close(tuning);
    return info;
}

/* Levels that have but one kernel for each step have no choices. */
static void skip_without_choices(void)
{
    if (cairn_isa_level() == CAIRN_ISA_SCALAR)
        skip();
}

static void what_was_measured_is_read(void **state)
{
    bench *b = *state;
    made first, second;
    skip_without_choices();
    cairn_tuning_info info = make(b->ctx, bench_path(b, "new/cache"), &first, NULL);
    assert_true(info.measured > 2 && info.measured < 12); /* not each of 21 layers */
    assert_int_equal(info.read, 0);
    cairn_tuning_info again = make(b->ctx, bench_path(b, "new/cache"), &second, NULL);
    assert_int_equal(again.measured, 0);
    assert_int_equal(again.read, info.measured);
    assert_int_equal(again.differ, info.differ);
    assert_string_equal(first.kernels, second.kernels);
    assert_memory_equal(first.logits, second.logits, sizeof first.logits);
    assert_int_equal(b->warnings, 0);
}

static void read_text(bench *b, const char *path, char **text)
{
    assert_int_equal(cairn_file_read_text(b->ctx, path, 1 << 20, text), CAIRN_OK);
}

/* All choices but those of `to` become its; none of its names is longer. */
static int replace(char *text, const char *to)
{
    static const char *const names[] = {"groups_winograd", "winograd4", "winograd2", "strassen", "gemm"};
    int count = 0;
    for (size_t i = 0; i < CAIRN_COUNT(names) && strcmp(names[i], to) != 0; i++) {
        char from[32];
        snprintf(from, sizeof from, ": \"%s\"", names[i]);
        for (char *at = text; (at = strstr(at, from)) != NULL; count++) {
            char *value = at + strlen(": \""), *rest = value + strlen(names[i]);
            memcpy(value, to, strlen(to));
            memmove(value + strlen(to), rest, strlen(rest) + 1);
            at = value;
        }
    }
    return count;
}

static void the_file_is_obeyed_by_any_number_of_threads(void **state)
{
    bench *b = *state;
    made direct, other, modelled;
    char path[256];
    skip_without_choices();
    make(b->ctx, b->folder, &direct, path);
    char *text = NULL;
    read_text(b, path, &text);
    replace(text, "gemm");
    assert_int_equal(cairn_file_write(b->ctx, path, text, strlen(text)), CAIRN_OK);
    cairn_free(b->ctx, text);
    cairn_tuning_info info = make(b->ctx, b->folder, &direct, NULL);
    assert_int_equal(info.measured, 0);
    assert_null(strstr(direct.kernels, "winograd"));
    assert_int_equal(try_make(b->ctx, NULL, &modelled), CAIRN_OK);
    assert_int_equal(info.differ > 0, strcmp(direct.kernels, modelled.kernels) != 0);
    cairn_ctx *threads;
    assert_int_equal(cairn_ctx_create(&(cairn_ctx_options){.threads = 3}, &threads), CAIRN_OK);
    info = make(threads, b->folder, &other, NULL);
    assert_int_equal(info.measured, 0);
    assert_string_equal(direct.kernels, other.kernels);
    assert_memory_equal(direct.logits, other.logits, sizeof direct.logits);
    cairn_ctx_destroy(threads);
}

static void wrong_files_are_measured_anew(void **state)
{
    bench *b = *state;
    made m;
    char path[256];
    skip_without_choices();
    cairn_tuning_info good = make(b->ctx, b->folder, &m, path);
    char *text = NULL;
    read_text(b, path, &text);
    static const char *const wrong[] = {"",
                                        "[]",
                                        "{\"cairn\": 1}",
                                        "{\"choices\": {}}",
                                        "\x01\xff\xfe",
                                        "{\"choices\": {\"a\": \"b\", \"a\": \"b\"}}",
                                        "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}"};
    for (size_t i = 0; i < CAIRN_COUNT(wrong); i++) {
        b->warnings = 0;
        assert_int_equal(cairn_file_write(b->ctx, path, wrong[i], strlen(wrong[i])), CAIRN_OK);
        cairn_tuning_info info = make(b->ctx, b->folder, &m, NULL);
        assert_int_equal(b->warnings, 2); /* when it is opened, and when it is replaced */
        assert_non_null(strstr(b->last_warning, path));
        assert_int_equal(info.measured, good.measured);
    }
    /* Another version, and a value that is not a name: nothing of the file counts. */
    static const char *const changes[][2] = {{"\"cairn\": \"", "\"cairn\": \"x"}, {": \"gemm\"", ": 5"}};
    for (size_t i = 0; i < CAIRN_COUNT(changes); i++) {
        char changed[1 << 16];
        const char *at = strstr(text, changes[i][0]);
        if (at == NULL)
            continue; /* nothing was fastest that way */
        b->warnings = 0;
        snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, changes[i][1],
                 at + strlen(changes[i][0]));
        assert_int_equal(cairn_file_write(b->ctx, path, changed, strlen(changed)), CAIRN_OK);
        assert_int_equal(make(b->ctx, b->folder, &m, NULL).measured, good.measured);
        assert_int_equal(b->warnings, 2);
    }
    cairn_free(b->ctx, text);
    b->warnings = 0;
    assert_int_equal(make(b->ctx, b->folder, &m, NULL).read, good.measured); /* it was mended */
    assert_int_equal(b->warnings, 0);
}

static void unknown_kernels_are_measured_anew(void **state)
{
    bench *b = *state;
    made m;
    char path[256];
    skip_without_choices();
    cairn_tuning_info good = make(b->ctx, b->folder, &m, path);
    char *text = NULL;
    read_text(b, path, &text);
    int changed = replace(text, "grim");
    assert_true(changed > 0);
    assert_int_equal(cairn_file_write(b->ctx, path, text, strlen(text)), CAIRN_OK);
    cairn_free(b->ctx, text);
    cairn_tuning_info info = make(b->ctx, b->folder, &m, NULL);
    assert_int_equal(info.measured, changed);
    assert_int_equal(info.read, good.measured - changed);
    info = make(b->ctx, b->folder, &m, NULL);
    assert_int_equal(info.read, good.measured);
}

static void folders_that_cannot_be_written_are_told(void **state)
{
    bench *b = *state;
    made m;
    cairn_tuning *tuning;
    skip_without_choices();
    assert_int_equal(cairn_file_write(b->ctx, bench_path(b, "file"), "x", 1), CAIRN_OK);
    assert_int_equal(cairn_tuning_open(b->ctx, bench_path(b, "file/below"), &tuning), CAIRN_OK);
    assert_int_equal(try_make(b->ctx, tuning, &m), CAIRN_OK);
    assert_true(cairn_tuning_about(tuning).measured > 0);
    assert_int_equal(cairn_tuning_save(tuning), CAIRN_IO);
    cairn_tuning_close(tuning);
    assert_int_equal(cairn_tuning_open(b->ctx, NULL, &tuning), CAIRN_OK); /* kept nowhere */
    assert_int_equal(try_make(b->ctx, tuning, &m), CAIRN_OK);
    assert_null(cairn_tuning_about(tuning).path);
    assert_int_equal(cairn_tuning_save(tuning), CAIRN_OK);
    int measured = cairn_tuning_about(tuning).measured;
    assert_int_equal(try_make(b->ctx, tuning, &m), CAIRN_OK); /* known by now */
    assert_int_equal(cairn_tuning_about(tuning).measured, measured);
    cairn_tuning_close(tuning);
}

static void others_choices_stay(void **state)
{
    bench *b = *state;
    made m;
    char path[256];
    cairn_tuning *slow;
    skip_without_choices();
    assert_int_equal(cairn_tuning_open(b->ctx, b->folder, &slow), CAIRN_OK);
    int all = make(b->ctx, b->folder, &m, path).measured;
    char *text = NULL;
    read_text(b, path, &text);
    char *first = strstr(text, "conv2d");
    assert_non_null(first);
    memcpy(first, "conv9d", 6); /* a choice that only the other process made */
    assert_int_equal(cairn_file_write(b->ctx, path, text, strlen(text)), CAIRN_OK);
    cairn_free(b->ctx, text);
    assert_int_equal(try_make(b->ctx, slow, &m), CAIRN_OK);
    assert_int_equal(cairn_tuning_save(slow), CAIRN_OK);
    cairn_tuning_close(slow);
    read_text(b, path, &text);
    assert_non_null(strstr(text, "conv9d"));
    cairn_free(b->ctx, text);
    assert_int_equal(make(b->ctx, b->folder, &m, NULL).read, all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_measured_is_read),
        TEST(the_file_is_obeyed_by_any_number_of_threads),
        TEST(wrong_files_are_measured_anew),
        TEST(unknown_kernels_are_measured_anew),
        TEST(folders_that_cannot_be_written_are_told),
        TEST(others_choices_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
