#include "served/replicas_parse.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "http/url.h"
#include "kubernetes/workload_name.h"
#include "served/keys.h"

static int check_url(const struct json_at *at, const char *url, struct fail *f)
{
	char *origin = http_url_origin(url);
	bool fine = origin != NULL;
	free(origin);
	return fine ? 0 : json_fail(at, f, "is an http or https URL");
}

static int parse_urls(const struct json_at *list, struct served_replicas *replicas, struct fail *f)
{
	if (json_array(list, f) != 0)
		return -1;
	if (json_count(list) == 0)
		return json_fail(list, f, "names no replica");
	replicas->urls = memory_get(json_count(list), sizeof(*replicas->urls));
	for (struct json_at at = json_first(list); json_is_there(&at); at = json_next(&at)) {
		char **url = &replicas->urls[replicas->url_count];
		if (json_string(&at, url, f) != 0)
			return -1;
		replicas->url_count++;
		if (check_url(&at, *url, f) != 0)
			return -1;
	}
	return 0;
}

static int parse_dns(const struct json_at *at, struct served_replicas *replicas, struct fail *f)
{
	struct json_at port = json_get(at, "port"), nameserver = json_get(at, "nameserver");
	if (served_key_string(at, "dns", &replicas->dns, f) != 0 ||
		json_integer(&port, 1, 65535, &replicas->port, f) != 0 ||
		served_key_string(at, "nameserver", &replicas->nameserver, f) != 0)
		return -1;
	if (replicas->nameserver == NULL || strrchr(replicas->nameserver, ':') != NULL)
		return 0;
	return json_fail(&nameserver, f, "is an address and a port, such as \"10.96.0.10:53\"");
}

static int parse_workload(const struct json_at *object, const char *folder,
	struct served_workload *workload, struct fail *f)
{
	static const char *const keys[] = {KUBERNETES_OPTION_KEYS, WORKLOAD_NAME_KEYS};
	if (json_known_keys(object, keys, sizeof(keys) / sizeof(keys[0]), f) != 0 ||
		kubernetes_options_parse(object, folder, &workload->at, f) != 0)
		return -1;
	return workload_name_parse(object, &workload->kind, &workload->name, f);
}

/* The API server takes the Authorization of a request for its own. */
static int check_proxied(
	const struct json_at *through, const struct service *service, struct fail *f)
{
	static const char name[] = "authorization:";
	for (size_t i = 0; i < service->header_count; i++)
		if (strncasecmp(service->headers[i], name, strlen(name)) == 0)
			return json_fail(through, f,
				"the API server passes no \"Authorization\" on to a pod");
	return 0;
}

/* The pods of the workload themselves. */
static int parse_pods(const struct json_at *at, struct served *served, struct fail *f)
{
	static const char *const ways[] = {"address", "proxy", NULL};
	struct json_at port = json_get(at, "port"), through = json_get(at, "through");
	size_t way = 0;
	if (json_integer(&port, 1, 65535, &served->replicas.port, f) != 0 ||
		served_key_word(at, "through", ways, &way, f) != 0)
		return -1;
	served->replicas.by_proxy = way == 1;
	return way == 1 ? check_proxied(&through, &served->service, f) : 0;
}

/* What says the same twice, or nothing at all. */
static int check_together(const struct json_at *at, bool listed, struct fail *f)
{
	struct json_at workload = json_get(at, "kubernetes"), count = json_get(at, "count");
	struct json_at through = json_get(at, "through");
	bool named = json_is_there(&workload);
	if (!listed && !named)
		return json_fail(at, f, "needs \"urls\", \"dns\" or \"kubernetes\"");
	if (named && json_is_there(&count))
		return json_fail(&count, f, "and \"kubernetes\" cannot both be set");
	if (json_is_there(&through) && (listed || !named))
		return json_fail(&through, f, "is for the pods of \"kubernetes\"");
	return 0;
}

int served_replicas_parse(
	const struct json_at *object, const char *folder, struct served *served, struct fail *f)
{
	static const char *const keys[] = {
		"urls", "dns", "port", "nameserver", "count", "kubernetes", "through"};
	struct served_replicas *replicas = &served->replicas;
	struct json_at at = json_get(object, "replicas"), urls = json_get(&at, "urls");
	struct json_at dns = json_get(&at, "dns"), workload = json_get(&at, "kubernetes");
	bool listed = json_is_there(&urls) || json_is_there(&dns);
	if (!json_is_there(&at))
		return 0;
	if (json_known_keys(&at, keys, sizeof(keys) / sizeof(keys[0]), f) != 0 ||
		check_together(&at, listed, f) != 0 ||
		served_key_count(&at, "count", &replicas->count, f) != 0)
		return -1;
	if (json_is_there(&workload) &&
		parse_workload(&workload, folder, &replicas->workload, f) != 0)
		return -1;
	if (json_is_there(&urls))
		return parse_urls(&urls, replicas, f);
	return listed ? parse_dns(&at, replicas, f) : parse_pods(&at, served, f);
}

void served_replicas_settings_release(struct served_replicas *replicas)
{
	for (size_t i = 0; i < replicas->url_count; i++)
		free(replicas->urls[i]);
	free(replicas->urls);
	free(replicas->dns);
	free(replicas->nameserver);
	kubernetes_options_release(&replicas->workload.at);
	free(replicas->workload.name);
	*replicas = (struct served_replicas){0};
}
