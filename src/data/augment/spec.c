/* The text that says how to augment: one table of names and numbers, read and printed. */
#include "base/text.h"
#include <cairn/augment.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define MOST_NUMBERS 4
#define PART_BYTES 96
#define MOST_SIDE 16384

/* A number of a transform: where it is kept, what it is when nothing is said, and what it may be. */
typedef struct number {
    size_t place;
    double otherwise, least, most;
    bool whole;
} number;

typedef struct transform {
    const char *name, *form;
    bool crops; /* one of these at most */
    int count;
    number numbers[MOST_NUMBERS];
} transform;

#define AT(field) offsetof(cairn_augment, field)

/* In the order of the work. The first number is not 0 where the transform is wanted, but for jitter. */
static const transform transforms[] = {
    {"rrc",
     "rrc=LOW:HIGH",
     true,
     2,
     {{AT(rrc_low), 0.08, 1e-4, 1, false}, {AT(rrc_high), 1, 1e-4, 1, false}}},
    {"scale",
     "scale=LOW:HIGH",
     true,
     2,
     {{AT(scale_low), 256, 1, MOST_SIDE, true}, {AT(scale_high), 512, 1, MOST_SIDE, true}}},
    {"window", "window=SIDE", true, 1, {{AT(window), 256, 1, MOST_SIDE, true}}},
    {"pad", "pad=N", true, 1, {{AT(pad), 4, 1, 1024, true}}},
    {"flip", "flip=P", false, 1, {{AT(flip), 0.5, 0, 1, false}}},
    {"jitter",
     "jitter=BRIGHTNESS:CONTRAST:SATURATION:HUE",
     false,
     4,
     {{AT(brightness), 0.4, 0, 10, false},
      {AT(contrast), 0.4, 0, 10, false},
      {AT(saturation), 0.4, 0, 10, false},
      {AT(hue), 0, 0, 0.5, false}}},
    {"trivial", "trivial", false, 0, {{AT(trivial), 1, 1, 1, true}}},
    {"lighting", "lighting=DEVIATION", false, 1, {{AT(lighting), 0.1, 0, 10, false}}},
    {"erase", "erase=P", false, 1, {{AT(erase), 0.25, 0, 1, false}}},
    {"mixup", "mixup=ALPHA", false, 1, {{AT(mixup), 0.2, 0.01, 100, false}}},
    {"cutmix", "cutmix=ALPHA", false, 1, {{AT(cutmix), 1, 0.01, 100, false}}},
};

static const struct {
    const char *name, *text;
} ready[] = {
    {"light", "rrc=0.35,flip"},
    {"paper", "rrc,flip"},
    {"strong", "rrc,flip,trivial,erase=0.1,mixup=0.2,cutmix=1"},
};

static double *number_at(const cairn_augment *augment, const number *n)
{
    return (double *)(void *)((char *)(uintptr_t)augment + n->place);
}

/* Numbers that the table has; trivial has one that is never written. */
static int numbers_of(const transform *t)
{
    return t->count > 0 ? t->count : 1;
}

static bool is_on(const cairn_augment *augment, const transform *t)
{
    for (int i = 0; i < numbers_of(t); i++)
        if (*number_at(augment, &t->numbers[i]) > 0)
            return true;
    return false;
}

/* ---- reading ---- */

static cairn_status fail_unknown(cairn_ctx *ctx, const char *name)
{
    const char *names[CAIRN_COUNT(transforms) + CAIRN_COUNT(ready) + 1] = {"none"};
    size_t count = 1;
    for (size_t i = 0; i < CAIRN_COUNT(ready); i++)
        names[count++] = ready[i].name;
    for (size_t i = 0; i < CAIRN_COUNT(transforms); i++)
        names[count++] = transforms[i].name;
    const char *nearest = cairn_nearest_name(name, names, count);
    if (nearest != NULL)
        return cairn_fail(ctx, CAIRN_USAGE, "augment: unknown '%s' (did you mean '%s'?)", name, nearest);
    return cairn_fail(ctx, CAIRN_USAGE,
                      "augment: unknown '%s' (expected none, light, paper, strong, or some of rrc, scale, "
                      "window, pad, flip, jitter, trivial, lighting, erase, mixup, cutmix)",
                      name);
}

static cairn_status read_number(cairn_ctx *ctx, const transform *t, const number *n, const char *text,
                                double *value)
{
    if (cairn_number_parse(text, value) && *value >= n->least && *value <= n->most &&
        (!n->whole || *value == floor(*value)))
        return CAIRN_OK;
    char least[CAIRN_NUMBER_BYTES], most[CAIRN_NUMBER_BYTES];
    cairn_number_print(least, n->least);
    cairn_number_print(most, n->most);
    return cairn_fail(ctx, CAIRN_USAGE, "augment: %s (expected %snumbers from %s to %s, found '%s')", t->form,
                      n->whole ? "whole " : "", least, most, text);
}

/* "0.4" or "0.4:0.4:0.4:0.1"; one number alone is all of jitter's but the hue. */
static cairn_status read_numbers(cairn_ctx *ctx, const transform *t, char *text, cairn_augment *augment)
{
    cairn_status status = CAIRN_OK;
    int given = 0;
    for (char *at = text, *next; status == CAIRN_OK && at != NULL; at = next, given++) {
        next = strchr(at, ':');
        if (next != NULL)
            *next++ = '\0';
        if (given == t->count)
            return cairn_fail(ctx, CAIRN_USAGE, "augment: %s (expected no more numbers, found '%s')", t->form,
                              at);
        const number *n = &t->numbers[given];
        status = read_number(ctx, t, n, at, number_at(augment, n));
    }
    if (status == CAIRN_OK && given == 1 && t->count == MOST_NUMBERS)
        augment->contrast = augment->saturation = augment->brightness;
    return status;
}

static const transform *find_transform(const char *name)
{
    for (size_t i = 0; i < CAIRN_COUNT(transforms); i++)
        if (strcmp(transforms[i].name, name) == 0)
            return &transforms[i];
    return NULL;
}

static cairn_status read_part(cairn_ctx *ctx, char *part, cairn_augment *augment)
{
    char *text = strchr(part, '=');
    if (text != NULL)
        *text++ = '\0';
    const transform *t = find_transform(part);
    if (t == NULL)
        return fail_unknown(ctx, part);
    if (is_on(augment, t))
        return cairn_fail(ctx, CAIRN_USAGE, "augment: %s is there twice", t->name);
    for (size_t i = 0; t->crops && i < CAIRN_COUNT(transforms); i++)
        if (transforms[i].crops && is_on(augment, &transforms[i]))
            return cairn_fail(ctx, CAIRN_USAGE,
                              "augment: %s and %s (expected one of rrc, scale, window, pad)",
                              transforms[i].name, t->name);
    for (int i = 0; i < numbers_of(t); i++)
        *number_at(augment, &t->numbers[i]) = t->numbers[i].otherwise;
    return text == NULL ? CAIRN_OK : read_numbers(ctx, t, text, augment);
}

/* What no single number shows. */
static cairn_status check_together(cairn_ctx *ctx, const cairn_augment *a)
{
    if (a->rrc_low > a->rrc_high || a->scale_low > a->scale_high)
        return cairn_fail(ctx, CAIRN_USAGE, "augment: %s (expected LOW to be no more than HIGH)",
                          a->rrc_high > 0 ? "rrc=LOW:HIGH" : "scale=LOW:HIGH");
    return CAIRN_OK;
}

cairn_status cairn_augment_parse(cairn_ctx *ctx, const char *text, cairn_augment *augment)
{
    cairn_augment read = {0};
    cairn_status status = CAIRN_OK;
    bool none = strcmp(text, "none") == 0;
    for (size_t i = 0; i < CAIRN_COUNT(ready); i++)
        if (strcmp(text, ready[i].name) == 0)
            text = ready[i].text;
    for (const char *at = text; status == CAIRN_OK && !none;) {
        char part[PART_BYTES];
        size_t length = strcspn(at, ",");
        snprintf(part, sizeof part, "%.*s", (int)cairn_min((int64_t)length, PART_BYTES - 1), at);
        status = read_part(ctx, part, &read);
        if (at[length] == '\0')
            break;
        at += length + 1;
    }
    if (status == CAIRN_OK)
        status = check_together(ctx, &read);
    if (status == CAIRN_OK)
        *augment = read;
    return status;
}

/* ---- printing ---- */

cairn_status cairn_augment_print(cairn_ctx *ctx, const cairn_augment *augment, char **result)
{
    cairn_text text = {.ctx = ctx};
    *result = NULL;
    for (size_t i = 0; i < CAIRN_COUNT(transforms); i++) {
        const transform *t = &transforms[i];
        if (!is_on(augment, t))
            continue;
        cairn_text_format(&text, "%s%s", text.size > 0 ? "," : "", t->name);
        for (int k = 0; k < t->count; k++) {
            cairn_text_add(&text, k == 0 ? "=" : ":");
            cairn_text_number(&text, *number_at(augment, &t->numbers[k]));
        }
    }
    if (text.size == 0)
        cairn_text_add(&text, "none");
    if (text.failed) {
        cairn_free(ctx, text.data);
        return CAIRN_MEMORY;
    }
    *result = text.data;
    return CAIRN_OK;
}

/* ---- what it means ---- */

cairn_augment cairn_augment_usual(const cairn_dataset_info *info)
{
    if (info->h == 0)
        return (cairn_augment){.rrc_low = 0.08, .rrc_high = 1, .flip = 0.5};
    if (info->c == 3)
        return (cairn_augment){.pad = 4, .flip = 0.5};
    return (cairn_augment){0};
}

bool cairn_augment_needs_floats(const cairn_augment *augment)
{
    return augment->lighting > 0 || augment->erase > 0 || cairn_augment_mixes(augment);
}

bool cairn_augment_mixes(const cairn_augment *augment)
{
    return augment->mixup > 0 || augment->cutmix > 0;
}

cairn_status cairn_augment_check(cairn_ctx *ctx, const cairn_augment *augment,
                                 const cairn_preprocess *preprocess, int h, int w)
{
    int side = (int)(augment->scale_high > 0 ? augment->scale_low : augment->window);
    if (side > 0 && (side < h || side < w))
        return cairn_fail(ctx, CAIRN_USAGE, "augment: %s (expected at least the network's %dx%d, found %d)",
                          augment->scale_high > 0 ? "scale=LOW:HIGH" : "window=SIDE", h, w, side);
    if (preprocess->channels != 3 && augment->lighting > 0)
        return cairn_fail(ctx, CAIRN_USAGE, "augment: lighting needs pictures in colour");
    return CAIRN_OK;
}
