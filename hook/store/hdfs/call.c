#include "store/hdfs/call.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/console.h"
#include "base/env.h"
#include "base/escape.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/panic.h"
#include "base/secret.h"
#include "base/stop.h"
#include "base/text.h"
#include "http/body.h"
#include "http/http.h"
#include "http/response.h"
#include "http/retry.h"
#include "http/types.h"
#include "http/url.h"
#include "packaging/json/lenient.h"
#include "store/hdfs/token.h"
#include "store/refusal.h"

#define API "/webhdfs/v1"
#define TOKENS_MAX ((size_t)1 << 20)

/* *token NULL: none is there for this file system */
static int read_token(const struct hdfs *hdfs, char **token, struct fail *f)
{
	const char *path = env_get(ENV_HADOOP_TOKEN_FILE_LOCATION);
	struct text text = {0};
	*token = NULL;
	if (path == NULL)
		return 0;
	int result = file_read(path, TOKENS_MAX, &text, f);
	if (result == 0)
		result = hdfs_token_find(
			text_string(&text), text.size, hdfs->where.authority, token, f);
	if (text.data != NULL)
		explicit_bzero(text.data, text.size);
	text_release(&text);
	secret_add(*token);
	if (result == 0)
		return 0;
	f->status = STATUS_CONFIGURATION;
	return fail_wrap(f, "%s", env_name(ENV_HADOOP_TOKEN_FILE_LOCATION));
}

static void free_secret(char *secret)
{
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

static int identify(struct hdfs *hdfs, struct fail *f)
{
	const char *user = env_get(ENV_HADOOP_USER_NAME);
	char *token;
	if (read_token(hdfs, &token, f) != 0)
		return -1;
	hdfs->user = text_copy(user != NULL ? user : env_user());
	hdfs->has_token = token != NULL;
	char *escaped = http_escape_query(hdfs->user);
	hdfs->identity = text_format("user.name=%s%s%s", escaped,
		token != NULL ? "&delegation=" : "", token != NULL ? token : "");
	free(escaped);
	free_secret(token);
	return 0;
}

static int locate(struct hdfs *hdfs, const char *webhdfs_url, const char *uri, struct fail *f)
{
	struct hdfs_site site;
	if (hdfs_site_read(&site, f) != 0)
		return -1;
	int result = hdfs_where_find(&hdfs->where, &site, webhdfs_url, uri, f);
	hdfs_site_release(&site);
	return result;
}

int hdfs_open(struct store *store, const char *uri, struct fail *f)
{
	struct hdfs *hdfs = memory_get(1, sizeof(*hdfs));
	size_t size = strlen(uri);
	store->state = hdfs;
	INVARIANT(pthread_mutex_init(&hdfs->choosing, NULL) == 0);
	INVARIANT(pthread_mutex_init(&hdfs->learning, NULL) == 0);
	if (locate(hdfs, store->options->webhdfs_url, uri, f) != 0 || identify(hdfs, f) != 0) {
		hdfs_close(store);
		return -1;
	}
	while (size > 0 && uri[size - 1] == '/')
		size--;
	store->root = text_format("%.*s", (int)size, uri);
	return 0;
}

void hdfs_close(struct store *store)
{
	struct hdfs *hdfs = store->state;
	if (hdfs == NULL)
		return;
	for (size_t i = 0; i < hdfs->swept_count; i++)
		free(hdfs->swept[i]);
	free(hdfs->swept);
	hdfs_where_release(&hdfs->where);
	pthread_mutex_destroy(&hdfs->choosing);
	pthread_mutex_destroy(&hdfs->learning);
	free(hdfs->user);
	free_secret(hdfs->identity);
	free(hdfs);
	store->state = NULL;
}

char *hdfs_path(const struct hdfs *hdfs, const char *path)
{
	return text_format("%s/%s", hdfs->where.folder, path);
}

/* The present NameNode, and from it on to the next where it does not serve. */

static size_t node_now(struct hdfs *hdfs)
{
	pthread_mutex_lock(&hdfs->choosing);
	size_t node = hdfs->node;
	pthread_mutex_unlock(&hdfs->choosing);
	return node;
}

static void leave_node(struct hdfs *hdfs, size_t node)
{
	pthread_mutex_lock(&hdfs->choosing);
	if (hdfs->node == node)
		hdfs->node = (node + 1) % hdfs->where.node_count;
	pthread_mutex_unlock(&hdfs->choosing);
}

static char *url_of(const struct hdfs *hdfs, size_t node, const struct hdfs_operation *operation,
	const char *more)
{
	char *path = hdfs_path(hdfs, operation->path);
	char *escaped = http_escape_path(path);
	char *url = text_format("%s" API "%s?op=%s&%s%s%s", hdfs->where.nodes[node], escaped,
		operation->name, hdfs->identity, operation->more != NULL ? operation->more : "",
		more != NULL ? more : "");
	free(escaped);
	free(path);
	return url;
}

/* {"RemoteException": {"exception": "...", "message": "...\n\tat org.apache..."}} */
void hdfs_exception_read(struct hdfs_reply *reply)
{
	const struct text *body = &reply->http.body;
	struct json_lenient answer;
	struct fail ignored;
	if (reply->http.status < 300 || body->size == 0)
		return;
	if (json_lenient_parse(&answer, text_string(body), body->size, &ignored) == 0) {
		const struct json_lenient_value *error =
			json_lenient_object(&answer, json_lenient_root(&answer), "RemoteException");
		char *name = json_lenient_string(&answer, error, "exception");
		char *message = json_lenient_string(&answer, error, "message");
		escape_into(reply->exception, sizeof(reply->exception), name, strlen(name));
		escape_into(
			reply->message, sizeof(reply->message), message, strcspn(message, "\r\n"));
		free(name);
		free(message);
	}
	json_lenient_release(&answer);
}

static int send_once(struct store *s, const char *url, const struct hdfs_operation *operation,
	struct hdfs_reply *reply, struct fail *f)
{
	struct http_request http = {
		.method = operation->method,
		.url = url,
		.content_type = operation->body.size > 0 ? "application/octet-stream" : NULL,
		.body = operation->body,
		.sink = operation->sink,
		.max_tries = 1,
		.redirect_is_answer = true, /* of a NameNode that knows no noredirect */
	};
	int result = http_send(s->http, &http, &reply->http, f);
	if (result == 0)
		hdfs_exception_read(reply);
	return result;
}

static bool is_standby(const struct hdfs_reply *reply)
{
	return strcmp(reply->exception, "StandbyException") == 0;
}

/* No DataNode is there to be had, for now. */
static bool lacks_datanode(const struct hdfs_reply *reply)
{
	return strcmp(reply->exception, "IOException") == 0 &&
	       strstr(reply->message, "datanode") != NULL;
}

static bool is_for_now(const struct hdfs_reply *reply)
{
	static const char *const names[] = {"StandbyException", "RetriableException",
		"SafeModeException", "ConnectException", "NoRouteToHostException",
		"SocketTimeoutException", "LeaseExpiredException", NULL};
	return refusal_is_one_of(reply->exception, names) || lacks_datanode(reply) ||
	       http_retry_is_transient(reply->http.status);
}

/* struct attempts - the tries of one operation, as http_send would make them */
struct attempts {
	struct store *store;
	const struct hdfs_operation *operation;
	int tries;
};

/* Whether it is worth another try, once the pause before it is over; -1: stopped meanwhile. */
static int try_again(
	struct attempts *p, int result, const struct hdfs_reply *reply, bool *again, struct fail *f)
{
	const struct hdfs *hdfs = p->store->state;
	int next = ++p->tries + 1, tries = http_retry_tries(p->store->http->options);
	*again = false;
	if (result == 0 ? !is_for_now(reply) : f->status != STATUS_LATER)
		return result;
	int64_t ms = hdfs->closing ? -1 : http_retry_wait_ms(p->store->http, next, tries, -1);
	if (ms < 0)
		return result;
	console_say("HDFS %s: %s, again in %.1f s (try %d of %d)", p->operation->name,
		result != 0		      ? f->text
		: reply->exception[0] != '\0' ? reply->exception
					      : "no success",
		(double)ms / 1000, next, tries);
	*again = true;
	return stop_sleep(ms, f);
}

static int start_over(const struct hdfs_operation *operation, struct fail *f)
{
	const struct http_sink *sink = operation->sink;
	if (http_body_rewind(&operation->body, f) != 0)
		return -1;
	if (sink != NULL && sink->restart != NULL)
		return sink->restart(sink->context, f);
	return 0;
}

/* once: whatever the answer */
static int ask(struct store *s, const struct hdfs_operation *operation, const char *more, bool once,
	struct hdfs_reply *reply, struct fail *f)
{
	struct hdfs *hdfs = s->state;
	struct attempts attempts = {s, operation, 0};
	int result;
	bool again;
	do {
		size_t node = node_now(hdfs);
		char *url = url_of(hdfs, node, operation, more);
		*reply = (struct hdfs_reply){0};
		result = send_once(s, url, operation, reply, f);
		free_secret(url);
		if (result != 0 || is_standby(reply))
			leave_node(hdfs, node);
		again = false;
		if (!once)
			result = try_again(&attempts, result, reply, &again, f);
		if (again)
			hdfs_reply_release(reply);
		if (again && result == 0)
			result = start_over(operation, f);
	} while (again && result == 0);
	return result;
}

int hdfs_ask(struct store *s, const struct hdfs_operation *operation, struct hdfs_reply *reply,
	struct fail *f)
{
	return ask(s, operation, NULL, false, reply, f);
}

/* Transfers. */

static char *location_of(const struct hdfs_reply *reply)
{
	const struct text *body = &reply->http.body;
	struct json_lenient answer;
	struct fail ignored;
	char *location = NULL;
	if (reply->http.status == 307)
		return http_response_header(&reply->http, "Location");
	if (json_lenient_parse(&answer, text_string(body), body->size, &ignored) == 0)
		location = json_lenient_string(&answer, json_lenient_root(&answer), "Location");
	json_lenient_release(&answer);
	return location;
}

/* A body does not leave TLS because an answer says so. */
static int check_location(struct store *s, const char *location, struct fail *f)
{
	const struct hdfs *hdfs = s->state;
	char *origin = location != NULL ? http_url_origin(location) : NULL;
	bool secure = text_starts_with(hdfs->where.nodes[0], "https:");
	bool fine = origin != NULL && (!secure || text_starts_with(origin, "https:"));
	if (!fine)
		fail_set(f, STATUS_NOT_A_REGISTRY,
			origin == NULL ? "the NameNode names no DataNode"
				       : "the NameNode speaks TLS, its DataNode %.120s does not",
			origin);
	free(origin);
	return fine ? 0 : -1;
}

/* *location NULL: the reply is the answer. out: the host to leave out, or NULL. */
static int choose_datanode(struct store *s, const struct hdfs_operation *operation, const char *out,
	char **location, struct hdfs_reply *reply, struct fail *f)
{
	struct hdfs_operation question = *operation;
	question.body = (struct http_body){0};
	question.sink = NULL;
	char *escaped = http_escape_query(out != NULL ? out : "");
	char *more = text_format(
		"&noredirect=true%s%s", out != NULL ? "&excludedatanodes=" : "", escaped);
	int result = ask(s, &question, more, out != NULL, reply, f);
	*location = NULL;
	if (result == 0 && (reply->http.status == 200 || reply->http.status == 307)) {
		*location = location_of(reply);
		result = check_location(s, *location, f);
		hdfs_reply_release(reply);
	}
	free(more);
	free(escaped);
	return result;
}

/* struct choice - how the tries of a transfer came along */
struct choice {
	char *out;    /* the DataNode to leave out next time, the one that failed; or NULL */
	bool reached; /* the last try got as far as to a DataNode */
};

static int transfer_once(struct store *s, const struct hdfs_operation *operation,
	struct choice *choice, struct hdfs_reply *reply, struct fail *f)
{
	char *location, **out = &choice->out;
	int result = choose_datanode(s, operation, *out, &location, reply, f);
	if (*out != NULL && location == NULL) { /* there may be no other */
		hdfs_reply_release(reply);
		result = choose_datanode(s, operation, NULL, &location, reply, f);
	}
	free(*out);
	*out = NULL;
	choice->reached = result == 0 && location != NULL;
	if (choice->reached) {
		result = send_once(s, location, operation, reply, f);
		if (result != 0)
			*out = http_url_host(location);
	}
	free_secret(location);
	return result;
}

int hdfs_transfer(struct store *s, const struct hdfs_operation *operation, struct hdfs_reply *reply,
	struct fail *f)
{
	struct attempts attempts = {s, operation, 0};
	struct choice choice = {0};
	bool again = false;
	int result;
	do {
		*reply = (struct hdfs_reply){0};
		result = again ? start_over(operation, f) : 0;
		if (result == 0)
			result = transfer_once(s, operation, &choice, reply, f);
		again = false;
		if (choice.reached)
			result = try_again(&attempts, result, reply, &again, f);
		if (again)
			hdfs_reply_release(reply);
	} while (again && result == 0);
	free(choice.out);
	return result;
}

/* What it means. */

static enum status status_of(const struct hdfs_reply *reply)
{
	static const char *const denied[] = {"AccessControlException", "SecurityException",
		"AuthorizationException", "InvalidToken", "AuthenticationException", NULL};
	long status = reply->http.status;
	if (is_for_now(reply))
		return STATUS_LATER;
	if (refusal_is_one_of(reply->exception, denied) || status == 401 ||
		(status == 403 && reply->exception[0] == '\0'))
		return STATUS_DENIED;
	if (status == 404 && reply->exception[0] == '\0')
		return STATUS_NOT_A_REGISTRY;
	return status >= 500 && status != 501 ? STATUS_LATER : STATUS_REFUSED;
}

static int hint(const struct store *s, const struct hdfs_reply *reply, struct fail *f)
{
	const struct hdfs *hdfs = s->state;
	char *asks = http_response_header(&reply->http, "WWW-Authenticate");
	bool kerberos =
		reply->http.status == 401 && asks != NULL && text_starts_with(asks, "Negotiate");
	free(asks);
	if (kerberos)
		return fail_hint(f,
			"it wants Kerberos, which this program does not speak: set "
			"HADOOP_TOKEN_FILE_LOCATION to a file with a delegation token, as "
			"YARN does, or let the MLflow server pass artifacts on");
	if (f->status == STATUS_DENIED && hdfs->has_token)
		return fail_hint(f, "asked with the token in HADOOP_TOKEN_FILE_LOCATION");
	if (f->status == STATUS_DENIED)
		return fail_hint(f, "asked as %.100s: set HADOOP_USER_NAME, or give it the folder",
			hdfs->user);
	if (f->status == STATUS_NOT_A_REGISTRY)
		return fail_hint(f, "is this the NameNode's HTTP address? set "
				    "MODELHOOK_WEBHDFS_URL, e.g. http://namenode:9870");
	if (strcmp(reply->exception, "SafeModeException") == 0)
		return fail_hint(
			f, "the NameNode takes no writes yet: hdfs dfsadmin -safemode get");
	return -1;
}

int hdfs_expect(struct store *s, const struct hdfs_reply *reply, struct fail *f)
{
	struct hdfs *hdfs = s->state;
	long status = reply->http.status;
	if (status >= 200 && status <= 299)
		return 0;
	char *shown = http_url_show(hdfs->where.nodes[node_now(hdfs)]);
	struct refusal refusal = {status_of(reply), status, reply->exception, reply->message};
	refusal_fail(&refusal, f, "HDFS at %.100s", shown);
	free(shown);
	return hint(s, reply, f);
}

bool hdfs_is_missing(const struct hdfs_reply *reply)
{
	return reply->http.status == 404 && strcmp(reply->exception, "FileNotFoundException") == 0;
}

void hdfs_reply_release(struct hdfs_reply *reply)
{
	http_response_release(&reply->http);
	*reply = (struct hdfs_reply){0};
}
