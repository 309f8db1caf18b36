/* Text: UTF-8, numbers without the locale, edit distance, and a growing piece of text with JSON pieces. */
#ifndef CAIRN_TEXT_H
#define CAIRN_TEXT_H

#include "base/base.h"

/* Bytes of the well-formed UTF-8 sequence at the beginning of text, of which `left` bytes remain; 0: none. */
size_t cairn_utf8_length(const char *text, size_t left);
/* Offset of the first byte that is not UTF-8; size when all is. */
size_t cairn_utf8_check(const char *text, size_t size);

#define CAIRN_NUMBER_BYTES 32

/* The shortest decimal form that reads back as the same double, or the same float; "null" when not finite, as
 * JSON wants. The point is a point in every locale. */
void cairn_number_print(char text[CAIRN_NUMBER_BYTES], double value);
void cairn_number_print_float(char text[CAIRN_NUMBER_BYTES], float value);
/* The whole text as a finite decimal number: no white space, no hexadecimal, no inf or nan. */
bool cairn_number_parse(const char *text, double *value);

bool cairn_ends_with(const char *text, const char *end);

/* Whether names are "0", "1", ... in order: those of classes that nobody named. */
bool cairn_names_are_numbers(const char *const *names, int count);

/* The name nearest to a mistyped one, one that begins so before all others, or NULL when none is near. */
const char *cairn_nearest_name(const char *wrong, const char *const *names, size_t count);

/* Text that grows. A failed allocation sticks; look at `failed` once, at the end. */
typedef struct cairn_text {
    cairn_ctx *ctx;
    char *data; /* NUL-terminated once something was added; cairn_free it */
    size_t size, capacity;
    bool failed;
} cairn_text;

/* bytes may be NULL when there are none. */
void cairn_text_add_bytes(cairn_text *text, const void *bytes, size_t size);
void cairn_text_add(cairn_text *text, const char *string);
/* Like printf. Not for floating point, which would follow the locale. */
void cairn_text_format(cairn_text *text, const char *format, ...) CAIRN_PRINTF(2, 3);
void cairn_text_number(cairn_text *text, double value);
/* With quotes and escapes. */
void cairn_text_json_string(cairn_text *text, const char *string);

#endif
