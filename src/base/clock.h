/* Time and memory of this process. */
#ifndef TEN_BASE_CLOCK_H
#define TEN_BASE_CLOCK_H

#include <stddef.h>

/* Seconds on a clock that only goes forward. */
double ten_seconds(void);

/* The largest resident size of this process in bytes since the last reset (since its start where the system offers no
 * reset). */
size_t ten_peak_bytes(void);
void ten_peak_bytes_reset(void);

#endif
