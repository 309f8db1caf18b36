/* pipeline FOLDER THREADS SECONDS [SPEC [SIDE]]   pictures a second that the loader alone delivers: read,
 * decoded, augmented, as batches of 64. THREADS work ahead; 0: the context's make each batch. */
#include "train/clock.h"
#include "train/loader.h"
#include <stdio.h>
#include <stdlib.h>

#define BATCH 64

static cairn_status measure(cairn_ctx *ctx, cairn_loader *loader, int64_t count, double seconds, void *pixels,
                            double *rate)
{
    int32_t labels[BATCH];
    int64_t done = 0;
    double begin = cairn_clock();
    for (uint32_t epoch = 0; cairn_clock() - begin < seconds; epoch++) {
        cairn_status status = cairn_loader_start(loader, NULL, 0, count, epoch);
        int n = 1;
        while (status == CAIRN_OK && n > 0 && cairn_clock() - begin < seconds) {
            status = cairn_loader_next(loader, pixels, labels, NULL, &n);
            done += n;
        }
        if (status != CAIRN_OK)
            return status;
    }
    (void)ctx;
    *rate = (double)done / (cairn_clock() - begin);
    return CAIRN_OK;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fputs("usage: pipeline FOLDER THREADS SECONDS [SPEC [SIDE]]\n", stderr);
        return CAIRN_USAGE;
    }
    int side = argc > 5 ? atoi(argv[5]) : 224;
    cairn_ctx *ctx;
    cairn_dataset *set = NULL;
    cairn_loader *loader = NULL;
    cairn_augment augment;
    cairn_preprocess chain = {.resize = side * 8 / 7, .crop = side, .channels = 3, .std = {1, 1, 1}};
    double rate = 0;
    if (cairn_ctx_create(NULL, &ctx) != CAIRN_OK)
        return CAIRN_MEMORY;
    cairn_dataset_options all = {.val_split = 1e-9f}; /* one folder of classes is the training part */
    cairn_status status = cairn_augment_parse(ctx, argc > 4 ? argv[4] : "rrc,flip", &augment);
    if (status == CAIRN_OK)
        status = cairn_dataset_open(ctx, argv[1], &all, &set);
    bool floats = cairn_augment_needs_floats(&augment);
    cairn_loader_options options = {.dataset = set,
                                    .split = CAIRN_TRAIN,
                                    .preprocess = &chain,
                                    .augment = &augment,
                                    .floats = floats,
                                    .h = side,
                                    .w = side,
                                    .c = 3,
                                    .batch = BATCH,
                                    .threads = atoi(argv[2])};
    void *pixels = malloc((size_t)BATCH * (size_t)side * (size_t)side * 3 * (floats ? sizeof(float) : 1));
    if (status == CAIRN_OK && pixels != NULL)
        status = cairn_loader_create(ctx, &options, &loader);
    if (status == CAIRN_OK)
        status =
            measure(ctx, loader, cairn_dataset_about(set)->count[CAIRN_TRAIN], atof(argv[3]), pixels, &rate);
    if (status == CAIRN_OK)
        printf("%.1f\n", rate);
    else
        fprintf(stderr, "pipeline: %s\n", cairn_error(ctx));
    cairn_loader_destroy(loader);
    cairn_dataset_close(set);
    cairn_ctx_destroy(ctx);
    free(pixels);
    return (int)status;
}
