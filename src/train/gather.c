/* Gathering a batch on all threads. Each thread has a context of its own for errors; memory comes through the
 * caller's hook, which is never called by two threads at once. */
#include "train/gather.h"
#include "base/threads.h"
#include <pthread.h>
#include <string.h>

struct cairn_gatherer {
    cairn_ctx *ctx;
    const cairn_loader_options *options;
    size_t input_bytes; /* of one input; a picture gives options->views of them */
    cairn_ctx *workers; /* one a thread */
    pthread_mutex_t lock;
    cairn_status *outcome; /* by place in the batch */
    char **message;
    bool *broken;

    /* of one run */
    const int64_t *order;
    int64_t first;
    int n;
    uint8_t *pixels;
    int32_t *labels;
    int64_t *samples;
    atomic_int next;
};

static void *resize_locked(void *user, void *ptr, size_t size)
{
    cairn_gatherer *g = user;
    pthread_mutex_lock(&g->lock);
    void *block = g->ctx->allocator.resize(g->ctx->allocator.user, ptr, size);
    pthread_mutex_unlock(&g->lock);
    return block;
}

cairn_status cairn_gatherer_create(cairn_ctx *ctx, const cairn_loader_options *options,
                                   cairn_gatherer **gatherer)
{
    *gatherer = NULL;
    cairn_gatherer *g = cairn_alloc(ctx, 1, sizeof *g);
    if (g == NULL)
        return CAIRN_MEMORY;
    size_t batch = (size_t)options->batch, threads = (size_t)ctx->threads;
    pthread_mutex_init(&g->lock, NULL);
    g->ctx = ctx;
    g->options = options;
    g->input_bytes = (size_t)options->h * (size_t)options->w * (size_t)options->c;
    g->workers = cairn_alloc(ctx, threads, sizeof *g->workers);
    g->outcome = cairn_alloc(ctx, batch, sizeof *g->outcome);
    g->message = cairn_alloc(ctx, batch, sizeof *g->message);
    g->broken = cairn_alloc(ctx, batch, sizeof *g->broken);
    if (g->workers == NULL || g->outcome == NULL || g->message == NULL || g->broken == NULL) {
        cairn_gatherer_destroy(g);
        return CAIRN_MEMORY;
    }
    for (size_t i = 0; i < threads; i++)
        g->workers[i] = (cairn_ctx){.allocator = {resize_locked, g}, .threads = 1};
    *gatherer = g;
    return CAIRN_OK;
}

void cairn_gatherer_destroy(cairn_gatherer *g)
{
    if (g == NULL)
        return;
    cairn_ctx *ctx = g->ctx;
    for (int i = 0; g->message != NULL && i < g->options->batch; i++)
        cairn_free(ctx, g->message[i]);
    pthread_mutex_destroy(&g->lock);
    cairn_free(ctx, g->workers);
    cairn_free(ctx, g->outcome);
    cairn_free(ctx, g->message);
    cairn_free(ctx, g->broken);
    cairn_free(ctx, g);
}

const bool *cairn_gatherer_broken(const cairn_gatherer *gatherer)
{
    return gatherer->broken;
}

/* ---- one picture ---- */

static cairn_status copy_input(const cairn_gatherer *g, cairn_ctx *ctx, const cairn_picture *input,
                               uint8_t *to)
{
    const cairn_loader_options *o = g->options;
    if (input->h != o->h || input->w != o->w || input->c != o->c)
        return cairn_fail(ctx, CAIRN_USAGE,
                          "preprocessing gives pictures of %dx%dx%d (expected %dx%dx%d); another size comes "
                          "from its 'resize' and 'crop'",
                          input->h, input->w, input->c, o->h, o->w, o->c);
    memcpy(to, input->data, g->input_bytes);
    return CAIRN_OK;
}

static cairn_status prepare(const cairn_gatherer *g, cairn_ctx *ctx, const cairn_picture *from, uint8_t *to)
{
    const cairn_loader_options *o = g->options;
    cairn_picture inputs[CAIRN_TEN_CROPS] = {{0}};
    cairn_status status = o->views == CAIRN_TEN_CROPS
                              ? cairn_preprocess_ten_crops(ctx, o->preprocess, from, o->h, o->w, inputs)
                              : cairn_preprocess_apply(ctx, o->preprocess, from, &inputs[0]);
    for (int view = 0; view < o->views; view++) {
        if (status == CAIRN_OK)
            status = copy_input(g, ctx, &inputs[view], to + (size_t)view * g->input_bytes);
        cairn_picture_free(ctx, &inputs[view]);
    }
    return status;
}

static void gather_one(cairn_gatherer *g, cairn_ctx *ctx, int place)
{
    const cairn_loader_options *o = g->options;
    int64_t at = g->first + place, index = g->order == NULL ? at : g->order[at];
    size_t bytes = (size_t)o->views * g->input_bytes;
    uint8_t *to = g->pixels + (size_t)place * bytes;
    cairn_decode_options decode = {.channels = o->preprocess->channels, .exif = o->preprocess->exif};
    cairn_picture picture;
    int label = 0;
    cairn_status status = cairn_dataset_picture(ctx, o->dataset, o->split, index, &decode, &picture, &label,
                                                g->samples == NULL ? NULL : g->samples + place);
    g->labels[place] = label;
    if (status == CAIRN_OK)
        status = prepare(g, ctx, &picture, to);
    cairn_picture_free(ctx, &picture);
    g->outcome[place] = status;
    if (status == CAIRN_OK)
        return;
    memset(to, 0, bytes);
    g->message[place] = cairn_strdup(ctx, ctx->error);
    if (g->message[place] == NULL)
        g->outcome[place] = CAIRN_MEMORY;
}

static void gather_some(void *arg, int thread)
{
    cairn_gatherer *g = arg;
    for (int place; (place = atomic_fetch_add(&g->next, 1)) < g->n;)
        gather_one(g, &g->workers[thread], place);
}

/* ---- all ---- */

/* Tells of what went wrong in the order of the pictures, whoever met it first. */
static cairn_status look_at_outcome(cairn_gatherer *g)
{
    cairn_status status = CAIRN_OK;
    for (int i = 0; i < g->n; i++) {
        cairn_status outcome = g->outcome[i];
        g->broken[i] = outcome == CAIRN_INPUT || outcome == CAIRN_IO;
        const char *text = g->message[i] == NULL ? "out of memory" : g->message[i];
        if (g->broken[i] && g->options->skip_broken)
            cairn_log(g->ctx, CAIRN_LOG_WARNING, "%s", text);
        else if (outcome != CAIRN_OK && status == CAIRN_OK)
            status = cairn_fail(g->ctx, outcome, "%s", text);
        cairn_free(g->ctx, g->message[i]);
        g->message[i] = NULL;
    }
    return status;
}

cairn_status cairn_gatherer_run(cairn_gatherer *g, const int64_t *order, int64_t first, int n,
                                uint8_t *pixels, int32_t *labels, int64_t *samples)
{
    g->order = order;
    g->first = first;
    g->n = n;
    g->pixels = pixels;
    g->labels = labels;
    g->samples = samples;
    atomic_store(&g->next, 0);
    cairn_status status = cairn_parallel(g->ctx, g->ctx->threads, gather_some, g);
    return status == CAIRN_OK ? look_at_outcome(g) : status;
}
