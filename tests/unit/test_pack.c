/* Packed data sets and tar shards: what comes back, what is refused, and what a check finds. */
#include "support.h"

#include <cairn/augment.h>
#include <sys/stat.h>

static void put_photo(bench *b, const char *photo, const char *to)
{
    char path[512];
    uint8_t *bytes;
    size_t size;
    snprintf(path, sizeof path, "%s/augment/%s", CAIRN_TEST_DATA, photo);
    assert_int_equal(cairn_file_read(b->ctx, path, 1 << 20, &bytes, &size), CAIRN_OK);
    char folder[256];
    snprintf(folder, sizeof folder, "%s", bench_path(b, to));
    *strrchr(folder, '/') = '\0';
    assert_int_equal(cairn_folder_make(b->ctx, folder), CAIRN_OK);
    bench_put(bench_path(b, to), bytes, size);
    cairn_free(b->ctx, bytes);
}

/* Two classes in two parts, of different pictures. */
static void put_folder(bench *b)
{
    put_photo(b, "photo-420.jpg", "photos/train/cat/1.jpg");
    put_photo(b, "photo-444.jpg", "photos/train/cat/2.jpg");
    put_photo(b, "photo-grey.jpg", "photos/train/dog/1.jpg");
    put_photo(b, "photo-progressive.jpg", "photos/val/dog/9.jpg");
}

static cairn_dataset *open_set(bench *b, const char *name, float val_split)
{
    cairn_dataset_options options = {.val_split = val_split};
    cairn_dataset *set;
    if (cairn_dataset_open(b->ctx, bench_path(b, name), &options, &set) != CAIRN_OK)
        fail_msg("%s", cairn_error(b->ctx));
    return set;
}

static cairn_status open_fails(bench *b, const char *name)
{
    cairn_dataset *set;
    cairn_status status = cairn_dataset_open(b->ctx, bench_path(b, name), NULL, &set);
    assert_true((status == CAIRN_OK) == (set != NULL));
    cairn_dataset_close(set);
    return status;
}

static void assert_same_pictures(bench *b, const cairn_dataset *x, const cairn_dataset *y, cairn_split split)
{
    int64_t count = cairn_dataset_about(x)->count[split];
    assert_int_equal(cairn_dataset_about(y)->count[split], count);
    for (int64_t i = 0; i < count; i++) {
        cairn_decode_options rgb = {.channels = 3};
        cairn_picture p, q;
        int label_x, label_y;
        int64_t sample_x, sample_y;
        assert_int_equal(cairn_dataset_picture(b->ctx, x, split, i, &rgb, &p, &label_x, &sample_x), CAIRN_OK);
        assert_int_equal(cairn_dataset_picture(b->ctx, y, split, i, &rgb, &q, &label_y, &sample_y), CAIRN_OK);
        assert_int_equal(label_x, label_y);
        assert_int_equal(sample_x, sample_y);
        assert_true(p.h == q.h && p.w == q.w && p.c == q.c);
        assert_memory_equal(p.data, q.data, (size_t)p.h * (size_t)p.w * 3);
        cairn_picture_free(b->ctx, &p);
        cairn_picture_free(b->ctx, &q);
    }
}

/* ---- packing ---- */

/* Pictures that are small enough come back bit by bit, and augmented they are the same, too. */
static void packed_pictures_are_the_same(void **state)
{
    bench *b = *state;
    put_folder(b);
    cairn_dataset *set = open_set(b, "photos", 0);
    for (int raw = 0; raw < 2; raw++) {
        const char *name = raw ? "raw" : "jpeg";
        cairn_pack_options options = {.raw = raw == 1, .shard_bytes = 20000}; /* several shards */
        cairn_packed packed;
        assert_int_equal(cairn_dataset_pack(b->ctx, set, bench_path(b, name), &options, &packed), CAIRN_OK);
        assert_int_equal(packed.pictures, 4);
        assert_int_equal(packed.skipped, 0);
        cairn_dataset *again = open_set(b, name, 0);
        const cairn_dataset_info *info = cairn_dataset_about(again);
        assert_int_equal(info->classes, 2);
        assert_string_equal(info->labels[0], "cat");
        assert_string_equal(info->labels[1], "dog");
        assert_same_pictures(b, set, again, CAIRN_TRAIN);
        assert_same_pictures(b, set, again, CAIRN_TEST);
        cairn_augment augment;
        cairn_preprocess chain = {.channels = 3};
        assert_int_equal(cairn_augment_parse(b->ctx, "rrc,flip,jitter=0.4", &augment), CAIRN_OK);
        for (uint32_t epoch = 0; epoch < 20; epoch++) {
            cairn_augment_key key = {.seed = 1, .epoch = epoch};
            cairn_picture p, q;
            int64_t i = epoch % 3;
            assert_int_equal(cairn_dataset_augmented(b->ctx, set, CAIRN_TRAIN, i, &augment, &chain, &key, 140,
                                                     140, &p, NULL),
                             CAIRN_OK);
            assert_int_equal(cairn_dataset_augmented(b->ctx, again, CAIRN_TRAIN, i, &augment, &chain, &key,
                                                     140, 140, &q, NULL),
                             CAIRN_OK);
            assert_memory_equal(p.data, q.data, 140 * 140 * 3);
            cairn_picture_free(b->ctx, &p);
            cairn_picture_free(b->ctx, &q);
        }
        cairn_dataset_close(again);
        assert_fails(b, cairn_dataset_pack(b->ctx, set, bench_path(b, name), &options, &packed), CAIRN_USAGE,
                     "is there already");
    }
    assert_int_equal(cairn_path_look(bench_path(b, "raw/train-00002.shard")), CAIRN_PATH_FILE);
    assert_int_equal(cairn_path_look(bench_path(b, "raw/train-00003.shard")), CAIRN_PATH_MISSING);
    cairn_dataset_close(set);
}

/* Large pictures are shrunk as Pillow would; a set without parts stays one; broken ones are left out. */
static void packing_shrinks_and_skips(void **state)
{
    bench *b = *state;
    put_photo(b, "photo-444.jpg", "photos/cat/1.jpg");
    put_photo(b, "photo-420.jpg", "photos/cat/2.jpg");
    put_photo(b, "photo-grey.jpg", "photos/dog/1.jpg");
    bench_put(bench_path(b, "photos/cat/2.jpg"), "\xFF\xD8\xFFnothing", 10);
    cairn_dataset *set = open_set(b, "photos", 0);
    cairn_pack_options options = {.raw = true, .side = 50};
    cairn_packed packed;
    assert_int_equal(cairn_dataset_pack(b->ctx, set, bench_path(b, "packed"), &options, &packed), CAIRN_OK);
    assert_int_equal(packed.pictures, 2);
    assert_int_equal(packed.skipped, 1);
    assert_int_equal(packed.bytes, 2 * 50 * 66 * 3);
    cairn_dataset *again = open_set(b, "packed", 0);
    assert_int_equal(cairn_dataset_about(again)->count[CAIRN_TEST], 2);
    cairn_picture p, q, whole;
    assert_int_equal(cairn_dataset_picture(b->ctx, again, CAIRN_TEST, 0, NULL, &p, NULL, NULL), CAIRN_OK);
    assert_int_equal(cairn_picture_load(b->ctx, bench_path(b, "photos/cat/1.jpg"), NULL, &whole), CAIRN_OK);
    assert_int_equal(cairn_picture_resize(b->ctx, &whole, 50, 66, CAIRN_BILINEAR, CAIRN_PASS_H, &q),
                     CAIRN_OK);
    assert_memory_equal(p.data, q.data, 50 * 66 * 3);
    cairn_picture_free(b->ctx, &p);
    cairn_picture_free(b->ctx, &q);
    cairn_picture_free(b->ctx, &whole);
    cairn_dataset_close(again);
    again = open_set(b, "packed", 0.001f); /* as with the folder itself */
    assert_int_equal(cairn_dataset_about(again)->count[CAIRN_TRAIN], 2);
    cairn_dataset_close(again);
    cairn_dataset_close(set);
}

/* Every prefix of the index, and shards that are cut, before and while they are in use. */
static void damaged_packs_are_refused(void **state)
{
    bench *b = *state;
    put_folder(b);
    cairn_dataset *set = open_set(b, "photos", 0);
    cairn_packed packed;
    assert_int_equal(cairn_dataset_pack(b->ctx, set, bench_path(b, "p"), NULL, &packed), CAIRN_OK);
    cairn_dataset_close(set);
    uint8_t *index;
    size_t size;
    assert_int_equal(cairn_file_read(b->ctx, bench_path(b, "p/pack.index"), 1 << 20, &index, &size),
                     CAIRN_OK);
    for (size_t i = 0; i < size; i++) {
        bench_put(bench_path(b, "p/pack.index"), index, i);
        assert_fails(b, open_fails(b, "p"), CAIRN_INPUT, "pack.index: damaged at byte");
    }
    for (size_t i = 0; i < size; i++) { /* an error or other numbers, but nothing outside of what there is */
        index[i] ^= 0x80;
        bench_put(bench_path(b, "p/pack.index"), index, size);
        cairn_dataset *found;
        if (cairn_dataset_open(b->ctx, bench_path(b, "p"), NULL, &found) == CAIRN_OK) {
            cairn_picture p;
            for (int64_t k = 0; k < cairn_dataset_about(found)->count[CAIRN_TRAIN]; k++)
                if (cairn_dataset_picture(b->ctx, found, CAIRN_TRAIN, k, NULL, &p, NULL, NULL) == CAIRN_OK)
                    cairn_picture_free(b->ctx, &p);
            cairn_dataset_close(found);
        }
        index[i] ^= 0x80;
    }
    bench_put(bench_path(b, "p/pack.index"), index, size);
    cairn_free(b->ctx, index);
    set = open_set(b, "p", 0);
    assert_int_equal(truncate(bench_path(b, "p/train-00000.shard"), 5000), 0);
    cairn_picture p;
    assert_fails(b, cairn_dataset_picture(b->ctx, set, CAIRN_TRAIN, 1, NULL, &p, NULL, NULL), CAIRN_INPUT,
                 "was cut to 5000 bytes while it was in use");
    cairn_dataset_close(set);
    assert_fails(b, open_fails(b, "p"), CAIRN_INPUT, "a picture within its shard");
    assert_int_equal(unlink(bench_path(b, "p/train-00000.shard")), 0);
    assert_fails(b, open_fails(b, "p"), CAIRN_IO, "train-00000.shard: cannot open");
}

/* ---- tar ---- */

#define BLOCK 512

typedef struct archive {
    uint8_t bytes[1 << 17];
    size_t size;
} archive;

static void add_header(archive *a, const char *name, size_t size, char type)
{
    uint8_t *h = a->bytes + a->size;
    memset(h, 0, BLOCK);
    snprintf((char *)h, 100, "%s", name);
    snprintf((char *)h + 100, 8, "%07o", 0644);
    snprintf((char *)h + 124, 12, "%011zo", size);
    h[156] = (uint8_t)type;
    memcpy(h + 257, "ustar\00000", 8);
    memset(h + 148, ' ', 8);
    unsigned sum = 0;
    for (int i = 0; i < BLOCK; i++)
        sum += h[i];
    snprintf((char *)h + 148, 8, "%06o", sum);
    a->size += BLOCK;
}

static void add_file(archive *a, const char *name, const void *bytes, size_t size)
{
    assert_true(a->size + size + 4 * BLOCK < sizeof a->bytes);
    add_header(a, name, size, '0');
    memset(a->bytes + a->size, 0, size / BLOCK * BLOCK + BLOCK);
    memcpy(a->bytes + a->size, bytes, size);
    a->size += (size + BLOCK - 1) / BLOCK * BLOCK;
}

static void add_photo(bench *b, archive *a, const char *name, const char *photo)
{
    char path[512];
    uint8_t *bytes;
    size_t size;
    snprintf(path, sizeof path, "%s/augment/%s", CAIRN_TEST_DATA, photo);
    assert_int_equal(cairn_file_read(b->ctx, path, 1 << 20, &bytes, &size), CAIRN_OK);
    add_file(a, name, bytes, size);
    cairn_free(b->ctx, bytes);
}

static void end_archive(archive *a)
{
    memset(a->bytes + a->size, 0, 2 * BLOCK);
    a->size += 2 * BLOCK;
}

/* Names as tar writes them, and a folder, which is passed over. */
static void make_plain_shard(bench *b, archive *train)
{
    train->size = 0;
    add_photo(b, train, "./000000.jpg", "photo-420.jpg");
    add_file(train, "./000000.cls", "0", 1);
    add_file(train, "./000000.json", "{}", 2);
    add_header(train, "folder/", 0, '5');
    add_file(train, "./000001.cls", "2\n", 2);
    add_photo(b, train, "./000001.jpg", "photo-444.jpg");
    end_archive(train);
}

/* A long name, once as pax and once as GNU write it. */
static void make_long_shard(bench *b, archive *more)
{
    more->size = 0;
    static char longer[200], record[256];
    memset(longer, 'x', 150);
    snprintf(longer + 150, sizeof longer - 150, ".jpg");
    snprintf(record, sizeof record, "%zu path=%s\n", strlen(longer) + 10, longer);
    add_header(more, "pax", strlen(record), 'x');
    memset(more->bytes + more->size, 0, BLOCK);
    memcpy(more->bytes + more->size, record, strlen(record));
    more->size += BLOCK;
    add_photo(b, more, "short.jpg", "photo-grey.jpg");
    memcpy(longer + 150, ".cls", 5);
    add_header(more, "././@LongLink", strlen(longer) + 1, 'L');
    memset(more->bytes + more->size, 0, BLOCK);
    memcpy(more->bytes + more->size, longer, strlen(longer));
    more->size += BLOCK;
    add_file(more, "short.cls", "1", 1);
    end_archive(more);
}

static void make_tars(bench *b)
{
    static archive train, more, val;
    make_plain_shard(b, &train);
    make_long_shard(b, &more);
    val.size = 0;
    add_photo(b, &val, "a/1.jpg", "photo-progressive.jpg");
    add_file(&val, "a/1.cls", "1", 1);
    assert_int_equal(cairn_folder_make(b->ctx, bench_path(b, "tars")), CAIRN_OK);
    bench_put(bench_path(b, "tars/set-train-000000.tar"), train.bytes, train.size);
    bench_put(bench_path(b, "tars/set-train-000001.tar"), more.bytes, more.size);
    bench_put(bench_path(b, "tars/set-val-000000.tar"), val.bytes, val.size); /* without an end */
}

static void tar_shards_are_a_data_set(void **state)
{
    bench *b = *state;
    make_tars(b);
    cairn_dataset *set = open_set(b, "tars", 0);
    const cairn_dataset_info *info = cairn_dataset_about(set);
    assert_int_equal(info->classes, 3);
    assert_int_equal(info->count[CAIRN_TRAIN], 3);
    assert_int_equal(info->count[CAIRN_TEST], 1);
    static const int labels[] = {0, 2, 1};
    static const char *const photos[] = {"photo-420.jpg", "photo-444.jpg", "photo-grey.jpg"};
    for (int i = 0; i < 3; i++) {
        cairn_picture p, q;
        char path[512];
        int label;
        snprintf(path, sizeof path, "%s/augment/%s", CAIRN_TEST_DATA, photos[i]);
        assert_int_equal(cairn_dataset_picture(b->ctx, set, CAIRN_TRAIN, i, NULL, &p, &label, NULL),
                         CAIRN_OK);
        assert_int_equal(cairn_picture_load(b->ctx, path, NULL, &q), CAIRN_OK);
        assert_int_equal(label, labels[i]);
        assert_true(p.h == q.h && p.w == q.w && p.c == q.c);
        assert_memory_equal(p.data, q.data, (size_t)p.h * (size_t)p.w * (size_t)p.c);
        cairn_picture_free(b->ctx, &p);
        cairn_picture_free(b->ctx, &q);
    }
    cairn_dataset_close(set);
}

/* Every cut and every flipped bit of headers ends well. */
static void damaged_tars_are_refused(void **state)
{
    bench *b = *state;
    static archive train;
    make_tars(b);
    make_plain_shard(b, &train);
    for (size_t i = 1; i < train.size; i += 97) {
        bench_put(bench_path(b, "tars/set-train-000000.tar"), train.bytes, i);
        cairn_status status = open_fails(b, "tars");
        assert_true(status == CAIRN_OK || status == CAIRN_INPUT);
    }
    for (size_t i = 0; i < BLOCK; i += i == 154 ? 2 : 1) { /* one byte is behind the sum's end */
        train.bytes[i] ^= 0x40;
        bench_put(bench_path(b, "tars/set-train-000000.tar"), train.bytes, train.size);
        assert_fails(b, open_fails(b, "tars"), CAIRN_INPUT, "damaged at byte 0");
        train.bytes[i] ^= 0x40;
    }
}

static void incomplete_tars_are_refused(void **state)
{
    bench *b = *state;
    make_tars(b);
    static archive wrong;
    wrong.size = 0;
    add_photo(b, &wrong, "1.jpg", "photo-420.jpg");
    end_archive(&wrong);
    bench_put(bench_path(b, "tars/set-train-000000.tar"), wrong.bytes, wrong.size);
    assert_fails(b, open_fails(b, "tars"), CAIRN_INPUT, "'1.jpg' has no class (expected '1.cls' beside it)");
    wrong.size = 0;
    add_file(&wrong, "1.cls", "cat", 3);
    end_archive(&wrong);
    bench_put(bench_path(b, "tars/set-train-000000.tar"), wrong.bytes, wrong.size);
    assert_fails(b, open_fails(b, "tars"), CAIRN_INPUT, "expected a class's number, found 'cat'");
}

/* ---- checking ---- */

typedef struct findings {
    char text[4096];
} findings;

static void on_found(void *user, const cairn_finding *finding)
{
    findings *f = user;
    size_t used = strlen(f->text);
    snprintf(f->text + used, sizeof f->text - used, "%d %s|%s\n", (int)finding->kind,
             strstr(finding->file, "photos/") + 7, finding->text);
}

static void a_check_finds_what_is_wrong(void **state)
{
    bench *b = *state;
    put_folder(b);
    put_photo(b, "photo-420.jpg", "photos/train/cat/same.jpg");
    put_photo(b, "photo-420.jpg", "photos/train/dog/conflict.jpg");
    put_photo(b, "photo-grey.jpg", "photos/val/dog/leak.jpg");
    put_photo(b, "photo-progressive.jpg", "photos/train/dog/liar.png");
    put_photo(b, "photo-444.jpg", "photos/train/dog/cut.jpg");
    assert_int_equal(truncate(bench_path(b, "photos/train/dog/cut.jpg"), 6000), 0);
    bench_put(bench_path(b, "photos/train/dog/empty.jpg"), "", 0);
    bench_put(bench_path(b, "photos/train/dog/page.jpg"), "<html>", 6);
    char expected[4096];
    snprintf(expected, sizeof expected,
             "1 train/dog/cut.jpg|JPEG: is cut short\n"
             "0 train/dog/empty.jpg|is empty\n"
             "3 train/dog/liar.png|is JPEG\n"
             "0 train/dog/page.jpg|is an HTML page, probably a failed download\n"
             "4 train/cat/same.jpg|%s/photos/train/cat/1.jpg\n"
             "5 train/dog/conflict.jpg|%s/photos/train/cat/1.jpg\n"
             "6 val/dog/9.jpg|%s/photos/train/dog/liar.png\n"
             "6 val/dog/leak.jpg|%s/photos/train/dog/1.jpg\n",
             b->folder, b->folder, b->folder, b->folder);
    for (int threads = 1; threads < 4; threads++) {
        cairn_ctx *ctx;
        cairn_ctx_options o = {.threads = threads};
        assert_int_equal(cairn_ctx_create(&o, &ctx), CAIRN_OK);
        findings f = {""};
        cairn_dataset *set;
        cairn_check_hooks hooks = {.found = on_found, .user = &f};
        int64_t count[CAIRN_FINDING_KINDS];
        assert_int_equal(cairn_dataset_open(ctx, bench_path(b, "photos"), NULL, &set), CAIRN_OK);
        assert_int_equal(cairn_dataset_check(ctx, set, &hooks, count), CAIRN_OK);
        assert_string_equal(f.text, expected);
        assert_int_equal(count[CAIRN_FINDING_LEAK], 2);
        assert_int_equal(count[CAIRN_FINDING_BROKEN], 2);
        cairn_dataset_close(set);
        cairn_ctx_destroy(ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(packed_pictures_are_the_same), TEST(packing_shrinks_and_skips),
        TEST(damaged_packs_are_refused),    TEST(tar_shards_are_a_data_set),
        TEST(damaged_tars_are_refused),     TEST(incomplete_tars_are_refused),
        TEST(a_check_finds_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
