/* Augmentation: what happens to pictures in training. A specification is a text, such as
 * "rrc,flip,jitter=0.4"; every random choice is a function of (seed, epoch, sample, operation), so neither
 * threads nor resumes change it. */
#ifndef CAIRN_AUGMENT_H
#define CAIRN_AUGMENT_H

#include <cairn/data.h>

CAIRN_BEGIN

/* All that can be done, in the order in which it is done. Zeros: nothing of the kind. */
typedef struct cairn_augment {
    /* one of these says which part of the picture is seen; none: that of the evaluation */
    double rrc_low, rrc_high; /* a part of this share of the area and of any ratio from 3:4 to 4:3, resized */
    double scale_low, scale_high; /* short side to a whole number between, a random part (VGG) */
    double window;                /* a random part of the centre square of this side (AlexNet: 256) */
    double pad;                   /* zeros on each side, a random part (CIFAR: 4) */
    double flip;                  /* probability of left for right */
    double brightness, contrast, saturation, hue; /* largest change of each, in random order */
    double trivial;                               /* 1: one operation of TrivialAugment (wide) */
    double lighting;      /* deviation of the colours' principal components (AlexNet: 0.1) */
    double erase;         /* probability of a rectangle of zeros */
    double mixup, cutmix; /* alpha; both: one of the two for each batch */
} cairn_augment;

/* Reads a specification: names with commas between, each with its numbers behind '=' and between ':' if need
 * be; or one of the ready ones:
 *     none    what evaluation sees
 *     light   rrc=0.35,flip
 *     paper   rrc,flip
 *     strong  rrc,flip,trivial,erase=0.1,mixup=0.2,cutmix=1
 * The names: rrc[=LOW:HIGH], scale[=LOW:HIGH], window[=SIDE], pad[=N], flip[=P], jitter[=B:C:S:H] (one number
 * is all of the first three), trivial, lighting[=DEVIATION], erase[=P], mixup[=ALPHA], cutmix[=ALPHA].
 * CAIRN_USAGE naming the part, what was expected and what was found. */
CAIRN_API cairn_status cairn_augment_parse(cairn_ctx *ctx, const char *text, cairn_augment *augment);

/* And back, in one form whatever it was read from: in the order of the work, with all numbers.
 * cairn_text_free. */
CAIRN_API cairn_status cairn_augment_print(cairn_ctx *ctx, const cairn_augment *augment, char **text);

/* What is usual for a data set: "rrc,flip" for files of any size, "pad=4,flip" for small colour pictures,
 * nothing for digits and the like, which mirroring would spoil. */
CAIRN_API cairn_augment cairn_augment_usual(const cairn_dataset_info *info);

/* Whether some of it works on numbers behind the normalisation, so that the network's input must be floats.
 */
CAIRN_API bool cairn_augment_needs_floats(const cairn_augment *augment);
/* Whether pictures of a batch are mixed, so that targets are shares of two classes. */
CAIRN_API bool cairn_augment_mixes(const cairn_augment *augment);

/* Which picture, and when. */
typedef struct cairn_augment_key {
    uint64_t seed;
    uint32_t epoch;
    int64_t sample; /* index in the sorted listing; of a batch: the global step */
} cairn_augment_key;

/* Whether pictures of h x w can be made of what the augmentation and the chain leave. CAIRN_USAGE. */
CAIRN_API cairn_status cairn_augment_check(cairn_ctx *ctx, const cairn_augment *augment,
                                           const cairn_preprocess *preprocess, int h, int w);

/* The part of the work on bytes: from a picture (with preprocess->channels) to one of h x w, still in the
 * order red, green, blue. What is not augmented is as cairn_preprocess_apply does it. */
CAIRN_API cairn_status cairn_augment_picture(cairn_ctx *ctx, const cairn_augment *augment,
                                             const cairn_preprocess *preprocess, const cairn_augment_key *key,
                                             const cairn_picture *from, int h, int w, cairn_picture *to);

/* The same from a file's bytes: only what is needed of a JPEG is decoded, at half, a quarter or an eighth of
 * its size where that is still no smaller than what it is resized to. */
CAIRN_API cairn_status cairn_augment_decode(cairn_ctx *ctx, const cairn_augment *augment,
                                            const cairn_preprocess *preprocess, const cairn_augment_key *key,
                                            const char *name, const void *bytes, size_t size, int h, int w,
                                            cairn_picture *to);

/* The same from a picture of a data set, whatever it is stored as; sets key->sample, and label (may be NULL).
 * Both are set even when the file is broken. Thread-safe with a context for each thread. */
CAIRN_API cairn_status cairn_dataset_augmented(cairn_ctx *ctx, const cairn_dataset *dataset,
                                               cairn_split split, int64_t index, const cairn_augment *augment,
                                               const cairn_preprocess *preprocess, cairn_augment_key *key,
                                               int h, int w, cairn_picture *to, int *label);

/* The index, below count, of the picture that stands in for one that cannot be read: the first attempt's, the
 * second's and so on. */
CAIRN_API int64_t cairn_augment_substitute(const cairn_augment_key *key, int attempt, int64_t count);

/* The part on numbers: the picture's bytes normalised into h x w x c floats in the network's order of
 * channels, with lighting and erasing. */
CAIRN_API void cairn_augment_floats(const cairn_augment *augment, const cairn_preprocess *preprocess,
                                    const cairn_augment_key *key, const cairn_picture *picture,
                                    float *numbers);

/* How a batch is mixed: picture i with the one before it (the first with the last). */
typedef struct cairn_mix {
    float lambda;        /* share of the picture itself; 1: nothing is mixed */
    int top, left, h, w; /* of cutmix: the box that comes from the other; h 0: mixup */
} cairn_mix;

CAIRN_API cairn_mix cairn_augment_mix(const cairn_augment *augment, const cairn_augment_key *key, int h,
                                      int w);

/* Mixes n pictures of h x w x c floats from one batch into another that does not overlap it. */
CAIRN_API void cairn_mix_apply(const cairn_mix *mix, int n, int h, int w, int c, const float *from,
                               float *to);

/* The targets that go with it: n x classes shares of 1. */
CAIRN_API void cairn_mix_targets(const cairn_mix *mix, int n, int classes, const int32_t *labels,
                                 float *targets);

CAIRN_END

#endif
