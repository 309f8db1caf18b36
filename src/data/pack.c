/* Packing: pictures are prepared by all threads, a group at a time, and written in their order. */
#include "data/pack.h"
#include "base/file.h"
#include "base/shared.h"
#include "base/text.h"
#include "base/threads.h"
#include "data/dataset.h"
#include "data/picture.h"
#include <string.h>

#define GROUP 64
#define SIDE 256
#define QUALITY 90
#define SHARD_BYTES ((int64_t)1 << 30)

/* A picture on its way into a shard. */
typedef struct item {
    int64_t index;
    const char *name;
    int label, h, w; /* h and w of pixels, else 0 */
    uint8_t *bytes;
    size_t size;
    cairn_status status;
    char *message;
} item;

typedef struct packer {
    cairn_ctx *ctx;
    const cairn_dataset *set;
    cairn_pack_options options;
    cairn_packed *packed;
    const char *folder;
    cairn_shared_memory memory;

    cairn_split split; /* of the group */
    item items[GROUP];

    int part, shards;
    int64_t shard_size, pictures; /* of the part */
    cairn_writer *shard;
    cairn_text records, names; /* of the index */
} packer;

/* ---- one picture ---- */

static bool is_jpeg(const cairn_stored *stored)
{
    return stored->h == 0 && stored->size > 2 && stored->bytes[0] == 0xFF && stored->bytes[1] == 0xD8;
}

static cairn_status load(cairn_ctx *ctx, const packer *p, const cairn_stored *stored, cairn_picture *picture)
{
    cairn_decode_options options = {.channels = p->options.raw ? 3 : 0};
    if (stored->h == 0)
        return cairn_picture_decode(ctx, stored->name, stored->bytes, stored->size, &options, picture);
    cairn_picture pixels = {stored->h, stored->w, stored->c, (uint8_t *)(uintptr_t)stored->bytes};
    cairn_status status = cairn_picture_cut(ctx, &pixels, 0, 0, pixels.h, pixels.w, 0, picture);
    if (status == CAIRN_OK && p->options.raw)
        status = cairn_picture_set_channels(ctx, 3, picture);
    return status;
}

/* Large pictures become smaller, small ones stay. */
static cairn_status shrink(cairn_ctx *ctx, const packer *p, cairn_picture *picture, bool *shrunk)
{
    int64_t h, w;
    *shrunk = cairn_min(picture->h, picture->w) > p->options.side;
    if (!*shrunk)
        return CAIRN_OK;
    cairn_scaled_size(p->options.side, picture->h, picture->w, &h, &w);
    cairn_picture smaller;
    cairn_status status =
        cairn_picture_resize(ctx, picture, (int)h, (int)w, CAIRN_BILINEAR, CAIRN_PASS_H, &smaller);
    cairn_picture_free(ctx, picture);
    *picture = smaller;
    return status;
}

static cairn_status encode(cairn_ctx *ctx, const packer *p, const cairn_stored *stored, bool shrunk,
                           cairn_picture *picture, item *i)
{
    if (p->options.raw) {
        i->bytes = picture->data;
        i->size = (size_t)picture->h * (size_t)picture->w * 3;
        i->h = picture->h;
        i->w = picture->w;
        picture->data = NULL;
        return CAIRN_OK;
    }
    if (shrunk || !is_jpeg(stored))
        return cairn_jpeg_encode(ctx, picture, p->options.quality, &i->bytes, &i->size);
    i->bytes = cairn_resize(ctx, NULL, stored->size, 1);
    if (i->bytes == NULL)
        return CAIRN_MEMORY;
    memcpy(i->bytes, stored->bytes, i->size = stored->size);
    return CAIRN_OK;
}

static void prepare(void *arg, size_t place)
{
    packer *p = arg;
    item *i = &p->items[place];
    cairn_ctx ctx = cairn_shared_ctx(&p->memory);
    cairn_stored stored;
    cairn_picture picture = {0};
    bool shrunk = false;
    i->status = cairn_dataset_fetch(&ctx, p->set, p->split, i->index, &stored, &i->label, NULL);
    i->name = stored.name;
    if (i->status == CAIRN_OK)
        i->status = load(&ctx, p, &stored, &picture);
    if (i->status == CAIRN_OK)
        i->status = shrink(&ctx, p, &picture, &shrunk);
    if (i->status == CAIRN_OK)
        i->status = encode(&ctx, p, &stored, shrunk, &picture, i);
    i->status = cairn_stored_check(&ctx, &stored, i->status);
    if (i->status != CAIRN_OK)
        i->message = cairn_strdup(&ctx, ctx.error);
    cairn_picture_free(&ctx, &picture);
    cairn_stored_free(&ctx, &stored);
}

/* ---- writing ---- */

static void put(cairn_text *text, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        uint8_t byte = (uint8_t)(value >> (8 * i));
        cairn_text_add_bytes(text, &byte, 1);
    }
}

static cairn_status end_shard(packer *p)
{
    cairn_writer *shard = p->shard;
    p->shard = NULL;
    return shard == NULL ? CAIRN_OK : cairn_writer_commit(shard);
}

static cairn_status begin_shard(packer *p)
{
    char name[CAIRN_PACK_NAME_BYTES];
    cairn_pack_shard_name(p->part, p->shards++, name);
    char *path = cairn_path_join(p->ctx, p->folder, name);
    cairn_status status = path == NULL ? CAIRN_MEMORY : cairn_writer_open(p->ctx, path, &p->shard);
    cairn_free(p->ctx, path);
    p->shard_size = 0;
    return status;
}

/* Without the data set's folder, which may be another one where the pack is used. */
static const char *name_within(const packer *p, const char *name)
{
    const char *folder = cairn_dataset_about(p->set)->path;
    size_t length = strlen(folder);
    return strncmp(name, folder, length) == 0 && name[length] == '/' ? name + length + 1 : name;
}

static cairn_status write_item(packer *p, const item *i)
{
    cairn_status status = CAIRN_OK;
    if (p->shard != NULL && p->shard_size + (int64_t)i->size > p->options.shard_bytes)
        status = end_shard(p);
    if (status == CAIRN_OK && p->shard == NULL)
        status = begin_shard(p);
    if (status == CAIRN_OK)
        status = cairn_writer_write(p->shard, i->bytes, i->size);
    put(&p->records, (uint64_t)p->shard_size, 8);
    put(&p->records, i->size, 8);
    put(&p->records, (uint64_t)(p->shards - 1), 4);
    put(&p->records, (uint64_t)i->label, 4);
    put(&p->records, (uint64_t)i->h, 4);
    put(&p->records, (uint64_t)i->w, 4);
    const char *name = name_within(p, i->name);
    cairn_text_add_bytes(&p->names, name, strlen(name) + 1);
    p->shard_size += (int64_t)i->size;
    p->packed->bytes += (int64_t)i->size;
    p->packed->pictures++;
    p->pictures++;
    return status;
}

/* Takes what was prepared, in its order. */
static cairn_status take_group(packer *p, size_t count)
{
    cairn_status status = CAIRN_OK;
    for (size_t k = 0; k < count; k++) {
        item *i = &p->items[k];
        bool broken = i->status == CAIRN_INPUT || i->status == CAIRN_IO;
        if (status == CAIRN_OK && broken) {
            p->packed->skipped++;
            if (p->options.skipped != NULL)
                p->options.skipped(p->options.user, i->message == NULL ? "out of memory" : i->message);
        } else if (status == CAIRN_OK && i->status != CAIRN_OK) {
            status = cairn_fail(p->ctx, i->status, "%s", i->message == NULL ? "out of memory" : i->message);
        } else if (status == CAIRN_OK) {
            status = write_item(p, i);
        }
        cairn_free(p->ctx, i->bytes);
        cairn_free(p->ctx, i->message);
        *i = (item){0};
    }
    return status;
}

static cairn_status pack_part(packer *p, cairn_split split)
{
    const cairn_dataset_info *info = cairn_dataset_about(p->set);
    int64_t count = info->count[split];
    cairn_status status = CAIRN_OK;
    p->split = split;
    p->part = split == CAIRN_TRAIN ? 0 : 1;
    p->shards = 0;
    p->pictures = 0;
    for (int64_t first = 0; status == CAIRN_OK && first < count; first += GROUP) {
        size_t n = (size_t)cairn_min(GROUP, count - first);
        for (size_t k = 0; k < n; k++)
            p->items[k] = (item){.index = first + (int64_t)k};
        status = cairn_for_each(p->ctx, n, prepare, p);
        if (status == CAIRN_OK)
            status = take_group(p, n);
        if (p->options.progress != NULL)
            p->options.progress(p->options.user, p->packed->pictures + p->packed->skipped,
                                info->count[CAIRN_TRAIN] + info->count[CAIRN_TEST]);
    }
    return status == CAIRN_OK ? end_shard(p) : status;
}

/* ---- all of it ---- */

static cairn_status write_index(packer *p, const int shards[2], const int64_t pictures[2])
{
    const cairn_dataset_info *info = cairn_dataset_about(p->set);
    cairn_text index = {.ctx = p->ctx};
    cairn_text_add(&index, CAIRN_PACK_MAGIC);
    put(&index, (uint64_t)info->classes, 4);
    put(&index, (uint64_t)p->options.side, 4);
    put(&index, info->count[CAIRN_TRAIN] == 0, 4);
    put(&index, 0, 4);
    for (int part = 0; part < 2; part++) {
        put(&index, (uint64_t)shards[part], 8);
        put(&index, (uint64_t)pictures[part], 8);
    }
    cairn_text_add_bytes(&index, p->records.data, p->records.size);
    for (int i = 0; i < info->classes; i++)
        cairn_text_add_bytes(&index, info->labels[i], strlen(info->labels[i]) + 1);
    cairn_text_add_bytes(&index, p->names.data, p->names.size);
    char *path = cairn_path_join(p->ctx, p->folder, CAIRN_PACK_INDEX);
    bool failed = index.failed || p->records.failed || p->names.failed || path == NULL;
    cairn_status status = failed ? CAIRN_MEMORY : cairn_file_write(p->ctx, path, index.data, index.size);
    cairn_free(p->ctx, index.data);
    cairn_free(p->ctx, path);
    return status;
}

static cairn_status pack(packer *p)
{
    int shards[2];
    int64_t pictures[2];
    cairn_status status = cairn_folder_make(p->ctx, p->folder);
    for (int part = 0; status == CAIRN_OK && part < 2; part++) {
        status = pack_part(p, part == 0 ? CAIRN_TRAIN : CAIRN_TEST);
        shards[part] = p->shards;
        pictures[part] = p->pictures;
    }
    if (status == CAIRN_OK && p->packed->pictures == 0)
        status = cairn_fail(p->ctx, CAIRN_INPUT, "%s: none of %lld pictures could be read",
                            cairn_dataset_about(p->set)->path, (long long)p->packed->skipped);
    return status == CAIRN_OK ? write_index(p, shards, pictures) : status;
}

cairn_status cairn_dataset_pack(cairn_ctx *ctx, const cairn_dataset *dataset, const char *folder,
                                const cairn_pack_options *options, cairn_packed *packed)
{
    *packed = (cairn_packed){0};
    if (cairn_path_look(folder) != CAIRN_PATH_MISSING || cairn_path_is_link(folder))
        return cairn_fail(ctx, CAIRN_USAGE, "%s: is there already (expected a new folder)", folder);
    cairn_text partial = {.ctx = ctx};
    cairn_text_format(&partial, "%s.partial", folder);
    packer *p = partial.failed ? NULL : cairn_alloc(ctx, 1, sizeof *p);
    if (p == NULL) {
        cairn_free(ctx, partial.data);
        return CAIRN_MEMORY;
    }
    p->ctx = ctx;
    p->set = dataset;
    p->packed = packed;
    p->folder = partial.data;
    p->records.ctx = p->names.ctx = ctx;
    p->options = options == NULL ? (cairn_pack_options){0} : *options;
    p->options.side = p->options.side > 0 ? p->options.side : SIDE;
    p->options.quality = p->options.quality > 0 ? p->options.quality : QUALITY;
    p->options.shard_bytes = p->options.shard_bytes > 0 ? p->options.shard_bytes : SHARD_BYTES;
    cairn_shared_begin(&p->memory, ctx);
    cairn_status status = cairn_tree_remove(ctx, p->folder); /* of one that was interrupted */
    if (status == CAIRN_OK)
        status = pack(p);
    cairn_writer_abort(p->shard);
    if (status == CAIRN_OK)
        status = cairn_file_rename(ctx, p->folder, folder);
    if (status != CAIRN_OK) {
        char text[CAIRN_ERROR_BYTES]; /* what failed first is what counts */
        memcpy(text, cairn_error(ctx), sizeof text);
        (void)cairn_tree_remove(ctx, p->folder);
        (void)cairn_fail(ctx, status, "%s", text);
    }
    cairn_shared_end(&p->memory);
    cairn_free(ctx, p->records.data);
    cairn_free(ctx, p->names.data);
    cairn_free(ctx, p);
    cairn_free(ctx, partial.data);
    return status;
}
