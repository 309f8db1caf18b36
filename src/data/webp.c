/* WebP through libwebp, where the build has found it. */
#include "data/picture.h"

#if defined(CAIRN_WEBP)
#include <webp/decode.h>

/* Alpha is dropped, not composited, as with PNG. */
cairn_status cairn_webp_decode(const cairn_picture_file *file, cairn_picture *picture)
{
    WebPBitstreamFeatures features;
    VP8StatusCode code = WebPGetFeatures(file->bytes, file->size, &features);
    if (code == VP8_STATUS_NOT_ENOUGH_DATA)
        return cairn_fail(file->ctx, CAIRN_INPUT, "%s: WebP: " CAIRN_CUT_SHORT, file->name);
    if (code != VP8_STATUS_OK)
        return cairn_fail(file->ctx, CAIRN_INPUT, "%s: WebP: damaged header", file->name);
    if (features.has_animation)
        return cairn_fail(file->ctx, CAIRN_INPUT, "%s: WebP: an animation (expected one picture)",
                          file->name);
    cairn_status status = cairn_picture_make(file->ctx, file->name, features.height, features.width, 3,
                                             file->max_pixels, picture);
    if (status != CAIRN_OK)
        return status;
    size_t pitch = (size_t)picture->w * 3, size = pitch * (size_t)picture->h;
    if (WebPDecodeRGBInto(file->bytes, file->size, picture->data, size, (int)pitch) != NULL)
        return CAIRN_OK;
    cairn_picture_free(file->ctx, picture);
    return cairn_fail(file->ctx, CAIRN_INPUT, "%s: WebP: damaged, or " CAIRN_CUT_SHORT, file->name);
}
#else
/* Never called: no file is taken for one. */
cairn_status cairn_webp_decode(const cairn_picture_file *file, cairn_picture *picture)
{
    *picture = (cairn_picture){0};
    return cairn_fail(file->ctx, CAIRN_INPUT, "%s: WebP: not read by this build", file->name);
}
#endif
