/* What tests of augmentation share: pictures, their comparison, specifications. */
#ifndef CAIRN_TESTS_AUGMENT_PICTURES_H
#define CAIRN_TESTS_AUGMENT_PICTURES_H

#include "support.h"

#include "data/augment/steps.h"

static inline cairn_augment parse(bench *b, const char *text)
{
    cairn_augment augment;
    if (cairn_augment_parse(b->ctx, text, &augment) != CAIRN_OK)
        fail_msg("%s", cairn_error(b->ctx));
    return augment;
}

/* The picture of preprocessing's worked example, of any size. */
static inline cairn_picture make_picture(bench *b, int h, int w)
{
    cairn_picture p = {.h = h, .w = w, .c = 3, .data = cairn_alloc(b->ctx, (size_t)h * (size_t)w, 3)};
    assert_non_null(p.data);
    uint8_t *to = p.data;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            *to++ = (uint8_t)(3 * x + 5 * y);
            *to++ = (uint8_t)(x * y);
            *to++ = (uint8_t)(x * x + 7 * y);
        }
    return p;
}

static inline void assert_same_picture(const cairn_picture *x, const cairn_picture *y)
{
    assert_int_equal(x->h, y->h);
    assert_int_equal(x->w, y->w);
    assert_int_equal(x->c, y->c);
    assert_memory_equal(x->data, y->data, (size_t)x->h * (size_t)x->w * (size_t)x->c);
}

#endif
