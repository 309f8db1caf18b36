/* The list of broken pictures. */
#include "train/broken.h"
#include <string.h>

/* The place of the first index that is not smaller. */
static int64_t place_of(const cairn_broken *list, int64_t index)
{
    int64_t begin = 0, end = list->count;
    while (begin < end) {
        int64_t middle = begin + (end - begin) / 2;
        if (list->index[middle] < index)
            begin = middle + 1;
        else
            end = middle;
    }
    return begin;
}

cairn_status cairn_broken_add(cairn_ctx *ctx, cairn_broken *list, int64_t index, bool *fresh)
{
    int64_t place = place_of(list, index);
    *fresh = place == list->count || list->index[place] != index;
    if (!*fresh)
        return CAIRN_OK;
    if (list->count == list->room) {
        int64_t room = list->room == 0 ? 16 : 2 * list->room;
        int64_t *larger = cairn_resize(ctx, list->index, (size_t)room, sizeof *larger);
        if (larger == NULL)
            return CAIRN_MEMORY;
        list->index = larger;
        list->room = room;
    }
    memmove(list->index + place + 1, list->index + place, (size_t)(list->count - place) * sizeof(int64_t));
    list->index[place] = index;
    list->count++;
    return CAIRN_OK;
}

void cairn_broken_free(cairn_ctx *ctx, cairn_broken *list)
{
    cairn_free(ctx, list->index);
    *list = (cairn_broken){0};
}
