/* Monotonic time; peak memory from /proc (resettable), else from getrusage. */
#include "base/clock.h"

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

double ten_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

size_t ten_peak_bytes(void) {
    FILE *file = fopen("/proc/self/status", "r");
    if (file) {
        char line[256];
        size_t kilobytes;
        while (fgets(line, sizeof line, file))
            if (sscanf(line, "VmHWM: %zu kB", &kilobytes) == 1) {
                fclose(file);
                return kilobytes * 1024;
            }
        fclose(file);
    }
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (size_t)usage.ru_maxrss * 1024 : 0;
}

void ten_peak_bytes_reset(void) {
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (!file) return;
    fputs("5", file);
    fclose(file);
}
