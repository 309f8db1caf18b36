/* TensorBoard's event files: a sequence of records (length, its checksum, bytes, their checksum), each an
 * Event of TensorFlow's event.proto, written by hand: wall_time = 1 (double), step = 2 (varint), file_version
 * = 3 (text), summary = 5 { value = 1 { tag = 1 (text), simple_value = 2 (float) } }. */
#include "train/events.h"
#include "base/file.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

#define MOST_TAG 64
#define MOST_EVENT 160
#define MASK_ADDEND 0xA282EAD8u

struct cairn_events {
    cairn_ctx *ctx;
    char *path;
    bool lost; /* could not be written: the file ends there */
};

/* ---- records ---- */

uint32_t cairn_crc32c(const void *bytes, size_t size)
{
    uint32_t crc = ~0u;
    for (size_t i = 0; i < size; i++) {
        crc ^= ((const uint8_t *)bytes)[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
    }
    return ~crc;
}

/* A checksum of data that holds checksums is rotated, so that it does not check itself. */
static uint32_t masked(const void *bytes, size_t size)
{
    uint32_t crc = cairn_crc32c(bytes, size);
    return (crc >> 15 | crc << 17) + MASK_ADDEND;
}

static size_t put_little(uint8_t *to, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        to[i] = (uint8_t)(value >> 8 * i);
    return bytes;
}

static void write_record(cairn_events *e, const uint8_t *event, size_t size)
{
    uint8_t record[MOST_EVENT + 16];
    size_t used = put_little(record, size, 8);
    used += put_little(record + used, masked(record, 8), 4);
    memcpy(record + used, event, size);
    used += size;
    used += put_little(record + used, masked(event, size), 4);
    char error[CAIRN_ERROR_BYTES]; /* of what else went on: a lost event is no reason to forget it */
    memcpy(error, e->ctx->error, sizeof error);
    if (cairn_file_append(e->ctx, e->path, record, used, false) != CAIRN_OK) {
        cairn_log(e->ctx, CAIRN_LOG_WARNING, "%s; the event file ends here", cairn_error(e->ctx));
        e->lost = true;
    }
    memcpy(e->ctx->error, error, sizeof error);
}

/* ---- events ---- */

static size_t put_varint(uint8_t *to, uint64_t value)
{
    size_t used = 0;
    for (; value >= 0x80; value >>= 7)
        to[used++] = (uint8_t)(value | 0x80);
    to[used++] = (uint8_t)value;
    return used;
}

/* A field of bytes. */
static size_t put_bytes(uint8_t *to, uint8_t field, const void *bytes, size_t size)
{
    size_t used = put_varint(to, (uint64_t)field << 3 | 2);
    used += put_varint(to + used, size);
    memcpy(to + used, bytes, size);
    return used + size;
}

static size_t put_time(uint8_t *to)
{
    struct timespec now;
    uint64_t bits;
    clock_gettime(CLOCK_REALTIME, &now);
    double seconds = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
    memcpy(&bits, &seconds, sizeof bits);
    to[0] = 1 << 3 | 1;
    return 1 + put_little(to + 1, bits, 8);
}

void cairn_events_scalar(cairn_events *e, const char *tag, int64_t step, double value)
{
    uint8_t inner[MOST_EVENT], outer[MOST_EVENT], event[MOST_EVENT];
    size_t length = strlen(tag), used;
    float single = (float)value;
    uint32_t bits;
    if (e == NULL || e->lost)
        return;
    memcpy(&bits, &single, sizeof bits);
    used = put_bytes(inner, 1, tag, length < MOST_TAG ? length : MOST_TAG);
    inner[used++] = 2 << 3 | 5;
    used += put_little(inner + used, bits, 4);
    used = put_bytes(outer, 1, inner, used);
    size_t at = put_time(event);
    event[at++] = 2 << 3;
    at += put_varint(event + at, (uint64_t)step);
    at += put_bytes(event + at, 5, outer, used);
    write_record(e, event, at);
}

/* ---- files ---- */

cairn_status cairn_events_open(cairn_ctx *ctx, const char *folder, cairn_events **events)
{
    static const char version[] = "brain.Event:2";
    char name[80];
    uint8_t event[MOST_EVENT];
    cairn_events *e = cairn_alloc(ctx, 1, sizeof *e);
    *events = NULL;
    if (e == NULL)
        return CAIRN_MEMORY;
    e->ctx = ctx;
    for (long long at = (long long)time(NULL); e->path == NULL; at++) {
        snprintf(name, sizeof name, "events.out.tfevents.%lld.cairn", at);
        e->path = cairn_path_join(ctx, folder, name);
        if (e->path == NULL) {
            cairn_free(ctx, e);
            return CAIRN_MEMORY;
        }
        if (cairn_path_look(e->path) == CAIRN_PATH_MISSING)
            break;
        cairn_free(ctx, e->path);
        e->path = NULL;
    }
    size_t used = put_time(event);
    used += put_bytes(event + used, 3, version, sizeof version - 1);
    write_record(e, event, used);
    *events = e;
    return CAIRN_OK;
}

void cairn_events_close(cairn_events *e)
{
    if (e == NULL)
        return;
    cairn_free(e->ctx, e->path);
    cairn_free(e->ctx, e);
}
