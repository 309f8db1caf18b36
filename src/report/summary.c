/* The table of layers as Keras prints it, and with the figures that Keras leaves out. */
#include "report/summary.h"
#include <cairn/plan.h>
#include <cairn/report.h>
#include <stdio.h>
#include <string.h>

/* Widths are those of Keras' own tables, of chains and of branching networks. */
static const cairn_table_column keras_chain[] = {
    {"Layer (type)", 36, 36, false}, {"Output Shape", 27, 27, false}, {"Param #", 15, 0, true}};
static const cairn_table_column keras_branching[] = {{"Layer (type)", 29, 29, false},
                                                     {"Output Shape", 25, 25, false},
                                                     {"Param #", 15, 0, true},
                                                     {"Connected to", 26, 26, false}};
/* With the field of view; as narrow as the figures allow, so that LeNet's table fits into 80 columns. */
static const cairn_table_column all_columns[] = {
    {"Layer (type)", 0, 0, false}, {"Output Shape", 0, 0, false}, {"Param #", 0, 0, true},
    {"MACs", 0, 0, true},          {"Field", 0, 0, true},         {"Connected to", 0, 0, false}};

typedef struct summary {
    cairn_ctx *ctx;
    const cairn_graph *graph;
    cairn_summary_options options;
    cairn_architecture architecture;
    cairn_table table;
    int *order; /* of the layers */
    int *last;  /* by row: the position in the order behind its last layer */
    int *row;   /* by layer */
    bool narrow;
    cairn_table_column column[CAIRN_TABLE_COLUMNS]; /* of a narrow table */
} summary;

/* ---- rows ---- */

/* Bytes of the first `depth` parts of a name; all of it when it has no more. */
static size_t prefix_of(const char *name, int depth)
{
    size_t length = 0;
    for (; name[length]; length++)
        if ((name[length] == '.' || name[length] == '/') && --depth == 0)
            break;
    return length;
}

/* Do two layers stand in one row? */
static bool together(const summary *s, int a, int b)
{
    const char *x = s->architecture.layer[a].name, *y = s->architecture.layer[b].name;
    size_t length = s->options.depth > 0 ? prefix_of(x, s->options.depth) : 0;
    return length > 0 && x[length] && length == prefix_of(y, s->options.depth) && y[length] &&
           memcmp(x, y, length) == 0;
}

static void divide(summary *s)
{
    s->table.rows = 0;
    for (int i = 0; i < s->architecture.count; i++) {
        if (i == 0 || !together(s, s->order[i - 1], s->order[i]))
            s->table.rows++;
        s->last[s->table.rows - 1] = i + 1;
        s->row[s->order[i]] = s->table.rows - 1;
    }
}

static int first_of(const summary *s, int row)
{
    return row > 0 ? s->last[row - 1] : 0;
}

/* ---- cells ---- */

/* What a row is called where others refer to it. */
static void name_cell(const summary *s, int row, char *cell, size_t size)
{
    int first = s->order[first_of(s, row)];
    const char *name = s->architecture.layer[first].name;
    if (s->options.keras) {
        cairn_keras_name(&s->architecture, first, cell, size);
        for (const cairn_name_rule *rule = s->options.names; rule && rule->ours; rule++)
            if (strcmp(rule->ours, cell) == 0)
                snprintf(cell, size, "%s", rule->theirs);
    } else if (s->last[row] - first_of(s, row) > 1)
        snprintf(cell, size, "%.*s", (int)prefix_of(name, s->options.depth), name);
    else
        snprintf(cell, size, "%s", name);
}

static void layer_cell(const summary *s, int row, char *cell)
{
    const cairn_layer *layer = &s->architecture.layer[s->order[first_of(s, row)]];
    char name[256];
    name_cell(s, row, name, sizeof name);
    int layers = s->last[row] - first_of(s, row);
    if (layers > 1)
        snprintf(cell, CAIRN_CELL_BYTES, "%s (%d layers)", name, layers);
    else if (s->options.keras || !layer->after[0])
        snprintf(cell, CAIRN_CELL_BYTES, "%s (%s)", name, layer->label);
    else
        snprintf(cell, CAIRN_CELL_BYTES, "%s (%s, %s)", name, layer->label, layer->after);
}

/* Keras has the batch in front, as None. */
static void shape_cell(const cairn_shape *shape, bool keras, char *cell)
{
    size_t length = (size_t)snprintf(cell, CAIRN_CELL_BYTES, keras ? "(None, " : "(");
    for (int i = 0; i < shape->rank; i++)
        length += (size_t)snprintf(cell + length, CAIRN_CELL_BYTES - length, "%s%lld", i ? ", " : "",
                                   (long long)shape->dim[i]);
    snprintf(cell + length, CAIRN_CELL_BYTES - length, ")");
}

/* The rows that a row reads, but for itself, each once. */
static void sources_cell(const summary *s, int row, char *cell)
{
    char name[256], entry[288];
    size_t length = 0;
    snprintf(cell, CAIRN_CELL_BYTES, "-");
    for (int i = first_of(s, row); i < s->last[row]; i++) {
        const cairn_layer *layer = &s->architecture.layer[s->order[i]];
        for (int k = 0; k < layer->inputs; k++) {
            int from = s->row[layer->input[k]];
            name_cell(s, from, name, sizeof name);
            snprintf(entry, sizeof entry, s->options.keras ? "%s[0][0]" : "%s", name);
            if (from == row || (length > 0 && s->options.depth > 0 && strstr(cell, entry)))
                continue;
            int added =
                snprintf(cell + length, CAIRN_CELL_BYTES - length, "%s%s", length ? ",\n" : "", entry);
            length = (size_t)cairn_min((int64_t)length + added, CAIRN_CELL_BYTES - 1);
        }
    }
}

static void fill_row(summary *s, int row)
{
    cairn_table_cell *cell = s->table.cell[row];
    const cairn_layer *last = &s->architecture.layer[s->order[s->last[row] - 1]];
    char number[CAIRN_NUMBER_BYTES];
    int64_t params = 0, macs = 0;
    for (int i = first_of(s, row); i < s->last[row]; i++) {
        const cairn_layer *layer = &s->architecture.layer[s->order[i]];
        params += layer->params + (s->options.keras ? layer->buffers : 0);
        macs += layer->macs;
    }
    layer_cell(s, row, cell[0]);
    shape_cell(&last->shape, s->options.keras, cell[1]);
    snprintf(cell[2], CAIRN_CELL_BYTES, "%s", cairn_number_grouped(number, params));
    if (!s->options.keras) {
        snprintf(cell[3], CAIRN_CELL_BYTES, "%s", cairn_number_grouped(number, macs));
        snprintf(cell[4], CAIRN_CELL_BYTES, "all");
        if (last->field_h > 0 && s->narrow && last->field_h == last->field_w)
            snprintf(cell[4], CAIRN_CELL_BYTES, "%lld", (long long)last->field_h);
        else if (last->field_h > 0)
            snprintf(cell[4], CAIRN_CELL_BYTES, "%lldx%lld", (long long)last->field_h,
                     (long long)last->field_w);
    }
    if (!s->architecture.chain && !s->narrow)
        sources_cell(s, row, cell[s->options.keras ? 3 : 5]);
}

/* ---- totals ---- */

static void put_params(cairn_text *out, const char *what, int64_t count)
{
    char number[CAIRN_NUMBER_BYTES], memory[CAIRN_NUMBER_BYTES];
    cairn_text_format(out, " %s params: %s (%s)\n", what, cairn_number_grouped(number, count),
                      cairn_number_memory(memory, (double)count * 4));
}

static cairn_status put_memory(summary *s, const cairn_graph *graph, bool training)
{
    int batch = s->options.batch > 0 ? s->options.batch : 1;
    cairn_plan_options options = {.batch = batch,
                                  .training = training,
                                  .recompute = s->options.recompute,
                                  .precision = s->options.precision};
    cairn_plan_memory memory;
    cairn_status status = cairn_plan_estimate(s->ctx, graph, &options, &memory);
    if (status)
        return status;
    char all[CAIRN_NUMBER_BYTES], arena[CAIRN_NUMBER_BYTES];
    cairn_text_format(&s->table.out, " Memory for %s, batch %d: %s (activations and scratch %s)\n",
                      training ? "training" : "inference", batch,
                      cairn_number_memory(all, (double)(memory.arena + memory.weights + memory.state)),
                      cairn_number_memory(arena, (double)memory.arena));
    return CAIRN_OK;
}

static cairn_status put_totals(summary *s)
{
    int64_t fixed = 0;
    for (int i = 0; i < cairn_param_count(s->graph); i++) {
        cairn_param_info param = cairn_param_at(s->graph, i);
        fixed += param.trainable ? 0 : cairn_shape_elements(&param.shape);
    }
    put_params(&s->table.out, "Total", s->architecture.params + fixed);
    put_params(&s->table.out, "Trainable", s->architecture.params);
    put_params(&s->table.out, "Non-trainable", fixed);
    if (s->options.keras)
        return CAIRN_OK;
    char number[CAIRN_NUMBER_BYTES];
    cairn_text_format(&s->table.out, " Multiply-accumulates: %s\n",
                      cairn_number_grouped(number, s->architecture.macs));
    cairn_status status = put_memory(s, s->graph, false);
    return status || !s->options.training ? status : put_memory(s, s->options.training, true);
}

/* ---- all ---- */

static void fill(summary *s)
{
    for (int i = 0; i < s->table.rows; i++)
        fill_row(s, i);
}

#define LEAST_NAME 16

/* Makes a table fit into a terminal: what a layer reads is left out, the field of view is one number, and
 * names are broken. */
static void narrow(summary *s)
{
    cairn_table *t = &s->table;
    size_t room = (size_t)s->options.width;
    if (s->options.keras || s->options.width <= 0 || cairn_table_measure(t) <= room)
        return;
    memcpy(s->column, all_columns, sizeof s->column);
    s->narrow = true;
    t->column = s->column;
    t->columns = CAIRN_COUNT(all_columns) - 1;
    fill(s);
    size_t rest = cairn_table_measure(t) - t->width[0];
    s->column[0].most = room > rest + LEAST_NAME ? room - rest : LEAST_NAME;
}

static cairn_status write_all(summary *s, const char *title)
{
    const cairn_architecture *a = &s->architecture;
    cairn_table *t = &s->table;
    size_t count = (size_t)a->count + 1;
    bool keras = s->options.keras;
    s->order = cairn_alloc(s->ctx, count, sizeof *s->order);
    s->last = cairn_alloc(s->ctx, count, sizeof *s->last);
    s->row = cairn_alloc(s->ctx, count, sizeof *s->row);
    t->cell = cairn_alloc(s->ctx, count, sizeof *t->cell);
    if (!s->order || !s->last || !s->row || !t->cell)
        return CAIRN_MEMORY;
    for (int i = 0; i < a->count; i++)
        s->order[i] = i;
    cairn_status status = keras ? cairn_keras_order(a, s->order) : CAIRN_OK;
    if (status)
        return status;
    t->column = !keras ? all_columns : a->chain ? keras_chain : keras_branching;
    t->columns = !keras     ? CAIRN_COUNT(all_columns) - (size_t)a->chain
                 : a->chain ? CAIRN_COUNT(keras_chain)
                            : CAIRN_COUNT(keras_branching);
    divide(s);
    fill(s);
    narrow(s);
    cairn_text_format(&t->out, "Model: \"%s\"\n", title ? title : "network");
    cairn_table_put(t);
    status = put_totals(s);
    return !status && t->out.failed ? CAIRN_MEMORY : status;
}

cairn_status cairn_summary_text(cairn_ctx *ctx, const cairn_graph *graph, const char *title,
                                const cairn_summary_options *options, char **text)
{
    summary s = {.ctx = ctx, .graph = graph, .table = {.out = {.ctx = ctx}}};
    s.options = options ? *options : (cairn_summary_options){0};
    *text = NULL;
    if (s.options.training && cairn_find(s.options.training, "loss").id == 0)
        return cairn_fail(ctx, CAIRN_USAGE,
                          "summary: memory of training (expected a graph with a loss, found none)");
    cairn_status status = cairn_architecture_read(ctx, graph, CAIRN_DETAIL_ROWS, &s.architecture);
    if (status)
        return status;
    if (s.options.keras)
        status = cairn_keras_pads(&s.architecture);
    if (!status)
        status = write_all(&s, title);
    cairn_free(ctx, s.order);
    cairn_free(ctx, s.last);
    cairn_free(ctx, s.row);
    cairn_free(ctx, s.table.cell);
    cairn_architecture_free(&s.architecture);
    if (status)
        cairn_free(ctx, s.table.out.data);
    else
        *text = s.table.out.data;
    return status;
}
