/* The inside of the table of layers. */
#ifndef CAIRN_REPORT_SUMMARY_H
#define CAIRN_REPORT_SUMMARY_H

#include "report/architecture.h"

#define CAIRN_TABLE_COLUMNS 6
#define CAIRN_CELL_BYTES 640

typedef struct cairn_table_column {
    const char *title;
    size_t least; /* characters inside, without the blanks at both sides */
    size_t most;  /* longer texts are broken at blanks, longer words cut; 0: as wide as needed */
    bool right;   /* aligned */
} cairn_table_column;

typedef char cairn_table_cell[CAIRN_CELL_BYTES]; /* lines end with '\n', but for the last one */

typedef struct cairn_table {
    cairn_text out;
    const cairn_table_column *column;
    size_t columns, width[CAIRN_TABLE_COLUMNS];
    int rows;
    cairn_table_cell (*cell)[CAIRN_TABLE_COLUMNS];
} cairn_table;

/* Breaks the cells' texts into lines where columns have a greatest width; gives the width of the table. */
size_t cairn_table_measure(cairn_table *table);

/* Writes the table in Keras' manner. */
void cairn_table_put(cairn_table *table);

/* The order in which Keras lists layers: by their distance from the outputs. order: a number for each layer;
 * CAIRN_MEMORY. */
cairn_status cairn_keras_order(const cairn_architecture *architecture, int *order);

/* Adds the layers that only pad, which the graph has as part of a convolution. CAIRN_MEMORY. */
cairn_status cairn_keras_pads(cairn_architecture *architecture);

/* What Keras calls a layer without a name of its own: "conv2d", "conv2d_1". */
void cairn_keras_name(const cairn_architecture *architecture, int index, char *text, size_t size);

#endif
