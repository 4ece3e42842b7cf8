#include "served/parse.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "deploy/keys.h"
#include "deploy/storage_uri.h"
#include "packaging/json/pointer.h"
#include "served/golden.h"
#include "served/identity.h"
#include "served/keys.h"
#include "served/replicas_parse.h"
#include "served/servers.h"

enum {
	ROUNDS = 3,
	INTERVAL_MS = 1000,
	TIMEOUT_MS = 5 * 60 * 1000,
	REQUEST_TIMEOUT_MS = 10 * 1000,
};

static int parse_server(const struct json_at *object, struct served *served, struct fail *f)
{
	const char *names[16] = {NULL};
	size_t place = 0;
	for (size_t i = 0; served_servers[i] != NULL; i++)
		names[i] = served_servers[i]->name;
	if (served_key_word(object, "server", names, &place, f) != 0)
		return -1;
	served->server = served_servers[place];
	return 0;
}

static int parse_pattern(const struct json_at *object, struct served *served, struct fail *f)
{
	struct json_at at = json_get(object, "regex");
	char words[128], *pattern = NULL;
	if (served_key_string(object, "regex", &pattern, f) != 0 || pattern == NULL)
		return pattern == NULL && !json_is_there(&at) ? 0 : -1;
	int code = regcomp(&served->compiled, pattern, REG_EXTENDED | REG_NEWLINE);
	if (code == 0) {
		served->pattern = pattern;
		return 0;
	}
	regerror(code, &served->compiled, words, sizeof(words));
	free(pattern);
	return json_fail(&at, f, "is not a regular expression: %s", words);
}

static int parse_places(const struct json_at *object, struct served *served, struct fail *f)
{
	struct json_at pointer = json_get(object, "json_pointer");
	if (served_key_string(object, "json_pointer", &served->pointer, f) != 0 ||
		served_key_string(object, "header", &served->header, f) != 0 ||
		parse_pattern(object, served, f) != 0)
		return -1;
	if (served->pointer != NULL && !json_pointer_is_valid(served->pointer))
		return json_fail(&pointer, f, "is a JSON pointer such as \"/version\"");
	int places =
		(served->pointer != NULL) + (served->header != NULL) + (served->pattern != NULL);
	if (!served->server->is_plain && places > 0)
		return json_fail(object, f,
			"a server of kind %s says by itself which version it serves: "
			"no \"json_pointer\", \"header\" or \"regex\"",
			served->server->name);
	if (served->server->is_plain && places != 1)
		return json_fail(object, f,
			"needs one of \"json_pointer\", \"header\" and \"regex\": where "
			"the service says what it serves");
	return 0;
}

static int parse_identity(const struct json_at *object, struct served *served, struct fail *f)
{
	struct json_at at = json_get(object, "identity");
	size_t place = SERVED_VERSION;
	if (served_key_word(object, "identity", served_identity_words, &place, f) != 0)
		return -1;
	served->identity = (enum served_identity)place;
	if (served->server->is_plain || place == SERVED_VERSION)
		return 0;
	return json_fail(
		&at, f, "a server of kind %s says its version alone", served->server->name);
}

/* What stands for the version at a server that has numbers of its own. */
static int parse_number(
	const struct json_at *object, const char *folder, struct served *served, struct fail *f)
{
	struct json_at version = json_get(object, "version"),
		       published = json_get(object, "published");
	if (deploy_key_string(object, "version", "{version}", &served->number, f) != 0 ||
		deploy_key_path(object, "published", folder, false, &served->published, f) != 0)
		return -1;
	if (!json_is_there(&version) && !json_is_there(&published))
		return 0;
	if (served->server->is_plain)
		return json_fail(object, f,
			"\"version\" and \"published\" are for servers that have "
			"numbers of their own");
	return !json_is_there(&version) || !json_is_there(&published)
		       ? 0
		       : json_fail(&published, f, "and \"version\" cannot both be set");
}

/* What KServe runs. */
static int parse_inference_service(
	const struct json_at *object, const char *folder, struct served *served, struct fail *f)
{
	static const char *const keys[] = {KUBERNETES_OPTION_KEYS, "name", "storage_uri"};
	struct served_inference_service *named = &served->inference_service;
	struct json_at at = json_get(object, "inferenceservice"), name = json_get(&at, "name");
	if (served->server->look == NULL)
		return json_is_there(&at) ? json_fail(&at, f, "is for \"server\": \"kserve\"") : 0;
	if (json_known_keys(&at, keys, sizeof(keys) / sizeof(keys[0]), f) != 0 ||
		kubernetes_options_parse(&at, folder, &named->at, f) != 0 ||
		storage_uri_parse(&at, &named->storage_uri, f) != 0 ||
		json_string(&name, &named->name, f) != 0)
		return -1;
	return named->name[0] != '\0' ? 0 : json_fail(&name, f, "is empty");
}

/* What the cluster tells of needs no URL but for golden requests. */
static int parse_service(
	const struct json_at *object, const char *folder, struct served *served, struct fail *f)
{
	static const char *const keys[] = {SERVICE_KEYS};
	bool needed = served->server->look == NULL;
	for (size_t i = 0; !needed && i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct json_at at = json_get(object, keys[i]);
		needed = json_is_there(&at);
	}
	return needed ? service_parse(object, folder, &served->service, f) : 0;
}

static int parse_where(
	const struct json_at *object, const char *folder, struct served *served, struct fail *f)
{
	if (parse_inference_service(object, folder, served, f) != 0 ||
		parse_service(object, folder, served, f) != 0 ||
		served_key_string(object, "model", &served->model, f) != 0 ||
		parse_number(object, folder, served, f) != 0)
		return -1;
	return served_replicas_parse(object, folder, served, f);
}

static int parse_golden(const struct json_at *object, struct served *served, struct fail *f)
{
	struct json_at at = json_get(object, "golden");
	if (json_is_there(&at) && served_golden_parse(&at, &served->golden, f) != 0)
		return -1;
	if (served->golden.protocol == GOLDEN_BY_SERVER)
		served->golden.protocol = served->server->protocol;
	if (served->golden.is_asked && served->service.url == NULL)
		return json_fail(&at, f, "needs a \"url\": where the requests go");
	if (!served->server->needs_golden || served->golden.is_asked)
		return 0;
	json_fail(object, f,
		"a server of kind %s does not say which model it serves: \"golden\" is "
		"needed",
		served->server->name);
	return fail_hint(f, "record golden requests at training: write_handoff(golden=[(input, "
			    "output), ...])");
}

static int parse_limits(const struct json_at *object, struct served *served, struct fail *f)
{
	static const char *const policies[] = {"keep", "roll_back", NULL};
	size_t policy = 0;
	if (served_key_count(object, "rounds", &served->rounds, f) != 0 ||
		served_key_duration(object, "interval", &served->interval_ms, f) != 0 ||
		served_key_duration(object, "timeout", &served->timeout_ms, f) != 0 ||
		served_key_duration(object, "request_timeout", &served->request_timeout_ms, f) !=
			0 ||
		served_key_word(object, "on_failure", policies, &policy, f) != 0)
		return -1;
	served->roll_back = policy == 1;
	return 0;
}

static int parse(
	const struct json_at *object, const char *folder, struct served *served, struct fail *f)
{
	static const char *const keys[] = {SERVICE_KEYS, "server", "model", "version", "published",
		"json_pointer", "header", "regex", "identity", "replicas", "rounds", "interval",
		"timeout", "request_timeout", "on_failure", "golden", "inferenceservice"};
	if (json_known_keys(object, keys, sizeof(keys) / sizeof(keys[0]), f) != 0 ||
		parse_server(object, served, f) != 0 || parse_places(object, served, f) != 0 ||
		parse_identity(object, served, f) != 0 ||
		parse_where(object, folder, served, f) != 0)
		return -1;
	if (parse_golden(object, served, f) != 0)
		return -1;
	return parse_limits(object, served, f);
}

int served_parse(
	const struct json_at *at, const char *folder, struct served **served, struct fail *f)
{
	struct served *parsed = memory_get(1, sizeof(*parsed));
	*parsed = (struct served){
		.rounds = ROUNDS,
		.interval_ms = INTERVAL_MS,
		.timeout_ms = TIMEOUT_MS,
		.request_timeout_ms = REQUEST_TIMEOUT_MS,
	};
	if (parse(at, folder, parsed, f) != 0) {
		served_release(parsed);
		return -1;
	}
	*served = parsed;
	return 0;
}

void served_release(struct served *served)
{
	if (served == NULL)
		return;
	if (served->pattern != NULL)
		regfree(&served->compiled);
	served_replicas_settings_release(&served->replicas);
	service_release(&served->service);
	kubernetes_options_release(&served->inference_service.at);
	free(served->inference_service.name);
	free(served->inference_service.storage_uri);
	free(served->model);
	free(served->number);
	free(served->published);
	served_golden_release(&served->golden);
	free(served->pointer);
	free(served->header);
	free(served->pattern);
	free(served);
}
