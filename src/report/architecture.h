/* A network as people tell it: layers, each a convolution, pool or dense layer together with the small
 * operators that follow it (activation, scale, dropout). Drawings and tables are made from this list. */
#ifndef CAIRN_REPORT_ARCHITECTURE_H
#define CAIRN_REPORT_ARCHITECTURE_H

#include "report/scene.h"
#include <cairn/graph.h>

typedef enum cairn_layer_kind {
    CAIRN_LAYER_INPUT,
    CAIRN_LAYER_CONV,
    CAIRN_LAYER_POOL,
    CAIRN_LAYER_DENSE,
    CAIRN_LAYER_NORM,
    CAIRN_LAYER_ACTIVATION,
    CAIRN_LAYER_JOIN,
    CAIRN_LAYER_OTHER,
    CAIRN_LAYER_KINDS
} cairn_layer_kind;

typedef struct cairn_layer {
    const char *name;     /* as in the weights file; borrowed from the graph, or `scope` */
    char scope[64];       /* that holds nothing else and so is the layer's name; may be empty */
    const char *op;       /* of the first operator, "conv2d" */
    const char *result;   /* node whose value leaves the layer */
    const char *label;    /* "Conv2D" */
    char operation[64];   /* "5x5 convolution" */
    char after[64];       /* what follows: "tanh", or empty */
    char brief[64];       /* "5x5 conv, 64, /2", for narrow places */
    char brief_after[64]; /* "BN, ReLU" */
    cairn_layer_kind kind;
    cairn_shape shape; /* of the output */
    int64_t params, buffers, macs;
    int k_h, k_w; /* window, or 0 */
    int stride_h, stride_w, dilation_h, dilation_w;
    double jump_h, jump_w;    /* pixels of the picture between neighbouring outputs */
    int64_t field_h, field_w; /* receptive field in pixels of the picture; 0: all of it */
    int inputs;
    int input[CAIRN_MAX_INPUTS]; /* layers; only those that are shown */
} cairn_layer;

typedef struct cairn_architecture {
    cairn_ctx *ctx;
    int count;
    cairn_layer *layer;
    int result; /* the layer that gives the scores; others that nobody reads are auxiliary */
    bool chain; /* each layer feeds the next one, and nothing else */
    bool named; /* by its makers, also where there are no weights */
    int64_t params, buffers, macs;
} cairn_architecture;

typedef enum cairn_detail {
    CAIRN_DETAIL_ROWS,   /* only activations are joined to the layer before, as Keras' tables do */
    CAIRN_DETAIL_STAGES, /* all that a textbook would not draw as a volume of its own is joined */
    CAIRN_DETAIL_ALL,    /* nothing is joined */
} cairn_detail;

/* The graph must outlive the result. */
cairn_status cairn_architecture_read(cairn_ctx *ctx, const cairn_graph *graph, cairn_detail detail,
                                     cairn_architecture *architecture);
void cairn_architecture_free(cairn_architecture *architecture);

/* "6@28x28" for maps, "84" for flat layers. */
void cairn_layer_size(const cairn_layer *layer, char *text, size_t size);

/* "5x5 convolution, tanh". */
void cairn_layer_action(const cairn_layer *layer, char *text, size_t size);

/* ---- words for nodes ---- */

/* "3x3 max pooling, stride 2", and in few letters: "3x3 max pool, /2". groups: of a convolution, else 1. */
void cairn_layer_words(const cairn_node_info *node, int64_t groups, char *text, size_t size);
void cairn_layer_brief(const cairn_node_info *node, int64_t groups, char *text, size_t size);

/* What a node is called that was joined to the layer before it. */
void cairn_layer_after(const cairn_node_info *node, bool brief, char *text, size_t size);
cairn_layer_kind cairn_layer_kind_of(const cairn_node_info *node);

/* ---- colours ---- */

/* One colour for each kind of layer, the same in all drawings; dark ones are for lines and text. */
cairn_paint cairn_layer_fill(cairn_layer_kind kind);
cairn_paint cairn_layer_line(cairn_layer_kind kind);
const char *cairn_layer_kind_name(cairn_layer_kind kind);

#endif
