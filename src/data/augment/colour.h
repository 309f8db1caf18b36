/* Operations on the colours and the places of a picture's bytes, each as Pillow does it, in place. Pictures
 * of one channel are grey: what needs colours leaves them as they are. */
#ifndef CAIRN_AUGMENT_COLOUR_H
#define CAIRN_AUGMENT_COLOUR_H

#include "data/picture.h"

/* Factor 1 changes nothing, 0 is black, the mean grey, grey, blurred. */
void cairn_brighten(cairn_picture *picture, float factor);
void cairn_contrast(cairn_picture *picture, float factor);
void cairn_saturate(cairn_picture *picture, float factor);
cairn_status cairn_sharpen(cairn_ctx *ctx, cairn_picture *picture, float factor);

/* By a share of the circle, -0.5 to 0.5. */
void cairn_turn_hue(cairn_picture *picture, double share);

void cairn_autocontrast(cairn_picture *picture);
void cairn_equalize(cairn_picture *picture);
/* Keeps the high bits, 1 to 8. */
void cairn_posterize(cairn_picture *picture, int bits);
/* Inverts what is at least `threshold`. */
void cairn_solarize(cairn_picture *picture, double threshold);

/* Pixel (x, y) comes from (a x + b y + c, d x + e y + f), the nearest; black from outside. */
cairn_status cairn_affine(cairn_ctx *ctx, cairn_picture *picture, const double matrix[6]);
/* Counter-clockwise about the centre. */
cairn_status cairn_rotate(cairn_ctx *ctx, cairn_picture *picture, double degrees);

#endif
