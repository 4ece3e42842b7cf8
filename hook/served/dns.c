#include "served/dns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/stop.h"
#include "base/text.h"
#include "served/dns_message.h"

#define RESOLV_CONF "/etc/resolv.conf"

enum {
	SERVERS_MAX = 3, /* as resolv.conf(5) */
	SEARCH_MAX = 16,
	CONF_MAX = 1 << 16,
	QUERY_MS = 5000,
	SLICE_MS = 100, /* so that a stop is noticed soon */
	PORT = 53,
};

/* struct resolver - whom to ask, and how a short name is completed; owns its strings */
struct resolver {
	char *servers[SERVERS_MAX];
	size_t server_count;
	int port;
	char *search[SEARCH_MAX];
	size_t search_count;
	int ndots;
};

static void resolver_release(struct resolver *resolver)
{
	for (size_t i = 0; i < resolver->server_count; i++)
		free(resolver->servers[i]);
	for (size_t i = 0; i < resolver->search_count; i++)
		free(resolver->search[i]);
}

static void take_words(struct resolver *resolver, const char *key, char *words)
{
	char *rest;
	bool is_search = strcmp(key, "search") == 0 || strcmp(key, "domain") == 0;
	for (char *word = strtok_r(words, " \t\r", &rest); word != NULL;
		word = strtok_r(NULL, " \t\r", &rest)) {
		if (is_search && resolver->search_count < SEARCH_MAX)
			resolver->search[resolver->search_count++] = text_copy(word);
		else if (strcmp(key, "nameserver") == 0 && resolver->server_count < SERVERS_MAX)
			resolver->servers[resolver->server_count++] = text_copy(word);
		else if (strcmp(key, "options") == 0 && strncmp(word, "ndots:", 6) == 0)
			resolver->ndots = (int)strtol(word + 6, NULL, 10);
	}
}

static void read_resolv_conf(struct resolver *resolver)
{
	struct text text = {0};
	struct fail ignored;
	char *lines, *key;
	if (file_read(RESOLV_CONF, CONF_MAX, &text, &ignored) == 0 && text.data != NULL)
		for (char *line = strtok_r(text.data, "\n", &lines); line != NULL;
			line = strtok_r(NULL, "\n", &lines)) {
			char *rest = NULL;
			key = strtok_r(line, " \t", &rest);
			if (key != NULL && rest != NULL)
				take_words(resolver, key, rest);
		}
	text_release(&text);
}

static void resolver_open(struct resolver *resolver, const char *nameserver)
{
	*resolver = (struct resolver){.port = PORT, .ndots = 1};
	const char *colon = nameserver != NULL ? strrchr(nameserver, ':') : NULL;
	if (colon == NULL) {
		read_resolv_conf(resolver);
		return;
	}
	resolver->servers[resolver->server_count++] =
		text_format("%.*s", (int)(colon - nameserver), nameserver);
	resolver->port = (int)strtol(colon + 1, NULL, 10);
}

/* A connection */

static bool make_address(
	const char *server, int port, struct sockaddr_storage *address, socklen_t *size)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
	memset(address, 0, sizeof(*address));
	if (inet_pton(AF_INET, server, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		*size = sizeof(*v4);
		return true;
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons((uint16_t)port);
	*size = sizeof(*v6);
	return inet_pton(AF_INET6, server, &v6->sin6_addr) == 1;
}

/* Until the socket is ready; false: the time is over or a stop was asked for. */
static bool wait_for(int fd, short events, struct deadline deadline)
{
	struct fail ignored;
	while (deadline_left(deadline) > 0 && stop_check(&ignored) == 0) {
		struct pollfd wait = {.fd = fd, .events = events};
		int64_t left = deadline_left(deadline);
		if (poll(&wait, 1, (int)(left < SLICE_MS ? left : SLICE_MS)) > 0)
			return true;
	}
	return false;
}

static bool send_all(int fd, const struct text *message, struct deadline deadline)
{
	for (size_t at = 0; at < message->size;) {
		if (!wait_for(fd, POLLOUT, deadline))
			return false;
		ssize_t sent = send(fd, message->data + at, message->size - at, MSG_NOSIGNAL);
		if (sent <= 0)
			return false;
		at += (size_t)sent;
	}
	return true;
}

static bool receive(int fd, uint8_t *bytes, size_t size, struct deadline deadline)
{
	for (size_t at = 0; at < size;) {
		if (!wait_for(fd, POLLIN, deadline))
			return false;
		ssize_t got = recv(fd, bytes + at, size - at, 0);
		if (got <= 0)
			return false;
		at += (size_t)got;
	}
	return true;
}

static int connect_to(const char *server, int port, struct deadline deadline)
{
	struct sockaddr_storage address;
	socklen_t size;
	if (!make_address(server, port, &address, &size))
		return -1;
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error = 0;
	socklen_t length = sizeof(error);
	if (fd >= 0 && (connect(fd, (struct sockaddr *)&address, size) == 0 ||
			       (errno == EINPROGRESS && wait_for(fd, POLLOUT, deadline) &&
				       getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 &&
				       error == 0)))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Asking */

static int exchange(int fd, const char *name, enum dns_type type, struct deadline deadline,
	struct dns_addresses *addresses)
{
	uint16_t id = (uint16_t)random_below(65536);
	struct text question = {0};
	uint8_t head[2];
	int code = DNS_BROKEN;
	if (!dns_question(name, type, id, &question)) {
		text_release(&question);
		return DNS_UNKNOWN;
	}
	if (send_all(fd, &question, deadline) && receive(fd, head, sizeof(head), deadline)) {
		size_t size = (size_t)head[0] << 8 | head[1];
		uint8_t *answer = memory_get(size + 1, 1);
		if (receive(fd, answer, size, deadline))
			code = dns_answer(answer, size, id, addresses);
		free(answer);
	}
	text_release(&question);
	return code;
}

/* Both families on one connection; DNS_FOUND where there is an address. */
static int ask_server(const struct resolver *resolver, size_t server, const char *name,
	struct deadline deadline, struct dns_addresses *addresses)
{
	struct deadline own = deadline_within(deadline, QUERY_MS);
	int fd = connect_to(resolver->servers[server], resolver->port, own);
	if (fd < 0)
		return DNS_BROKEN;
	int v4 = exchange(fd, name, DNS_A, own, addresses);
	int v6 = v4 != DNS_BROKEN ? exchange(fd, name, DNS_AAAA, own, addresses) : DNS_BROKEN;
	close(fd);
	if (addresses->count > 0)
		return DNS_FOUND;
	return v4 == DNS_BROKEN || v6 == DNS_BROKEN ? DNS_BROKEN : DNS_UNKNOWN;
}

static int ask(const struct resolver *resolver, const char *name, struct deadline deadline,
	struct dns_addresses *addresses)
{
	int code = DNS_BROKEN;
	for (size_t i = 0; code == DNS_BROKEN && i < resolver->server_count; i++) {
		dns_addresses_release(addresses);
		code = ask_server(resolver, i, name, deadline, addresses);
	}
	return code;
}

static int count_dots(const char *name)
{
	int dots = 0;
	for (; *name != '\0'; name++)
		dots += *name == '.';
	return dots;
}

/* As resolv.conf(5) has it: a short name is completed first, a long one last, one that ends in a
 * dot never. */
static int search(const struct resolver *resolver, const char *name, struct deadline deadline,
	struct dns_addresses *addresses)
{
	bool absolute = text_ends_with(name, "."), first = count_dots(name) >= resolver->ndots;
	int code = absolute || first ? ask(resolver, name, deadline, addresses) : DNS_UNKNOWN;
	for (size_t i = 0; !absolute && code != DNS_FOUND && i < resolver->search_count; i++) {
		char *full = text_format("%s.%s", name, resolver->search[i]);
		code = ask(resolver, full, deadline, addresses);
		free(full);
	}
	if (code != DNS_FOUND && !absolute && !first)
		code = ask(resolver, name, deadline, addresses);
	return code;
}

static void add_known(const struct sockaddr *address, struct dns_addresses *addresses)
{
	if (address->sa_family == AF_INET)
		dns_addresses_add(
			addresses, AF_INET, &((const struct sockaddr_in *)address)->sin_addr);
	else if (address->sa_family == AF_INET6)
		dns_addresses_add(
			addresses, AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr);
}

/* As every program does it: /etc/hosts, and an address. */
static void look_up_here(const char *name, struct dns_addresses *addresses)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
	if (getaddrinfo(name, NULL, &hints, &found) != 0)
		return;
	for (const struct addrinfo *at = found; at != NULL; at = at->ai_next)
		add_known(at->ai_addr, addresses);
	freeaddrinfo(found);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort(struct dns_addresses *addresses)
{
	size_t kept = 0;
	if (addresses->count > 1)
		qsort(addresses->items, addresses->count, sizeof(*addresses->items), by_text);
	for (size_t i = 0; i < addresses->count; i++) {
		if (kept > 0 && strcmp(addresses->items[kept - 1], addresses->items[i]) == 0)
			free(addresses->items[i]);
		else
			addresses->items[kept++] = addresses->items[i];
	}
	addresses->count = kept;
}

int dns_lookup(const char *name, const char *nameserver, struct deadline deadline,
	struct dns_addresses *addresses, struct fail *f)
{
	struct resolver resolver;
	*addresses = (struct dns_addresses){0};
	resolver_open(&resolver, nameserver);
	if (search(&resolver, name, deadline, addresses) != DNS_FOUND) {
		dns_addresses_release(addresses);
		if (nameserver == NULL)
			look_up_here(name, addresses);
	}
	resolver_release(&resolver);
	sort(addresses);
	if (stop_check(f) != 0)
		return -1;
	return addresses->count > 0
		       ? 0
		       : fail_set(f, STATUS_LATER, "could not resolve host %.200s", name);
}
