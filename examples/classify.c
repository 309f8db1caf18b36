/* classify WEIGHTS PICTURE: the five best classes of a picture. WEIGHTS is any file that the library reads,
 * or the folder of a training run. */
#include <cairn/cairn.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    cairn_ctx *ctx;
    cairn_classifier *net;
    if (argc != 3 || cairn_ctx_create(NULL, &ctx) != CAIRN_OK) {
        fprintf(stderr, "usage: classify WEIGHTS PICTURE\n");
        return CAIRN_USAGE;
    }
    cairn_status status = cairn_classifier_open(ctx, argv[1], NULL, NULL, 1, &net);
    float *scores = NULL;
    if (status == CAIRN_OK) {
        scores = calloc((size_t)cairn_classifier_about(net)->classes, sizeof *scores);
        status = scores != NULL ? cairn_classifier_run_file(net, argv[2], scores) : CAIRN_MEMORY;
    }
    if (status == CAIRN_OK) {
        cairn_class_score best[5];
        int count = cairn_classifier_best(net, scores, 5, best);
        for (int i = 0; i < count; i++)
            printf("%6.2f %%  %s\n", 100 * (double)best[i].prob, best[i].label);
    } else {
        fprintf(stderr, "classify: %s\n", cairn_error(ctx));
    }
    free(scores);
    cairn_classifier_close(net);
    cairn_ctx_destroy(ctx);
    return (int)status;
}
