/* Plots from any numbers, and the report of a run of which little is left. */
#include "report/markup.h"
#include "report/plot.h"
#include <cairn/cairn.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static cairn_ctx *new_ctx(void)
{
    cairn_ctx *ctx;
    assert_int_equal(cairn_ctx_create(NULL, &ctx), CAIRN_OK);
    return ctx;
}

/* ---- numbers and escapes ---- */

static void numbers_read_well(void **state)
{
    (void)state;
    char text[CAIRN_NUMBER_BYTES];
    assert_string_equal(cairn_number_fixed(text, 90.625, 2), "90.63");
    assert_string_equal(cairn_number_fixed(text, -0.0001, 2), "0.00");
    assert_string_equal(cairn_number_fixed(text, -1.05, 1), "-1.1");
    assert_string_equal(cairn_number_fixed(text, 7, 0), "7");
    assert_string_equal(cairn_number_fixed(text, (double)NAN, 2), "n/a");
    assert_string_equal(cairn_number_fixed(text, 1e300, 9), "n/a");
    assert_string_equal(cairn_number_short(text, 0.0125, 3), "0.0125");
    assert_string_equal(cairn_number_short(text, 3e-7, 3), "3e-07");
    assert_string_equal(cairn_number_short(text, 100, 3), "100");
    assert_string_equal(cairn_number_grouped(text, 61706), "61,706");
    assert_string_equal(cairn_number_grouped(text, -1000), "-1,000");
    assert_string_equal(cairn_number_grouped(text, 999), "999");
    assert_string_equal(cairn_number_grouped(text, INT64_MIN), "-9,223,372,036,854,775,808");
    assert_string_equal(cairn_number_memory(text, 520082.0 * 4), "1.98 MB");
    assert_string_equal(cairn_number_memory(text, 0), "0.00 B");
}

static void base64_is_that_of_rfc_4648(void **state)
{
    (void)state;
    static const char *const expected[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    cairn_ctx *ctx = new_ctx();
    for (size_t size = 0; size < CAIRN_COUNT(expected); size++) {
        cairn_text out = {.ctx = ctx};
        cairn_markup_base64(&out, "foobar", size);
        assert_string_equal(size == 0 ? "" : out.data, expected[size]);
        cairn_free(ctx, out.data);
    }
    cairn_ctx_destroy(ctx);
}

static void markup_is_escaped(void **state)
{
    (void)state;
    cairn_ctx *ctx = new_ctx();
    cairn_text out = {.ctx = ctx};
    cairn_markup_escape(&out, "<a href='x'>\"&\x01\xFF\xED\xA0\x80\xC3\xA9\n</a>");
    assert_string_equal(
        out.data, "&lt;a href=&#39;x&#39;&gt;&quot;&amp;\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
                  "\xEF\xBF\xBD\xC3\xA9 &lt;/a&gt;");
    cairn_free(ctx, out.data);
    cairn_ctx_destroy(ctx);
}

/* ---- plots ---- */

static bool meet(cairn_box a, cairn_box b)
{
    return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

/* All lies on the page, no text covers another, and it can be rendered. */
static void check_scene(cairn_ctx *ctx, cairn_scene *scene)
{
    assert_int_equal(scene->status, CAIRN_OK);
    for (int i = 0; i < scene->count; i++) {
        const cairn_mark *mark = &scene->mark[i];
        assert_true(mark->box.left >= -1 && mark->box.top >= -1);
        assert_true(mark->box.right <= scene->width + 1 && mark->box.bottom <= scene->height + 1);
        for (int k = 0; k < i && mark->kind == CAIRN_MARK_TEXT; k++)
            if (scene->mark[k].kind == CAIRN_MARK_TEXT && meet(mark->box, scene->mark[k].box))
                fail_msg("'%s' meets '%s'", mark->text, scene->mark[k].text);
    }
    cairn_text png = {.ctx = ctx};
    assert_int_equal(cairn_scene_render(scene, CAIRN_FORMAT_PNG, &png), CAIRN_OK);
    assert_true(png.size > 0);
    cairn_free(ctx, png.data);
    cairn_scene_end(scene);
}

static void check_training(cairn_ctx *ctx, const cairn_epoch_metrics *epochs, int count)
{
    cairn_scene scene;
    cairn_scene_begin(&scene, ctx, 480);
    cairn_plot_training(&scene, epochs, count);
    check_scene(ctx, &scene);
}

static void curves_take_any_numbers(void **state)
{
    (void)state;
    enum { MANY = 3000 };
    static const double awkward[] = {0, -1, 1e-300, 1e300, -1e300, (double)NAN, (double)INFINITY, 1e-9, 5e11};
    cairn_ctx *ctx = new_ctx();
    cairn_epoch_metrics *epochs = calloc(MANY, sizeof *epochs);
    assert_non_null(epochs);
    check_training(ctx, NULL, 0);
    for (int i = 0; i < MANY; i++)
        epochs[i] = (cairn_epoch_metrics){.epoch = i + 1,
                                          .loss = 2.3 / (i + 1),
                                          .top1 = 100.0 - 60.0 / (i + 1),
                                          .val_loss = i % 7 == 3 ? (double)NAN : 2.0 / (i + 1),
                                          .val_top1 = 88,
                                          .lr = 0.05,
                                          .seconds = 12};
    static const int counts[] = {1, 2, 3, 9, 10, 11, 41, 100, 365, MANY};
    for (size_t i = 0; i < CAIRN_COUNT(counts); i++)
        check_training(ctx, epochs, counts[i]);
    for (size_t i = 0; i < CAIRN_COUNT(awkward); i++) {
        double a = awkward[i], b = awkward[(i + 1) % CAIRN_COUNT(awkward)];
        for (int k = 0; k < 4; k++)
            epochs[k] = (cairn_epoch_metrics){.epoch = k,
                                              .loss = a,
                                              .top1 = k == 2 ? a : b,
                                              .val_loss = b,
                                              .val_top1 = a,
                                              .lr = a,
                                              .seconds = k ? b : a};
        check_training(ctx, epochs, 4);
    }
    free(epochs);
    cairn_ctx_destroy(ctx);
}

static void confusion_takes_any_number_of_classes(void **state)
{
    (void)state;
    static const int classes[] = {1, 2, 10, 37, 100, 1000};
    cairn_ctx *ctx = new_ctx();
    for (size_t i = 0; i < CAIRN_COUNT(classes); i++) {
        size_t n = (size_t)classes[i];
        int64_t *counts = calloc(n * n, sizeof *counts);
        const char **labels = calloc(n, sizeof *labels);
        assert_true(counts != NULL && labels != NULL);
        for (size_t k = 0; k < n; k++) {
            labels[k] =
                k % 3 ? "cat" : "a class with a name that is much too long for the margin of a picture";
            counts[k * n + k] = k == 1 ? 0 : 900;
            counts[k * n + (k + 1) % n] += 1234567;
        }
        cairn_scene scene;
        cairn_scene_begin(&scene, ctx, 480);
        cairn_plot_confusion(&scene, counts, classes[i], labels);
        check_scene(ctx, &scene);
        free(counts);
        free(labels);
    }
    cairn_ctx_destroy(ctx);
}

static void tiles_keep_their_captions_apart(void **state)
{
    (void)state;
    static const uint8_t pixels[4 * 9 * 3];
    cairn_ctx *ctx = new_ctx();
    cairn_tile tiles[11] = {0};
    for (int i = 0; i < 11; i++) {
        tiles[i] = (cairn_tile){.pixels = pixels,
                                .h = i % 2 ? 4 : 9,
                                .w = 4,
                                .channels = i % 3 ? 3 : 1,
                                .paint = {CAIRN_INK, CAIRN_MUTED}};
        snprintf(tiles[i].line[0], sizeof tiles[i].line[0], "an answer of many words %d", i);
        snprintf(tiles[i].line[1], sizeof tiles[i].line[1],
                 "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9"
                 "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9");
    }
    for (int count = 0; count <= 11; count++) {
        cairn_scene scene;
        cairn_scene_begin(&scene, ctx, 480);
        cairn_plot_tiles(&scene, tiles, count, 6, 76);
        check_scene(ctx, &scene);
    }
    cairn_ctx_destroy(ctx);
}

/* ---- the page ---- */

static char folder[] = "/tmp/cairn-report-XXXXXX";

static void put(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    fclose(file);
}

static char *page(void)
{
    char path[128];
    snprintf(path, sizeof path, "%s/report.html", folder);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = calloc(1, 1 << 22);
    assert_non_null(text);
    assert_true(fread(text, 1, (1 << 22) - 1, file) > 0);
    fclose(file);
    return text;
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    (void)state;
    static const char *const names[] = {"args.json", "env.json", "metrics.jsonl", "report.html",
                                        "curves.png"};
    char path[128];
    for (size_t i = 0; i < CAIRN_COUNT(names); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

static void settings_are_indispensable(void **state)
{
    (void)state;
    cairn_ctx *ctx = new_ctx();
    assert_int_equal(cairn_report_run(ctx, folder), CAIRN_INPUT);
    assert_int_equal(cairn_report_run(ctx, "/nonexistent"), CAIRN_IO);
    put("args.json", "[1, 2]");
    assert_int_equal(cairn_report_run(ctx, folder), CAIRN_INPUT);
    put("args.json", "{\"model\": ");
    assert_int_equal(cairn_report_run(ctx, folder), CAIRN_INPUT);
    cairn_ctx_destroy(ctx);
}

static void what_is_left_is_reported(void **state)
{
    (void)state;
    cairn_ctx *ctx = new_ctx();
    put("args.json",
        "{\"model\": \"lenet5<script>\", \"data\": \"/gone/my set\", \"lr\": 0.05, \"init\": null,"
        " \"nested\": {\"list\": [1, \"two\", false]}}");
    put("env.json", "{\"cpu\": \"a & b\"}");
    put("metrics.jsonl",
        "{\"epoch\":1,\"loss\":0.5,\"top1\":80,\"val_loss\":0.4,\"val_top1\":85.25,\"val_top5\":99,"
        "\"lr\":0.05,\"seconds\":3,\"images_per_s\":20000}\n{\"epoch\":2}\n{\"epoch\":3,\"lo");
    assert_int_equal(cairn_report_run(ctx, folder), CAIRN_OK);
    char *text = page();
    static const char *const expected[] = {"<!DOCTYPE html>",
                                           "lenet5&lt;script&gt; on my set",
                                           "trained for 2 epochs",
                                           "85.25 %",
                                           "Left out: the drawing of the network",
                                           "Left out: confusion matrix",
                                           "nested.list",
                                           "a &amp; b",
                                           "<svg ",
                                           "</html>"};
    for (size_t i = 0; i < CAIRN_COUNT(expected); i++)
        if (!strstr(text, expected[i]))
            fail_msg("'%s' is not in the report", expected[i]);
    /* One file: nothing is loaded from elsewhere, nothing runs. */
    static const char *const forbidden[] = {"<script", " src=", "url(", "<link", "@import", "href=\"http"};
    for (size_t i = 0; i < CAIRN_COUNT(forbidden); i++)
        assert_null(strstr(text, forbidden[i]));
    free(text);
    cairn_ctx_destroy(ctx);
}

static void a_run_without_epochs_is_reported(void **state)
{
    (void)state;
    cairn_ctx *ctx = new_ctx();
    put("args.json", "{}");
    put("metrics.jsonl", "");
    assert_int_equal(cairn_report_run(ctx, folder), CAIRN_OK);
    char *text = page();
    assert_non_null(strstr(text, "trained for 0 epochs"));
    assert_non_null(strstr(text, "Left out: the curves"));
    free(text);
    cairn_ctx_destroy(ctx);
}

static void runs_are_compared(void **state)
{
    (void)state;
    cairn_ctx *ctx = new_ctx();
    char path[300], *text;
    const char *const folders[] = {folder, folder};
    put("args.json", "{\"model\": \"a<b\", \"data\": \"d\"}");
    put("metrics.jsonl", "");
    snprintf(path, sizeof path, "%s/report.html", folder);
    assert_int_equal(cairn_report_compare(ctx, folders, 2, path), CAIRN_OK);
    text = page();
    assert_non_null(strstr(text, "None of them has finished an epoch"));
    free(text);
    put("metrics.jsonl", "{\"epoch\":1,\"loss\":0.5,\"top1\":80,\"val_loss\":0.4,\"val_top1\":85.25}\n"
                         "{\"epoch\":2,\"val_top1\":1e400}\n");
    assert_int_equal(cairn_report_compare(ctx, folders, 2, path), CAIRN_OK);
    text = page();
    assert_non_null(strstr(text, "did best: 85.25 %"));
    assert_non_null(strstr(text, "a&lt;b"));
    assert_non_null(strstr(text, "They have the same settings"));
    free(text);
    assert_int_equal(cairn_report_compare(ctx, (const char *const[]){folder, "/nonexistent"}, 2, path),
                     CAIRN_IO);
    assert_int_equal(cairn_report_compare(ctx, folders, 0, path), CAIRN_USAGE);
    cairn_ctx_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_read_well),
        cmocka_unit_test(base64_is_that_of_rfc_4648),
        cmocka_unit_test(markup_is_escaped),
        cmocka_unit_test(curves_take_any_numbers),
        cmocka_unit_test(confusion_takes_any_number_of_classes),
        cmocka_unit_test(tiles_keep_their_captions_apart),
        cmocka_unit_test(settings_are_indispensable),
        cmocka_unit_test(what_is_left_is_reported),
        cmocka_unit_test(a_run_without_epochs_is_reported),
        cmocka_unit_test(runs_are_compared),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
