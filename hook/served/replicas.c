#include "served/replicas.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "http/url.h"
#include "served/dns.h"

static void add(struct served_replica_list *list, const char *url)
{
	size_t size = strlen(url);
	while (size > 0 && url[size - 1] == '/')
		size--;
	list->items = memory_grow(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = (struct served_replica){
		.url = text_format("%.*s", (int)size, url),
		.shown = http_url_show(url),
	};
}

/* The URL as it is, at this address: its host stays in the request and in TLS. */
static void add_address(
	struct served_replica_list *list, const char *url, const char *address, int64_t port)
{
	char *place = strchr(address, ':') != NULL
			      ? text_format("[%s]:%lld", address, (long long)port)
			      : text_format("%s:%lld", address, (long long)port);
	add(list, url);
	struct served_replica *replica = &list->items[list->count - 1];
	free(replica->shown);
	replica->shown = text_copy(place);
	replica->connect_to = place;
}

static int find_by_name(const struct served_replicas *replicas, const char *url,
	struct deadline deadline, struct served_replica_list *list, struct fail *f)
{
	struct dns_addresses addresses;
	int result = dns_lookup(replicas->dns, replicas->nameserver, deadline, &addresses, f);
	for (size_t i = 0; result == 0 && i < addresses.count; i++)
		add_address(list, url, addresses.items[i], replicas->port);
	dns_addresses_release(&addresses);
	return result;
}

int served_replicas_find(const struct served *served, const char *url, struct deadline deadline,
	struct served_replica_list *list, struct fail *f)
{
	const struct served_replicas *replicas = &served->replicas;
	if (replicas->dns != NULL)
		return find_by_name(replicas, url, deadline, list, f);
	for (size_t i = 0; i < replicas->url_count; i++)
		add(list, replicas->urls[i]);
	if (list->count == 0)
		add(list, url);
	return 0;
}

void served_replicas_release(struct served_replica_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].url);
		free(list->items[i].connect_to);
		free(list->items[i].shown);
	}
	free(list->items);
	*list = (struct served_replica_list){0};
}
