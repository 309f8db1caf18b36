/* The loader. Every picture of a batch depends on its index alone; a thread, if there is one, fills the slots
 * of the ring in turn and the caller empties them in the same turn. */
#include "train/loader.h"
#include "train/gather.h"
#include <pthread.h>
#include <string.h>

#define SLOTS 4

typedef struct slot {
    uint8_t *pixels;
    int32_t *labels;
    int64_t *samples;
    int n;
    cairn_status status;
} slot;

struct cairn_loader {
    cairn_ctx *ctx;
    cairn_loader_options options;
    int data_h, data_w, data_c;
    size_t picture_bytes;     /* of the network's input */
    uint8_t *raw;             /* one picture as the data set has it */
    bool pad_only;            /* preprocessing is nothing but padding: the fast way */
    cairn_gatherer *gatherer; /* for all other ways */
    const int64_t *order;
    int64_t next, end; /* positions in the order */

    slot slots[SLOTS];
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    bool running, stop;
    int64_t filled, emptied; /* batches since start */
};

/* ---- gathering ---- */

static void copy_padded(const cairn_loader *loader, uint8_t *to)
{
    int pad = loader->options.preprocess->pad, c = loader->options.c;
    size_t row = (size_t)loader->data_w * (size_t)c, pitch = (size_t)loader->options.w * (size_t)c;
    memset(to, loader->options.preprocess->pad_value, loader->picture_bytes);
    to += (size_t)pad * pitch + (size_t)pad * (size_t)c;
    for (int y = 0; y < loader->data_h; y++)
        memcpy(to + (size_t)y * pitch, loader->raw + (size_t)y * row, row);
}

static cairn_status gather(cairn_loader *loader, uint8_t *pixels, int32_t *labels, int64_t *samples, int *n)
{
    const cairn_loader_options *o = &loader->options;
    *n = (int)cairn_min(o->batch, loader->end - loader->next);
    if (!loader->pad_only) {
        cairn_status status =
            cairn_gatherer_run(loader->gatherer, loader->order, loader->next, *n, pixels, labels, samples);
        loader->next += status == CAIRN_OK ? *n : 0;
        return status;
    }
    bool direct = o->preprocess->pad == 0;
    for (int i = 0; i < *n; i++) {
        int64_t position = loader->next + i,
                index = loader->order == NULL ? position : loader->order[position];
        uint8_t *to = pixels + (size_t)i * loader->picture_bytes;
        int label;
        cairn_status status = cairn_dataset_read(o->dataset, o->split, index, direct ? to : loader->raw,
                                                 &label, samples == NULL ? NULL : samples + i);
        if (status != CAIRN_OK)
            return status;
        labels[i] = label;
        if (!direct)
            copy_padded(loader, to);
    }
    loader->next += *n;
    return CAIRN_OK;
}

/* ---- the thread ---- */

static void *work_ahead(void *arg)
{
    cairn_loader *loader = arg;
    pthread_mutex_lock(&loader->lock);
    for (;;) {
        while (!loader->stop && loader->filled - loader->emptied == SLOTS)
            pthread_cond_wait(&loader->changed, &loader->lock);
        if (loader->stop)
            break;
        slot *s = &loader->slots[loader->filled % SLOTS];
        pthread_mutex_unlock(&loader->lock);
        s->status = gather(loader, s->pixels, s->labels, s->samples, &s->n);
        bool last = s->status != CAIRN_OK || s->n == 0;
        pthread_mutex_lock(&loader->lock);
        loader->filled++;
        pthread_cond_signal(&loader->changed);
        if (last)
            break;
    }
    pthread_mutex_unlock(&loader->lock);
    return NULL;
}

static void stop_thread(cairn_loader *loader)
{
    if (!loader->running)
        return;
    pthread_mutex_lock(&loader->lock);
    loader->stop = true;
    pthread_cond_signal(&loader->changed);
    pthread_mutex_unlock(&loader->lock);
    pthread_join(loader->thread, NULL);
    loader->running = false;
}

/* The slot stays at its turn after a failure or the end, so that asking again gives the same answer. */
static cairn_status take(cairn_loader *loader, uint8_t *pixels, int32_t *labels, int64_t *samples, int *n)
{
    pthread_mutex_lock(&loader->lock);
    while (loader->filled == loader->emptied)
        pthread_cond_wait(&loader->changed, &loader->lock);
    pthread_mutex_unlock(&loader->lock);
    const slot *s = &loader->slots[loader->emptied % SLOTS];
    *n = s->n;
    if (s->status != CAIRN_OK || s->n == 0)
        return s->status;
    memcpy(pixels, s->pixels, (size_t)s->n * loader->picture_bytes);
    memcpy(labels, s->labels, (size_t)s->n * sizeof *labels);
    if (samples != NULL)
        memcpy(samples, s->samples, (size_t)s->n * sizeof *samples);
    pthread_mutex_lock(&loader->lock);
    loader->emptied++;
    pthread_cond_signal(&loader->changed);
    pthread_mutex_unlock(&loader->lock);
    return CAIRN_OK;
}

/* ---- life ---- */

/* Whether the chain leaves the data set's pictures as they are but for padding. */
static bool only_pads(const cairn_loader *loader)
{
    const cairn_preprocess *p = loader->options.preprocess;
    int h = loader->data_h, w = loader->data_w;
    bool resizes =
        p->resize != 0 && (p->squash ? h != p->resize || w != p->resize : cairn_min(h, w) != p->resize);
    bool crops = p->crop != 0 && (h != p->crop || w != p->crop);
    return h != 0 && !resizes && !crops && !p->bgr && loader->data_c == p->channels &&
           loader->options.views == 1;
}

static cairn_status create_slots(cairn_loader *loader)
{
    size_t batch = (size_t)loader->options.batch;
    for (int i = 0; i < SLOTS; i++) {
        slot *s = &loader->slots[i];
        s->pixels = cairn_alloc(loader->ctx, batch, loader->picture_bytes);
        s->labels = cairn_alloc(loader->ctx, batch, sizeof *s->labels);
        s->samples = cairn_alloc(loader->ctx, batch, sizeof *s->samples);
        if (s->pixels == NULL || s->labels == NULL || s->samples == NULL)
            return CAIRN_MEMORY;
    }
    return CAIRN_OK;
}

cairn_status cairn_loader_create(cairn_ctx *ctx, const cairn_loader_options *options, cairn_loader **result)
{
    *result = NULL;
    cairn_loader *loader = cairn_alloc(ctx, 1, sizeof *loader);
    if (loader == NULL)
        return CAIRN_MEMORY;
    const cairn_dataset_info *info = cairn_dataset_about(options->dataset);
    loader->ctx = ctx;
    loader->options = *options;
    loader->options.views = options->views > 0 ? options->views : 1;
    loader->data_h = info->h;
    loader->data_w = info->w;
    loader->data_c = info->c;
    loader->picture_bytes = (size_t)options->h * (size_t)options->w * (size_t)options->c;
    pthread_mutex_init(&loader->lock, NULL);
    pthread_cond_init(&loader->changed, NULL);
    loader->pad_only = only_pads(loader);
    /* Resampling uses the context's threads, which belong to the caller's thread. */
    loader->options.thread = options->thread && loader->pad_only;
    loader->raw = cairn_alloc(ctx, (size_t)info->h * (size_t)info->w, (size_t)info->c);
    cairn_status status = loader->raw == NULL ? CAIRN_MEMORY : CAIRN_OK;
    int pad = 2 * options->preprocess->pad;
    if (status == CAIRN_OK && loader->pad_only &&
        (info->h + pad != options->h || info->w + pad != options->w))
        status = cairn_fail(ctx, CAIRN_INPUT, "%s: pictures of %dx%d with %d added: expected %dx%d",
                            info->path, info->h, info->w, pad, options->h, options->w);
    if (status == CAIRN_OK && !loader->pad_only)
        status = cairn_gatherer_create(ctx, &loader->options, &loader->gatherer);
    if (status == CAIRN_OK && loader->options.thread)
        status = create_slots(loader);
    if (status == CAIRN_OK)
        *result = loader;
    else
        cairn_loader_destroy(loader);
    return status;
}

void cairn_loader_destroy(cairn_loader *loader)
{
    if (loader == NULL)
        return;
    stop_thread(loader);
    for (int i = 0; i < SLOTS; i++) {
        cairn_free(loader->ctx, loader->slots[i].pixels);
        cairn_free(loader->ctx, loader->slots[i].labels);
        cairn_free(loader->ctx, loader->slots[i].samples);
    }
    pthread_cond_destroy(&loader->changed);
    pthread_mutex_destroy(&loader->lock);
    cairn_gatherer_destroy(loader->gatherer);
    cairn_free(loader->ctx, loader->raw);
    cairn_free(loader->ctx, loader);
}

cairn_status cairn_loader_start(cairn_loader *loader, const int64_t *order, int64_t first, int64_t count)
{
    stop_thread(loader);
    loader->order = order;
    loader->next = first;
    loader->end = count;
    loader->filled = loader->emptied = 0;
    loader->stop = false;
    if (!loader->options.thread)
        return CAIRN_OK;
    if (pthread_create(&loader->thread, NULL, work_ahead, loader) != 0)
        return cairn_fail(loader->ctx, CAIRN_MEMORY, "cannot start the loader thread");
    loader->running = true;
    return CAIRN_OK;
}

cairn_status cairn_loader_next(cairn_loader *loader, uint8_t *pixels, int32_t *labels, int64_t *samples,
                               int *n)
{
    if (loader->options.thread)
        return take(loader, pixels, labels, samples, n);
    return gather(loader, pixels, labels, samples, n);
}

bool cairn_loader_broken(const cairn_loader *loader, int place)
{
    return loader->gatherer != NULL && cairn_gatherer_broken(loader->gatherer)[place];
}
