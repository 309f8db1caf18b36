/* Every allocation of reading and writing files fails once, alone and with all after it: the call says
 * CAIRN_MEMORY, or did without, nothing leaks (the allocator counts), and nothing is left behind in the
 * folder. */
#include "support.h"

#include <cairn/augment.h>
#include <cairn/weights.h>
#include <png.h>

/* ---- an allocator that runs out ---- */

typedef struct budget {
    long made, fail_at; /* the fail_at-th allocation fails; 0: none */
    bool sticky;        /* and all after it */
    long live;
} budget;

static void *resize(void *user, void *ptr, size_t size)
{
    budget *b = user;
    if (size == 0) {
        b->live -= ptr != NULL;
        free(ptr);
        return NULL;
    }
    b->made++;
    if (b->fail_at > 0 && (b->sticky ? b->made >= b->fail_at : b->made == b->fail_at))
        return NULL;
    void *block = realloc(ptr, size);
    b->live += ptr == NULL && block != NULL;
    return block;
}

typedef cairn_status operation(cairn_ctx *ctx, const char *folder);

static size_t count_entries(bench *b)
{
    char **names;
    size_t count;
    assert_int_equal(cairn_folder_list(b->ctx, b->folder, &names, &count), CAIRN_OK);
    cairn_names_free(b->ctx, names, count);
    return count;
}

/* Fails each allocation in turn until the operation needs no more. */
static void sweep(bench *b, operation *run)
{
    size_t before = count_entries(b);
    for (int sticky = 0; sticky < 2; sticky++) {
        long failed = 0;
        for (long at = 2;; at++) { /* the first one is the context */
            budget left = {.fail_at = at, .sticky = sticky == 1};
            cairn_ctx_options options = {.threads = 1, .allocator = {resize, &left}};
            cairn_ctx *ctx;
            assert_int_equal(cairn_ctx_create(&options, &ctx), CAIRN_OK);
            cairn_status status = run(ctx, b->folder);
            assert_true(status == CAIRN_MEMORY || status == CAIRN_OK);
            if (status == CAIRN_MEMORY)
                assert_non_null(strstr(cairn_error(ctx), "out of memory"));
            failed += status == CAIRN_MEMORY;
            cairn_ctx_destroy(ctx);
            assert_int_equal(left.live, 0);
            if (left.made < at)
                break;
        }
        assert_true(failed > 0);
    }
    assert_int_equal(count_entries(b), before);
}

/* ---- what is tried ---- */

static cairn_status make_weights(cairn_ctx *ctx, cairn_weights **weights)
{
    cairn_shape conv = {.rank = 4, .dim = {3, 3, 2, 4}}, one = {.rank = 1, .dim = {1}};
    cairn_status status = cairn_weights_create(ctx, weights);
    for (int i = 0; i < 20 && status == CAIRN_OK; i++) {
        char name[16];
        snprintf(name, sizeof name, "t%d", i);
        status = cairn_weights_add(*weights, name, CAIRN_F32, i == 0 ? CAIRN_LAYOUT_CONV : CAIRN_LAYOUT_PLAIN,
                                   i == 0 ? &conv : &one, NULL);
    }
    if (status == CAIRN_OK)
        status = cairn_weights_set_meta(*weights, "key", "value");
    return status;
}

static cairn_status save_weights(cairn_ctx *ctx, const char *folder)
{
    cairn_weights *weights;
    char path[300];
    snprintf(path, sizeof path, "%s/weights", folder);
    cairn_status status = make_weights(ctx, &weights);
    if (status == CAIRN_OK)
        status = cairn_weights_save(weights, path);
    cairn_weights_destroy(weights);
    return status;
}

static cairn_status load_weights(cairn_ctx *ctx, const char *folder)
{
    cairn_weights *weights;
    char path[300];
    snprintf(path, sizeof path, "%s/weights", folder);
    cairn_status status = cairn_weights_load(ctx, path, &weights);
    assert_true((status == CAIRN_OK) == (weights != NULL));
    cairn_weights_destroy(weights);
    return status;
}

static cairn_status open_weights(cairn_ctx *ctx, const char *folder)
{
    cairn_weights *weights;
    char path[300];
    snprintf(path, sizeof path, "%s/weights", folder);
    cairn_status status = cairn_weights_open(ctx, path, &weights);
    assert_true((status == CAIRN_OK) == (weights != NULL));
    if (status == CAIRN_OK)
        status = cairn_weights_read(weights);
    cairn_weights_destroy(weights);
    return status;
}

static cairn_status open_dataset(cairn_ctx *ctx, const char *folder)
{
    cairn_dataset *set;
    cairn_dataset_options options = {.val_split = 0.5f};
    cairn_status status = cairn_dataset_open(ctx, folder, &options, &set);
    assert_true((status == CAIRN_OK) == (set != NULL));
    cairn_dataset_close(set);
    return status;
}

static cairn_status read_picture(cairn_ctx *ctx, const char *folder)
{
    static const cairn_preprocess chain = {.resize = 5, .crop = 4, .pad = 1, .channels = 1};
    cairn_picture picture, input = {0};
    cairn_decode_options options = {.channels = 3};
    char path[300];
    snprintf(path, sizeof path, "%s/picture", folder);
    cairn_status status = cairn_picture_load(ctx, path, &options, &picture);
    if (status == CAIRN_OK)
        status = cairn_preprocess_apply(ctx, &chain, &picture, &input);
    cairn_picture_free(ctx, &picture);
    cairn_picture_free(ctx, &input);
    return status;
}

static cairn_status print_preprocess(cairn_ctx *ctx, const char *folder)
{
    (void)folder;
    static const cairn_preprocess chain = {.resize = 5, .channels = 3, .std = {1, 1, 1}};
    char *text;
    cairn_status status = cairn_preprocess_to_json(ctx, &chain, &text);
    assert_true((status == CAIRN_OK) == (text != NULL));
    cairn_text_free(ctx, text);
    return status;
}

/* From a folder of pictures to a packed one and back to an augmented picture. What has no memory to clean up
 * after itself leaves "packed.partial" to the next attempt. */
static cairn_status pack_and_read(cairn_ctx *ctx, const char *folder)
{
    static const cairn_preprocess chain = {.channels = 3};
    char from[300], to[300], partial[310];
    snprintf(from, sizeof from, "%s/photos", folder);
    snprintf(to, sizeof to, "%s/packed", folder);
    snprintf(partial, sizeof partial, "%s.partial", to);
    cairn_dataset *set = NULL;
    cairn_packed packed;
    cairn_augment augment;
    cairn_augment_key key = {.seed = 1};
    cairn_picture picture = {0};
    cairn_pack_options options = {.raw = true, .side = 40};
    cairn_status status = cairn_dataset_open(ctx, from, NULL, &set);
    if (status == CAIRN_OK)
        status = cairn_dataset_pack(ctx, set, to, &options, &packed);
    cairn_dataset_close(set);
    set = NULL;
    if (status == CAIRN_OK)
        status = cairn_dataset_open(ctx, to, NULL, &set);
    if (status == CAIRN_OK)
        status = cairn_augment_parse(ctx, "rrc,flip,trivial", &augment);
    if (status == CAIRN_OK)
        status =
            cairn_dataset_augmented(ctx, set, CAIRN_TEST, 0, &augment, &chain, &key, 24, 24, &picture, NULL);
    cairn_picture_free(ctx, &picture);
    cairn_dataset_close(set);
    cairn_ctx *other;
    assert_int_equal(cairn_ctx_create(NULL, &other), CAIRN_OK);
    assert_int_equal(cairn_tree_remove(other, to), CAIRN_OK);
    assert_int_equal(cairn_tree_remove(other, partial), CAIRN_OK);
    cairn_ctx_destroy(other);
    return status;
}

static cairn_status check_folder(cairn_ctx *ctx, const char *folder)
{
    char from[300];
    snprintf(from, sizeof from, "%s/photos", folder);
    cairn_dataset *set;
    cairn_check_hooks hooks = {0};
    int64_t count[CAIRN_FINDING_KINDS];
    cairn_status status = cairn_dataset_open(ctx, from, NULL, &set);
    if (status == CAIRN_OK)
        status = cairn_dataset_check(ctx, set, &hooks, count);
    cairn_dataset_close(set);
    return status;
}

/* ---- the sweeps ---- */

static void weights_files(void **state)
{
    bench *b = *state;
    assert_int_equal(save_weights(b->ctx, b->folder), CAIRN_OK);
    sweep(b, save_weights);
    sweep(b, load_weights);
    sweep(b, open_weights);
}

static void data_sets(void **state)
{
    bench *b = *state;
    const uint8_t images[] = {0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4};
    const uint8_t labels[] = {0, 0, 8, 1, 0, 0, 0, 4, 0, 1, 0, 1};
    bench_put(bench_path(b, "train-images-idx3-ubyte"), images, sizeof images);
    bench_put(bench_path(b, "train-labels.idx1-ubyte"), labels, sizeof labels);
    sweep(b, open_dataset);
}

static void pictures(void **state)
{
    bench *b = *state;
    /* libpng's own writer will do: an indexed picture has the longest way */
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = 2,
                       .height = 2,
                       .format = PNG_FORMAT_RGB_COLORMAP,
                       .colormap_entries = 2};
    const uint8_t colours[] = {1, 2, 3, 4, 5, 6}, indices[] = {0, 1, 1, 0};
    assert_true(png_image_write_to_file(&image, bench_path(b, "picture"), 0, indices, 2, colours));
    sweep(b, read_picture);
    sweep(b, print_preprocess);
}

static void folders_of_pictures(void **state)
{
    bench *b = *state;
    uint8_t *bytes;
    size_t size;
    assert_int_equal(
        cairn_file_read(b->ctx, CAIRN_TEST_DATA "/augment/photo-420.jpg", 1 << 20, &bytes, &size), CAIRN_OK);
    assert_int_equal(cairn_folder_make(b->ctx, bench_path(b, "photos/cat")), CAIRN_OK);
    bench_put(bench_path(b, "photos/cat/1.jpg"), bytes, size);
    bench_put(bench_path(b, "photos/cat/2.jpg"), bytes, size);
    bench_put(bench_path(b, "photos/cat/3.jpg"), bytes, size / 2);
    cairn_free(b->ctx, bytes);
    sweep(b, pack_and_read);
    sweep(b, check_folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(weights_files), TEST(data_sets), TEST(pictures),
                                       TEST(folders_of_pictures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
