/* Reader of safetensors: u64 length, JSON header, data. The header says everything twice (shape, type,
 * offsets), and all of it must agree with the file's size before any tensor is made.
 *
 * Stricter than the reference reader in two points: a name may appear only once, and "__metadata__" may not
 * be null. The memory budget allows headers of 16 MiB with 200,000 values and tensors of rank 4. */
#include "base/json.h"
#include "io/dtype.h"
#include "io/source.h"
#include "io/weights.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH_BYTES 8
#define MAX_RANK_PARSED 8

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "the format is little-endian, and so is this reader");

/* How the format's types become the container's. Integers without a type of their own are widened. */
typedef enum storage { STORE_COPY, STORE_WIDEN_SIGNED, STORE_WIDEN_UNSIGNED, STORE_NOT } storage;

typedef struct format_type {
    const char *name;
    unsigned bits;
    storage storage;
    cairn_dtype dtype;
} format_type;

static const format_type format_types[] = {
    {"F32", 32, STORE_COPY, CAIRN_F32},
    {"F64", 64, STORE_COPY, CAIRN_F64},
    {"F16", 16, STORE_COPY, CAIRN_F16},
    {"BF16", 16, STORE_COPY, CAIRN_BF16},
    {"I64", 64, STORE_COPY, CAIRN_I64},
    {"I32", 32, STORE_COPY, CAIRN_I32},
    {"U8", 8, STORE_COPY, CAIRN_U8},
    {"BOOL", 8, STORE_COPY, CAIRN_U8},
    {"I8", 8, STORE_WIDEN_SIGNED, CAIRN_I64},
    {"I16", 16, STORE_WIDEN_SIGNED, CAIRN_I64},
    {"U16", 16, STORE_WIDEN_UNSIGNED, CAIRN_I64},
    {"U32", 32, STORE_WIDEN_UNSIGNED, CAIRN_I64},
    {"U64", 64, STORE_WIDEN_UNSIGNED, CAIRN_I64},
    {"C64", 64, STORE_NOT, CAIRN_U8},
    {"F8_E5M2", 8, STORE_NOT, CAIRN_U8},
    {"F8_E4M3", 8, STORE_NOT, CAIRN_U8},
    {"F8_E8M0", 8, STORE_NOT, CAIRN_U8},
    {"F8_E4M3FNUZ", 8, STORE_NOT, CAIRN_U8},
    {"F8_E5M2FNUZ", 8, STORE_NOT, CAIRN_U8},
    {"F6_E2M3", 6, STORE_NOT, CAIRN_U8},
    {"F6_E3M2", 6, STORE_NOT, CAIRN_U8},
    {"F4", 4, STORE_NOT, CAIRN_U8},
};

typedef struct record {
    const char *name; /* owned by the JSON tree */
    const format_type *type;
    int rank;
    int64_t dim[MAX_RANK_PARSED];
    uint64_t elements, begin, end;
} record;

/* ---- header ---- */

static cairn_status fail_record(const cairn_source *from, const record *r, const char *field,
                                const char *expected)
{
    return cairn_fail(from->ctx, CAIRN_INPUT, "%s: tensor '%s': %s (expected %s)", from->name, r->name, field,
                      expected);
}

#define FOUND_TEXT 48

/* A value as it stands in the header, cut when long. */
static cairn_status fail_value(const cairn_source *from, const record *r, const char *field,
                               const char *expected, const json_t *found)
{
    static const char cut[] = "...";
    char text[FOUND_TEXT + sizeof cut] = "nothing";
    if (found != NULL) {
        memset(text, 0, sizeof text);
        if (json_dumpb(found, text, FOUND_TEXT, JSON_ENCODE_ANY | JSON_COMPACT) > FOUND_TEXT)
            memcpy(text + strlen(text), cut, sizeof cut);
    }
    return cairn_fail(from->ctx, CAIRN_INPUT, "%s: tensor '%s': %s (expected %s, found %s)", from->name,
                      r->name, field, expected, text);
}

static cairn_status parse_type(const cairn_source *from, const json_t *json, record *r)
{
    const char *text = json_string_value(json);
    if (text == NULL)
        return fail_value(from, r, "dtype is missing or not text", "a type such as \"F32\"", json);
    for (size_t i = 0; i < CAIRN_COUNT(format_types); i++)
        if (strcmp(format_types[i].name, text) == 0)
            r->type = &format_types[i];
    if (r->type == NULL)
        return fail_value(from, r, "unknown dtype", "a type such as \"F32\"", json);
    return CAIRN_OK;
}

static cairn_status parse_shape(const cairn_source *from, const json_t *json, record *r)
{
    size_t rank = json_array_size(json), product = 1;
    if (!json_is_array(json) || rank > MAX_RANK_PARSED)
        return fail_value(from, r, "shape is missing or too long", "a list of at most 8 sizes", json);
    for (size_t i = 0; i < rank; i++) {
        const json_t *size = json_array_get(json, i);
        int64_t value = json_integer_value(size);
        if (!json_is_integer(size) || value < 0 || value > INT32_MAX)
            return fail_value(from, r, "shape has a size out of range", "integers from 0 to 2147483647",
                              size);
        if (!cairn_size_mul(product, (size_t)value, &product) || product > (size_t)1 << 40)
            return fail_value(from, r, "shape overflows", "at most 2^40 elements", json);
        r->dim[i] = value;
    }
    r->rank = (int)rank;
    r->elements = product;
    return CAIRN_OK;
}

static cairn_status parse_offsets(const cairn_source *from, const json_t *json, record *r)
{
    const json_t *begin = json_array_get(json, 0), *end = json_array_get(json, 1);
    if (json_array_size(json) != 2 || !json_is_integer(begin) || !json_is_integer(end) ||
        json_integer_value(begin) < 0 || json_integer_value(end) < json_integer_value(begin))
        return fail_value(from, r, "data_offsets make no sense", "two integers, 0 <= begin <= end", json);
    r->begin = (uint64_t)json_integer_value(begin);
    r->end = (uint64_t)json_integer_value(end);
    uint64_t bits = r->elements * r->type->bits; /* at most 2^46 */
    if (bits % 8 != 0)
        return fail_record(from, r, "size is not a whole number of bytes", "an even number of elements");
    if (r->end - r->begin != bits / 8)
        return cairn_fail(from->ctx, CAIRN_INPUT,
                          "%s: tensor '%s': data_offsets do not fit shape and dtype (expected %" PRIu64
                          " bytes, found %" PRIu64 ")",
                          from->name, r->name, bits / 8, r->end - r->begin);
    return CAIRN_OK;
}

static cairn_status parse_record(const cairn_source *from, const char *name, const json_t *json, record *r)
{
    *r = (record){.name = name};
    if (!json_is_object(json))
        return fail_value(from, r, "is not an object", "dtype, shape, data_offsets", json);
    cairn_status status = parse_type(from, json_object_get(json, "dtype"), r);
    if (status == CAIRN_OK)
        status = parse_shape(from, json_object_get(json, "shape"), r);
    if (status == CAIRN_OK)
        status = parse_offsets(from, json_object_get(json, "data_offsets"), r);
    return status;
}

static int compare_offsets(const void *a, const void *b)
{
    const record *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

/* Every byte of the data belongs to exactly one tensor, so that nothing can hide in the file. */
static cairn_status check_coverage(const cairn_source *from, record *records, size_t count,
                                   uint64_t data_size)
{
    uint64_t reached = 0;
    if (count > 0)
        qsort(records, count, sizeof *records, compare_offsets);
    for (size_t i = 0; i < count; i++) {
        if (records[i].begin != reached)
            return cairn_fail(
                from->ctx, CAIRN_INPUT,
                "%s: tensor '%s': %s the data before it (expected begin %" PRIu64 ", found %" PRIu64 ")",
                from->name, records[i].name, records[i].begin < reached ? "overlaps" : "leaves a hole after",
                reached, records[i].begin);
        reached = records[i].end;
    }
    if (reached != data_size)
        return cairn_fail(
            from->ctx, CAIRN_INPUT,
            "%s: %s (expected %" PRIu64 " data bytes after the header, found %" PRIu64 ")", from->name,
            reached > data_size ? "is cut short" : "has bytes that belong to no tensor", reached, data_size);
    return CAIRN_OK;
}

/* ---- data ---- */

/* Small integers are read to the end of the tensor's memory and spread from its beginning. */
static cairn_status load_widened(const cairn_source *from, uint64_t offset, const record *r,
                                 const cairn_tensor *tensor)
{
    size_t width = r->type->bits / 8, count = (size_t)r->elements;
    uint8_t *all = tensor->data, *narrow = all + count * (8 - width);
    cairn_status status = cairn_source_read(from, offset, narrow, count * width);
    if (status == CAIRN_OK && !cairn_dtype_widen(all, width, r->type->storage == STORE_WIDEN_SIGNED, count))
        return fail_record(from, r, "value out of range", "at most 2^63 - 1");
    return status;
}

/* Real numbers can wait in their file; integers are few. */
static bool is_left(const cairn_source *from, const record *r)
{
    return from->leave && r->type->storage == STORE_COPY && cairn_dtype_is_real(r->type->dtype);
}

/* Makes the tensors, and a list of what is to be read to where. */
static cairn_status add_tensors(const cairn_source *from, uint64_t data_start, const record *records,
                                size_t count, cairn_source_part *parts, cairn_weights *weights)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        if (records[i].type->storage == STORE_NOT)
            return cairn_fail(from->ctx, CAIRN_INPUT, "%s: tensor '%s': type %s is not supported", from->name,
                              records[i].name, records[i].type->name);
        if (records[i].rank > CAIRN_MAX_RANK)
            return fail_record(from, &records[i], "has too many dimensions", "at most 4");
        if (!is_left(from, &records[i]))
            bytes +=
                cairn_weights_room((size_t)records[i].elements * cairn_dtype_size(records[i].type->dtype));
    }
    cairn_status status = cairn_weights_reserve(weights, bytes);
    for (size_t i = 0; status == CAIRN_OK && i < count; i++) {
        const record *r = &records[i];
        cairn_shape shape = {.rank = r->rank};
        memcpy(shape.dim, r->dim, (size_t)r->rank * sizeof shape.dim[0]);
        uint64_t offset = data_start + r->begin;
        if (is_left(from, r)) {
            status = cairn_weights_add_unread(weights, r->name, r->type->dtype, CAIRN_LAYOUT_PLAIN, &shape,
                                              NULL, offset);
            continue;
        }
        parts[i] = (cairn_source_part){.offset = offset,
                                       .elements = r->type->storage == STORE_COPY ? (size_t)r->elements : 0};
        status = cairn_weights_add_unset(weights, r->name, r->type->dtype, CAIRN_LAYOUT_PLAIN, &shape,
                                         &parts[i].tensor);
    }
    return status;
}

static cairn_status load_records(const cairn_source *from, uint64_t data_start, const record *records,
                                 size_t count, cairn_weights *weights)
{
    cairn_source_part *parts = cairn_alloc(from->ctx, count, sizeof *parts);
    if (parts == NULL)
        return CAIRN_MEMORY;
    cairn_status status = add_tensors(from, data_start, records, count, parts, weights);
    if (status == CAIRN_OK)
        status = cairn_source_read_parts(from, parts, count);
    for (size_t i = 0; status == CAIRN_OK && i < count; i++) {
        if (records[i].type->storage != STORE_COPY)
            status = load_widened(from, parts[i].offset, &records[i], parts[i].tensor);
        if (parts[i].not_finite > 0)
            cairn_log(from->ctx, CAIRN_LOG_WARNING, "%s: tensor '%s' has %zu values that are not finite",
                      from->name, records[i].name, parts[i].not_finite);
    }
    cairn_free(from->ctx, parts);
    return status;
}

static cairn_status load_metadata(const cairn_source *from, const json_t *metadata, cairn_weights *weights)
{
    if (!json_is_object(metadata))
        return cairn_fail(from->ctx, CAIRN_INPUT, "%s: __metadata__ is not an object", from->name);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)metadata, key, value)
    {
        if (!json_is_string(value))
            return cairn_fail(from->ctx, CAIRN_INPUT, "%s: __metadata__ '%s' is not a string", from->name,
                              key);
        cairn_status status = cairn_weights_set_meta(weights, key, json_string_value(value));
        if (status != CAIRN_OK)
            return status;
    }
    return CAIRN_OK;
}

/* The whole header is checked before the first tensor is made. */
static cairn_status load_tree(const cairn_source *from, uint64_t data_start, json_t *root,
                              cairn_weights *weights)
{
    if (!json_is_object(root))
        return cairn_fail(from->ctx, CAIRN_INPUT, "%s: the header is not a JSON object", from->name);
    size_t count = 0;
    record *records = cairn_alloc(from->ctx, json_object_size(root), sizeof *records);
    if (records == NULL)
        return CAIRN_MEMORY;
    cairn_status status = CAIRN_OK;
    const char *name;
    json_t *json;
    json_object_foreach(root, name, json)
    {
        status = strcmp(name, "__metadata__") == 0 ? load_metadata(from, json, weights)
                                                   : parse_record(from, name, json, &records[count++]);
        if (status != CAIRN_OK)
            break;
    }
    if (status == CAIRN_OK)
        status = check_coverage(from, records, count, from->size - data_start);
    if (status == CAIRN_OK)
        status = load_records(from, data_start, records, count, weights);
    cairn_free(from->ctx, records);
    return status;
}

/* ---- entry ---- */

/* The length of the header. */
static cairn_status read_length(const cairn_source *from, uint64_t *length)
{
    if (from->size < LENGTH_BYTES)
        return cairn_fail(from->ctx, CAIRN_INPUT,
                          "%s: not a safetensors file: shorter than the 8-byte length (found %" PRIu64
                          " bytes)",
                          from->name, from->size);
    cairn_status status = cairn_source_read(from, 0, length, LENGTH_BYTES);
    if (status != CAIRN_OK)
        return status;
    if (*length > from->size - LENGTH_BYTES || *length > CAIRN_JSON_HEADER_LIMITS.bytes)
        return cairn_fail(
            from->ctx, CAIRN_INPUT,
            "%s: not a safetensors file, or cut short: header length at byte 0 (expected at most %" PRIu64
            ", found %" PRIu64 ")",
            from->name,
            (uint64_t)cairn_min((int64_t)(from->size - LENGTH_BYTES),
                                (int64_t)CAIRN_JSON_HEADER_LIMITS.bytes),
            *length);
    return CAIRN_OK;
}

cairn_status cairn_safetensors_load(const cairn_source *from, cairn_weights **weights)
{
    uint64_t length;
    *weights = NULL;
    cairn_status status = read_length(from, &length);
    if (status != CAIRN_OK)
        return status;
    char *header = cairn_resize(from->ctx, NULL, (size_t)length, 1);
    if (header == NULL)
        return CAIRN_MEMORY;
    json_t *root = NULL;
    status = cairn_source_read(from, LENGTH_BYTES, header, (size_t)length);
    if (status == CAIRN_OK)
        status =
            cairn_json_parse(from->ctx, from->name, header, (size_t)length, CAIRN_JSON_HEADER_LIMITS, &root);
    cairn_free(from->ctx, header);
    cairn_weights *loaded = NULL;
    if (status == CAIRN_OK)
        status = cairn_weights_create(from->ctx, &loaded);
    if (status == CAIRN_OK)
        status = load_tree(from, LENGTH_BYTES + length, root, loaded);
    json_decref(root);
    if (status == CAIRN_OK)
        *weights = loaded;
    else
        cairn_weights_destroy(loaded);
    return status;
}
