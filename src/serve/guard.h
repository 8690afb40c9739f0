/* Who may drive the server. A page of any site that a person happens to visit can send requests to that person's
 * loopback; what it cannot do is lie about Host (a name that was bound to 127.0.0.1 arrives as that name) and Origin.
 */
#ifndef TEN_SERVE_GUARD_H
#define TEN_SERVE_GUARD_H

#include <stdbool.h>

struct ten_guard {
    char host[256];    /* as --host named it, without brackets */
    char machine[256]; /* this machine's name */
    unsigned port;
    bool loopback; /* the host is this machine only */
    bool any;      /* all addresses of this machine: any address as a number, and its name */
};
/* `host` NULL: 127.0.0.1. */
void ten_guard_init(struct ten_guard *guard, const char *host, unsigned port);
/* Whether a Host header (NULL: none) names this server. */
bool ten_guard_host(const struct ten_guard *guard, const char *host);
/* Whether an Origin header is that of the Host, which was found good. */
bool ten_guard_origin(const char *origin, const char *host);
/* Whether Sec-Fetch-Site and Sec-Fetch-Mode (NULL: not sent) may be: a page of this server, a person who typed the
 * address or, to read, followed a link from elsewhere. */
bool ten_guard_fetch(const char *site, const char *mode, bool reads);

#endif
