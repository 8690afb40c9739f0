/* Streams of events. The text is kept whole, since every client gets it from its start; a client that has had all of it
 * is suspended in MHD, which costs nothing, until more comes, or until the next comment that shows whether it is still
 * there. */
#include "serve/server.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

struct ten_stream {
    int references;
    char *text;
    size_t size, capacity;
    bool closed;
};

struct follower {
    struct follower *next, *previous;
    struct ten_stream *stream;
    struct MHD_Connection *connection;
    size_t at;
    bool waiting, ping;
};

/* One lock for all: there are at most TEN_MOST_STREAMS followers, and a few events a second. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct follower all = {.next = &all, .previous = &all};
static size_t followed;
static bool ended;

static void wake(struct follower *follower) {
    if (!follower->waiting) return;
    follower->waiting = false;
    MHD_resume_connection(follower->connection);
}

static void wake_all(const struct ten_stream *stream) {
    for (struct follower *f = all.next; f != &all; f = f->next)
        if (f->stream == stream) wake(f);
}

struct ten_stream *ten_stream_new(void) {
    struct ten_stream *stream = calloc(1, sizeof *stream);
    if (stream) stream->references = 1;
    return stream;
}

struct ten_stream *ten_stream_keep(struct ten_stream *stream) {
    pthread_mutex_lock(&lock);
    stream->references++;
    pthread_mutex_unlock(&lock);
    return stream;
}

void ten_stream_drop(struct ten_stream *stream) {
    if (!stream) return;
    pthread_mutex_lock(&lock);
    bool last = --stream->references == 0;
    pthread_mutex_unlock(&lock);
    if (!last) return;
    free(stream->text);
    free(stream);
}

/* With the lock held. */
static bool append(struct ten_stream *stream, const char *text, size_t length) {
    if (stream->size + length > TEN_MOST_STREAM_BYTES) return false;
    if (stream->size + length > stream->capacity) {
        size_t wanted = 2 * stream->capacity + length + 4096;
        char *longer = realloc(stream->text, wanted);
        if (!longer) return false;
        stream->text = longer;
        stream->capacity = wanted;
    }
    memcpy(stream->text + stream->size, text, length);
    stream->size += length;
    return true;
}

bool ten_stream_event(struct ten_stream *stream, const char *name, json_t *document) {
    char *json = document ? json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(10)) : NULL, *event = NULL;
    json_decref(document);
    if (!json) return false;
    size_t length = strlen(name) + strlen(json) + sizeof "event: \ndata: \n\n";
    event = malloc(length);
    if (event) length = (size_t)snprintf(event, length, "event: %s\ndata: %s\n\n", name, json);
    free(json);
    if (!event) return false;
    pthread_mutex_lock(&lock);
    bool good = !stream->closed && append(stream, event, length);
    if (good) wake_all(stream);
    pthread_mutex_unlock(&lock);
    free(event);
    return good;
}

void ten_stream_close(struct ten_stream *stream) {
    pthread_mutex_lock(&lock);
    stream->closed = true;
    wake_all(stream);
    pthread_mutex_unlock(&lock);
}

/* ---- Followers ----------------------------------------------------------------------------------------------------
 */

static ssize_t give(void *context, uint64_t position, char *out, size_t most) {
    (void)position;
    static const char comment[] = ": still here\n\n";
    struct follower *f = context;
    pthread_mutex_lock(&lock);
    size_t left = f->stream->size - f->at;
    ssize_t result = 0;
    if (left > 0) {
        result = (ssize_t)(left < most ? left : most);
        memcpy(out, f->stream->text + f->at, (size_t)result);
        f->at += (size_t)result;
    } else if (f->stream->closed || ended) {
        result = MHD_CONTENT_READER_END_OF_STREAM;
    } else if (f->ping && most >= sizeof comment) {
        result = sizeof comment - 1;
        memcpy(out, comment, (size_t)result);
    } else {
        f->waiting = true;
        MHD_suspend_connection(f->connection);
    }
    f->ping = false;
    pthread_mutex_unlock(&lock);
    return result;
}

static void leave(void *context) {
    struct follower *f = context;
    pthread_mutex_lock(&lock);
    f->previous->next = f->next;
    f->next->previous = f->previous;
    followed--;
    pthread_mutex_unlock(&lock);
    ten_stream_drop(f->stream);
    free(f);
}

struct MHD_Response *ten_stream_response(struct ten_stream *stream, struct MHD_Connection *connection) {
    struct follower *f = calloc(1, sizeof *f);
    if (!f) return NULL;
    pthread_mutex_lock(&lock);
    bool room = followed < TEN_MOST_STREAMS && !ended;
    if (room) {
        *f = (struct follower){.next = all.next, .previous = &all, .stream = stream, .connection = connection};
        all.next->previous = f;
        all.next = f;
        followed++;
        stream->references++;
    }
    pthread_mutex_unlock(&lock);
    if (!room) {
        free(f);
        return NULL;
    }
    struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16 << 10, give, f, leave);
    if (!response) leave(f);
    return response;
}

void ten_streams_ping(void) {
    pthread_mutex_lock(&lock);
    for (struct follower *f = all.next; f != &all; f = f->next) {
        f->ping = true;
        wake(f);
    }
    pthread_mutex_unlock(&lock);
}

void ten_streams_end(void) {
    pthread_mutex_lock(&lock);
    ended = true;
    for (struct follower *f = all.next; f != &all; f = f->next) wake(f);
    pthread_mutex_unlock(&lock);
}

size_t ten_streams_followed(void) {
    pthread_mutex_lock(&lock);
    size_t count = followed;
    pthread_mutex_unlock(&lock);
    return count;
}
