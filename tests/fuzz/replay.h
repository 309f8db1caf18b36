/* Fuzz targets are functions that libFuzzer calls with random bytes. Compiled without it (no
 * CAIRN_LIBFUZZER), this gives them a main that replays the files named on the command line, or, with none,
 * mutations of a seed of the target's own: deterministic, so that a failure comes back. */
#ifndef CAIRN_TESTS_REPLAY_H
#define CAIRN_TESTS_REPLAY_H

#include "base/base.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* A context for one input. */
static inline cairn_ctx *fuzz_ctx(void)
{
    cairn_ctx_options options = {.threads = 1};
    cairn_ctx *ctx;
    if (cairn_ctx_create(&options, &ctx) != CAIRN_OK)
        abort();
    return ctx;
}

/* Hostile input has three outcomes; anything else is a defect. */
static inline void fuzz_check(cairn_status status)
{
    if (status != CAIRN_OK && status != CAIRN_INPUT && status != CAIRN_MEMORY)
        abort();
}

#ifndef CAIRN_LIBFUZZER

#define REPLAY_MUTATIONS 20000

/* A valid input to mutate; static memory. */
static const uint8_t *fuzz_seed(size_t *size);

static inline uint32_t fuzz_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

/* Runs the target on a block of exactly this size, so that a sanitizer sees its end. */
static inline void fuzz_run(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    if (copy == NULL)
        abort();
    if (size > 0)
        memcpy(copy, bytes, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static inline int fuzz_replay(const char *path)
{
    static uint8_t bytes[1 << 20];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "%s: cannot open\n", path);
        return 1;
    }
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    fuzz_run(bytes, size);
    return 0;
}

static inline void fuzz_mutate(void)
{
    size_t seed_size;
    const uint8_t *seed = fuzz_seed(&seed_size);
    uint8_t *work = malloc(seed_size);
    uint64_t state = 1;
    for (int i = 0; work != NULL && i < REPLAY_MUTATIONS; i++) {
        memcpy(work, seed, seed_size);
        for (uint32_t n = 1 + fuzz_random(&state) % 4; n > 0; n--)
            work[fuzz_random(&state) % seed_size] = (uint8_t)fuzz_random(&state);
        fuzz_run(work, fuzz_random(&state) % 8 == 0 ? fuzz_random(&state) % seed_size : seed_size);
    }
    free(work);
}

int main(int count, char **paths)
{
    int failures = 0;
    for (int i = 1; i < count; i++)
        failures += fuzz_replay(paths[i]);
    if (count == 1)
        fuzz_mutate();
    return failures > 0;
}

#endif
#endif
