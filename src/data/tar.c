/* Tar: blocks of 512 bytes, a header and the file's bytes. Every number is checked against the archive's
 * size, and every header against its sum. */
#include "data/tar.h"
#include <stdio.h>
#include <string.h>

#define BLOCK 512
#define SUM_AT 148
#define SUM_BYTES 8

/* Octal digits, or from GNU a number of 8 bytes behind a set bit; false when neither. */
static bool read_number(const uint8_t *field, size_t size, uint64_t *value)
{
    *value = 0;
    if (field[0] & 0x80) {
        for (size_t i = size - 8; i < size; i++)
            *value = *value << 8 | field[i];
        return field[0] == 0x80;
    }
    size_t i = 0;
    while (i < size && field[i] == ' ')
        i++;
    for (; i < size && field[i] >= '0' && field[i] <= '7'; i++)
        *value = *value << 3 | (uint64_t)(field[i] - '0');
    return i == size || field[i] == '\0' || field[i] == ' ';
}

static bool sum_is_right(const uint8_t *header)
{
    uint64_t expected, sum = 0;
    for (size_t i = 0; i < BLOCK; i++)
        sum += i >= SUM_AT && i < SUM_AT + SUM_BYTES ? ' ' : header[i];
    return read_number(header + SUM_AT, SUM_BYTES, &expected) && sum == expected;
}

static bool is_zero(const uint8_t *block)
{
    for (size_t i = 0; i < BLOCK; i++)
        if (block[i] != 0)
            return false;
    return true;
}

/* "prefix/name" of a header. */
static void read_name(const uint8_t *header, char name[CAIRN_TAR_NAME_BYTES])
{
    bool posix = memcmp(header + 257, "ustar\0", 6) == 0 && header[345] != '\0';
    snprintf(name, CAIRN_TAR_NAME_BYTES, "%.155s%s%.100s", posix ? (const char *)header + 345 : "",
             posix ? "/" : "", (const char *)header);
}

/* The path among the records "LENGTH KEY=VALUE\n" of a pax header; the name stays when there is none. */
static void read_pax(const uint8_t *bytes, uint64_t size, char name[CAIRN_TAR_NAME_BYTES])
{
    for (uint64_t at = 0; at < size;) {
        uint64_t length = 0, begin = at;
        while (at < size && bytes[at] >= '0' && bytes[at] <= '9' && length < size)
            length = length * 10 + (uint64_t)(bytes[at++] - '0');
        if (at == size || bytes[at] != ' ' || length < at - begin + 2 || length > size - begin)
            return;
        const char *record = (const char *)bytes + at + 1;
        uint64_t left = begin + length - at - 2; /* without the newline */
        if (left > 5 && left - 5 < CAIRN_TAR_NAME_BYTES && memcmp(record, "path=", 5) == 0)
            snprintf(name, CAIRN_TAR_NAME_BYTES, "%.*s", (int)(left - 5), record + 5);
        at = begin + length;
    }
}

static cairn_status fail_damaged(const cairn_tar *tar, const char *expected)
{
    return cairn_fail(tar->ctx, CAIRN_INPUT, "%s: damaged at byte %llu (expected %s)", tar->path,
                      (unsigned long long)tar->offset, expected);
}

/* One header and what it is of; the walk then stands behind that. */
static cairn_status read_header(cairn_tar *tar, const uint8_t **header, uint64_t *offset, uint64_t *size)
{
    *header = tar->bytes + tar->offset;
    if (!sum_is_right(*header))
        return fail_damaged(tar, "the header of a tar archive");
    *offset = tar->offset + BLOCK;
    if (!read_number(*header + 124, 12, size) || *size > tar->size - *offset)
        return fail_damaged(tar, "a file that ends within the archive");
    uint64_t blocks = (*size + BLOCK - 1) / BLOCK;
    uint64_t left = (tar->size - *offset) / BLOCK;
    tar->offset = *offset + (blocks < left ? blocks : left) * BLOCK; /* a last block may be cut */
    if (blocks > left)
        tar->offset = tar->size;
    return CAIRN_OK;
}

cairn_status cairn_tar_next(cairn_tar *tar, cairn_tar_entry *entry, bool *end)
{
    char longer[CAIRN_TAR_NAME_BYTES] = "";
    *end = false;
    while (tar->size - tar->offset >= BLOCK && !is_zero(tar->bytes + tar->offset)) {
        const uint8_t *header;
        cairn_status status = read_header(tar, &header, &entry->offset, &entry->size);
        if (status != CAIRN_OK)
            return status;
        const uint8_t *bytes = tar->bytes + entry->offset;
        switch (header[156]) {
        case 'L': /* GNU: the next one's name */
            snprintf(longer, sizeof longer, "%.*s", (int)cairn_min((int64_t)entry->size, sizeof longer - 1),
                     (const char *)bytes);
            break;
        case 'x': /* pax: what is said of the next one */
            read_pax(bytes, entry->size, longer);
            break;
        case '0':
        case '\0':
            read_name(header, entry->name);
            if (longer[0] != '\0')
                memcpy(entry->name, longer, sizeof longer);
            return CAIRN_OK;
        default: /* a folder, a link, ...: no pictures */
            longer[0] = '\0';
        }
    }
    if (tar->size > 0 && tar->size - tar->offset < BLOCK && tar->size != tar->offset)
        return fail_damaged(tar, "a whole block");
    *end = true;
    return CAIRN_OK;
}
