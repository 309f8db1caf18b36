/* Status codes. Every library call that can fail returns one; the text that goes with it is in the
 * context (cairn_error). The numbers are also the exit codes of the command. */
#ifndef CAIRN_STATUS_H
#define CAIRN_STATUS_H

#include <cairn/export.h>

/* X(name, number, meaning) */
#define CAIRN_STATUS_LIST(X)                                                                                 \
    X(OK, 0, "done")                                                                                         \
    X(FAILURE, 1, "internal failure")                                                                        \
    X(USAGE, 2, "wrong use")                                                                                 \
    X(INPUT, 3, "bad or unsupported input")                                                                  \
    X(IO, 4, "input/output error")                                                                           \
    X(MEMORY, 5, "out of memory")                                                                            \
    X(NUMERIC, 6, "numeric failure")                                                                         \
    X(DEVICE, 7, "device or peer unavailable")                                                               \
    X(PARTIAL, 8, "some inputs failed")                                                                      \
    X(INTERRUPTED, 75, "interrupted, can be resumed")

typedef enum cairn_status {
#define CAIRN_STATUS_ENUM(name, number, text) CAIRN_##name = number,
    CAIRN_STATUS_LIST(CAIRN_STATUS_ENUM)
#undef CAIRN_STATUS_ENUM
} cairn_status;

CAIRN_BEGIN

/* The meaning of a code as a short English text; never NULL. */
CAIRN_API const char *cairn_status_text(cairn_status status);

CAIRN_END

#endif
