/* A webhook of the service, called as MLflow's own are:
 *
 *   {"webhook": {"url": "http://fish-api/hooks/mlflow", "secret_file": "/run/secrets/hook"}}
 *
 * The body is MLflow's envelope of the event model_version_alias.created, the headers are those
 * of mlflow/webhooks (X-MLflow-Signature, -Timestamp, -Delivery-Id), so that what receives MLflow's
 * webhooks receives these. MLflow itself sends none for stages, and only https to public hosts.
 *
 * The delivery id is made from the promotion: a retry, and a replay of the same promotion, carries
 * the same one, and the receiver can tell that it has seen it. A version that comes back later is
 * another promotion. Each try is signed anew, since receivers refuse an old timestamp. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "deploy/kinds.h"
#include "deploy/service.h"
#include "deploy/values.h"
#include "http/http.h"
#include "http/response.h"
#include "http/url.h"
#include "packaging/digest/base64.h"
#include "packaging/digest/hmac_sha256.h"

#define UUID_SIZE 37

static const char *const keys[] = {"webhook"};
static const char *const webhook_keys[] = {SERVICE_KEYS};

static int parse(const struct json_at *entry, struct deploy_target *target, struct fail *f)
{
	struct json_at object = json_get(entry, "webhook");
	struct service *service = memory_get(1, sizeof(*service));
	target->options = service;
	if (json_known_keys(
		    &object, webhook_keys, sizeof(webhook_keys) / sizeof(webhook_keys[0]), f) != 0)
		return -1;
	return service_parse(&object, target->folder, service, f);
}

/* RFC 9562 section 5.8: a UUID whose bits are the application's own. */
static void make_uuid(const char hex[SHA256_HEX], char uuid[UUID_SIZE])
{
	snprintf(uuid, UUID_SIZE, "%.8s-%.4s-8%.3s-a%.3s-%.12s", hex, hex + 8, hex + 12, hex + 15,
		hex + 18);
}

static void make_delivery_id(
	const char *url, const struct deploy_model *model, char delivery_id[UUID_SIZE])
{
	char hex[SHA256_HEX];
	char *text = text_format("%s\n%s\n%lld\n%s\n", url, model->name, (long long)model->version,
		model->since != NULL ? model->since : "");
	sha256_of(text, strlen(text), hex);
	make_uuid(hex, delivery_id);
	free(text);
}

/* As Python's isoformat prints UTC: its older fromisoformat reads no "Z". */
static void set_time(struct cJSON *envelope, const char *since)
{
	char now[32];
	clock_format_rfc3339(now, clock_now_ms());
	const char *at = since != NULL ? since : now;
	size_t size = strlen(at);
	char *text = text_format("%.*s+00:00", (int)(size > 0 ? size - 1 : 0), at);
	json_set_string(envelope, "timestamp", text);
	free(text);
}

static char *make_body(const struct deploy_model *model)
{
	char version[24];
	struct cJSON *envelope = json_new_object();
	json_set_string(envelope, "entity", "model_version_alias");
	json_set_string(envelope, "action", "created");
	set_time(envelope, model->since);
	struct cJSON *data = json_set_object(envelope, "data");
	json_set_string(data, "name", model->name);
	json_set_string(data, "alias", model->alias != NULL ? model->alias : "production");
	json_set_string(data, "version", text_number(version, model->version));
	return json_take_text(envelope);
}

/* What each try is signed with; borrowed. */
struct delivery {
	const char *secret; /* NULL: not signed */
	const char *id;
	const char *body;
};

static char *make_signature(const struct delivery *delivery, const char *timestamp)
{
	uint8_t mac[SHA256_BYTES];
	char *text = text_format("%s.%s.%s", delivery->id, timestamp, delivery->body);
	hmac_sha256(delivery->secret, strlen(delivery->secret), text, strlen(text), mac);
	char *base64 = base64_encode(mac, sizeof(mac));
	char *line = text_format("X-MLflow-Signature: v1,%s", base64);
	free(base64);
	free(text);
	return line;
}

static int make_lines(const void *context, struct http *http, const struct http_request *request,
	const char *url, struct http_lines *lines, struct fail *f)
{
	const struct delivery *delivery = context;
	char timestamp[24];
	(void)http;
	(void)request;
	(void)url;
	(void)f;
	text_number(timestamp, clock_now_ms() / 1000);
	http_lines_add(lines, text_format("X-MLflow-Delivery-Id: %s", delivery->id));
	http_lines_add(lines, text_format("X-MLflow-Timestamp: %s", timestamp));
	if (delivery->secret != NULL)
		http_lines_add(lines, make_signature(delivery, timestamp));
	return 0;
}

static void describe(const struct service_client *client, const struct http_response *response,
	const char *delivery_id, struct text *did)
{
	char *shown = http_url_show(client->url);
	text_printf(did, "called %s: HTTP %ld, delivery %s", shown, response->status, delivery_id);
	if (response->tries > 1)
		text_printf(did, ", %d tries", response->tries);
	free(shown);
}

static int deliver(struct service_client *client, const struct deploy_model *model,
	struct text *did, struct fail *f)
{
	char delivery_id[UUID_SIZE];
	char *body = make_body(model), *origin = http_url_origin(client->url);
	make_delivery_id(client->url, model, delivery_id);
	struct delivery delivery = {client->secret, delivery_id, body};
	struct http_login login = {.origin = origin, .context = &delivery, .make = make_lines};
	struct http_response response = {0};
	client->http.login = &login;
	int result = service_send(client, "POST", "", body, &response, f);
	if (result == 0)
		result = service_check(client, "", &response, f);
	if (result == 0)
		describe(client, &response, delivery_id, did);
	client->http.login = NULL;
	http_response_release(&response);
	free(origin);
	free(body);
	return result;
}

static int reload(const struct deploy_target *target, const struct deploy_call *call,
	struct text *did, struct fail *f)
{
	struct service_client client;
	int result = service_open(&client, target->options, call, f);
	if (result == 0)
		result = deliver(&client, call->model, did, f);
	service_close(&client);
	return result;
}

static void would(
	const struct deploy_target *target, const struct deploy_model *model, struct text *text)
{
	const struct service *service = target->options;
	char *url = deploy_fill_url(service->url, model), *shown = http_url_show(url);
	text_printf(text, "call the webhook %s", shown);
	free(shown);
	free(url);
}

static void release(void *options)
{
	service_release(options);
	free(options);
}

const struct deploy_kind deploy_kind_webhook = {
	.key = "webhook",
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
	.parse = parse,
	.reload = reload,
	.would = would,
	.release = release,
};
