/* Moving numbers between tensors and the layout of files. A convolution's weights are a matrix of outputs by
 * (input, tap) in a file and of (tap, input) by outputs in memory, a dense layer's one of outputs by inputs
 * and the other way round: squares of numbers are turned round in registers on the way, and each side is
 * touched in whole cache lines. */
#include "io/dtype.h"
#include "io/weights.h"
#include <string.h>

#define ROW_BLOCK 16     /* rows of the file form, which are neighbours in memory */
#define COLUMN_BLOCK 512 /* of numbers that are converted first, so that they stay in the cache */
#define PART_ELEMENTS ((size_t)1 << 17)

typedef float quad __attribute__((vector_size(16)));
typedef int32_t quad_index __attribute__((vector_size(16)));
#if defined(__clang__)
#define PICK(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
#define PICK(a, b, i, j, k, l) __builtin_shuffle(a, b, (quad_index){i, j, k, l})
#endif

cairn_file_form cairn_tensor_file_form(const cairn_tensor *tensor)
{
    const int64_t *d = tensor->shape.dim;
    cairn_file_form form = {.shape = tensor->shape, .rows = 1};
    form.shape.batched = false;
    if (tensor->layout == CAIRN_LAYOUT_CONV) {
        int64_t file[4] = {d[3], d[2], d[0], d[1]}; /* (KH, KW, I, O) to (O, I, KH, KW) */
        memcpy(form.shape.dim, file, sizeof file);
        form.rows = (size_t)d[3];
    } else if (tensor->layout == CAIRN_LAYOUT_LINEAR) {
        form.shape.dim[0] = d[1];
        form.shape.dim[1] = d[0];
        form.rows = (size_t)d[1];
    }
    form.inner = 1;
    for (int i = tensor->layout == CAIRN_LAYOUT_PLAIN ? 0 : 1; i < form.shape.rank; i++)
        form.inner *= (size_t)form.shape.dim[i];
    return form;
}

/* A tensor and its file form. Column i of a file's row lies in memory row i % taps * inputs + i / taps. */
typedef struct transfer {
    cairn_dtype memory_dtype, file_dtype;
    char *memory, *file;
    size_t rows, inner, taps, inputs;
} transfer;

static transfer transfer_of(const cairn_tensor *tensor, cairn_dtype file_dtype, const void *file)
{
    cairn_file_form form = cairn_tensor_file_form(tensor);
    const int64_t *d = tensor->shape.dim;
    transfer t = {.memory_dtype = tensor->dtype,
                  .file_dtype = file_dtype,
                  .memory = tensor->data,
                  .file = (char *)(uintptr_t)file,
                  .rows = form.rows,
                  .inner = form.inner,
                  .taps = tensor->layout == CAIRN_LAYOUT_CONV ? (size_t)(d[0] * d[1]) : 1};
    t.inputs = t.taps == 0 ? 0 : t.inner / t.taps;
    return t;
}

static size_t memory_row(const transfer *t, size_t column)
{
    return column % t->taps * t->inputs + column / t->taps;
}

/* ---- single precision on both sides ---- */

static void turn_quad(quad m[4])
{
    quad low01 = PICK(m[0], m[1], 0, 4, 1, 5), high01 = PICK(m[0], m[1], 2, 6, 3, 7);
    quad low23 = PICK(m[2], m[3], 0, 4, 1, 5), high23 = PICK(m[2], m[3], 2, 6, 3, 7);
    m[0] = PICK(low01, low23, 0, 1, 4, 5);
    m[1] = PICK(low01, low23, 2, 3, 6, 7);
    m[2] = PICK(high01, high23, 0, 1, 4, 5);
    m[3] = PICK(high01, high23, 2, 3, 6, 7);
}

/* Sixteen rows of the file that are `step` apart, four columns of which lie at memory[0 .. 3]. */
static inline void turn_in(const float *file, size_t step, float *const memory[4])
{
    for (size_t r = 0; r < ROW_BLOCK; r += 4) {
        quad m[4];
        for (size_t i = 0; i < 4; i++)
            memcpy(&m[i], file + (r + i) * step, sizeof m[i]);
        turn_quad(m);
        for (size_t i = 0; i < 4; i++)
            memcpy(memory[i] + r, &m[i], sizeof m[i]);
    }
}

static inline void turn_out(float *file, size_t step, float *const memory[4])
{
    for (size_t r = 0; r < ROW_BLOCK; r += 4) {
        quad m[4];
        for (size_t i = 0; i < 4; i++)
            memcpy(&m[i], memory[i] + r, sizeof m[i]);
        turn_quad(m);
        for (size_t i = 0; i < 4; i++)
            memcpy(file + (r + i) * step, &m[i], sizeof m[i]);
    }
}

static inline void move_element(float *file, float *memory, bool to_file)
{
    if (to_file)
        *file = *memory;
    else
        *memory = *file;
}

/* `rows` rows from `row` on, columns begin .. end-1; file points at the first of the block. */
static void turn_block(const transfer *t, size_t row, size_t rows, float *file, size_t step, size_t begin,
                       size_t end, bool to_file)
{
    float *memory = (float *)(void *)t->memory + row;
    size_t i = begin, input = begin / t->taps, tap = begin % t->taps;
    for (; rows == ROW_BLOCK && i + 4 <= end; i += 4) {
        float *at[4];
        for (size_t k = 0; k < 4; k++) {
            at[k] = memory + (tap * t->inputs + input) * t->rows;
            tap++;
            input += tap == t->taps;
            tap = tap == t->taps ? 0 : tap;
        }
        if (to_file)
            turn_out(file + (i - begin), step, at);
        else
            turn_in(file + (i - begin), step, at);
    }
    for (; i < end; i++)
        for (size_t r = 0; r < rows; r++)
            move_element(file + r * step + (i - begin), memory + memory_row(t, i) * t->rows + r, to_file);
}

static void turn_rows(const transfer *t, size_t begin, size_t end, bool to_file)
{
    for (size_t row = begin; row < end; row += ROW_BLOCK) {
        size_t rows = end - row < ROW_BLOCK ? end - row : ROW_BLOCK;
        turn_block(t, row, rows, (float *)(void *)t->file + row * t->inner, t->inner, 0, t->inner, to_file);
    }
}

/* The file's numbers become single precision a block at a time. */
static void turn_converted_rows(const transfer *t, size_t begin, size_t end)
{
    float block[ROW_BLOCK * COLUMN_BLOCK];
    size_t width = cairn_dtype_size(t->file_dtype);
    for (size_t row = begin; row < end; row += ROW_BLOCK)
        for (size_t first = 0; first < t->inner; first += COLUMN_BLOCK) {
            size_t rows = end - row < ROW_BLOCK ? end - row : ROW_BLOCK;
            size_t count = t->inner - first < COLUMN_BLOCK ? t->inner - first : COLUMN_BLOCK;
            for (size_t r = 0; r < rows; r++)
                cairn_dtype_convert(CAIRN_F32, block + r * COLUMN_BLOCK, t->file_dtype,
                                    t->file + ((row + r) * t->inner + first) * width, count);
            turn_block(t, row, rows, block, COLUMN_BLOCK, first, first + count, false);
        }
}

/* ---- any types ---- */

static void transfer_elements(const transfer *t, size_t begin, size_t end, bool to_file)
{
    size_t memory_width = cairn_dtype_size(t->memory_dtype), file_width = cairn_dtype_size(t->file_dtype);
    for (size_t row = begin; row < end; row++)
        for (size_t i = 0; i < t->inner; i++) {
            char *memory = t->memory + (memory_row(t, i) * t->rows + row) * memory_width;
            char *file = t->file + (row * t->inner + i) * file_width;
            if (to_file)
                cairn_dtype_convert(t->file_dtype, file, t->memory_dtype, memory, 1);
            else
                cairn_dtype_convert(t->memory_dtype, memory, t->file_dtype, file, 1);
        }
}

/* Rows begin .. end-1 of the file form; a plain tensor is one row. */
static void transfer_rows(const transfer *t, size_t begin, size_t end, bool to_file)
{
    if (t->rows == 1 && t->taps == 1 && to_file)
        cairn_dtype_convert(t->file_dtype, t->file, t->memory_dtype, t->memory, t->inner);
    else if (t->rows == 1 && t->taps == 1)
        cairn_dtype_convert(t->memory_dtype, t->memory, t->file_dtype, t->file, t->inner);
    else if (t->memory_dtype == CAIRN_F32 && t->file_dtype == CAIRN_F32)
        turn_rows(t, begin, end, to_file);
    else if (t->memory_dtype == CAIRN_F32 && !to_file)
        turn_converted_rows(t, begin, end);
    else
        transfer_elements(t, begin, end, to_file);
}

void cairn_tensor_file_rows(const cairn_tensor *tensor, size_t begin, size_t end, void *to)
{
    transfer t = transfer_of(tensor, tensor->dtype, NULL);
    t.file = (char *)((uintptr_t)to - begin * t.inner * cairn_dtype_size(tensor->dtype));
    transfer_rows(&t, begin, end, true);
}

void cairn_tensor_to_file(const cairn_tensor *tensor, cairn_dtype dtype, void *file_layout)
{
    transfer t = transfer_of(tensor, dtype, file_layout);
    transfer_rows(&t, 0, t.rows, true);
}

void cairn_tensor_from_file(const cairn_tensor *tensor, cairn_dtype dtype, const void *file_layout)
{
    transfer t = transfer_of(tensor, dtype, file_layout);
    transfer_rows(&t, 0, t.rows, false);
}

/* ---- in parts ---- */

/* Rows of a part, or elements where both tensors lie alike. */
static size_t units_of_part(const cairn_tensor *from, const cairn_tensor *to, size_t *units)
{
    cairn_file_form form = cairn_tensor_file_form(to);
    if (from->layout == to->layout) {
        *units = form.rows * form.inner;
        return PART_ELEMENTS;
    }
    *units = form.rows;
    return cairn_align(PART_ELEMENTS / (form.inner == 0 ? 1 : form.inner) + 1, ROW_BLOCK);
}

size_t cairn_tensor_parts(const cairn_tensor *from, const cairn_tensor *to)
{
    size_t units, step = units_of_part(from, to, &units);
    return units / step + (units % step > 0);
}

void cairn_tensor_part_span(const cairn_tensor *from, const cairn_tensor *to, size_t part, size_t *first,
                            size_t *count)
{
    size_t units, step = units_of_part(from, to, &units), begin = part * step;
    size_t width = from->layout == to->layout ? 1 : cairn_tensor_file_form(to).inner;
    *first = begin * width;
    *count = (units - begin < step ? units - begin : step) * width;
}

void cairn_tensor_copy_part(const cairn_tensor *from, const cairn_tensor *to, size_t part)
{
    size_t units, step = units_of_part(from, to, &units), begin = part * step;
    size_t end = units - begin < step ? units : begin + step;
    if (from->layout == to->layout) {
        char *target = (char *)to->data + begin * cairn_dtype_size(to->dtype);
        const char *source = (const char *)from->data + begin * cairn_dtype_size(from->dtype);
        cairn_dtype_convert(to->dtype, target, from->dtype, source, end - begin);
        return;
    }
    transfer t = transfer_of(to, from->dtype, from->data);
    transfer_rows(&t, begin, end, false);
}
