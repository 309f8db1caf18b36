/* Fetching pictures from where they are stored. */
#include "data/part.h"
#include "base/file.h"
#include "data/picture.h"

void cairn_part_free(cairn_ctx *ctx, cairn_part *part)
{
    cairn_free(ctx, part->pixels);
    cairn_free(ctx, part->labels);
    cairn_free(ctx, part->members);
    if (part->names != NULL)
        cairn_names_free(ctx, part->names, (size_t)part->count);
    for (int i = 0; i < part->archive_count; i++)
        cairn_map_close(ctx, &part->archives[i]);
    cairn_free(ctx, part->archives);
    *part = (cairn_part){0};
}

static void fetch_member(const cairn_part *part, int64_t at, cairn_stored *stored)
{
    const cairn_member *member = &part->members[at];
    stored->archive = &part->archives[member->archive];
    stored->bytes = stored->archive->bytes + member->offset; /* its end was looked at when it was listed */
    stored->size = (size_t)member->size;
    stored->h = member->h;
    stored->w = member->w;
    stored->c = member->h > 0 ? 3 : 0;
}

cairn_status cairn_part_fetch(cairn_ctx *ctx, const cairn_part *part, int64_t at, const cairn_picture *whole,
                              cairn_stored *stored)
{
    *stored = (cairn_stored){.name = part->names == NULL ? "picture" : part->names[at]};
    if (part->members != NULL) {
        fetch_member(part, at, stored);
        return cairn_map_check(ctx, stored->archive); /* not all programs handle faults */
    }
    if (part->names != NULL) {
        cairn_status status =
            cairn_file_read(ctx, stored->name, CAIRN_PICTURE_FILE_LIMIT, &stored->own, &stored->size);
        stored->bytes = stored->own;
        return status;
    }
    stored->size = (size_t)whole->h * (size_t)whole->w * (size_t)whole->c;
    stored->bytes = part->pixels + (size_t)at * stored->size;
    stored->h = whole->h;
    stored->w = whole->w;
    stored->c = whole->c;
    return CAIRN_OK;
}

cairn_status cairn_stored_check(cairn_ctx *ctx, const cairn_stored *stored, cairn_status status)
{
    cairn_status cut = stored->archive == NULL ? CAIRN_OK : cairn_map_check(ctx, stored->archive);
    return cut != CAIRN_OK ? cut : status;
}

void cairn_stored_free(cairn_ctx *ctx, cairn_stored *stored)
{
    cairn_free(ctx, stored->own);
    *stored = (cairn_stored){0};
}
