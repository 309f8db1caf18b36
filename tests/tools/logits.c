/* logits WEIGHTS PICTURES: the scores that the network of a file gives to pictures on standard input, h x w x
 * c bytes each as they enter the network, as floats on standard output. For comparisons with other programs.
 */
#include <cairn/train.h>
#include <stdio.h>
#include <stdlib.h>

static int fail(const char *what)
{
    fprintf(stderr, "logits: %s\n", what);
    return 1;
}

int main(int argc, char **argv)
{
    int pictures = argc == 3 ? atoi(argv[2]) : 0;
    cairn_ctx *ctx;
    cairn_classifier *classifier;
    if (pictures < 1)
        return fail("usage: logits WEIGHTS PICTURES");
    if (cairn_ctx_create(NULL, &ctx) != CAIRN_OK)
        return fail("no context");
    if (cairn_classifier_open(ctx, argv[1], NULL, NULL, pictures, &classifier) != CAIRN_OK)
        return fail(cairn_error(ctx));
    const cairn_classifier_info *about = cairn_classifier_about(classifier);
    const cairn_model_settings *s = &about->settings;
    size_t bytes = (size_t)pictures * (size_t)s->h * (size_t)s->w * (size_t)s->c;
    size_t scores = (size_t)pictures * (size_t)about->classes;
    uint8_t *pixels = malloc(bytes);
    float *logits = malloc(scores * sizeof *logits);
    if (pixels == NULL || logits == NULL || fread(pixels, 1, bytes, stdin) != bytes)
        return fail("too few bytes");
    if (cairn_classifier_run(classifier, pictures, pixels, logits) != CAIRN_OK)
        return fail(cairn_error(ctx));
    if (fwrite(logits, sizeof *logits, scores, stdout) != scores || fflush(stdout) != 0)
        return fail("cannot write");
    free(pixels);
    free(logits);
    cairn_classifier_close(classifier);
    cairn_ctx_destroy(ctx);
    return 0;
}
