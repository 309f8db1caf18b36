/* Pictures: files, data sets, and how they become a network's input. */
#ifndef CAIRN_DATA_H
#define CAIRN_DATA_H

#include <cairn/context.h>
#include <stdbool.h>

CAIRN_BEGIN

/* ---- single pictures ---- */

/* Interleaved bytes, rows from the top, no padding between rows. */
typedef struct cairn_picture {
    int h, w, c; /* c: 1 grey, 3 RGB */
    uint8_t *data;
} cairn_picture;

typedef struct cairn_decode_options {
    int unused_;
    int channels;       /* [as stored: 1 for grey files, else 3] 1 or 3 */
    bool exif;          /* [false] apply the EXIF orientation */
    int64_t max_pixels; /* [89478485] */
} cairn_decode_options;

/* Reads a JPEG or PNG file, told apart by content. CAIRN_IO, CAIRN_INPUT or CAIRN_MEMORY. */
CAIRN_API cairn_status cairn_picture_load(cairn_ctx *ctx, const char *path,
                                          const cairn_decode_options *options, cairn_picture *picture);
CAIRN_API cairn_status cairn_picture_decode(cairn_ctx *ctx, const char *name, const void *bytes, size_t size,
                                            const cairn_decode_options *options, cairn_picture *picture);

/* Whether a file that begins so, with CAIRN_PICTURE_HEAD bytes or as many as it has, is a JPEG or PNG file:
 * CAIRN_INPUT, with what it is instead. */
#define CAIRN_PICTURE_HEAD 512
CAIRN_API cairn_status cairn_picture_check(cairn_ctx *ctx, const char *name, const void *bytes, size_t size);
CAIRN_API void cairn_picture_free(cairn_ctx *ctx, cairn_picture *picture);

/* Whether a file's name ends as those of pictures do, of formats that are read or not, and is not hidden:
 * what is taken from a folder. */
CAIRN_API bool cairn_picture_name(const char *name);

typedef enum cairn_filter { CAIRN_BILINEAR, CAIRN_BICUBIC, CAIRN_NEAREST } cairn_filter;
typedef enum cairn_pass_order { CAIRN_PASS_H, CAIRN_PASS_PILLOW13 } cairn_pass_order;

/* Resamples exactly as Pillow does, antialiased when shrinking (but for CAIRN_NEAREST, which takes pixels as
 * they are). */
CAIRN_API cairn_status cairn_picture_resize(cairn_ctx *ctx, const cairn_picture *from, int h, int w,
                                            cairn_filter filter, cairn_pass_order order, cairn_picture *to);

/* The chain from any picture to the network's bytes; stored with the weights as "cairn.preprocess". */
typedef struct cairn_preprocess cairn_preprocess;
struct cairn_preprocess {
    int resize;  /* short side after resizing; 0: as it is */
    bool squash; /* resize both sides, ignoring the aspect */
    cairn_filter filter;
    cairn_pass_order pass_order;
    int crop; /* centre crop; 0: none */
    int pad;  /* rows and columns of pad_value added on each side at the end (28 to 32: 2) */
    uint8_t pad_value;
    int channels; /* 1 or 3 */
    bool exif;
    bool bgr;              /* channels in the order blue, green, red; mean and std too */
    float scale;           /* [255] bytes are divided by it; 1: as they are */
    float mean[4], std[4]; /* (byte / scale - mean) / std, in the order of the channels */
};

/* JSON text of it and back; unknown keys are CAIRN_INPUT naming the key. Reading sets the fields whose keys
 * are there and leaves the others as they are (so begin with zeros, or with what is to be overridden); after
 * a failure nothing has changed. The text is the context's allocator's: cairn_text_free. */
CAIRN_API cairn_status cairn_preprocess_to_json(cairn_ctx *ctx, const cairn_preprocess *preprocess,
                                                char **text);
CAIRN_API cairn_status cairn_preprocess_from_json(cairn_ctx *ctx, const char *text,
                                                  cairn_preprocess *preprocess);
CAIRN_API void cairn_text_free(cairn_ctx *ctx, char *text);

/* Applies it; `to` has h x w x channels after crop and padding, in the network's order of channels. */
CAIRN_API cairn_status cairn_preprocess_apply(cairn_ctx *ctx, const cairn_preprocess *preprocess,
                                              const cairn_picture *from, cairn_picture *to);

/* The ten views of Krizhevsky et al. 2012: after resizing the centre square, of it crops of h x w at the
 * corners and in the centre (top left, top right, bottom left, bottom right, centre), then the same of the
 * mirrored square. Free each of them, whatever the result. */
#define CAIRN_TEN_CROPS 10
CAIRN_API cairn_status cairn_preprocess_ten_crops(cairn_ctx *ctx, const cairn_preprocess *preprocess,
                                                  const cairn_picture *from, int h, int w,
                                                  cairn_picture to[CAIRN_TEN_CROPS]);

/* The whole picture at another scale, as Simonyan and Zisserman 2015 evaluate: short side `side`, the aspect
 * kept, nothing cropped. */
CAIRN_API cairn_status cairn_preprocess_whole(cairn_ctx *ctx, const cairn_preprocess *preprocess,
                                              const cairn_picture *from, int side, cairn_picture *to);

/* Left becomes right, in place. */
CAIRN_API void cairn_picture_mirror(cairn_picture *picture);

/* Red becomes blue, in place; of a grey picture nothing does. */
CAIRN_API void cairn_picture_turn_channels(cairn_picture *picture);

/* ---- data sets ---- */

typedef enum cairn_split { CAIRN_TRAIN, CAIRN_TEST, CAIRN_VALIDATION } cairn_split;

typedef struct cairn_dataset cairn_dataset;

typedef struct cairn_dataset_options {
    int unused_;
    float val_split; /* [0] share of the training part, stratified, taken away as CAIRN_VALIDATION */
    uint64_t seed;   /* of that choice */
    int classes;     /* [as found] labels must be below */
    /* [as found] The classes that trained weights know, `classes` of them, by name and by identifier
     * ("n01440764"; may be NULL). Folders of pictures that are called so are put into these classes; any
     * other name is CAIRN_INPUT. */
    const char *const *class_names, *const *class_ids;
    /* [false] folders of classes are numbered in the order of bytes; true: numbers in their names by value,
     * letters whatever their case, as timm does ("2" before "10") */
    bool natural_order;
} cairn_dataset_options;

/* For a handler of SIGBUS, with the address of the fault (si_addr): whether it is in a shard of an open data
 * set, of which somebody has cut the file. There are zeros then, the program may go on, and reading the
 * picture is an error that names the shard. Without such a handler a process that reads a shard while it is
 * cut may die. Async-signal-safe. */
CAIRN_API bool cairn_dataset_fault(const void *address);

/* Opens a known set ("fashion-mnist", "mnist", "cifar10", "cifar100") found on the search path, or a folder:
 *   - IDX files, plain or gzip; the test part alone is enough
 *   - CIFAR binaries; the test part alone is enough
 *   - shards that cairn_dataset_pack wrote
 *   - tar shards as WebDataset has them (NNN.jpg with NNN.cls), in train/ and val/ or called so
 *   - pictures in a folder for each class, below train/ and val/ (valid/, validation/, test/) or at once
 *   - pictures called after their class ("n01440764_tench.JPEG")
 *   - pictures with val.txt ("NAME INDEX" a line) or ILSVRC2012_validation_ground_truth.txt
 * Pictures without a part are the test part, or with val_split the training part. Search path: the folders in
 * $CAIRN_DATA (between colons), ./data, /usr/local/share/datasets, /usr/share/datasets, each with the set's
 * name below. Shards are mapped, see cairn_dataset_fault. CAIRN_USAGE unknown set, CAIRN_IO not found, naming
 * the places; CAIRN_INPUT. */
CAIRN_API cairn_status cairn_dataset_open(cairn_ctx *ctx, const char *name_or_folder,
                                          const cairn_dataset_options *options, cairn_dataset **dataset);
CAIRN_API void cairn_dataset_close(cairn_dataset *dataset);

typedef struct cairn_dataset_info {
    const char *name;          /* "fashion-mnist", or the folder's name */
    const char *path;          /* absolute */
    int h, w, c, classes;      /* h and w are 0 where the pictures are files of any size */
    const char *const *labels; /* class names; "0", "1", ... when unknown */
    bool mapped;               /* names were found among options.class_names or class_ids */
    int64_t count[3];          /* by cairn_split */
    float mean[4], std[4];     /* of the training part's pixels / 255; of ImageNet where they are files */
    bool light_on_dark;        /* background is dark: a hint for predict */
} cairn_dataset_info;

CAIRN_API const cairn_dataset_info *cairn_dataset_about(const cairn_dataset *dataset);

/* Picture `index` of a split, h x w x c bytes into pixels, its class into label. `sample` (may be NULL) gets
 * the index in the sorted listing of the whole part, which random numbers are keyed by. Thread-safe. For sets
 * whose pictures have one size. */
CAIRN_API cairn_status cairn_dataset_read(const cairn_dataset *dataset, cairn_split split, int64_t index,
                                          uint8_t *pixels, int *label, int64_t *sample);

/* The same for any data set: files are read and decoded now. label and sample (may be NULL) are set even when
 * the file is broken. Thread-safe with a context for each thread. CAIRN_USAGE, or as cairn_picture_load. */
CAIRN_API cairn_status cairn_dataset_picture(cairn_ctx *ctx, const cairn_dataset *dataset, cairn_split split,
                                             int64_t index, const cairn_decode_options *options,
                                             cairn_picture *picture, int *label, int64_t *sample);

/* The file of a picture by its sample number; NULL where pictures are no files of their own. */
CAIRN_API const char *cairn_dataset_file(const cairn_dataset *dataset, cairn_split split, int64_t sample);

/* ---- looking after data sets ---- */

typedef enum cairn_finding_kind {
    CAIRN_FINDING_BROKEN,    /* cannot be read */
    CAIRN_FINDING_TRUNCATED, /* ends too early */
    CAIRN_FINDING_DAMAGED,   /* can be read, with faults in what is seen */
    CAIRN_FINDING_MISNAMED,  /* its ending names another format */
    CAIRN_FINDING_DUPLICATE, /* the same bytes as another one of its class and part */
    CAIRN_FINDING_CONFLICT,  /* the same bytes as another one of its part, in another class */
    CAIRN_FINDING_LEAK,      /* the same bytes as one of the training part, in the test part */
} cairn_finding_kind;
#define CAIRN_FINDING_KINDS 7

typedef struct cairn_finding {
    cairn_finding_kind kind;
    const char *file;
    const char *text; /* what is wrong; of the last three kinds the other file */
} cairn_finding;

typedef struct cairn_check_hooks {
    void (*found)(void *user, const cairn_finding *finding);   /* in a fixed order, whatever the threads */
    void (*progress)(void *user, int64_t done, int64_t count); /* may be NULL */
    void *user;
} cairn_check_hooks;

/* Reads every picture of a data set. count[kind] gets how many findings there are of each kind. CAIRN_MEMORY.
 */
CAIRN_API cairn_status cairn_dataset_check(cairn_ctx *ctx, const cairn_dataset *dataset,
                                           const cairn_check_hooks *hooks,
                                           int64_t count[CAIRN_FINDING_KINDS]);

typedef struct cairn_pack_options {
    int unused_;
    bool raw;            /* [false] pixels, not JPEG files */
    int side;            /* [256] short side of pictures that are larger */
    int quality;         /* [90] of JPEG files that are made */
    int64_t shard_bytes; /* [1 GiB] */
    void (*progress)(void *user, int64_t done, int64_t count); /* may be NULL */
    void (*skipped)(void *user, const char *message); /* a picture that cannot be read; may be NULL */
    void *user;
} cairn_pack_options;

typedef struct cairn_packed {
    int64_t pictures, skipped, bytes;
} cairn_packed;

/* Writes both parts of a data set, which was opened without a validation split, into a new folder that
 * cairn_dataset_open reads, and reads fast: shards of pictures that are resized already, with an index. The
 * folder is there when all of it is. CAIRN_USAGE when the folder exists, CAIRN_IO, CAIRN_MEMORY. */
CAIRN_API cairn_status cairn_dataset_pack(cairn_ctx *ctx, const cairn_dataset *dataset, const char *folder,
                                          const cairn_pack_options *options, cairn_packed *packed);

CAIRN_END

#endif
