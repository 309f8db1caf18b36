/* make_idx FOLDER TRAIN TEST   writes a data set in IDX format: 28x28 pictures of ten classes, each a bright
 * bar of its own angle and place in noise, so that a network learns them in a few steps. The same bytes every
 * time. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIDE = 28, CLASSES = 10 };

static uint32_t next(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void put_u32(FILE *file, uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        fputc((int)(value >> shift & 255), file);
}

static FILE *create(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    if (!file) {
        perror(path);
        exit(1);
    }
    return file;
}

static void put_picture(FILE *file, int class, uint32_t *state)
{
    int shift = (int)(next(state) % 5) - 2;
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            int across = class % 2 ? x : y;
            int distance = across - (4 + class / 2 * 5) - shift;
            int ink = distance >= -1 && distance <= 1 ? 180 : 0;
            fputc(ink + (int)(next(state) % 64), file);
        }
}

static void put_part(const char *folder, const char *part, uint32_t count, uint32_t seed)
{
    char name[64];
    snprintf(name, sizeof name, "%s-images-idx3-ubyte", part);
    FILE *images = create(folder, name);
    snprintf(name, sizeof name, "%s-labels-idx1-ubyte", part);
    FILE *labels = create(folder, name);
    put_u32(images, 0x803);
    put_u32(images, count);
    put_u32(images, SIDE);
    put_u32(images, SIDE);
    put_u32(labels, 0x801);
    put_u32(labels, count);
    uint32_t state = seed;
    for (uint32_t i = 0; i < count; i++) {
        int class = (int)(next(&state) % CLASSES);
        put_picture(images, class, &state);
        fputc(class, labels);
    }
    if (fclose(images) || fclose(labels)) {
        perror(folder);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fputs("usage: make_idx FOLDER TRAIN TEST\n", stderr);
        return 2;
    }
    put_part(argv[1], "train", (uint32_t)strtoul(argv[2], NULL, 10), 1);
    put_part(argv[1], "t10k", (uint32_t)strtoul(argv[3], NULL, 10), 2);
    return 0;
}
