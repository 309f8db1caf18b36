/* JSON from outside, through jansson: scanned first, so that a hostile text cannot make the parser's memory
 * grow out of proportion, and strict: no duplicate keys, no bytes that are not UTF-8. */
#ifndef CAIRN_JSON_H
#define CAIRN_JSON_H

#include "base/base.h"
#include <jansson.h>

typedef struct cairn_json_limits {
    size_t bytes, values, depth;
} cairn_json_limits;

/* For headers of weights files; the largest classic network has 12,000 values. */
#define CAIRN_JSON_HEADER_LIMITS ((cairn_json_limits){16u << 20, 200000, 4})
/* For settings and the like. */
#define CAIRN_JSON_SMALL_LIMITS ((cairn_json_limits){1u << 20, 20000, 16})

/* Parses text into *root, which the caller gives back with json_decref. `name` is the file or field that
 * error messages begin with. CAIRN_INPUT or CAIRN_MEMORY. */
cairn_status cairn_json_parse(cairn_ctx *ctx, const char *name, const char *text, size_t size,
                              cairn_json_limits limits, json_t **root);

#endif
