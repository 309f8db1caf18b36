/* What shape and gradient rules share. */
#include "ops/check.h"
#include <stdio.h>

#define SHAPE_TEXT_BYTES 120
#define MAX_ELEMENTS ((size_t)1 << 40) /* of one value; keeps every byte count far from overflow */

bool cairn_same_shape(const cairn_shape *a, const cairn_shape *b)
{
    if (a->rank != b->rank || a->batched != b->batched)
        return false;
    for (int i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    return true;
}

void cairn_shape_text(const cairn_shape *shape, char *text, size_t size)
{
    size_t used = 0;
    for (int i = 0; i < shape->rank && used < size; i++)
        used +=
            (size_t)snprintf(text + used, size - used, i == 0 ? "%lld" : "x%lld", (long long)shape->dim[i]);
    if (shape->rank == 0)
        used = (size_t)snprintf(text, size, "one number");
    if (shape->batched && used < size)
        snprintf(text + used, size - used, " per image");
}

int64_t cairn_channels(const cairn_shape *shape)
{
    return shape->rank == 0 ? 1 : shape->dim[shape->rank - 1];
}

const char *cairn_grad_name(const cairn_grad *grad, int input, char *text)
{
    snprintf(text, CAIRN_GRAD_NAME_BYTES, "%s/d%d", grad->name, input);
    return text;
}

static cairn_status fail_input(const cairn_infer *node, int input, const char *expected)
{
    char found[SHAPE_TEXT_BYTES];
    cairn_shape_text(&node->in[input]->shape, found, sizeof found);
    return cairn_fail(node->ctx, CAIRN_INPUT, "%s: input %d (expected %s, found %s%s)", node->name, input,
                      expected, node->in[input]->element == CAIRN_REAL ? "" : "integers, ", found);
}

cairn_status cairn_expect_image_value(const cairn_infer *node, int input, int rank)
{
    const cairn_value_type *type = node->in[input];
    if (type->element == CAIRN_REAL && type->shape.batched && (rank < 0 || type->shape.rank == rank))
        return CAIRN_OK;
    return fail_input(node, input,
                      rank == 3   ? "HxWxC per image"
                      : rank == 1 ? "C per image"
                                  : "numbers per image");
}

cairn_status cairn_expect_tensor(const cairn_infer *node, int input, int rank, const int64_t *dim)
{
    const cairn_value_type *type = node->in[input];
    bool fits = type->element == CAIRN_REAL && !type->shape.batched && type->shape.rank == rank;
    for (int i = 0; i < rank && fits; i++)
        fits = dim[i] < 0 || type->shape.dim[i] == dim[i];
    if (fits)
        return CAIRN_OK;
    char expected[SHAPE_TEXT_BYTES];
    size_t used = 0;
    expected[0] = '\0';
    for (int i = 0; i < rank && used < sizeof expected; i++) {
        const char *separator = i == 0 ? "" : "x";
        used += (size_t)(dim[i] < 0 ? snprintf(expected + used, sizeof expected - used, "%s?", separator)
                                    : snprintf(expected + used, sizeof expected - used, "%s%lld", separator,
                                               (long long)dim[i]));
    }
    return fail_input(node, input, rank == 0 ? "one number" : expected);
}

cairn_status cairn_expect_channel_vectors(const cairn_infer *node, int first)
{
    int64_t channels = cairn_channels(&node->in[0]->shape);
    cairn_status status = cairn_expect_image_value(node, 0, -1);
    for (int i = first; i < node->inputs && status == CAIRN_OK; i++)
        status = cairn_expect_tensor(node, i, 1, &channels);
    return status;
}

cairn_status cairn_expect_same(const cairn_infer *node, int a, int b)
{
    char expected[SHAPE_TEXT_BYTES];
    if (node->in[a]->element == node->in[b]->element &&
        cairn_same_shape(&node->in[a]->shape, &node->in[b]->shape))
        return CAIRN_OK;
    cairn_shape_text(&node->in[a]->shape, expected, sizeof expected);
    return fail_input(node, b, expected);
}

cairn_status cairn_expect_per_image(const cairn_infer *node, int input, cairn_element element)
{
    const cairn_value_type *type = node->in[input];
    if (type->element == element && type->shape.batched && type->shape.rank == 0)
        return CAIRN_OK;
    return fail_input(node, input, element == CAIRN_REAL ? "one number per image" : "one integer per image");
}

cairn_status cairn_check_output(const cairn_infer *node, int output)
{
    const cairn_shape *shape = &node->out[output].shape;
    size_t elements = 1;
    for (int i = 0; i < shape->rank; i++) {
        if (shape->dim[i] < 1 || !cairn_size_mul(elements, (size_t)shape->dim[i], &elements) ||
            elements > MAX_ELEMENTS) {
            char found[SHAPE_TEXT_BYTES];
            cairn_shape_text(shape, found, sizeof found);
            return cairn_fail(node->ctx, CAIRN_INPUT,
                              "%s: output size (expected 1 to 2^40 elements, found %s)", node->name, found);
        }
    }
    return CAIRN_OK;
}
