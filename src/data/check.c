/* Looking for what is wrong with the pictures of a data set. */
#include "base/sha256.h"
#include "base/shared.h"
#include "base/threads.h"
#include "data/dataset.h"
#include "data/picture.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define GROUP 256

/* A picture that was looked at. */
typedef struct entry {
    uint8_t digest[CAIRN_SHA256_BYTES];
    bool readable; /* its bytes: else there is no digest */
    int32_t label;
    int64_t twin; /* the first entry of the same bytes, or -1 */
} entry;

/* What is wrong with one. */
typedef struct outcome {
    char *name, *text; /* NULL: nothing */
    cairn_finding_kind kind;
    bool misnamed, memory;
    char format[16];
} outcome;

typedef struct check {
    cairn_ctx *ctx;
    const cairn_dataset *set;
    const cairn_check_hooks *hooks;
    int64_t *count;
    cairn_shared_memory memory;
    int64_t train, all; /* pictures: entries of the training part come first */
    entry *entries;
    int64_t first; /* of the group */
    outcome outcomes[GROUP];
} check;

static cairn_split split_of(const check *c, int64_t at, int64_t *index)
{
    *index = at < c->train ? at : at - c->train;
    return at < c->train ? CAIRN_TRAIN : CAIRN_TEST;
}

static void report(const check *c, cairn_finding_kind kind, const char *file, const char *text)
{
    cairn_finding finding = {kind, file, text};
    c->count[kind]++;
    if (c->hooks->found != NULL)
        c->hooks->found(c->hooks->user, &finding);
}

/* ---- one picture ---- */

/* The format that the bytes are of and the name should say. */
static bool is_misnamed(const cairn_stored *stored, const char **format)
{
    const char *dot = strrchr(stored->name, '.');
    bool jpeg = stored->size > 2 && stored->bytes[0] == 0xFF && stored->bytes[1] == 0xD8;
    bool png = stored->size > 4 && memcmp(stored->bytes, "\x89PNG", 4) == 0;
    bool webp = stored->size > 12 && memcmp(stored->bytes + 8, "WEBP", 4) == 0;
    *format = jpeg ? "JPEG" : png ? "PNG" : "WebP";
    if (dot == NULL || (!jpeg && !png && !webp))
        return false;
    bool says_jpeg = strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0;
    return jpeg ? !says_jpeg : strcasecmp(dot, png ? ".png" : ".webp") != 0;
}

/* Decodes it to the end. */
static void look_inside(cairn_ctx *ctx, const cairn_stored *stored, outcome *o)
{
    long warnings = 0;
    int orientation;
    cairn_picture picture = {0};
    cairn_picture_file file = {.ctx = ctx,
                               .name = stored->name,
                               .bytes = stored->bytes,
                               .size = stored->size,
                               .max_pixels = CAIRN_MAX_PIXELS,
                               .warnings = &warnings};
    cairn_status status = cairn_picture_read(&file, &picture, &orientation);
    cairn_picture_free(ctx, &picture);
    if (status == CAIRN_OK && warnings > 0) {
        o->kind = CAIRN_FINDING_DAMAGED;
        snprintf(ctx->error, sizeof ctx->error, "%ld fault%s in its data", warnings,
                 warnings == 1 ? "" : "s");
    } else if (status != CAIRN_OK) {
        o->kind =
            strstr(ctx->error, CAIRN_CUT_SHORT) != NULL ? CAIRN_FINDING_TRUNCATED : CAIRN_FINDING_BROKEN;
    }
    if (status != CAIRN_OK || warnings > 0)
        o->text = cairn_strdup(ctx, ctx->error);
    o->memory = status == CAIRN_MEMORY;
}

static void look(void *arg, size_t place)
{
    check *c = arg;
    outcome *o = &c->outcomes[place];
    entry *e = &c->entries[c->first + (int64_t)place];
    cairn_ctx ctx = cairn_shared_ctx(&c->memory);
    cairn_stored stored;
    const char *format;
    int64_t index;
    cairn_split split = split_of(c, c->first + (int64_t)place, &index);
    *o = (outcome){0};
    cairn_status status = cairn_dataset_fetch(&ctx, c->set, split, index, &stored, &e->label, NULL);
    if (status == CAIRN_OK) {
        cairn_sha256 sha;
        cairn_sha256_begin(&sha);
        cairn_sha256_add(&sha, stored.bytes, stored.size);
        cairn_sha256_end(&sha, e->digest);
        e->readable = stored.size > 0;
        if (stored.h == 0) {
            look_inside(&ctx, &stored, o);
            o->misnamed = is_misnamed(&stored, &format) && stored.own != NULL; /* packs keep the first name */
            snprintf(o->format, sizeof o->format, "is %s", format);
        }
        status = cairn_stored_check(&ctx, &stored, status);
    }
    if (status != CAIRN_OK) {
        cairn_free(&ctx, o->text);
        o->text = cairn_strdup(&ctx, ctx.error);
        o->memory = status == CAIRN_MEMORY;
    }
    o->name = cairn_strdup(&ctx, stored.name);
    o->memory |= o->name == NULL;
    cairn_stored_free(&ctx, &stored);
}

/* The message without the name that it begins with. */
static const char *reason(const outcome *o)
{
    size_t length = strlen(o->name);
    bool named = strncmp(o->text, o->name, length) == 0 && strncmp(o->text + length, ": ", 2) == 0;
    return named ? o->text + length + 2 : o->text;
}

static cairn_status take_group(check *c, size_t count)
{
    cairn_status status = CAIRN_OK;
    for (size_t k = 0; k < count; k++) {
        outcome *o = &c->outcomes[k];
        if (o->memory)
            status = cairn_fail(c->ctx, CAIRN_MEMORY, "out of memory");
        if (status == CAIRN_OK && o->text != NULL)
            report(c, o->kind, o->name, reason(o));
        if (status == CAIRN_OK && o->misnamed)
            report(c, CAIRN_FINDING_MISNAMED, o->name, o->format);
        cairn_free(c->ctx, o->name);
        cairn_free(c->ctx, o->text);
    }
    return status;
}

/* ---- equal ones ---- */

typedef struct place {
    const entry *entry;
    int64_t at;
} place;

static int compare_places(const void *a, const void *b)
{
    const place *x = a, *y = b;
    int order = memcmp(x->entry->digest, y->entry->digest, CAIRN_SHA256_BYTES);
    return order != 0 ? order : x->at < y->at ? -1 : 1;
}

/* Sorted by their digests, equal ones stand together, the first of them first. */
static cairn_status find_twins(check *c)
{
    place *places = cairn_alloc(c->ctx, (size_t)c->all, sizeof *places);
    if (places == NULL)
        return CAIRN_MEMORY;
    for (int64_t i = 0; i < c->all; i++)
        places[i] = (place){&c->entries[i], i};
    qsort(places, (size_t)c->all, sizeof *places, compare_places);
    int64_t first = 0;
    for (int64_t i = 0; i < c->all; i++) {
        const entry *e = places[i].entry;
        if (memcmp(e->digest, places[first].entry->digest, CAIRN_SHA256_BYTES) != 0)
            first = i;
        c->entries[places[i].at].twin = i == first || !e->readable ? -1 : places[first].at;
    }
    cairn_free(c->ctx, places);
    return CAIRN_OK;
}

static cairn_status name_of(const check *c, int64_t at, char **name)
{
    cairn_stored stored;
    int64_t index;
    int label;
    cairn_split split = split_of(c, at, &index);
    cairn_status status = cairn_dataset_fetch(c->ctx, c->set, split, index, &stored, &label, NULL);
    if (status == CAIRN_OK && stored.own == NULL && stored.h > 0) {
        char text[64];
        snprintf(text, sizeof text, "%s picture %lld", split == CAIRN_TRAIN ? "training" : "test",
                 (long long)index);
        *name = cairn_strdup(c->ctx, text);
    } else {
        *name = cairn_strdup(c->ctx, stored.name);
    }
    cairn_stored_free(c->ctx, &stored);
    return *name == NULL ? CAIRN_MEMORY : CAIRN_OK;
}

static cairn_status report_twins(check *c)
{
    cairn_status status = find_twins(c);
    for (int64_t i = 0; status == CAIRN_OK && i < c->all; i++) {
        const entry *e = &c->entries[i];
        char *name = NULL, *other = NULL;
        if (e->twin < 0)
            continue;
        bool leaks = i >= c->train && e->twin < c->train;
        cairn_finding_kind kind = leaks                                   ? CAIRN_FINDING_LEAK
                                  : e->label != c->entries[e->twin].label ? CAIRN_FINDING_CONFLICT
                                                                          : CAIRN_FINDING_DUPLICATE;
        status = name_of(c, i, &name);
        if (status == CAIRN_OK)
            status = name_of(c, e->twin, &other);
        if (status == CAIRN_OK)
            report(c, kind, name, other);
        cairn_free(c->ctx, name);
        cairn_free(c->ctx, other);
    }
    return status;
}

cairn_status cairn_dataset_check(cairn_ctx *ctx, const cairn_dataset *dataset, const cairn_check_hooks *hooks,
                                 int64_t count[CAIRN_FINDING_KINDS])
{
    const cairn_dataset_info *info = cairn_dataset_about(dataset);
    memset(count, 0, CAIRN_FINDING_KINDS * sizeof *count);
    check *c = cairn_alloc(ctx, 1, sizeof *c);
    if (c == NULL)
        return CAIRN_MEMORY;
    c->ctx = ctx;
    c->set = dataset;
    c->hooks = hooks;
    c->count = count;
    c->train = info->count[CAIRN_TRAIN];
    c->all = c->train + info->count[CAIRN_TEST];
    c->entries = cairn_alloc(ctx, (size_t)c->all, sizeof *c->entries);
    cairn_shared_begin(&c->memory, ctx);
    cairn_status status = c->entries == NULL ? CAIRN_MEMORY : CAIRN_OK;
    for (; status == CAIRN_OK && c->first < c->all; c->first += GROUP) {
        size_t n = (size_t)cairn_min(GROUP, c->all - c->first);
        status = cairn_for_each(ctx, n, look, c);
        if (status == CAIRN_OK)
            status = take_group(c, n);
        if (status == CAIRN_OK && hooks->progress != NULL)
            hooks->progress(hooks->user, c->first + (int64_t)n, c->all);
    }
    if (status == CAIRN_OK)
        status = report_twins(c);
    cairn_shared_end(&c->memory);
    cairn_free(ctx, c->entries);
    cairn_free(ctx, c);
    return status;
}
