#include "serve/guard.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* "[::1]" is "::1" with a port behind it. */
static void take_name(char *out, size_t size, const char *name, size_t length) {
    if (length >= 2 && name[0] == '[' && name[length - 1] == ']') name++, length -= 2;
    if (length >= size) length = 0;
    memcpy(out, name, length);
    out[length] = '\0';
}

static bool is_number(const char *name) {
    struct in6_addr address;
    return inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1;
}

static bool is_loopback(const char *name) {
    struct in_addr four;
    struct in6_addr six;
    if (strcasecmp(name, "localhost") == 0) return true;
    if (inet_pton(AF_INET, name, &four) == 1) return ntohl(four.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, name, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

void ten_guard_init(struct ten_guard *guard, const char *host, unsigned port) {
    *guard = (struct ten_guard){.port = port};
    if (!host) host = "127.0.0.1";
    take_name(guard->host, sizeof guard->host, host, strlen(host));
    guard->loopback = is_loopback(guard->host);
    struct in_addr four;
    struct in6_addr six;
    guard->any = (inet_pton(AF_INET, guard->host, &four) == 1 && four.s_addr == INADDR_ANY) ||
                 (inet_pton(AF_INET6, guard->host, &six) == 1 && IN6_IS_ADDR_UNSPECIFIED(&six));
    if (gethostname(guard->machine, sizeof guard->machine - 1) != 0) guard->machine[0] = '\0';
}

/* "NAME:80" into its parts; a port that is not there is 80. False if it is none. */
static bool split(const char *host, char *name, size_t size, unsigned *port) {
    const char *end = host[0] == '[' ? strchr(host, ']') : NULL, *colon;
    if (host[0] == '[' && !end) return false;
    colon = strchr(end ? end : host, ':');
    size_t length = colon ? (size_t)(colon - host) : strlen(host);
    if (length == 0 || length >= size || (end && end + 1 != host + length)) return false;
    take_name(name, size, host, length);
    *port = 80;
    if (!colon) return true;
    size_t digits = strspn(colon + 1, "0123456789");
    if (digits == 0 || digits > 5 || colon[1 + digits]) return false;
    *port = (unsigned)strtoul(colon + 1, NULL, 10);
    return true;
}

/* Whether a name is the machine's, alone or as its local network knows it. */
static bool is_machine(const struct ten_guard *guard, const char *name) {
    size_t length = strlen(guard->machine);
    if (length == 0 || strncasecmp(name, guard->machine, length) != 0) return false;
    return !name[length] || strcasecmp(name + length, ".local") == 0;
}

bool ten_guard_host(const struct ten_guard *guard, const char *host) {
    char name[256];
    unsigned port;
    if (!host || !split(host, name, sizeof name, &port) || port != guard->port) return false;
    if (strcasecmp(name, guard->host) == 0) return true;
    if (guard->loopback)
        return strcasecmp(name, "localhost") == 0 || strcmp(name, "127.0.0.1") == 0 || strcmp(name, "::1") == 0;
    return guard->any && (is_number(name) || strcasecmp(name, "localhost") == 0 || is_machine(guard, name));
}

bool ten_guard_origin(const char *origin, const char *host) {
    return strncasecmp(origin, "http://", 7) == 0 && strcasecmp(origin + 7, host) == 0;
}

bool ten_guard_fetch(const char *site, const char *mode, bool reads) {
    if (!site || strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0) return true;
    return reads && mode && strcmp(mode, "navigate") == 0;
}
