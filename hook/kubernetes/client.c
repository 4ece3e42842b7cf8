#include "kubernetes/client.h"

#include <stdlib.h>
#include <string.h>

#include "auth/bearer.h"
#include "auth/fetch.h"
#include "base/fail.h"
#include "base/secret.h"
#include "base/text.h"
#include "http/response.h"
#include "http/url.h"
#include "kubernetes/object.h"
#include "packaging/digest/base64.h"

enum {
	READ_AGAIN_MS = 60000,
	EXPIRY_MARGIN_MS = 10000,
	MESSAGE_MAX = 300,
	OBJECT_MAX = 8 << 20,
};

/* Credentials */

static int read_token_file(struct kubernetes *kubernetes, struct fail *f)
{
	struct kubernetes_credential *credential = &kubernetes->credential;
	char *token = fetch_read_file(kubernetes->access.token_file, f);
	if (token == NULL && credential->token != NULL)
		return 0;
	if (token == NULL)
		return fail_wrap(f, "token of %s", kubernetes->access.from);
	fetch_wipe(&credential->token);
	credential->token = token;
	secret_add(token);
	return 0;
}

/* A certificate is shown from the next connection on. */
static int run_exec(struct kubernetes *kubernetes, struct fail *f)
{
	struct kubernetes_credential fresh;
	struct http_trust *trust = &kubernetes->http.trust;
	if (!kubernetes->options->allow_exec) {
		fail_set(f, STATUS_CONFIGURATION, "%s runs the program %s for its credentials",
			kubernetes->access.from, kubernetes->access.exec.argv[0]);
		return fail_hint(f, "\"allow_exec\": true allows it");
	}
	if (kubernetes_exec_run(&kubernetes->access, kubernetes->options->environment, &fresh, f) !=
		0)
		return -1;
	kubernetes_credential_release(&kubernetes->credential);
	kubernetes->credential = fresh;
	if (fresh.cert_pem != NULL) {
		trust->client_cert_pem = kubernetes->credential.cert_pem;
		trust->client_key_pem = kubernetes->credential.key_pem;
	}
	return 0;
}

static bool is_fresh(const struct kubernetes *kubernetes)
{
	const struct kubernetes_access *access = &kubernetes->access;
	int64_t expires = kubernetes->credential.expires_ms;
	if (kubernetes->read_at == 0)
		return false;
	if (access->token_file != NULL)
		return clock_monotonic_ms() - kubernetes->read_at < READ_AGAIN_MS;
	return expires == 0 || clock_now_ms() + EXPIRY_MARGIN_MS < expires;
}

static bool can_be_renewed(const struct kubernetes_access *access)
{
	return access->token_file != NULL || access->exec.argv != NULL;
}

static int renew(struct kubernetes *kubernetes, struct fail *f)
{
	int result = kubernetes->access.token_file != NULL ? read_token_file(kubernetes, f)
							   : run_exec(kubernetes, f);
	if (result == 0)
		kubernetes->read_at = clock_monotonic_ms();
	return result;
}

static void add_impersonation(const struct kubernetes_access *access, struct http_lines *lines)
{
	if (access->as != NULL)
		http_lines_add(lines, text_format("Impersonate-User: %s", access->as));
	if (access->as_uid != NULL)
		http_lines_add(lines, text_format("Impersonate-Uid: %s", access->as_uid));
	for (char **group = access->as_groups; group != NULL && *group != NULL; group++)
		if (lines->count < HTTP_LINES_MAX)
			http_lines_add(lines, text_format("Impersonate-Group: %s", *group));
}

static char *basic_header(const struct kubernetes_access *access)
{
	char *both = text_format(
		"%s:%s", access->username, access->password != NULL ? access->password : "");
	char *base64 = base64_encode(both, strlen(both));
	char *line = text_format("Authorization: Basic %s", base64);
	fetch_wipe(&both);
	fetch_wipe(&base64);
	return line;
}

static int make_lines(const void *context, struct http *http, const struct http_request *request,
	const char *url, struct http_lines *lines, struct fail *f)
{
	const struct kubernetes *kubernetes = context;
	const struct kubernetes_access *access = &kubernetes->access;
	const char *token =
		kubernetes->credential.token != NULL ? kubernetes->credential.token : access->token;
	(void)http;
	(void)request;
	(void)url;
	(void)f;
	if (token != NULL)
		http_lines_add(lines, bearer_header(token));
	else if (access->username != NULL)
		http_lines_add(lines, basic_header(access));
	add_impersonation(access, lines);
	return 0;
}

/* The client */

static void set_trust(struct kubernetes *kubernetes)
{
	const struct kubernetes_access *access = &kubernetes->access;
	kubernetes->http.trust = (struct http_trust){
		.ca_setting = "certificate-authority in the kubeconfig",
		.insecure_setting = "insecure-skip-tls-verify",
		.insecure = access->insecure,
		.ca_pem = access->ca_pem,
		.client_cert_pem = access->client_cert_pem,
		.client_key_pem = access->client_key_pem,
	};
	kubernetes->http.proxy_url = access->proxy_url;
	kubernetes->http.proxy_setting = "proxy-url in the kubeconfig";
}

/* Names are looked up behind the proxy, as Go does it. */
static void adapt_proxy(struct kubernetes_access *access)
{
	static const char socks[] = "socks5://";
	if (access->proxy_url == NULL || !text_starts_with(access->proxy_url, socks))
		return;
	char *url = text_format("socks5h://%s", access->proxy_url + strlen(socks));
	fetch_wipe(&access->proxy_url);
	access->proxy_url = url;
}

/* With a name of its own for TLS the URL has that name, and where to connect is told apart, also
 * which proxy to go through. */
static void apply_server_name(struct kubernetes *kubernetes)
{
	struct kubernetes_access *access = &kubernetes->access;
	const char *authority = strstr(kubernetes->origin, "://") + 3;
	if (access->server_name == NULL || !text_starts_with(kubernetes->origin, "https:"))
		return;
	kubernetes->base = http_url_with_host(access->server, access->server_name);
	if (kubernetes->base == NULL)
		return;
	size_t size = strlen(kubernetes->base);
	if (size > 0 && kubernetes->base[size - 1] == '/') /* libcurl adds it to a bare host */
		kubernetes->base[size - 1] = '\0';
	kubernetes->connect_to = text_copy(authority);
	kubernetes->host_line = text_format("Host: %s", authority);
	http_proxy_find(access->server, &kubernetes->proxy);
	if (kubernetes->http.proxy_url == NULL && kubernetes->proxy.url != NULL) {
		kubernetes->http.proxy_url = kubernetes->proxy.url;
		kubernetes->http.proxy_setting = kubernetes->proxy.variable;
	}
}

/* The login goes to the origin of the URLs. */
static int set_addresses(struct kubernetes *kubernetes, struct fail *f)
{
	struct kubernetes_access *access = &kubernetes->access;
	kubernetes->origin = http_url_origin(access->server);
	if (kubernetes->origin == NULL)
		return fail_set(f, STATUS_CONFIGURATION, "%s: the server \"%s\" is no URL",
			access->from, access->server);
	apply_server_name(kubernetes);
	if (kubernetes->base == NULL)
		kubernetes->base = text_copy(access->server);
	kubernetes->login_origin = http_url_origin(kubernetes->base);
	kubernetes->login = (struct http_login){
		.origin = kubernetes->login_origin, .context = kubernetes, .make = make_lines};
	return 0;
}

int kubernetes_open(struct kubernetes *kubernetes, const struct kubernetes_options *options,
	const struct http_options *http, struct deadline deadline, struct fail *f)
{
	*kubernetes = (struct kubernetes){.options = options, .http_options = *http};
	if (kubernetes_access_find(options, &kubernetes->access, f) != 0)
		return -1;
	kubernetes->http_options.follow_redirects = false;
	if (http_open(&kubernetes->http, &kubernetes->http_options, &kubernetes->login, deadline,
		    f) != 0)
		return -1;
	adapt_proxy(&kubernetes->access);
	set_trust(kubernetes);
	return set_addresses(kubernetes, f);
}

void kubernetes_release(struct kubernetes *kubernetes)
{
	http_release(&kubernetes->http);
	http_proxy_release(&kubernetes->proxy);
	kubernetes_credential_release(&kubernetes->credential);
	kubernetes_access_release(&kubernetes->access);
	free(kubernetes->origin);
	free(kubernetes->login_origin);
	free(kubernetes->base);
	free(kubernetes->connect_to);
	free(kubernetes->host_line);
	*kubernetes = (struct kubernetes){0};
}

char *kubernetes_url(const struct kubernetes *kubernetes, const char *path)
{
	return text_format("%s%s", kubernetes->base, path);
}

/* A PATCH of ours sets values that do not depend on what was there: twice is the same as once. */
static int send_once(struct kubernetes *kubernetes, const struct kubernetes_request *request,
	struct http_response *response, struct fail *f)
{
	char *url = kubernetes_url(kubernetes, request->path);
	const char *const headers[] = {kubernetes->host_line, NULL};
	struct http_request sent = {
		.method = request->method,
		.url = url,
		.content_type = request->content_type,
		.headers = headers,
		.connect_to = kubernetes->connect_to,
		.authorized = true,
		.body = {.bytes = request->body,
			.size = request->body != NULL ? strlen(request->body) : 0},
		.max_response = OBJECT_MAX,
		.repeat = HTTP_IDEMPOTENT,
		.max_tries = request->max_tries,
		.redirect_is_answer = true,
	};
	http_response_release(response);
	int result = http_send(&kubernetes->http, &sent, response, f);
	if (response->date_ms > 0)
		kubernetes->server_ms = response->date_ms;
	free(url);
	return result;
}

static int fail_send(struct fail *f)
{
	if (f->status == STATUS_NOT_A_REGISTRY)
		f->status = STATUS_CONFIGURATION;
	return fail_wrap(f, "Kubernetes");
}

int kubernetes_send(struct kubernetes *kubernetes, const struct kubernetes_request *request,
	struct http_response *response, struct fail *f)
{
	bool renews = can_be_renewed(&kubernetes->access);
	*response = (struct http_response){0};
	if (renews && !is_fresh(kubernetes) && renew(kubernetes, f) != 0)
		return -1;
	if (send_once(kubernetes, request, response, f) != 0)
		return fail_send(f);
	if (response->status != 401 || !renews)
		return 0;
	if (renew(kubernetes, f) != 0)
		return -1;
	return send_once(kubernetes, request, response, f) == 0 ? 0 : fail_send(f);
}

char *kubernetes_message(const char *text, size_t size)
{
	struct cJSON *tree;
	struct fail ignored;
	char *message = NULL;
	if (json_parse(text, size, &tree, &ignored) == 0) {
		struct json_at root = json_root(tree);
		message = object_string(&root, "message");
		json_release(tree);
	}
	return message != NULL ? message
			       : text_trimmed(text, size < MESSAGE_MAX ? size : MESSAGE_MAX);
}

static enum status status_of(long http)
{
	switch (http) {
	case 401:
	case 403:
		return STATUS_DENIED;
	case 404:
		return STATUS_CONFIGURATION;
	case 408:
	case 409:
	case 429:
		return STATUS_LATER;
	default:
		return http >= 500 ? STATUS_LATER : STATUS_NOT_SERVED;
	}
}

static void hint(const struct kubernetes *kubernetes, long http, struct fail *f)
{
	if (http == 401)
		fail_hint(f, "the credentials are those of %s: have they expired?",
			kubernetes->access.from);
	else if (http == 403)
		fail_hint(f, "\"modelhook help deploy\" prints the Role that allows it");
	else if (http == 404)
		fail_hint(f, "are the namespace and the name right, and the cluster (%s)?",
			kubernetes->access.from);
}

int kubernetes_check(const struct kubernetes *kubernetes, const struct kubernetes_request *request,
	const struct http_response *response, struct fail *f)
{
	long http = response->status;
	if (http >= 200 && http <= 299)
		return 0;
	char *message = kubernetes_message(text_string(&response->body), response->body.size);
	fail_set(f, status_of(http), "%s: HTTP %ld%s%.*s", request->what, http,
		message[0] != '\0' ? ": " : "", MESSAGE_MAX, message);
	f->http = http;
	free(message);
	hint(kubernetes, http, f);
	return -1;
}

int kubernetes_ask(struct kubernetes *kubernetes, const struct kubernetes_request *request,
	struct cJSON **answer, struct fail *f)
{
	struct http_response response;
	*answer = NULL;
	int result = kubernetes_send(kubernetes, request, &response, f);
	if (result == 0)
		result = kubernetes_check(kubernetes, request, &response, f);
	if (result == 0 &&
		json_parse(text_string(&response.body), response.body.size, answer, f) != 0) {
		f->status = STATUS_CONFIGURATION;
		result = fail_wrap(f, "%s: the answer of %s", request->what, kubernetes->origin);
	}
	http_response_release(&response);
	return result;
}
