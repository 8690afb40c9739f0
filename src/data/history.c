/* A table whose memory doubles as it grows. */
#include "data/history.h"

#include "base/error.h"
#include "base/memory.h"

#include <string.h>

enum ten_status ten_history_append(struct ten_history *history, size_t columns, const char *const *names,
                                   const double *row, struct ten_error *error) {
    if (history->rows == 0) {
        history->columns = columns;
        for (size_t i = 0; i < columns; i++) history->names[i] = names[i];
    }
    /* grown at powers of two, told by the number of rows itself */
    if ((history->rows & (history->rows - 1)) == 0) {
        size_t rows = history->rows ? 2 * history->rows : 1;
        double *larger = ten_realloc(history->values, rows * columns, sizeof *larger);
        if (!larger) return ten_fail_memory(error, "the training history");
        history->values = larger;
    }
    memcpy(history->values + history->rows * columns, row, columns * sizeof *row);
    history->rows++;
    return TEN_OK;
}
