/* What the Inception networks share: a convolution with its normalisation and ReLU, branches that are chains
 * of them, and the widths of the first network, which four of the zoo are made from. */
#ifndef CAIRN_MODELS_INCEPTION_H
#define CAIRN_MODELS_INCEPTION_H

#include <cairn/graph.h>
#include <cairn/models.h>

/* How the layers of a branch are called in the weights that people have. */
typedef enum cairn_inception_names {
    CAIRN_INCEPTION_TIMM,        /* branch1, or branch1.0, branch1.1 where there are several */
    CAIRN_INCEPTION_TORCHVISION, /* branch1x1, or branch5x5_1, branch5x5_2 */
    CAIRN_INCEPTION_KERAS,       /* counted: conv2d, batch_normalization, conv2d_1 ...; no gamma */
} cairn_inception_names;

#define CAIRN_INCEPTION_BYTES 64

typedef struct cairn_inception {
    cairn_graph *graph;
    cairn_inception_names names;
    cairn_batchnorm_options norm;
    cairn_init init;
    int made;                         /* convolutions so far */
    char join[CAIRN_INCEPTION_BYTES]; /* what Keras calls the next concatenation; may be empty */
} cairn_inception;

/* Reads the switch bn_eps. */
cairn_inception cairn_inception_start(cairn_graph *graph, const cairn_model_settings *settings,
                                      cairn_inception_names names, cairn_init init);

/* A convolution without bias, its normalisation and ReLU. */
typedef struct cairn_inception_unit {
    int out, k_h, k_w, stride;
    bool valid; /* no padding; else the picture keeps its size but for the stride */
} cairn_inception_unit;

#define POINT(out)                                                                                           \
    {                                                                                                        \
        (out), 1, 1, 1, false                                                                                \
    }
#define SQUARE(k, out)                                                                                       \
    {                                                                                                        \
        (out), (k), (k), 1, false                                                                            \
    }
#define ROW(k, out)                                                                                          \
    {                                                                                                        \
        (out), 1, (k), 1, false                                                                              \
    }
#define COLUMN(k, out)                                                                                       \
    {                                                                                                        \
        (out), (k), 1, 1, false                                                                              \
    }
#define VALID(k, out)                                                                                        \
    {                                                                                                        \
        (out), (k), (k), 1, true                                                                             \
    }
#define HALVE(out)                                                                                           \
    {                                                                                                        \
        (out), 3, 3, 2, true                                                                                 \
    }

cairn_val cairn_inception_conv(cairn_inception *net, cairn_val x, const char *name,
                               cairn_inception_unit unit);
cairn_val cairn_inception_chain(cairn_inception *net, cairn_val x, const char *name, int count,
                                const cairn_inception_unit *units);

/* BRANCH(net, x, "branch1", POINT(64), SQUARE(3, 96)): one after the other. A branch is a statement of its
 * own: Keras' names count the calls, and C does not say in which order arguments are computed. */
#define BRANCH(net, x, name, ...)                                                                            \
    cairn_inception_chain(                                                                                   \
        net, x, name,                                                                                        \
        (int)(sizeof((const cairn_inception_unit[]){__VA_ARGS__}) / sizeof(cairn_inception_unit)),           \
        (const cairn_inception_unit[]){__VA_ARGS__})

/* JOIN(net, a, b, c): concatenation. */
#define JOIN(net, ...)                                                                                       \
    cairn_concat((net)->graph, (int)(sizeof((const cairn_val[]){__VA_ARGS__}) / sizeof(cairn_val)),          \
                 (const cairn_val[]){__VA_ARGS__})

/* The same, called as cairn_inception_name_join said last. */
cairn_val cairn_inception_join(cairn_inception *net, int count, const cairn_val *values);
#define JOIN_NAMED(net, ...)                                                                                 \
    cairn_inception_join(net, (int)(sizeof((const cairn_val[]){__VA_ARGS__}) / sizeof(cairn_val)),           \
                         (const cairn_val[]){__VA_ARGS__})

/* For Keras' names; nothing where scopes name the modules. */
void cairn_inception_name_join(cairn_inception *net, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Scopes, where the names have them. */
void cairn_inception_enter(const cairn_inception *net, const char *scope);
void cairn_inception_leave(const cairn_inception *net);

/* Table 1 of "Going deeper with convolutions": the four branches of its nine modules. */
typedef struct cairn_inception_widths {
    const char *name;
    int one, reduce3, three, reduce5, five, pool;
} cairn_inception_widths;

#define CAIRN_INCEPTION_MODULES 9
extern const cairn_inception_widths cairn_inception_widths_2014[CAIRN_INCEPTION_MODULES];

#endif
