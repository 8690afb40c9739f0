/* The access log: a line for each request, written at once and as a whole. */
#include "serve/server.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { MOST_WORD = 256 };

/* What came from outside, as one word of a line. */
static void put_word(char out[MOST_WORD], const char *word) {
    size_t i = 0;
    for (; word[i] && i + 1 < MOST_WORD; i++)
        out[i] = (unsigned char)word[i] > 0x20 && (unsigned char)word[i] < 0x7f ? word[i] : '?';
    out[i] = '\0';
}

void ten_log_request(const char *method, const char *target, int status, size_t bytes, double seconds) {
    char line[2 * MOST_WORD + 128], asked[MOST_WORD], how[MOST_WORD], stamp[32];
    struct timespec now;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &now);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", gmtime_r(&now.tv_sec, &parts));
    put_word(asked, target);
    put_word(how, method[0] ? method : "-");
    int length = snprintf(line, sizeof line, "%s.%03ldZ %s %s %d %zu B %.0f us\n", stamp, now.tv_nsec / 1000000, how,
                          asked, status, bytes, seconds * 1e6);
    if (length > 0 && write(STDERR_FILENO, line, (size_t)length) < 0) return; /* a log that nobody takes */
}
