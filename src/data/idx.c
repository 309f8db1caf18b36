/* IDX files, plain or gzip. The header tells the exact length of all that follows, and nothing is allocated
 * before the file is seen to be able to hold it. */
#include "data/idx.h"
#include "base/file.h"
#include "data/deflate.h"
#include <string.h>
#include <zlib.h>

#define FILE_LIMIT ((size_t)1 << 31)
#define HEADER_BYTES(rank) (4 + 4 * (size_t)(rank))

/* A stream of bytes that are stored or deflated. */
typedef struct stream {
    cairn_ctx *ctx;
    const char *name;
    bool gzip, ended;
    z_stream z;
} stream;

static void *zlib_alloc(void *ctx, unsigned count, unsigned size)
{
    return cairn_alloc(ctx, count, size);
}

static void zlib_free(void *ctx, void *block)
{
    cairn_free(ctx, block);
}

static cairn_status open_stream(stream *s, const void *bytes, size_t size)
{
    const uint8_t *magic = bytes;
    s->gzip = size >= 2 && magic[0] == 0x1F && magic[1] == 0x8B;
    s->z = (z_stream){.zalloc = zlib_alloc, .zfree = zlib_free, .opaque = s->ctx};
    s->z.next_in = (z_const Bytef *)bytes;
    s->z.avail_in = (uInt)size; /* below the limit of 2^31 */
    if (!s->gzip)
        return CAIRN_OK;
    int result = inflateInit2(&s->z, 16 + MAX_WBITS); /* 16: gzip and nothing else */
    return result == Z_OK ? CAIRN_OK : cairn_fail_memory(s->ctx, 1 << 16);
}

static void close_stream(stream *s)
{
    if (s->gzip)
        inflateEnd(&s->z);
}

/* The next bytes: as many as there are, up to size. */
static cairn_status read_some(stream *s, void *data, size_t size, size_t *got)
{
    *got = 0;
    if (!s->gzip) {
        *got = size < s->z.avail_in ? size : s->z.avail_in;
        memcpy(data, s->z.next_in, *got);
        s->z.next_in += *got;
        s->z.avail_in -= (uInt)*got;
        return CAIRN_OK;
    }
    s->z.next_out = data;
    s->z.avail_out = (uInt)size;
    while (s->z.avail_out > 0 && !s->ended) {
        int result = inflate(&s->z, Z_NO_FLUSH);
        if (result == Z_STREAM_END)
            s->ended = true;
        else if (result == Z_BUF_ERROR) /* the input is used up */
            return cairn_fail(s->ctx, CAIRN_INPUT, "%s: gzip: is cut short", s->name);
        else if (result == Z_MEM_ERROR)
            return cairn_fail_memory(s->ctx, 1 << 16);
        else if (result != Z_OK)
            return cairn_fail(s->ctx, CAIRN_INPUT, "%s: gzip: %s at byte %lu", s->name,
                              s->z.msg != NULL ? s->z.msg : "damaged data", s->z.total_in);
    }
    *got = size - s->z.avail_out;
    return CAIRN_OK;
}

/* Exactly size bytes. */
static cairn_status read_exactly(stream *s, void *data, size_t size, const char *what)
{
    size_t got;
    cairn_status status = read_some(s, data, size, &got);
    if (status == CAIRN_OK && got < size)
        return cairn_fail(s->ctx, CAIRN_INPUT, "%s: IDX: %s is cut short (expected %zu bytes, found %zu)",
                          s->name, what, size, got);
    return status;
}

static cairn_status expect_end(stream *s)
{
    uint8_t extra;
    size_t got;
    cairn_status status = read_some(s, &extra, 1, &got);
    if (status == CAIRN_OK && (got > 0 || s->z.avail_in > 0))
        return cairn_fail(s->ctx, CAIRN_INPUT, "%s: IDX: bytes after the end of the data", s->name);
    return status;
}

/* Magic number and sizes. */
static cairn_status read_header(stream *s, int rank, cairn_idx *idx)
{
    uint8_t head[HEADER_BYTES(CAIRN_IDX_MAX_RANK)];
    cairn_status status = read_exactly(s, head, 4, "the magic number");
    if (status != CAIRN_OK)
        return status;
    if (s->gzip && head[0] == 0x1F && head[1] == 0x8B)
        return cairn_fail(s->ctx, CAIRN_INPUT, "%s: IDX: gzip inside gzip", s->name);
    if (head[0] != 0 || head[1] != 0 || head[2] != 0x08 || head[3] != rank)
        return cairn_fail(s->ctx, CAIRN_INPUT,
                          "%s: IDX: magic number (expected 0x000008%02x, found 0x%02x%02x%02x%02x)", s->name,
                          rank, head[0], head[1], head[2], head[3]);
    status = read_exactly(s, head + 4, HEADER_BYTES(rank) - 4, "the header");
    if (status != CAIRN_OK)
        return status;
    idx->rank = rank;
    idx->size = 1;
    for (int i = 0; i < rank; i++) {
        const uint8_t *p = head + HEADER_BYTES(i);
        idx->dim[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
        if (!cairn_size_mul(idx->size, idx->dim[i], &idx->size) || idx->size > FILE_LIMIT)
            return cairn_fail(s->ctx, CAIRN_INPUT, "%s: IDX: size %d is too large (found %u)", s->name, i,
                              idx->dim[i]);
    }
    return CAIRN_OK;
}

static cairn_status read_all(stream *s, size_t file_size, int rank, cairn_idx *idx)
{
    cairn_status status = read_header(s, rank, idx);
    if (status != CAIRN_OK)
        return status;
    size_t most = s->gzip ? cairn_deflate_most(file_size) : file_size;
    if (idx->size > most)
        return cairn_fail(s->ctx, CAIRN_INPUT, "%s: IDX: is cut short (expected %zu bytes of data)", s->name,
                          idx->size);
    idx->data = cairn_resize(s->ctx, NULL, idx->size, 1);
    if (idx->data == NULL)
        return CAIRN_MEMORY;
    status = read_exactly(s, idx->data, idx->size, "the data");
    return status == CAIRN_OK ? expect_end(s) : status;
}

cairn_status cairn_idx_parse(cairn_ctx *ctx, const char *name, const void *bytes, size_t size, int rank,
                             cairn_idx *idx)
{
    *idx = (cairn_idx){0};
    if (size > FILE_LIMIT)
        return cairn_fail(ctx, CAIRN_INPUT, "%s: IDX: is too large", name);
    stream s = {.ctx = ctx, .name = name};
    cairn_status status = open_stream(&s, bytes, size);
    if (status == CAIRN_OK)
        status = read_all(&s, size, rank, idx);
    close_stream(&s);
    if (status != CAIRN_OK)
        cairn_idx_free(ctx, idx);
    return status;
}

cairn_status cairn_idx_load(cairn_ctx *ctx, const char *path, int rank, cairn_idx *idx)
{
    uint8_t *bytes;
    size_t size;
    *idx = (cairn_idx){0};
    cairn_status status = cairn_file_read(ctx, path, FILE_LIMIT, &bytes, &size);
    if (status == CAIRN_OK)
        status = cairn_idx_parse(ctx, path, bytes, size, rank, idx);
    cairn_free(ctx, bytes);
    return status;
}

void cairn_idx_free(cairn_ctx *ctx, cairn_idx *idx)
{
    cairn_free(ctx, idx->data);
    *idx = (cairn_idx){0};
}
