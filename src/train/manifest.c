/* Manifests. A file is described by its size, its SHA-256 and the CRC-32 (zlib's polynomial) of each section
 * of 1 MiB, so that damage is found and its place named; the manifest ends with the CRC-32 of its own text.
 */
#include "train/manifest.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#define SCHEMA 1
#define SECTION_BYTES ((size_t)1 << 20)
#define MAX_MANIFEST ((size_t)1 << 20)
#define SEAL_BYTES 48

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BYTE_ORDER_NAME "little"
#else
#define BYTE_ORDER_NAME "big"
#endif

/* ---- one file ---- */

typedef struct digest {
    uint64_t size;
    char sha[CAIRN_SHA256_TEXT];
    uint32_t *sections; /* CRC-32 of each */
    size_t count;
} digest;

static uint32_t crc_of(const void *data, size_t size)
{
    return (uint32_t)crc32_z(0, data, size);
}

static cairn_status read_sections(const cairn_file *file, uint8_t *buffer, digest *d)
{
    cairn_sha256 sha;
    cairn_sha256_begin(&sha);
    for (size_t i = 0; i < d->count; i++) {
        uint64_t offset = (uint64_t)i * SECTION_BYTES;
        size_t size = (size_t)(file->size - offset < SECTION_BYTES ? file->size - offset : SECTION_BYTES);
        cairn_status status = cairn_file_read_at(file, offset, buffer, size);
        if (status != CAIRN_OK)
            return status;
        cairn_sha256_add(&sha, buffer, size);
        d->sections[i] = crc_of(buffer, size);
    }
    uint8_t bytes[CAIRN_SHA256_BYTES];
    cairn_sha256_end(&sha, bytes);
    cairn_sha256_text(bytes, d->sha);
    return CAIRN_OK;
}

/* Reads a file of the folder. The sections are cairn_free'd by the caller, also after a failure. */
static cairn_status digest_file(cairn_ctx *ctx, const char *folder, const char *name, digest *d)
{
    *d = (digest){0};
    char *path = cairn_path_join(ctx, folder, name);
    if (path == NULL)
        return CAIRN_MEMORY;
    cairn_file file;
    cairn_status status = cairn_file_open(ctx, path, &file);
    cairn_free(ctx, path);
    if (status != CAIRN_OK)
        return status;
    d->size = file.size;
    d->count = (size_t)((file.size + SECTION_BYTES - 1) / SECTION_BYTES);
    d->sections = cairn_alloc(ctx, d->count, sizeof *d->sections);
    uint8_t *buffer = cairn_alloc(ctx, 1, (size_t)(file.size < SECTION_BYTES ? file.size : SECTION_BYTES));
    status = d->sections == NULL || buffer == NULL ? CAIRN_MEMORY : read_sections(&file, buffer, d);
    cairn_free(ctx, buffer);
    cairn_file_close(&file);
    return status;
}

/* ---- writing ---- */

static void print_digest(cairn_text *text, const digest *d)
{
    cairn_text_format(text, "{\"size\":%" PRIu64 ",\"sha256\":\"%s\",\"crc32\":[", d->size, d->sha);
    for (size_t i = 0; i < d->count; i++)
        cairn_text_format(text, "%s\"%08" PRIx32 "\"", i > 0 ? "," : "", d->sections[i]);
    cairn_text_add(text, "]}");
}

static void print_seal(char seal[SEAL_BYTES], const char *text, size_t size)
{
    snprintf(seal, SEAL_BYTES, ",\"crc32\":\"%08" PRIx32 "\"}\n", crc_of(text, size));
}

cairn_status cairn_manifest_write(cairn_ctx *ctx, const char *folder, const cairn_identity *identity,
                                  const char *const *names, size_t count)
{
    cairn_text text = {.ctx = ctx};
    cairn_text_format(&text,
                      "{\"schema\":%d,\"version\":\"%s\",\"byte_order\":\"" BYTE_ORDER_NAME "\",\"world\":1",
                      SCHEMA, cairn_version());
    cairn_text_format(&text, ",\"arch\":\"%s\",\"config\":\"%s\",\"data\":\"%s\",\"files\":{", identity->arch,
                      identity->config, identity->data);
    cairn_status status = CAIRN_OK;
    for (size_t i = 0; status == CAIRN_OK && i < count; i++) {
        digest d;
        status = digest_file(ctx, folder, names[i], &d);
        if (status == CAIRN_OK) {
            cairn_text_format(&text, "%s\"%s\":", i > 0 ? "," : "", names[i]);
            print_digest(&text, &d);
        }
        cairn_free(ctx, d.sections);
    }
    cairn_text_add(&text, "}");
    char *path = cairn_path_join(ctx, folder, CAIRN_MANIFEST_NAME);
    if (status == CAIRN_OK && (text.failed || path == NULL))
        status = CAIRN_MEMORY;
    if (status == CAIRN_OK) {
        char seal[SEAL_BYTES];
        print_seal(seal, text.data, text.size);
        cairn_text_add(&text, seal);
        status = text.failed ? CAIRN_MEMORY : cairn_file_write(ctx, path, text.data, text.size);
    }
    cairn_free(ctx, path);
    cairn_free(ctx, text.data);
    return status;
}

/* ---- checking ---- */

static cairn_status check_seal(cairn_ctx *ctx, const char *path, const char *text, size_t size)
{
    char seal[SEAL_BYTES];
    print_seal(seal, "", 0);
    size_t length = strlen(seal);
    if (size > length) {
        print_seal(seal, text, size - length);
        if (memcmp(text + size - length, seal, length) == 0)
            return CAIRN_OK;
    }
    return cairn_fail(ctx, CAIRN_INPUT, "%s: is damaged: its checksum does not hold", path);
}

/* Reads, unseals and parses the manifest. */
static cairn_status load(cairn_ctx *ctx, const char *folder, json_t **root)
{
    *root = NULL;
    char *path = cairn_path_join(ctx, folder, CAIRN_MANIFEST_NAME);
    if (path == NULL)
        return CAIRN_MEMORY;
    uint8_t *text;
    size_t size;
    cairn_status status = cairn_file_read(ctx, path, MAX_MANIFEST, &text, &size);
    if (status == CAIRN_OK)
        status = check_seal(ctx, path, (const char *)text, size);
    if (status == CAIRN_OK)
        status = cairn_json_parse(ctx, path, (const char *)text, size, CAIRN_JSON_SMALL_LIMITS, root);
    cairn_free(ctx, text);
    cairn_free(ctx, path);
    return status;
}

static cairn_status expect_text(cairn_ctx *ctx, const char *folder, const json_t *root, const char *key,
                                const char *expected, cairn_status otherwise)
{
    const char *found = json_string_value(json_object_get(root, key));
    if (found != NULL && strcmp(found, expected) == 0)
        return CAIRN_OK;
    return cairn_fail(ctx, otherwise, "%s: belongs to another run: %s: expected %s, found %s", folder, key,
                      expected, found == NULL ? "nothing" : found);
}

static cairn_status expect_number(cairn_ctx *ctx, const char *folder, const json_t *root, const char *key,
                                  int expected)
{
    const json_t *found = json_object_get(root, key);
    if (json_is_integer(found) && json_integer_value(found) == expected)
        return CAIRN_OK;
    return cairn_fail(ctx, CAIRN_INPUT, "%s: %s: expected %d, found %lld", folder, key, expected,
                      (long long)json_integer_value(found));
}

static cairn_status check_identity(cairn_ctx *ctx, const char *folder, const json_t *root,
                                   const cairn_identity *identity)
{
    cairn_status status = expect_number(ctx, folder, root, "schema", SCHEMA);
    if (status == CAIRN_OK)
        status = expect_number(ctx, folder, root, "world", 1);
    if (status == CAIRN_OK)
        status = expect_text(ctx, folder, root, "byte_order", BYTE_ORDER_NAME, CAIRN_INPUT);
    if (status == CAIRN_OK)
        status = expect_text(ctx, folder, root, "arch", identity->arch, CAIRN_INPUT);
    if (status == CAIRN_OK)
        status = expect_text(ctx, folder, root, "config", identity->config, CAIRN_USAGE);
    if (status == CAIRN_OK)
        status = expect_text(ctx, folder, root, "data", identity->data, CAIRN_USAGE);
    return status;
}

static cairn_status fail_file(cairn_ctx *ctx, const char *folder, const char *name, const char *what)
{
    return cairn_fail(ctx, CAIRN_INPUT, "%s/%s: is damaged: %s", folder, name, what);
}

static cairn_status compare(cairn_ctx *ctx, const char *folder, const char *name, const json_t *entry,
                            const digest *found)
{
    if (json_integer_value(json_object_get(entry, "size")) != (json_int_t)found->size)
        return fail_file(ctx, folder, name, "another size");
    const json_t *sections = json_object_get(entry, "crc32");
    for (size_t i = 0; i < found->count; i++) {
        char crc[9];
        snprintf(crc, sizeof crc, "%08" PRIx32, found->sections[i]);
        const char *expected = json_string_value(json_array_get(sections, i));
        if (expected == NULL || strcmp(expected, crc) != 0) {
            char what[64];
            snprintf(what, sizeof what, "section %zu of %zu differs", i + 1, found->count);
            return fail_file(ctx, folder, name, what);
        }
    }
    const char *sha = json_string_value(json_object_get(entry, "sha256"));
    if (sha == NULL || strcmp(sha, found->sha) != 0)
        return fail_file(ctx, folder, name, "another SHA-256");
    return CAIRN_OK;
}

cairn_status cairn_manifest_check(cairn_ctx *ctx, const char *folder, const cairn_identity *identity,
                                  const char *const *names, size_t count)
{
    json_t *root;
    cairn_status status = load(ctx, folder, &root);
    if (status == CAIRN_OK)
        status = check_identity(ctx, folder, root, identity);
    for (size_t i = 0; status == CAIRN_OK && i < count; i++) {
        digest found;
        status = digest_file(ctx, folder, names[i], &found);
        if (status == CAIRN_OK)
            status = compare(ctx, folder, names[i], json_object_get(json_object_get(root, "files"), names[i]),
                             &found);
        cairn_free(ctx, found.sections);
    }
    json_decref(root);
    return status;
}

cairn_status cairn_manifest_check_sizes(cairn_ctx *ctx, const char *folder, const char *const *names,
                                        size_t count)
{
    json_t *root;
    cairn_status status = load(ctx, folder, &root);
    for (size_t i = 0; status == CAIRN_OK && i < count; i++) {
        const json_t *entry = json_object_get(json_object_get(root, "files"), names[i]);
        char *path = cairn_path_join(ctx, folder, names[i]);
        cairn_file file;
        status = path == NULL ? CAIRN_MEMORY : cairn_file_open(ctx, path, &file);
        cairn_free(ctx, path);
        if (status != CAIRN_OK)
            break;
        if (json_integer_value(json_object_get(entry, "size")) != (json_int_t)file.size)
            status = fail_file(ctx, folder, names[i], "another size");
        cairn_file_close(&file);
    }
    json_decref(root);
    return status;
}
