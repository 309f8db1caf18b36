/* Pictures for people: drawings of networks, tables, and the report of a run. */
#ifndef CAIRN_REPORT_H
#define CAIRN_REPORT_H

#include <cairn/train.h>

CAIRN_BEGIN

typedef enum cairn_draw_style {
    CAIRN_DRAW_AUTO,    /* volumes for chains of few layers, a flow for other networks */
    CAIRN_DRAW_VOLUMES, /* feature maps as boxes in perspective, as textbooks print them */
    CAIRN_DRAW_STRIPS,  /* a row a layer, with sizes and parameters */
    CAIRN_DRAW_FLOW,    /* boxes from top to bottom, branches side by side, repeated blocks once */
} cairn_draw_style;

typedef struct cairn_draw_options {
    int unused_;
    cairn_draw_style style;
    const char *title; /* [none] */
    double width;      /* [A4 text width: 480 points]; a flow takes what it needs */
    bool unfold;       /* [false] a flow shows every repeated block */
    bool detail;       /* [false] a box for every operator, also for normalisations and activations */
} cairn_draw_options;

/* Draws the network into a file: svg, pdf, png or dot by its ending. Written atomically. */
CAIRN_API cairn_status cairn_draw(cairn_ctx *ctx, const cairn_graph *graph, const char *path,
                                  const cairn_draw_options *options);

/* Builds report.html and the pictures beside it in a run folder from what the run left there (args.json,
 * env.json, metrics.jsonl, weights/best.safetensors) and its data set. */
CAIRN_API cairn_status cairn_report_run(cairn_ctx *ctx, const char *folder);

/* Builds one page that compares runs, into the file `path`: curves, results, and the settings in which they
 * differ. Their own reports are not touched. */
CAIRN_API cairn_status cairn_report_compare(cairn_ctx *ctx, const char *const *folders, int count,
                                            const char *path);

/* Draws the curve of a search for a learning rate: svg, pdf or png by the file's ending. */
CAIRN_API cairn_status cairn_draw_rates(cairn_ctx *ctx, const cairn_lr_search *search, const char *path);

/* Keras' table of the layers, as text (UTF-8 box drawing). cairn_text_free. */
typedef struct cairn_summary_options {
    int unused_;
    int batch;                   /* [1] for the memory figures */
    cairn_dtype precision;       /* [CAIRN_F32] for them, too: cairn_plan_options */
    bool recompute;              /* [false] likewise, of training */
    const cairn_graph *training; /* [NULL] the network with loss and update, whose memory is told, too */
    int depth;                   /* [0: all] one row for neighbours whose names begin with the same parts */
    int width;  /* [0: any] characters that a line may have; the table leaves columns out to fit (not as
                   Keras') */
    bool keras; /* [false] exactly Keras' columns, order and names, nothing more */
    const cairn_name_rule *names; /* [NULL] layers called `ours` in the graph are called `theirs` */
} cairn_summary_options;
CAIRN_API cairn_status cairn_summary_text(cairn_ctx *ctx, const cairn_graph *graph, const char *title,
                                          const cairn_summary_options *options, char **text);

CAIRN_END

#endif
