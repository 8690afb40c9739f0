/* Connections and their deadlines. What a connection is at is told by its own thread in two atomic numbers; one look a
 * second finds those that take too long. Shutting a socket down is all that is done to it from here: its own thread
 * notices and closes it. The lock makes sure that a number of a socket is not used once the socket is closed. */
#include "serve/server.h"

#include "base/clock.h"

#include <math.h>
#include <stdlib.h>
#include <sys/socket.h>

void ten_connections_init(struct ten_connections *connections, size_t most, double patience) {
    pthread_mutex_init(&connections->lock, NULL);
    connections->first.next = connections->first.previous = &connections->first;
    connections->count = 0;
    connections->most = most;
    connections->patience = patience;
}

/* With the lock held. */
static void shut(struct ten_connection *connection) {
    connection->closed = true;
    shutdown(connection->socket, SHUT_RDWR);
}

/* The one that is idle longest; NULL if none is. */
static struct ten_connection *oldest_idle(struct ten_connections *connections) {
    struct ten_connection *oldest = NULL;
    for (struct ten_connection *c = connections->first.next; c != &connections->first; c = c->next)
        if (!c->closed && atomic_load(&c->idle) && (!oldest || atomic_load(&c->since) < atomic_load(&oldest->since)))
            oldest = c;
    return oldest;
}

struct ten_connection *ten_connection_new(struct ten_connections *connections, int socket) {
    struct ten_connection *connection = calloc(1, sizeof *connection);
    if (!connection) return NULL;
    double now = ten_seconds();
    connection->socket = socket;
    atomic_store(&connection->idle, true);
    atomic_store(&connection->since, now);
    atomic_store(&connection->deadline, now + 2 * connections->patience);
    pthread_mutex_lock(&connections->lock);
    if (connections->count >= connections->most) {
        struct ten_connection *oldest = oldest_idle(connections);
        if (oldest) {
            shut(oldest);
            atomic_fetch_add(&connections->evicted, 1);
        }
    }
    connection->previous = connections->first.previous;
    connection->next = &connections->first;
    connection->previous->next = connection->next->previous = connection;
    connections->count++;
    pthread_mutex_unlock(&connections->lock);
    atomic_fetch_add(&connections->total, 1);
    return connection;
}

void ten_connection_free(struct ten_connections *connections, struct ten_connection *connection) {
    if (!connection) return;
    pthread_mutex_lock(&connections->lock);
    connection->previous->next = connection->next;
    connection->next->previous = connection->previous;
    connections->count--;
    pthread_mutex_unlock(&connections->lock);
    free(connection->spare);
    free(connection);
}

void ten_connections_check(struct ten_connections *connections) {
    double now = ten_seconds();
    pthread_mutex_lock(&connections->lock);
    for (struct ten_connection *c = connections->first.next; c != &connections->first; c = c->next) {
        if (c->closed || now < atomic_load(&c->deadline)) continue;
        if (!atomic_load(&c->idle)) atomic_fetch_add(&connections->late, 1);
        shut(c);
    }
    pthread_mutex_unlock(&connections->lock);
}
