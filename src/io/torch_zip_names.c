/* The names in a zip archive's directory as they are. libzip shows a NUL in a name as a space, so that two
 * programs may see different files in one archive: such a name is refused. */
#include "io/torch.h"
#include <inttypes.h>
#include <string.h>

#define END_BYTES 22 /* of the record at the end of an archive, without its comment */
#define MOST_COMMENT 65535
#define LOCATOR_BYTES 20 /* of the record before it that leads to the 64-bit one */
#define END64_BYTES 56
#define ENTRY_BYTES 46 /* of an entry's record, without its name */

static uint64_t number(const uint8_t *bytes, int size)
{
    uint64_t value = 0;
    for (int i = size - 1; i >= 0; i--)
        value = value << 8 | bytes[i];
    return value;
}

static bool is_record(const uint8_t *bytes, char third, char fourth)
{
    return memcmp(bytes, (const char[]){'P', 'K', third, fourth}, 4) == 0;
}

static cairn_status fail(const cairn_source *from)
{
    return cairn_fail(from->ctx, CAIRN_INPUT, "%s: a zip archive with a damaged directory", from->name);
}

/* Reads a record of the directory whose signature is known. */
static cairn_status read_record(const cairn_source *from, uint64_t offset, uint8_t *record, size_t size,
                                char third, char fourth)
{
    if (offset > from->size || from->size - offset < size)
        return fail(from);
    cairn_status status = cairn_source_read(from, offset, record, size);
    return status != CAIRN_OK || is_record(record, third, fourth) ? status : fail(from);
}

/* The last record at the end, and where it lies. */
static cairn_status find_end(const cairn_source *from, uint64_t *offset, uint8_t end[END_BYTES])
{
    size_t size = from->size < END_BYTES + MOST_COMMENT ? (size_t)from->size : END_BYTES + MOST_COMMENT;
    uint8_t *tail = cairn_alloc(from->ctx, size + 1, 1);
    cairn_status status =
        tail == NULL ? CAIRN_MEMORY : cairn_source_read(from, from->size - size, tail, size);
    bool found = false;
    for (size_t i = size; status == CAIRN_OK && !found && i >= END_BYTES; i--) {
        const uint8_t *at = tail + i - END_BYTES;
        found = is_record(at, 5, 6) && number(at + 20, 2) <= size - i;
        *offset = from->size - size + i - END_BYTES;
        memcpy(end, at, END_BYTES);
    }
    cairn_free(from->ctx, tail);
    return status != CAIRN_OK || found ? status : fail(from);
}

static cairn_status find_directory(const cairn_source *from, uint64_t *offset, uint64_t *count)
{
    uint8_t end[END_BYTES], locator[LOCATOR_BYTES], end64[END64_BYTES];
    uint64_t at = 0;
    cairn_status status = find_end(from, &at, end);
    if (status != CAIRN_OK)
        return status;
    *count = number(end + 10, 2);
    *offset = number(end + 16, 4);
    if (*count != UINT16_MAX && *offset != UINT32_MAX)
        return CAIRN_OK;
    if (at < LOCATOR_BYTES)
        return fail(from);
    status = read_record(from, at - LOCATOR_BYTES, locator, sizeof locator, 6, 7);
    if (status == CAIRN_OK)
        status = read_record(from, number(locator + 8, 8), end64, sizeof end64, 6, 6);
    *count = status == CAIRN_OK ? number(end64 + 32, 8) : 0;
    *offset = status == CAIRN_OK ? number(end64 + 48, 8) : 0;
    return status;
}

cairn_status cairn_torch_zip_check_names(const cairn_source *from)
{
    uint8_t entry[ENTRY_BYTES], name[UINT16_MAX];
    uint64_t offset = 0, count = 0;
    cairn_status status = find_directory(from, &offset, &count);
    for (uint64_t i = 0; status == CAIRN_OK && i < count; i++) {
        status = read_record(from, offset, entry, sizeof entry, 1, 2);
        if (status != CAIRN_OK)
            return status;
        size_t length = (size_t)number(entry + 28, 2);
        if (from->size - offset - sizeof entry < length)
            return fail(from);
        status = cairn_source_read(from, offset + sizeof entry, name, length);
        if (status == CAIRN_OK && memchr(name, '\0', length) != NULL)
            return cairn_fail(from->ctx, CAIRN_INPUT,
                              "%s: entry %" PRIu64 " of the zip archive: a name with a NUL in it", from->name,
                              i);
        offset += sizeof entry + length + number(entry + 30, 2) + number(entry + 32, 2);
    }
    return status;
}
