/* Names what a file is by its first bytes. */
#include "base/sniff.h"
#include <stdbool.h>
#include <string.h>
#include <strings.h>

static bool begins_with(const char *text, size_t size, const char *start)
{
    return size >= strlen(start) && strncasecmp(text, start, strlen(start)) == 0;
}

/* A failed download saves the server's page. */
static bool is_html(const char *text, size_t size)
{
    while (size > 0 && (*text == ' ' || *text == '\t' || *text == '\r' || *text == '\n'))
        text++, size--;
    return begins_with(text, size, "<!doctype") || begins_with(text, size, "<html");
}

const char *cairn_sniff(const cairn_signature *table, size_t count, const void *bytes, size_t size)
{
    for (size_t i = 0; i < count; i++) {
        const cairn_signature *s = &table[i];
        if (size >= s->offset + s->size && memcmp((const char *)bytes + s->offset, s->bytes, s->size) == 0)
            return s->what;
    }
    if (size == 0)
        return "empty";
    if (begins_with(bytes, size, "version https://git-lfs.github.com/spec"))
        return "a git-lfs pointer, not the file itself: fetch it with git lfs";
    return is_html(bytes, size) ? "an HTML page, probably a failed download" : NULL;
}
