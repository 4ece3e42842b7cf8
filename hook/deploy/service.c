#include "deploy/service.h"

#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/memory.h"
#include "base/plain_path.h"
#include "base/secret.h"
#include "base/text.h"
#include "deploy/keys.h"
#include "deploy/values.h"
#include "http/html.h"
#include "http/http.h"
#include "http/retry.h"
#include "http/url.h"
#include "packaging/json/note.h"

/* Reading */

static int parse_url(const struct json_at *object, struct service *service, struct fail *f)
{
	struct json_at at = json_get(object, "url");
	if (json_string(&at, &service->url, f) != 0)
		return -1;
	char *origin = http_url_origin(service->url), *user = NULL, *password = NULL;
	bool plain = origin != NULL && !plain_path_has_control(service->url);
	if (plain && http_url_cut_user(&service->url, &user, &password) && user != NULL)
		plain = false;
	free(origin);
	secret_source_wipe(user);
	secret_source_wipe(password);
	return plain ? 0
		     : json_fail(&at, f, "is a URL such as \"http://triton:8000\", without a user");
}

static bool is_header_name(const char *name)
{
	return name[0] != '\0' &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
		       strlen(name);
}

static int parse_headers(const struct json_at *object, struct service *service, struct fail *f)
{
	struct json_at list = json_get(object, "headers");
	if (!json_is_there(&list))
		return 0;
	if (json_object(&list, f) != 0)
		return -1;
	service->headers = memory_get(json_count(&list) + 1, sizeof(*service->headers));
	for (struct json_at at = json_first(&list); json_is_there(&at); at = json_next(&at)) {
		char *value = NULL;
		if (json_string(&at, &value, f) != 0)
			return -1;
		bool plain = is_header_name(at.key) && !plain_path_has_control(value);
		if (plain)
			service->headers[service->header_count++] =
				text_format("%s: %s", at.key, value);
		free(value);
		if (!plain)
			return json_fail(&at, f, "is not the name and the value of a header");
	}
	return 0;
}

static int parse_secret(const struct json_at *object, const char *folder,
	struct secret_source *secret, struct fail *f)
{
	struct json_at variable = json_get(object, "secret_variable");
	if (deploy_key_path(object, "secret_file", folder, false, &secret->file, f) != 0)
		return -1;
	if (!json_is_there(&variable))
		return 0;
	if (secret->file != NULL)
		return json_fail(&variable, f, "and \"secret_file\" cannot both be set");
	return json_string(&variable, &secret->variable, f);
}

int service_parse(
	const struct json_at *object, const char *folder, struct service *service, struct fail *f)
{
	if (parse_url(object, service, f) != 0 || parse_headers(object, service, f) != 0 ||
		parse_secret(object, folder, &service->secret, f) != 0)
		return -1;
	return deploy_key_path(object, "ca_file", folder, false, &service->ca_file, f);
}

void service_release(struct service *service)
{
	for (size_t i = 0; i < service->header_count; i++)
		free(service->headers[i]);
	free(service->headers);
	free(service->url);
	free(service->ca_file);
	secret_source_release(&service->secret);
	*service = (struct service){0};
}

/* Requests */

static char *fill_header(
	const char *pattern, const struct deploy_values *values, const char *secret)
{
	struct placeholder list[DEPLOY_VALUES + 1] = {{"{secret}", secret != NULL ? secret : ""}};
	memcpy(list + 1, values->list, sizeof(values->list));
	return placeholder_fill(pattern, list);
}

static int fill_headers(struct service_client *client, const struct service *service,
	const struct deploy_model *model, struct fail *f)
{
	struct deploy_values values;
	int result = 0;
	client->lines = memory_get(service->header_count + 1, sizeof(*client->lines));
	deploy_values_make(&values, model, false);
	for (size_t i = 0; result == 0 && i < service->header_count; i++) {
		client->lines[i] = fill_header(service->headers[i], &values, client->secret);
		secret_add_header(client->lines[i]);
		if (plain_path_has_control(client->lines[i]))
			result = fail_set(f, STATUS_CONFIGURATION,
				"header %s: a control character in its value", service->headers[i]);
	}
	deploy_values_release(&values);
	return result;
}

int service_open(struct service_client *client, const struct service *service,
	const struct deploy_call *call, struct fail *f)
{
	*client = (struct service_client){.options = *call->http};
	if (secret_source_read(&service->secret, &client->secret, f) != 0 ||
		fill_headers(client, service, call->model, f) != 0 ||
		http_open(&client->http, &client->options, NULL, call->deadline, f) != 0)
		return -1;
	client->http.trust = (struct http_trust){
		.ca_bundle = service->ca_file,
		.ca_setting = "ca_file",
	};
	client->url = deploy_fill_url(service->url, call->model);
	return 0;
}

void service_close(struct service_client *client)
{
	for (size_t i = 0; client->lines != NULL && client->lines[i] != NULL; i++)
		secret_source_wipe(client->lines[i]);
	free(client->lines);
	free(client->url);
	secret_source_wipe(client->secret);
	http_release(&client->http);
	*client = (struct service_client){0};
}

static char *url_of(const struct service_client *client, const char *path)
{
	size_t size = strlen(client->url);
	if (path[0] == '/' && client->url[size - 1] == '/')
		size--;
	return text_format("%.*s%s", (int)size, client->url, path);
}

static bool is_verdict(const struct http_response *response)
{
	return response->status == 500;
}

int service_send(struct service_client *client, const char *method, const char *path,
	const char *body, struct http_response *response, struct fail *f)
{
	int64_t silence = client->options.timeout_ms;
	char *url = url_of(client, path);
	struct http_request request = {
		.method = method,
		.url = url,
		.content_type = body != NULL ? "application/json" : NULL,
		.headers = (const char *const *)client->lines,
		.authorized = client->http.login != NULL,
		.body = {.bytes = body, .size = body != NULL ? strlen(body) : 0},
		.repeat = HTTP_IDEMPOTENT,
		.max_tries = client->max_tries,
		.is_permanent = client->loads ? is_verdict : NULL,
	};
	if (client->loads)
		client->options.timeout_ms = 0; /* the deadline bounds it all the same */
	int result = http_send(&client->http, &request, response, f);
	client->options.timeout_ms = silence;
	free(url);
	return result;
}

void service_says(const struct http_response *response, char *line, size_t size)
{
	static const char *const keys[] = {"error", "message", "detail"};
	struct cJSON *tree = json_parse_note(text_string(&response->body));
	const char *said = NULL;
	for (size_t i = 0; said == NULL && i < sizeof(keys) / sizeof(keys[0]); i++)
		said = json_find_string(tree, keys[i]);
	if (said != NULL)
		escape_into(line, size, said, strlen(said));
	else
		html_first_line(text_string(&response->body), response->body.size, line, size);
	json_release(tree);
}

static enum status status_of(
	const struct service_client *client, const struct http_response *response)
{
	long status = response->status;
	if (status == 401 || status == 403)
		return STATUS_DENIED;
	if (client->loads && is_verdict(response))
		return STATUS_NOT_SERVED;
	return http_retry_is_transient(status) ? STATUS_LATER : STATUS_NOT_SERVED;
}

int service_check(const struct service_client *client, const char *path,
	const struct http_response *response, struct fail *f)
{
	char line[240];
	if (response->status >= 200 && response->status <= 299)
		return 0;
	char *url = url_of(client, path), *shown = http_url_show(url);
	service_says(response, line, sizeof(line));
	fail_set(f, status_of(client, response), "HTTP %ld from %.160s%s%s", response->status,
		shown, line[0] != '\0' ? ": " : "", line);
	f->http = response->status;
	if (f->status == STATUS_DENIED)
		fail_hint(f,
			"does the service want a login? \"headers\" with \"{secret}\" sends one");
	free(shown);
	free(url);
	return -1;
}
