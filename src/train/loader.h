/* Batches of pictures in a given order, brought to the network's input. With threads of its own the loader
 * works ahead through a small ring of batches; without, all of the context's threads make a batch when it is
 * asked for. The batches are the same either way. */
#ifndef CAIRN_LOADER_H
#define CAIRN_LOADER_H

#include "base/base.h"
#include "train/broken.h"
#include <cairn/augment.h>

typedef struct cairn_loader cairn_loader;

/* What is done about pictures that cannot be read. */
typedef enum cairn_broken_policy {
    CAIRN_BROKEN_FAILS,
    CAIRN_BROKEN_MARKED,   /* the place is zeros, and cairn_loader_broken tells */
    CAIRN_BROKEN_REPLACED, /* another picture is taken, chosen by (seed, epoch, sample) */
} cairn_broken_policy;

typedef struct cairn_loader_options {
    const cairn_dataset *dataset;
    cairn_split split;
    const cairn_preprocess *preprocess; /* from the data set's pictures to the network's input */
    const cairn_augment *augment;       /* [NULL: nothing] */
    uint64_t seed;                      /* of augmentation and replacement */
    int h, w, c;                        /* of the network's input */
    bool floats;                        /* [false] the input is normalised floats, not bytes */
    int batch;                          /* pictures */
    int views;                          /* [1] inputs that each picture gives: 1 or CAIRN_TEN_CROPS */
    int threads;                        /* [0] that work ahead */
    cairn_broken_policy broken;         /* [fails] broken ones are named once */
    cairn_broken *known;                /* [NULL: none] those that were named before; others are added */
    double max_bad; /* [negative: any] share of the split that may be broken, or ten pictures; 0: none */
} cairn_loader_options;

/* The data set, the preprocessing, the augmentation and `known` must outlive the loader. CAIRN_INPUT when the
 * preprocessing does not lead from the pictures to the input size, CAIRN_MEMORY. */
cairn_status cairn_loader_create(cairn_ctx *ctx, const cairn_loader_options *options, cairn_loader **loader);
void cairn_loader_destroy(cairn_loader *loader);

/* Begins a pass: `count` pictures, order[first] next; first is a multiple of the batch. The order (NULL: as
 * listed) must live until the next start. */
cairn_status cairn_loader_start(cairn_loader *loader, const int64_t *order, int64_t first, int64_t count,
                                uint32_t epoch);

/* The next batch: up to options.batch pictures, views inputs of h x w x c bytes or floats for each, their
 * classes and (unless NULL) their sample indices. n is 0 at the end of the pass. */
cairn_status cairn_loader_next(cairn_loader *loader, void *pixels, int32_t *labels, int64_t *samples, int *n);

/* Of the last batch: how its pictures were mixed, and whether the one at a place could not be read. */
const cairn_mix *cairn_loader_mix(const cairn_loader *loader);
bool cairn_loader_broken(const cairn_loader *loader, int place);

/* Seconds that the caller has waited for batches since the loader was started. */
double cairn_loader_waited(const cairn_loader *loader);

#endif
