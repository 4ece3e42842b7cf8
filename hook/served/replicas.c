#include "served/replicas.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "http/url.h"
#include "served/cluster.h"
#include "served/dns.h"

/* A new one, its strings handed over. */
static void add(struct served_replica_list *list, struct served_replica replica)
{
	size_t size = strlen(replica.url);
	while (size > 0 && replica.url[size - 1] == '/')
		replica.url[--size] = '\0';
	list->items = memory_grow(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = replica;
}

static void add_url(struct served_replica_list *list, const char *url)
{
	add(list, (struct served_replica){
			  .url = text_copy(url),
			  .root = http_url_origin(url),
			  .shown = http_url_show(url),
		  });
}

static char *place(const char *address, int64_t port)
{
	bool is_ipv6 = strchr(address, ':') != NULL;
	return text_format(
		"%s%s%s:%lld", is_ipv6 ? "[" : "", address, is_ipv6 ? "]" : "", (long long)port);
}

/* The URL as it is, at this address: its host stays in the request and in TLS. */
static struct served_replica at_address(const char *url, const char *address, int64_t port)
{
	return (struct served_replica){
		.url = text_copy(url),
		.root = http_url_origin(url),
		.connect_to = place(address, port),
	};
}

static int find_by_name(const struct served_replicas *replicas, const char *url,
	struct deadline deadline, struct served_replica_list *list, struct fail *f)
{
	struct dns_addresses addresses;
	int result = dns_lookup(replicas->dns, replicas->nameserver, deadline, &addresses, f);
	for (size_t i = 0; result == 0 && i < addresses.count; i++) {
		struct served_replica replica = at_address(url, addresses.items[i], replicas->port);
		replica.shown = text_copy(replica.connect_to);
		add(list, replica);
	}
	dns_addresses_release(&addresses);
	return result;
}

/* Pods */

/* The path of the service's URL with its query, at a pod's port behind the API server. */
static struct served_replica behind_api_server(const struct kubernetes *kubernetes, const char *url,
	const struct kubernetes_pod *pod, int64_t port)
{
	const char *path = strchr(strstr(url, "://") + 3, '/');
	bool https = text_starts_with(url, "https:");
	char *whole = kubernetes_pod_proxy_path(
		kubernetes, pod->name, https, (int)port, path != NULL ? path : "/");
	char *root = kubernetes_pod_proxy_path(kubernetes, pod->name, https, (int)port, "");
	struct served_replica replica = {
		.url = kubernetes_url(kubernetes, whole),
		.root = kubernetes_url(kubernetes, root),
		.connect_to = text_copy(kubernetes->connect_to),
	};
	free(whole);
	free(root);
	return replica;
}

static void add_pod(const struct served *served, const struct served_call *call, const char *url,
	const struct kubernetes_pod *pod, struct served_replica_list *list)
{
	int64_t port = served->replicas.port;
	struct served_replica replica =
		served->replicas.by_proxy
			? behind_api_server(&call->cluster->kubernetes, url, pod, port)
			: at_address(url, pod->ip, port);
	replica.shown = text_format("pod %s", pod->name);
	replica.is_ending = pod->ending;
	add(list, replica);
}

/* What the pods are that there are, and how many of them last; why one of those cannot be asked. */
static size_t add_pods(const struct served *served, const struct served_call *call, const char *url,
	const struct kubernetes_pods *pods, struct served_replica_list *list)
{
	size_t lasting = 0;
	for (size_t i = 0; i < pods->count; i++) {
		const struct kubernetes_pod *pod = &pods->items[i];
		if (pod->ended)
			continue;
		lasting += !pod->ending;
		if (pod->ip != NULL)
			add_pod(served, call, url, pod, list);
		else if (list->problem == NULL && !pod->ending)
			list->problem = text_format("pod %s has no address%s%s", pod->name,
				pod->pending != NULL ? ": " : "",
				pod->pending != NULL ? pod->pending : "");
	}
	return lasting;
}

/* Counting */

static void compare(struct served_replica_list *list, size_t count, int64_t expected)
{
	if (expected >= 0 && count != (size_t)expected) {
		free(list->problem);
		list->problem =
			text_format("there are %zu, expected %lld", count, (long long)expected);
	} else if (count == 0 && list->problem == NULL) {
		list->problem = text_copy("there are none");
	}
}

static int find_pods(const struct served *served, const struct served_call *call, const char *url,
	struct served_replica_list *list, struct fail *f)
{
	struct workload workload;
	struct kubernetes_pods pods = {0};
	int result = served_cluster_workload(served, call, &workload, f);
	if (result == 0)
		result = served_cluster_pods(served, call, &workload, &pods, f);
	if (result == 0)
		compare(list, add_pods(served, call, url, &pods, list), workload.wanted);
	list->is_unknown = result != 0;
	kubernetes_pods_release(&pods);
	workload_release(&workload);
	return result;
}

/* How many there have to be, where something says so. */
static int compare_all(const struct served *served, const struct served_call *call,
	struct served_replica_list *list, struct fail *f)
{
	const struct served_replicas *replicas = &served->replicas;
	struct workload workload;
	if (replicas->workload.name == NULL) {
		compare(list, list->count, replicas->count > 0 ? replicas->count : -1);
		return 0;
	}
	int result = served_cluster_workload(served, call, &workload, f);
	if (result == 0)
		compare(list, list->count, workload.wanted);
	list->is_unknown = result != 0;
	workload_release(&workload);
	return result;
}

static int find_all(const struct served *served, const struct served_call *call, const char *url,
	struct served_replica_list *list, struct fail *f)
{
	const struct served_replicas *replicas = &served->replicas;
	if (replicas->dns != NULL)
		return find_by_name(replicas, url, call->deploy.deadline, list, f);
	for (size_t i = 0; i < replicas->url_count; i++)
		add_url(list, replicas->urls[i]);
	if (list->count == 0)
		add_url(list, url);
	return 0;
}

int served_replicas_find(const struct served *served, const struct served_call *call,
	const char *url, struct served_replica_list *list, struct fail *f)
{
	const struct served_replicas *replicas = &served->replicas;
	if (replicas->workload.name != NULL && replicas->dns == NULL && replicas->url_count == 0)
		return find_pods(served, call, url, list, f);
	return find_all(served, call, url, list, f) == 0 ? compare_all(served, call, list, f) : -1;
}

void served_replicas_release(struct served_replica_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].url);
		free(list->items[i].root);
		free(list->items[i].connect_to);
		free(list->items[i].shown);
	}
	free(list->items);
	free(list->problem);
	*list = (struct served_replica_list){0};
}
