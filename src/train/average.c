/* The averaged weights that are evaluated and saved: averages where the optimiser keeps them, the weights
 * themselves where nothing is learned. */
#include "train/trainer.h"
#include <stdio.h>
#include <string.h>

void cairn_trainer_average(cairn_trainer *t)
{
    bool begun = cairn_trainer_updates(t) > 0;
    for (int i = 0; t->averaged != NULL && i < cairn_weights_count(t->averaged); i++) {
        const cairn_tensor *to = cairn_weights_at(t->averaged, i);
        char name[300];
        snprintf(name, sizeof name, "%.280s/average", to->name);
        const cairn_tensor *from = begun ? cairn_weights_find(t->optimiser, name) : NULL;
        if (from == NULL)
            from = cairn_weights_find(t->weights, to->name);
        memcpy(to->data, from->data, (size_t)cairn_shape_elements(&to->shape) * sizeof(float));
    }
}
