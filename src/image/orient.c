/* Phones store photos as the sensor lies and say in Exif data (JEITA CP-3451, a TIFF file within the JPEG) how to turn
 * them. Only the tag Orientation (274) of the first directory is read. */
#include "image/orient.h"

#include <string.h>

enum { TAG = 274, SHORT = 3, ENTRY = 12 };

struct tiff {
    const uint8_t *bytes;
    size_t size;
    bool little;
};

/* The number of `length` bytes at `at`; 0 beyond the end. */
static uint32_t number_at(const struct tiff *tiff, size_t at, size_t length) {
    uint32_t number = 0;
    if (at > tiff->size || length > tiff->size - at) return 0;
    for (size_t i = 0; i < length; i++) {
        uint32_t byte = tiff->bytes[at + i];
        number = tiff->little ? number | byte << 8 * i : number << 8 | byte;
    }
    return number;
}

int ten_exif_orientation(const uint8_t *bytes, size_t size) {
    if (size < 14 || memcmp(bytes, "Exif\0\0", 6) != 0) return 1;
    struct tiff tiff = {.bytes = bytes + 6, .size = size - 6, .little = bytes[6] == 'I'};
    if (memcmp(tiff.bytes, tiff.little ? "II*\0" : "MM\0*", 4) != 0) return 1;
    size_t directory = number_at(&tiff, 4, 4), entries = number_at(&tiff, directory, 2);
    for (size_t i = 0; i < entries; i++) {
        size_t at = directory + 2 + ENTRY * i;
        if (at >= tiff.size) break;
        if (number_at(&tiff, at, 2) != TAG || number_at(&tiff, at + 2, 2) != SHORT) continue;
        uint32_t orientation = number_at(&tiff, at + 8, 2);
        return orientation >= 1 && orientation <= 8 ? (int)orientation : 1;
    }
    return 1;
}

void ten_turn_upright(const uint8_t *from, size_t *height, size_t *width, int orientation, uint8_t *to) {
    /* what the stored rows and columns are: 5 to 8 have them the other way round */
    bool turned = orientation >= 5;
    bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 6;
    bool from_bottom = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
    size_t in_height = *height, in_width = *width, out_width = turned ? in_height : in_width;
    for (size_t y = 0; y < in_height; y++)
        for (size_t x = 0; x < in_width; x++) {
            size_t row = turned ? x : y, column = turned ? y : x;
            size_t rows = turned ? in_width : in_height, columns = turned ? in_height : in_width;
            if (from_bottom) row = rows - 1 - row;
            if (from_right) column = columns - 1 - column;
            to[row * out_width + column] = from[y * in_width + x];
        }
    *height = turned ? in_width : in_height;
    *width = out_width;
}
