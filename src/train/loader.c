/* The loader. A picture is the unit of work: threads take the next ones in the order, each into its place of
 * its batch, as long as the batch is within the ring; the caller empties the batches in turn. */
#include "train/loader.h"
#include "base/shared.h"
#include "base/threads.h"
#include "train/clock.h"
#include "train/gather.h"
#include <pthread.h>
#include <string.h>

#define SLOTS 4
#define BAD_ALWAYS_ALLOWED 10

/* A batch that is being made. */
typedef struct slot {
    uint8_t *pixels, *own;    /* where it is made; the loader's memory for it, if any */
    cairn_gathered *gathered; /* by place */
    int n, left;              /* pictures of it, and those that are not done */
} slot;

typedef struct worker {
    struct cairn_loader *loader;
    cairn_gatherer gatherer;
    pthread_t thread;
} worker;

struct cairn_loader {
    cairn_ctx *ctx;
    cairn_loader_options options;
    size_t picture_bytes; /* all inputs of a picture */
    int chunk;            /* pictures that a thread takes at a time */
    worker *workers;
    int worker_count, running; /* threads that run */
    cairn_shared_memory memory;

    /* of a pass */
    const int64_t *order;
    int64_t first, end; /* positions in the order */
    uint32_t epoch;
    int64_t delivered;   /* batches */
    cairn_status status; /* how it ended, if it did not well */

    /* of threads that work ahead, under the lock */
    slot slots[SLOTS];
    int64_t next; /* position to be taken */
    bool stop;
    pthread_mutex_t lock;
    pthread_cond_t room, ready;

    /* of a batch that is made when it is asked for: slot 0 */
    atomic_int next_place;

    /* of the last batch */
    bool *broken;
    cairn_mix mix;

    cairn_broken *named, own; /* pictures whose being broken was told, in options.known or here */
    double waited;
};

/* ---- work ---- */

static int batch_size(const cairn_loader *l, int64_t batch)
{
    int64_t begin = l->first + batch * l->options.batch;
    return (int)cairn_max(cairn_min(l->options.batch, l->end - begin), 0);
}

static void gather_places(worker *w, slot *s, int64_t batch, int begin, int end)
{
    const cairn_loader *l = w->loader;
    for (int place = begin; place < end; place++) {
        int64_t position = l->first + batch * l->options.batch + place;
        cairn_gather_job job = {.index = l->order == NULL ? position : l->order[position],
                                .epoch = l->epoch,
                                .to = s->pixels + (size_t)place * l->picture_bytes};
        cairn_gather(&w->gatherer, &job, &s->gathered[place]);
    }
}

/* One turn of a thread, with the lock held: some pictures of one batch. */
static void take_turn(worker *w)
{
    cairn_loader *l = w->loader;
    int64_t batch = (l->next - l->first) / l->options.batch;
    int begin = (int)((l->next - l->first) % l->options.batch), size = batch_size(l, batch);
    int end = (int)cairn_min(begin + l->chunk, size);
    slot *s = &l->slots[batch % SLOTS];
    if (begin == 0)
        s->n = s->left = size;
    l->next += end - begin;
    pthread_mutex_unlock(&l->lock);
    gather_places(w, s, batch, begin, end);
    pthread_mutex_lock(&l->lock);
    s->left -= end - begin;
    if (s->left == 0)
        pthread_cond_signal(&l->ready);
}

static void *work_ahead(void *arg)
{
    worker *w = arg;
    cairn_loader *l = w->loader;
    pthread_mutex_lock(&l->lock);
    while (!l->stop) {
        if (l->next < l->end && (l->next - l->first) / l->options.batch < l->delivered + SLOTS)
            take_turn(w);
        else
            pthread_cond_wait(&l->room, &l->lock);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

static void gather_some(void *arg, int thread)
{
    cairn_loader *l = arg;
    slot *s = &l->slots[0];
    for (int place; (place = atomic_fetch_add(&l->next_place, l->chunk)) < s->n;)
        gather_places(&l->workers[thread], s, l->delivered, place, (int)cairn_min(place + l->chunk, s->n));
}

/* The next batch, by all of the context's threads. What costs next to nothing is not shared. */
static cairn_status make_now(cairn_loader *l)
{
    l->slots[0].n = batch_size(l, l->delivered);
    atomic_store(&l->next_place, 0);
    return cairn_parallel(l->ctx, l->chunk > 1 ? 1 : l->worker_count, gather_some, l);
}

static void stop_threads(cairn_loader *l)
{
    pthread_mutex_lock(&l->lock);
    l->stop = true;
    pthread_cond_broadcast(&l->room);
    pthread_mutex_unlock(&l->lock);
    for (; l->running > 0; l->running--)
        pthread_join(l->workers[l->running - 1].thread, NULL);
    l->stop = false;
}

/* ---- handing over ---- */

/* A broken picture is told of once, and too many are the end. */
static cairn_status count_broken(cairn_loader *l, const cairn_gathered *g)
{
    const cairn_loader_options *o = &l->options;
    int64_t count = cairn_dataset_about(o->dataset)->count[o->split];
    bool fresh;
    cairn_status status = cairn_broken_add(l->ctx, l->named, g->index, &fresh);
    if (status != CAIRN_OK || !fresh)
        return status;
    int64_t most = o->max_bad > 0 ? cairn_max((int64_t)(o->max_bad * (double)count), BAD_ALWAYS_ALLOWED) : 0;
    if (o->max_bad >= 0 && l->named->count > most)
        return cairn_fail(l->ctx, CAIRN_INPUT,
                          "%s (%lld of %lld pictures could not be read so far; at most %lld may be broken)",
                          g->message, (long long)l->named->count, (long long)count, (long long)most);
    cairn_log(l->ctx, CAIRN_LOG_WARNING, "%s", g->message);
    return CAIRN_OK;
}

/* Tells of what went wrong in the order of the places, whoever met it first. */
static cairn_status look_at(cairn_loader *l, slot *s)
{
    cairn_status status = CAIRN_OK;
    for (int i = 0; i < s->n; i++) {
        cairn_gathered *g = &s->gathered[i];
        l->broken[i] = g->broken != CAIRN_OK;
        if (status == CAIRN_OK && g->status != CAIRN_OK)
            status = cairn_fail(l->ctx, g->status, "%s", g->message == NULL ? "out of memory" : g->message);
        else if (status == CAIRN_OK && g->broken != CAIRN_OK)
            status = count_broken(l, g);
        cairn_free(&l->workers[0].gatherer.ctx, g->message);
        g->message = NULL;
    }
    return status;
}

static void hand_over(cairn_loader *l, const slot *s, void *pixels, int32_t *labels, int64_t *samples)
{
    const cairn_loader_options *o = &l->options;
    for (int i = 0; i < s->n; i++)
        labels[i] = s->gathered[i].label;
    for (int i = 0; samples != NULL && i < s->n; i++)
        samples[i] = s->gathered[i].sample;
    int64_t step = l->first / o->batch + l->delivered +
                   (int64_t)l->epoch * cairn_ceil_div(l->end, o->batch); /* of the whole run */
    cairn_augment_key key = {.seed = o->seed, .epoch = l->epoch, .sample = step};
    l->mix = (cairn_mix){.lambda = 1};
    if (o->augment != NULL && cairn_augment_mixes(o->augment)) {
        l->mix = cairn_augment_mix(o->augment, &key, o->h, o->w);
        cairn_mix_apply(&l->mix, s->n, o->h, o->w, o->c, (const float *)(const void *)s->pixels, pixels);
    } else if (s->pixels != pixels) {
        memcpy(pixels, s->pixels, (size_t)s->n * l->picture_bytes);
    }
}

/* Waits until the batch whose turn it is lies in its slot. */
static slot *await(cairn_loader *l)
{
    slot *s = &l->slots[l->delivered % SLOTS];
    int64_t begin = l->first + l->delivered * l->options.batch;
    pthread_mutex_lock(&l->lock);
    while (l->next <= begin || s->left > 0)
        pthread_cond_wait(&l->ready, &l->lock);
    pthread_mutex_unlock(&l->lock);
    return s;
}

static void release(cairn_loader *l)
{
    pthread_mutex_lock(&l->lock);
    l->delivered++;
    pthread_cond_broadcast(&l->room);
    pthread_mutex_unlock(&l->lock);
}

cairn_status cairn_loader_next(cairn_loader *l, void *pixels, int32_t *labels, int64_t *samples, int *n)
{
    bool mixes = l->options.augment != NULL && cairn_augment_mixes(l->options.augment);
    double begin = cairn_clock();
    slot *s = &l->slots[0];
    *n = 0;
    if (l->status != CAIRN_OK || batch_size(l, l->delivered) == 0)
        return l->status;
    if (l->running > 0) {
        s = await(l);
    } else {
        if (!mixes)
            s->pixels = pixels;
        l->status = make_now(l);
    }
    if (l->status == CAIRN_OK)
        l->status = look_at(l, s);
    if (l->status == CAIRN_OK) {
        hand_over(l, s, pixels, labels, samples);
        *n = s->n;
        release(l);
    }
    l->waited += cairn_clock() - begin;
    return l->status;
}

bool cairn_loader_broken(const cairn_loader *l, int place)
{
    return l->broken[place];
}

const cairn_mix *cairn_loader_mix(const cairn_loader *l)
{
    return &l->mix;
}

double cairn_loader_waited(const cairn_loader *l)
{
    return l->waited;
}

/* ---- life ---- */

static cairn_status make_workers(cairn_loader *l)
{
    const cairn_dataset_info *info = cairn_dataset_about(l->options.dataset);
    bool pads = cairn_gather_only_pads(&l->options);
    l->chunk = pads ? (int)cairn_min(l->options.batch, 64) : 1;
    l->worker_count = l->options.threads > 0 ? l->options.threads : l->ctx->threads;
    l->workers = cairn_alloc(l->ctx, (size_t)l->worker_count, sizeof *l->workers);
    for (int i = 0; l->workers != NULL && i < l->worker_count; i++) {
        worker *w = &l->workers[i];
        w->loader = l;
        w->gatherer.options = &l->options;
        w->gatherer.ctx = cairn_shared_ctx(&l->memory);
        size_t bytes = (size_t)info->h * (size_t)info->w * (size_t)info->c;
        if (pads && (w->gatherer.raw = cairn_alloc(l->ctx, bytes, 1)) == NULL)
            return CAIRN_MEMORY;
    }
    return l->workers == NULL ? CAIRN_MEMORY : CAIRN_OK;
}

/* All slots where threads work ahead; else the first one, with pixels only where they cannot be made in their
 * place. */
static cairn_status make_slots(cairn_loader *l)
{
    size_t batch = (size_t)l->options.batch;
    bool ahead = l->options.threads > 0,
         mixes = l->options.augment != NULL && cairn_augment_mixes(l->options.augment);
    for (int i = 0; i < (ahead ? SLOTS : 1); i++) {
        slot *s = &l->slots[i];
        s->gathered = cairn_alloc(l->ctx, batch, sizeof *s->gathered);
        if (s->gathered == NULL)
            return CAIRN_MEMORY;
        if ((ahead || mixes) && (s->own = cairn_resize(l->ctx, NULL, batch, l->picture_bytes)) == NULL)
            return CAIRN_MEMORY;
        s->pixels = s->own;
    }
    return CAIRN_OK;
}

static cairn_status prepare(cairn_loader *l)
{
    const cairn_loader_options *o = &l->options;
    const cairn_dataset_info *info = cairn_dataset_about(o->dataset);
    int pad = 2 * o->preprocess->pad;
    if (cairn_gather_only_pads(o) && (info->h + pad != o->h || info->w + pad != o->w))
        return cairn_fail(l->ctx, CAIRN_INPUT, "%s: pictures of %dx%d with %d added: expected %dx%d",
                          info->path, info->h, info->w, pad, o->h, o->w);
    l->broken = cairn_alloc(l->ctx, (size_t)o->batch, sizeof *l->broken);
    if (l->broken == NULL)
        return CAIRN_MEMORY;
    cairn_status status = make_workers(l);
    return status == CAIRN_OK ? make_slots(l) : status;
}

cairn_status cairn_loader_create(cairn_ctx *ctx, const cairn_loader_options *options, cairn_loader **result)
{
    *result = NULL;
    cairn_loader *l = cairn_alloc(ctx, 1, sizeof *l);
    if (l == NULL)
        return CAIRN_MEMORY;
    l->ctx = ctx;
    l->options = *options;
    l->named = options->known != NULL ? options->known : &l->own;
    l->options.views = options->views > 0 ? options->views : 1;
    l->picture_bytes = (size_t)l->options.views * cairn_gather_input_bytes(options);
    cairn_shared_begin(&l->memory, ctx);
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->room, NULL);
    pthread_cond_init(&l->ready, NULL);
    cairn_status status = prepare(l);
    if (status == CAIRN_OK)
        *result = l;
    else
        cairn_loader_destroy(l);
    return status;
}

/* Messages of batches that nobody took. */
static void forget_messages(cairn_loader *l)
{
    for (int i = 0; i < SLOTS; i++)
        for (int k = 0; l->slots[i].gathered != NULL && k < l->options.batch; k++) {
            cairn_free(l->ctx, l->slots[i].gathered[k].message);
            l->slots[i].gathered[k].message = NULL;
        }
}

void cairn_loader_destroy(cairn_loader *l)
{
    if (l == NULL)
        return;
    stop_threads(l);
    forget_messages(l);
    for (int i = 0; i < SLOTS; i++) {
        cairn_free(l->ctx, l->slots[i].own);
        cairn_free(l->ctx, l->slots[i].gathered);
    }
    for (int i = 0; l->workers != NULL && i < l->worker_count; i++)
        cairn_free(l->ctx, l->workers[i].gatherer.raw);
    pthread_cond_destroy(&l->ready);
    pthread_cond_destroy(&l->room);
    pthread_mutex_destroy(&l->lock);
    cairn_shared_end(&l->memory);
    cairn_free(l->ctx, l->workers);
    cairn_free(l->ctx, l->broken);
    cairn_broken_free(l->ctx, &l->own);
    cairn_free(l->ctx, l);
}

cairn_status cairn_loader_start(cairn_loader *l, const int64_t *order, int64_t first, int64_t count,
                                uint32_t epoch)
{
    stop_threads(l);
    forget_messages(l);
    l->order = order;
    l->first = l->next = first;
    l->end = count;
    l->epoch = epoch;
    l->delivered = 0;
    l->status = CAIRN_OK;
    l->waited = 0;
    for (int i = 0; i < l->options.threads; i++) {
        if (pthread_create(&l->workers[i].thread, NULL, work_ahead, &l->workers[i]) != 0)
            return l->status = cairn_fail(l->ctx, CAIRN_MEMORY, "cannot start a loader thread");
        l->running++;
    }
    return CAIRN_OK;
}
