/* The table of layers as Keras prints it, and with the figures that Keras leaves out. */
#include "report/architecture.h"
#include <cairn/plan.h>
#include <cairn/report.h>
#include <stdio.h>
#include <string.h>

#define MAX_COLUMNS 5
#define CELL_BYTES 160

typedef struct column {
    const char *title;
    size_t least; /* characters inside, without the blanks at both sides */
    bool right;   /* aligned */
} column;

/* Widths of the three columns are those of Keras' own table. */
static const column keras_columns[] = {
    {"Layer (type)", 36, false}, {"Output Shape", 27, false}, {"Param #", 15, true}};
/* With the field of view; as narrow as the figures allow, so that LeNet's table fits into 80 columns. */
static const column all_columns[] = {{"Layer (type)", 0, false},
                                     {"Output Shape", 0, false},
                                     {"Param #", 0, true},
                                     {"MACs", 0, true},
                                     {"Field", 0, true}};

typedef struct table {
    cairn_text out;
    const column *column;
    size_t columns, width[MAX_COLUMNS];
    int rows;
    char (*cell)[MAX_COLUMNS][CELL_BYTES];
} table;

/* ---- cells ---- */

/* Keras' names of layers that were given none. */
static const struct {
    const char *op, *name;
} keras_names[] = {
    {"input", "input_layer"},
    {"linear", "dense"},
    {"maxpool", "max_pooling2d"},
    {"avgpool", "average_pooling2d"},
};

static const char *keras_name(const char *op)
{
    for (size_t i = 0; i < CAIRN_COUNT(keras_names); i++)
        if (strcmp(op, keras_names[i].op) == 0)
            return keras_names[i].name;
    return op;
}

/* Keras calls layers after their kind and counts them: dense, dense_1. */
static void keras_cell(const cairn_architecture *architecture, int index, char cell[CELL_BYTES])
{
    const cairn_layer *layer = &architecture->layer[index];
    int before = 0;
    for (int i = 0; i < index; i++)
        before += strcmp(architecture->layer[i].op, layer->op) == 0;
    char number[16] = "";
    if (before > 0)
        snprintf(number, sizeof number, "_%d", before);
    snprintf(cell, CELL_BYTES, "%s%s (%s)", keras_name(layer->op), number, layer->label);
}

static void layer_cell(const cairn_layer *layer, char cell[CELL_BYTES])
{
    snprintf(cell, CELL_BYTES, "%s (%s%s%s)", layer->name, layer->label, layer->after[0] ? ", " : "",
             layer->after);
}

/* Keras has the batch in front, as None. */
static void shape_cell(const cairn_shape *shape, bool keras, char cell[CELL_BYTES])
{
    size_t length = (size_t)snprintf(cell, CELL_BYTES, keras ? "(None, " : "(");
    for (int i = 0; i < shape->rank; i++)
        length += (size_t)snprintf(cell + length, CELL_BYTES - length, "%s%lld", i ? ", " : "",
                                   (long long)shape->dim[i]);
    snprintf(cell + length, CELL_BYTES - length, ")");
}

static void fill_row(table *t, const cairn_architecture *architecture, int index, bool keras)
{
    const cairn_layer *layer = &architecture->layer[index];
    char(*cell)[CELL_BYTES] = t->cell[index], number[CAIRN_NUMBER_BYTES];
    if (keras)
        keras_cell(architecture, index, cell[0]);
    else
        layer_cell(layer, cell[0]);
    shape_cell(&layer->shape, keras, cell[1]);
    snprintf(cell[2], CELL_BYTES, "%s", cairn_number_grouped(number, layer->params));
    if (keras)
        return;
    snprintf(cell[3], CELL_BYTES, "%s", cairn_number_grouped(number, layer->macs));
    if (layer->field_h > 0)
        snprintf(cell[4], CELL_BYTES, "%lldx%lld", (long long)layer->field_h, (long long)layer->field_w);
    else
        snprintf(cell[4], CELL_BYTES, "all");
}

/* ---- lines ---- */

static void rule(table *t, const char *left, const char *line, const char *cross, const char *right)
{
    for (size_t c = 0; c < t->columns; c++) {
        cairn_text_add(&t->out, c ? cross : left);
        for (size_t i = 0; i < t->width[c] + 2; i++)
            cairn_text_add(&t->out, line);
    }
    cairn_text_format(&t->out, "%s\n", right);
}

static void pad(table *t, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cairn_text_add(&t->out, " ");
}

static void put_row(table *t, const char *edge, char (*cell)[CELL_BYTES])
{
    for (size_t c = 0; c < t->columns; c++) {
        const char *text = cell ? cell[c] : t->column[c].title;
        size_t blanks = t->width[c] - cairn_utf8_width(text);
        cairn_text_format(&t->out, "%s ", edge);
        pad(t, t->column[c].right ? blanks : 0);
        cairn_text_add(&t->out, text);
        pad(t, (t->column[c].right ? 0 : blanks) + 1);
    }
    cairn_text_format(&t->out, "%s\n", edge);
}

static void put_table(table *t)
{
    for (size_t c = 0; c < t->columns; c++) {
        size_t title = cairn_utf8_width(t->column[c].title);
        t->width[c] = t->column[c].least > title ? t->column[c].least : title;
        for (int i = 0; i < t->rows; i++) {
            size_t width = cairn_utf8_width(t->cell[i][c]);
            t->width[c] = width > t->width[c] ? width : t->width[c];
        }
    }
    rule(t, "┏", "━", "┳", "┓");
    put_row(t, "┃", NULL);
    rule(t, "┡", "━", "╇", "┩");
    for (int i = 0; i < t->rows; i++) {
        if (i > 0)
            rule(t, "├", "─", "┼", "┤");
        put_row(t, "│", t->cell[i]);
    }
    rule(t, "└", "─", "┴", "┘");
}

static void put_params(cairn_text *out, const char *what, int64_t count)
{
    char number[CAIRN_NUMBER_BYTES], memory[CAIRN_NUMBER_BYTES];
    cairn_text_format(out, " %s params: %s (%s)\n", what, cairn_number_grouped(number, count),
                      cairn_number_memory(memory, (double)count * 4));
}

static cairn_status put_memory(cairn_ctx *ctx, cairn_text *out, const cairn_graph *graph, int batch,
                               bool training)
{
    cairn_plan_options options = {.batch = batch, .training = training};
    if (!training && cairn_find(graph, "logits").id != 0)
        options.outputs = "logits"; /* without what a training graph computes besides */
    cairn_plan_memory memory;
    cairn_status status = cairn_plan_estimate(ctx, graph, &options, &memory);
    if (status)
        return status;
    char all[CAIRN_NUMBER_BYTES], arena[CAIRN_NUMBER_BYTES];
    cairn_text_format(out, " Memory for %s, batch %d: %s (activations and scratch %s)\n",
                      training ? "training" : "inference", batch,
                      cairn_number_memory(all, (double)(memory.arena + memory.weights + memory.state)),
                      cairn_number_memory(arena, (double)memory.arena));
    return CAIRN_OK;
}

static cairn_status put_totals(cairn_ctx *ctx, cairn_text *out, const cairn_graph *graph,
                               const cairn_architecture *architecture, const cairn_summary_options *options)
{
    int64_t fixed = 0;
    for (int i = 0; i < cairn_param_count(graph); i++) {
        cairn_param_info param = cairn_param_at(graph, i);
        fixed += param.trainable ? 0 : cairn_shape_elements(&param.shape);
    }
    put_params(out, "Total", architecture->params + fixed);
    put_params(out, "Trainable", architecture->params);
    put_params(out, "Non-trainable", fixed);
    if (options->keras)
        return CAIRN_OK;
    char number[CAIRN_NUMBER_BYTES];
    cairn_text_format(out, " Multiply-accumulates: %s\n", cairn_number_grouped(number, architecture->macs));
    int batch = options->batch > 0 ? options->batch : 1;
    cairn_status status = put_memory(ctx, out, graph, batch, false);
    return status || !options->train ? status : put_memory(ctx, out, graph, batch, true);
}

cairn_status cairn_summary_text(cairn_ctx *ctx, const cairn_graph *graph, const char *title,
                                const cairn_summary_options *options, char **text)
{
    cairn_summary_options chosen = options ? *options : (cairn_summary_options){0};
    *text = NULL;
    if (chosen.train && cairn_find(graph, "loss").id == 0)
        return cairn_fail(ctx, CAIRN_USAGE,
                          "summary: memory of training (expected a graph with a loss, found none)");
    cairn_architecture architecture;
    cairn_status status = cairn_architecture_read(ctx, graph, CAIRN_DETAIL_ROWS, &architecture);
    if (status)
        return status;
    table t = {.out = {.ctx = ctx},
               .rows = architecture.count,
               .column = chosen.keras ? keras_columns : all_columns,
               .columns = chosen.keras ? CAIRN_COUNT(keras_columns) : CAIRN_COUNT(all_columns)};
    t.cell = cairn_alloc(ctx, (size_t)t.rows + 1, sizeof *t.cell);
    if (!t.cell)
        status = CAIRN_MEMORY;
    for (int i = 0; i < t.rows && !status; i++)
        fill_row(&t, &architecture, i, chosen.keras);
    if (!status) {
        cairn_text_format(&t.out, "Model: \"%s\"\n", title ? title : "network");
        put_table(&t);
        status = put_totals(ctx, &t.out, graph, &architecture, &chosen);
    }
    if (!status && t.out.failed)
        status = CAIRN_MEMORY;
    cairn_free(ctx, t.cell);
    cairn_architecture_free(&architecture);
    if (status)
        cairn_free(ctx, t.out.data);
    else
        *text = t.out.data;
    return status;
}
