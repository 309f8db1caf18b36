/* Batches of pictures in a given order, brought to the network's input size. With a thread of its own the
 * loader works ahead through a small ring of batches; the batches are the same either way. */
#ifndef CAIRN_LOADER_H
#define CAIRN_LOADER_H

#include "base/base.h"
#include <cairn/data.h>

typedef struct cairn_loader cairn_loader;

typedef struct cairn_loader_options {
    const cairn_dataset *dataset;
    cairn_split split;
    const cairn_preprocess *preprocess; /* from the data set's pictures to the network's input */
    int h, w, c;                        /* of the network's input */
    int batch;                          /* pictures */
    int views;                          /* [1] inputs that each picture gives: 1 or CAIRN_TEN_CROPS */
    bool thread;
    bool skip_broken; /* [false] a picture that cannot be read is logged and marked, not an error */
} cairn_loader_options;

/* The data set and the preprocessing must outlive the loader. CAIRN_INPUT when the preprocessing does not
 * lead from the pictures to the input size, CAIRN_MEMORY. */
cairn_status cairn_loader_create(cairn_ctx *ctx, const cairn_loader_options *options, cairn_loader **loader);
void cairn_loader_destroy(cairn_loader *loader);

/* Begins a pass: `count` pictures, order[first] next. The order (NULL: as listed) must live until the next
 * start. */
cairn_status cairn_loader_start(cairn_loader *loader, const int64_t *order, int64_t first, int64_t count);

/* The next batch: up to options.batch pictures, views inputs of h x w x c bytes for each, their classes and
 * (unless NULL) their sample indices. n is 0 at the end of the pass. */
cairn_status cairn_loader_next(cairn_loader *loader, uint8_t *pixels, int32_t *labels, int64_t *samples,
                               int *n);

/* Whether the picture at a place of the last batch could not be read: its pixels are zeros. */
bool cairn_loader_broken(const cairn_loader *loader, int place);

#endif
