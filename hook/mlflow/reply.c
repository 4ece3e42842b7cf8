#include "mlflow/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/fail.h"
#include "base/text.h"
#include "http/html.h"
#include "http/response.h"
#include "http/retry.h"
#include "mlflow/credentials.h"
#include "mlflow/platform.h"
#include "mlflow/read.h"
#include "packaging/json/lenient.h"

/* what an operator sets so that versions may lie on hosts that the server does not know */
#define HOST_SCHEMES "MLFLOW_ALLOWED_HOST_ADDRESSED_ARTIFACT_SCHEMES"

void mlflow_reply_release(struct mlflow_reply *reply)
{
	http_response_release(&reply->http);
	*reply = (struct mlflow_reply){0};
}

bool mlflow_is_permanent(const struct http_response *response)
{
	const char *body = text_string(&response->body);
	return strstr(body, "FEATURE_DISABLED") != NULL || mlflow_serves_no_artifacts(response);
}

bool mlflow_wants_presigned(const struct http_response *response)
{
	return response->status == 403 &&
	       mlflow_read_yes(&response->body, "artifacts_presigned_only");
}

bool mlflow_serves_no_artifacts(const struct http_response *response)
{
	const char *body = text_string(&response->body);
	/* since 3, and before */
	return strstr(body, "Artifact serving is disabled") != NULL ||
	       strstr(body, "disabled due to the mlflow server running") != NULL;
}

static bool is_success(const struct mlflow_reply *reply)
{
	return reply->http.status >= 200 && reply->http.status <= 299;
}

static bool is_html(const struct mlflow_reply *reply)
{
	const char *type = reply->http.content_type, *body = text_string(&reply->http.body);
	return (type != NULL && strstr(type, "html") != NULL) ||
	       body[strspn(body, " \t\r\n")] == '<';
}

/* Whoever stands in front of the server answers so, in words of an administrator's choice. */
static bool is_page_of_proxy(long status)
{
	return status == 401 || status == 403 || status == 407 || status >= 502;
}

/* Some debug pages show the request that they answer. */
static bool shows_request(const char *line)
{
	return strcasestr(line, "authorization:") != NULL || strcasestr(line, "bearer ") != NULL;
}

/* Plain text is worth its first line, also where Flask calls it HTML for want of a type; of a page
 * of HTML, as proxies send it, that is its title. */
static void read_plain(struct mlflow_reply *reply)
{
	const struct text *body = &reply->http.body;
	const char *string = text_string(body);
	size_t room = sizeof(reply->message);
	if (strchr(string, '<') == NULL)
		escape_into(reply->message, room, string, strcspn(string, "\r\n"));
	else if (is_page_of_proxy(reply->http.status))
		html_first_line(string, body->size, reply->message, room);
	if (shows_request(reply->message))
		reply->message[0] = '\0';
}

static void read_json(struct mlflow_reply *reply, struct json_lenient *json)
{
	const struct json_lenient_value *root = json_lenient_root(json);
	char *code = json_lenient_string(json, root, "error_code");
	char *message = json_lenient_string(json, root, "message");
	char *detail = json_lenient_string(json, root, "detail");
	const char *words = message[0] != '\0' ? message : detail;
	escape_into(reply->code, sizeof(reply->code), code, strlen(code));
	escape_into(reply->message, sizeof(reply->message), words, strcspn(words, "\r\n"));
	free(code);
	free(message);
	free(detail);
}

void mlflow_reply_read(struct mlflow_reply *reply)
{
	const struct text *body = &reply->http.body;
	struct json_lenient json;
	struct fail ignored;
	if (is_success(reply))
		return;
	if (json_lenient_parse(&json, text_string(body), body->size, &ignored) == 0)
		read_json(reply, &json);
	else
		read_plain(reply);
	json_lenient_release(&json);
}

static bool code_is(const struct mlflow_reply *reply, const char *const *codes)
{
	for (; *codes != NULL; codes++)
		if (strcmp(reply->code, *codes) == 0)
			return true;
	return false;
}

bool mlflow_is_missing(const struct mlflow_reply *reply)
{
	return reply->http.status == 404 && strcmp(reply->code, "RESOURCE_DOES_NOT_EXIST") == 0;
}

bool mlflow_is_unsupported(const struct mlflow_reply *reply)
{
	static const char *const codes[] = {"ENDPOINT_NOT_FOUND", "NOT_IMPLEMENTED",
		"FEATURE_DISABLED", "UNSUPPORTED_OPERATION", NULL};
	long status = reply->http.status;
	bool no_route = (status == 404 || status == 405) && reply->code[0] == '\0';
	return no_route || status == 501 || code_is(reply, codes);
}

/* nginx's words to a client that showed no certificate, or not the right one */
static bool wants_certificate(const struct mlflow_reply *reply)
{
	return reply->http.status == 400 &&
	       strstr(text_string(&reply->http.body), "SSL certificate") != NULL;
}

/* Somebody who logs people in answers in the server's place: the page itself, where redirects led,
 * or where one that is not followed would. */
static bool is_login(const struct mlflow_reply *reply)
{
	const struct http_response *response = &reply->http;
	const struct text *body = &response->body;
	if (response->location != NULL)
		return html_is_login_url(response->location);
	if (response->status > 299 && !is_html(reply))
		return false;
	if (response->from != NULL && is_html(reply) && html_is_login_url(response->from))
		return true;
	return response->status <= 299 && is_html(reply) &&
	       html_asks_for_login(text_string(body), body->size);
}

static enum status refusal_status(const struct mlflow_reply *reply)
{
	static const char *const for_now[] = {"TEMPORARILY_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED",
		"RESOURCE_EXHAUSTED", "ABORTED", "DEADLINE_EXCEEDED", NULL};
	long status = reply->http.status;
	if (status == 401 || status == 403 || status == 407 || wants_certificate(reply) ||
		is_login(reply))
		return STATUS_DENIED;
	if (status < 400)
		return STATUS_NOT_A_REGISTRY;
	if (mlflow_is_permanent(&reply->http) || status == 501)
		return STATUS_REFUSED;
	if (status >= 500 || http_retry_is_transient(status) || code_is(reply, for_now))
		return STATUS_LATER;
	if ((status == 404 || status == 405) && reply->code[0] == '\0')
		return STATUS_NOT_A_REGISTRY;
	return STATUS_REFUSED;
}

static void hint_login(const struct mlflow_reply *reply, struct fail *f)
{
	const char *at = reply->http.location != NULL ? reply->http.location : reply->http.from;
	fail_hint(f,
		"a login page answers in the server's place%s%.160s: set credentials that the "
		"proxy accepts (MLFLOW_TRACKING_TOKEN, MODELHOOK_HEADER_FILE)",
		at != NULL ? ", " : "", at != NULL ? at : "");
}

static void hint_credentials(
	const struct mlflow *m, const struct mlflow_reply *reply, struct fail *f)
{
	const struct credentials *credentials = m->credentials;
	const struct platform *platform = platform_of(m->base);
	if ((credentials == NULL || !credentials_are_there(credentials)) && platform != NULL)
		fail_hint(f, "no credentials were sent: %s takes %s", platform->name,
			platform->login);
	else if (credentials == NULL || !credentials_are_there(credentials))
		fail_hint(f, "no credentials were sent: set MLFLOW_TRACKING_USERNAME and "
			     "MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN");
	else if (reply->http.status == 401)
		fail_hint(f, "the credentials (%s) were not accepted", credentials->kind);
	else
		fail_hint(f, "the credentials (%s) are not allowed to do this", credentials->kind);
}

static void hint_denied(const struct mlflow *m, const struct mlflow_reply *reply, struct fail *f)
{
	if (strstr(reply->message, "Invalid Host header") != NULL)
		fail_hint(f, "the server accepts only names it knows: start it with "
			     "--allowed-hosts, or use the name that it was started for");
	else if (reply->http.status == 407)
		fail_hint(
			f, "the proxy wants credentials: put them into HTTP_PROXY or HTTPS_PROXY");
	else if (wants_certificate(reply))
		fail_hint(f, "set MLFLOW_TRACKING_CLIENT_CERT_PATH to a PEM file with a client "
			     "certificate and its key");
	else if (is_login(reply))
		hint_login(reply, f);
	else
		hint_credentials(m, reply, f);
}

static bool has_path(const char *base)
{
	const char *host = strstr(base, "://");
	return host != NULL && strchr(host + 3, '/') != NULL;
}

static void hint(const struct mlflow *m, const struct mlflow_reply *reply, struct fail *f)
{
	static const char *const disabled[] = {"FEATURE_DISABLED", NULL};
	long status = reply->http.status;
	const struct platform *platform = platform_of(m->base);
	if (f->status == STATUS_DENIED)
		hint_denied(m, reply, f);
	else if (platform != NULL && f->status != STATUS_LATER)
		fail_hint(f, "%s", platform->limits);
	else if (mlflow_serves_no_artifacts(&reply->http))
		fail_hint(f, "start the MLflow server with --serve-artifacts and "
			     "--artifacts-destination, so that it passes artifacts on");
	else if (strstr(text_string(&reply->http.body), HOST_SCHEMES) != NULL)
		fail_hint(f,
			"start the MLflow server with " HOST_SCHEMES " set to the scheme (hdfs), "
			"or with its --default-artifact-root on that storage");
	else if (code_is(reply, disabled) && m->workspace != NULL)
		fail_hint(f, "MLFLOW_WORKSPACE is set: is this the server that it is meant for, "
			     "and was that started with --enable-workspaces?");
	else if (reply->http.location != NULL)
		fail_hint(f,
			"it redirects to %.160s, which is not followed: set "
			"MLFLOW_TRACKING_URI to where the server is",
			reply->http.location);
	else if (status == 413)
		fail_hint(f, "a proxy in front of the server limits the size of a request");
	else if (f->status == STATUS_NOT_A_REGISTRY && status < 300)
		fail_hint(
			f, "something else answers at this URL: a login page, or another program");
	else if (f->status == STATUS_NOT_A_REGISTRY && has_path(m->base))
		fail_hint(f, "is MLFLOW_TRACKING_URI right? Before MLflow 3 --static-prefix moves "
			     "the pages alone, and the API stays where it was");
	else if (f->status == STATUS_NOT_A_REGISTRY)
		fail_hint(f, "is MLFLOW_TRACKING_URI complete? A server behind a prefix needs its "
			     "path");
}

static int refuse(const struct mlflow *m, const struct mlflow_reply *reply, struct fail *f)
{
	const char *type = reply->http.content_type;
	char more[380], shown_type[60] = "";
	if (type != NULL)
		escape_into(shown_type, sizeof(shown_type), type, strlen(type));
	if (reply->code[0] != '\0' || reply->message[0] != '\0')
		snprintf(more, sizeof(more), " %s%s%s", reply->code,
			reply->code[0] != '\0' && reply->message[0] != '\0' ? ": " : "",
			reply->message);
	else if (is_success(reply))
		snprintf(more, sizeof(more), ", but %s instead of JSON",
			shown_type[0] != '\0' ? shown_type : "something");
	else
		more[0] = '\0';
	fail_set(f, refusal_status(reply), "%s %s: %ld%s", reply->method, reply->path,
		reply->http.status, more);
	f->http = reply->http.status;
	hint(m, reply, f);
	return -1;
}

int mlflow_expect(struct mlflow *m, const struct mlflow_reply *reply, struct fail *f)
{
	const char *body = text_string(&reply->http.body);
	if (reply->planned || (is_success(reply) && body[strspn(body, " \t\r\n")] == '{'))
		return 0;
	return refuse(m, reply, f);
}

int mlflow_expect_done(struct mlflow *m, const struct mlflow_reply *reply, struct fail *f)
{
	bool is_page = reply->http.body.size > 0 && is_html(reply);
	if (reply->planned || (is_success(reply) && !is_page))
		return 0;
	return refuse(m, reply, f);
}
