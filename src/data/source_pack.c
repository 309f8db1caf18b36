/* Packed data sets: the index is read and checked, the shards are mapped. */
#include "base/file.h"
#include "data/pack.h"
#include "data/source.h"
#include <stdio.h>
#include <string.h>

#define MOST_INDEX_BYTES ((size_t)8 << 30)

/* The index while it is read. */
typedef struct reader {
    cairn_source *source;
    const char *path; /* of the index */
    const uint8_t *bytes;
    size_t size, at;
    bool whole;
    int classes;
} reader;

void cairn_pack_shard_name(int part, int shard, char name[CAIRN_PACK_NAME_BYTES])
{
    snprintf(name, CAIRN_PACK_NAME_BYTES, "%s-%05d.shard", part == 0 ? "train" : "test", shard);
}

static uint64_t take(reader *r, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value |= (uint64_t)r->bytes[r->at++] << (8 * i);
    return value;
}

static uint32_t take_u32(reader *r)
{
    return (uint32_t)take(r, 4);
}

static cairn_status fail(const reader *r, const char *expected)
{
    return cairn_fail(r->source->ctx, CAIRN_INPUT, "%s: damaged at byte %zu (expected %s)", r->path, r->at,
                      expected);
}

/* The next name, which stays in the index. */
static const char *take_name(reader *r)
{
    const char *name = (const char *)r->bytes + r->at;
    const char *end = memchr(name, '\0', r->size - r->at);
    if (end == NULL)
        return NULL;
    r->at += (size_t)(end - name) + 1;
    return name;
}

static cairn_status map_shards(reader *r, const char *folder, int which, int count, cairn_part *part)
{
    cairn_ctx *ctx = r->source->ctx;
    cairn_status status = CAIRN_OK;
    part->archives = cairn_alloc(ctx, (size_t)count, sizeof *part->archives);
    if (part->archives == NULL)
        return CAIRN_MEMORY;
    for (; status == CAIRN_OK && part->archive_count < count;) {
        char name[CAIRN_PACK_NAME_BYTES];
        cairn_pack_shard_name(which, part->archive_count, name);
        char *path = cairn_path_join(ctx, folder, name);
        status =
            path == NULL ? CAIRN_MEMORY : cairn_map_open(ctx, path, &part->archives[part->archive_count]);
        cairn_free(ctx, path);
        part->archive_count += status == CAIRN_OK;
    }
    return status;
}

/* A record: within its shard, and of as many bytes as its pixels. */
static cairn_status read_record(reader *r, cairn_part *part, int64_t i)
{
    cairn_member *m = &part->members[i];
    m->offset = take(r, 8);
    m->size = take(r, 8);
    uint32_t shard = take_u32(r), label = take_u32(r), h = take_u32(r), w = take_u32(r);
    if (shard >= (uint32_t)part->archive_count || label >= (uint32_t)r->classes)
        return fail(r, "a shard and a class that are there");
    if (m->offset > part->archives[shard].size || m->size > part->archives[shard].size - m->offset)
        return fail(r, "a picture within its shard: is one cut short?");
    if (h > 65536 || w > 65536 || (h > 0 && m->size != (uint64_t)h * w * 3) || (h == 0) != (w == 0))
        return fail(r, "as many bytes as a picture has");
    m->archive = (int32_t)shard;
    m->h = (int32_t)h;
    m->w = (int32_t)w;
    part->labels[i] = (int32_t)label;
    return CAIRN_OK;
}

static cairn_status read_records(reader *r, const char *folder, int which, int shards, uint64_t count,
                                 cairn_part *part)
{
    cairn_ctx *ctx = r->source->ctx;
    if (count == 0)
        return CAIRN_OK;
    if (count > (r->size - r->at) / CAIRN_PACK_RECORD || shards < 1)
        return fail(r, "as many pictures as it says");
    cairn_status status = map_shards(r, folder, which, shards, part);
    part->members = cairn_alloc(ctx, count, sizeof *part->members);
    part->labels = cairn_alloc(ctx, count, sizeof *part->labels);
    part->names = cairn_alloc(ctx, count, sizeof *part->names);
    if (status == CAIRN_OK && (part->members == NULL || part->labels == NULL || part->names == NULL))
        status = CAIRN_MEMORY;
    part->count = part->names == NULL ? 0 : (int64_t)count;
    for (int64_t i = 0; status == CAIRN_OK && i < part->count; i++)
        status = read_record(r, part, i);
    return status;
}

static cairn_status read_picture_names(reader *r, cairn_part *part)
{
    for (int64_t i = 0; i < part->count; i++) {
        const char *name = take_name(r);
        if (name == NULL)
            return fail(r, "a name for each picture");
        part->names[i] = cairn_strdup(r->source->ctx, name);
        if (part->names[i] == NULL)
            return CAIRN_MEMORY;
    }
    return CAIRN_OK;
}

/* Names of classes and pictures, behind all records. */
static cairn_status read_names(reader *r, cairn_part parts[2])
{
    cairn_source *source = r->source;
    cairn_class_list classes = {0};
    cairn_status status = CAIRN_OK;
    for (int i = 0; status == CAIRN_OK && i < r->classes; i++) {
        const char *name = take_name(r);
        status =
            name == NULL ? fail(r, "a name for each class") : cairn_class_add(source->ctx, &classes, name);
    }
    for (int p = 0; status == CAIRN_OK && p < 2; p++)
        status = read_picture_names(r, &parts[p]);
    if (status == CAIRN_OK && r->at != r->size)
        status = fail(r, "its end");
    for (int p = 0; status == CAIRN_OK && p < 2; p++)
        status = cairn_class_map(source, source->path, &classes, parts[p].labels, (size_t)parts[p].count);
    cairn_names_free(source->ctx, classes.name, (size_t)classes.count);
    return status;
}

static cairn_status read_index(reader *r, cairn_part parts[2])
{
    int shards[2];
    uint64_t counts[2];
    if (r->size < CAIRN_PACK_HEADER + 2 * CAIRN_PACK_PART ||
        memcmp(r->bytes, CAIRN_PACK_MAGIC, sizeof CAIRN_PACK_MAGIC - 1) != 0)
        return fail(r, "the index of a packed data set");
    r->at = sizeof CAIRN_PACK_MAGIC - 1;
    uint32_t classes = take_u32(r);
    (void)take_u32(r); /* the side that pictures were brought to */
    r->whole = take_u32(r) != 0;
    (void)take_u32(r);
    if (classes > CAIRN_MAX_CLASSES)
        return fail(r, "no more classes");
    r->classes = (int)classes;
    for (int p = 0; p < 2; p++) {
        shards[p] = (int)cairn_min(take_u32(r), 1 << 20);
        (void)take_u32(r);
        counts[p] = take(r, 8);
    }
    cairn_status status = CAIRN_OK;
    for (int p = 0; status == CAIRN_OK && p < 2; p++)
        status = read_records(r, r->source->path, p, shards[p], counts[p], &parts[p]);
    return status == CAIRN_OK ? read_names(r, parts) : status;
}

cairn_status cairn_source_pack(cairn_source *source)
{
    cairn_ctx *ctx = source->ctx;
    uint8_t *bytes = NULL;
    size_t size = 0;
    char *path = cairn_path_join(ctx, source->path, CAIRN_PACK_INDEX);
    if (path == NULL)
        return CAIRN_MEMORY;
    bool there = cairn_path_look(path) != CAIRN_PATH_MISSING;
    cairn_status status = there ? cairn_file_read(ctx, path, MOST_INDEX_BYTES, &bytes, &size) : CAIRN_OK;
    if (status == CAIRN_OK && there) {
        reader r = {.source = source, .path = path, .bytes = bytes, .size = size};
        cairn_part parts[2] = {{0}, {0}};
        status = read_index(&r, parts);
        bool split = source->options != NULL && source->options->val_split > 0;
        bool to_train = r.whole && split; /* as a folder without parts */
        source->train = to_train ? parts[1] : parts[0];
        source->test = to_train ? parts[0] : parts[1];
        source->h = source->w = 0;
        source->c = 3;
    }
    cairn_free(ctx, bytes);
    cairn_free(ctx, path);
    return status;
}
