/* Documents of a study that come from images and models alone: a network seen from inside, and all images of a set as
 * one picture (docs/formats.md, "A study's folder"). */
#ifndef TEN_CLI_INSIDE_H
#define TEN_CLI_INSIDE_H

#include "tenfold.h"

#include <jansson.h>

/* inside.json: the filters of the first layer with weights, and of one image of each class (image `index` of the set
 * for its class, the first for the others, that of `index` before them) the feature maps of every layer that gives
 * pictures and its saliency. A new reference; NULL with TEN_INVALID for a model that is no neural network or an index
 * beyond the set, and with other statuses as the functions of "Inside a neural network" have them. The set has labels.
 */
json_t *ten_inside_json(const struct ten_pipeline *pipeline, const struct ten_dataset *dataset, size_t index,
                        const struct ten_run *run, enum ten_status *status, struct ten_error *error);

/* sprite.json: all images of a set that has labels as one grey picture, a hundred in a row. A new reference; NULL when
 * memory is short or the picture would be larger than a picture may be (ten_image_load). */
json_t *ten_sprite_json(const struct ten_dataset *dataset);

#endif
