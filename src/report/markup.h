/* Text for pages and pictures: escapes, base64, and numbers in the forms people read. */
#ifndef CAIRN_REPORT_MARKUP_H
#define CAIRN_REPORT_MARKUP_H

#include "base/text.h"

/* Fixed decimals, at most 9 ("0.25"); "n/a" for what is not a finite number. */
const char *cairn_number_fixed(char text[CAIRN_NUMBER_BYTES], double value, int decimals);
/* Significant digits without trailing zeros ("0.0125", "3e-07"). */
const char *cairn_number_short(char text[CAIRN_NUMBER_BYTES], double value, int digits);
/* Grouped by thousands ("61,706"). */
const char *cairn_number_grouped(char text[CAIRN_NUMBER_BYTES], int64_t value);
/* As Keras prints memory ("1.98 MB"). */
const char *cairn_number_memory(char text[CAIRN_NUMBER_BYTES], double bytes);

/* Bytes of the character that text begins with; 0 if it is a control character or not UTF-8. */
size_t cairn_utf8_visible(const char *text);

/* How many characters wide a text is on a terminal, a code point counting one. */
size_t cairn_utf8_width(const char *text);

/* As XML and HTML want text: special characters escaped, what is not visible replaced. */
void cairn_markup_escape(cairn_text *out, const char *text);
void cairn_markup_fixed(cairn_text *out, double value, int decimals);
void cairn_markup_base64(cairn_text *out, const void *bytes, size_t size);

#endif
