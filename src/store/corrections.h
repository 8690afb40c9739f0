/* Digits that a model read wrongly, and what they are: a table of its own in the run database's file. It is made when
 * it is first wanted, and nothing else in the file knows of it. */
#ifndef TEN_STORE_CORRECTIONS_H
#define TEN_STORE_CORRECTIONS_H

#include "store/store.h"

enum { TEN_CORRECTION_SIDE = 28, TEN_CORRECTION_PIXELS = 28 * 28 };

/* Makes the table if it is not there; before any other function here. */
enum ten_status ten_corrections_open(struct ten_store *store, struct ten_error *error);

/* One digit, as a model sees it, and its label, 0..9. */
struct ten_correction {
    uint8_t image[TEN_CORRECTION_PIXELS];
    int label;
    const json_t *given; /* what models took it for: {"cnn2": 1}; NULL: not known */
    const void *picture; /* the picture that it was found in, PNG or JPEG; NULL: not kept */
    size_t picture_size;
};
/* It is on disk when the call returns. *id gets its number, which no other one will ever have. */
enum ten_status ten_correction_add(struct ten_store *store, const struct ten_correction *correction, int64_t *id,
                                   struct ten_error *error);
/* TEN_NOT_FOUND if there is none of this number. */
enum ten_status ten_correction_remove(struct ten_store *store, int64_t id, struct ten_error *error);
enum ten_status ten_corrections_count(struct ten_store *store, size_t *count, struct ten_error *error);
/* The newest `most`, newest first: an array of {"id","label","given","made","image":[784 bytes]}, a new reference;
 * `made` is UTC, ISO 8601. */
enum ten_status ten_corrections_list(struct ten_store *store, size_t most, json_t **list, struct ten_error *error);
/* All of them, oldest first, as labelled images of 28 x 28; count 0 and no images if there are none. */
enum ten_status ten_corrections_dataset(struct ten_store *store, struct ten_dataset *out, struct ten_error *error);

#endif
