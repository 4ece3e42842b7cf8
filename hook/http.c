#include "http.h"

#include <curl/curl.h>
#include <stdlib.h>

#include "base/stop.h"
#include "http_transfer.h"

#define POLL_MAX_MS 1000
#define CONNECTIONS_KEPT 8L

int http_open(struct http *http, const struct settings *settings,
	const struct credentials *credentials, struct deadline deadline, struct fail *f)
{
	*http = (struct http){
		.settings = settings,
		.credentials = credentials,
		.deadline = deadline,
	};
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return fail_set(f, STATUS_LATER, "libcurl could not be started");
	http->multi = curl_multi_init();
	if (http->multi == NULL)
		fail_out_of_memory();
	curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT);
	return 0;
}

void http_release(struct http *http)
{
	if (http->multi != NULL) {
		curl_multi_cleanup(http->multi);
		curl_global_cleanup();
	}
	free(http->ca_file);
	free(http->ca_folder);
	*http = (struct http){0};
}

static void collect_ended(struct http *http)
{
	int left;
	for (CURLMsg *message; (message = curl_multi_info_read(http->multi, &left)) != NULL;) {
		struct http_transfer *t = NULL;
		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		http_transfer_ended(t, message->data.result);
	}
}

static int wait_for_bytes(struct http *http, int64_t ms)
{
	struct curl_waitfd stop = {.fd = stop_fd(), .events = CURL_WAIT_POLLIN};
	unsigned more = stop.fd >= 0 ? 1 : 0;
	if (ms > POLL_MAX_MS)
		ms = POLL_MAX_MS;
	return curl_multi_poll(http->multi, &stop, more, (int)ms, NULL);
}

/* One turn of the machine: begin what is due, move what moves, end what ended, then wait. */
static void turn(struct http *http, struct http_transfer *t)
{
	int moving;
	if (t->state == TRANSFER_PAUSING && http_transfer_patience(t) == 0)
		http_transfer_begin(t);
	INVARIANT(curl_multi_perform(http->multi, &moving) == CURLM_OK);
	collect_ended(http);
	http_transfer_check(t);
	if (t->state != TRANSFER_DONE)
		INVARIANT(wait_for_bytes(http, http_transfer_patience(t)) == CURLM_OK);
}

int http_send(struct http *http, const struct http_request *request, struct http_answer *answer,
	struct fail *f)
{
	struct http_transfer t;
	struct fail stop;
	http_transfer_init(&t, http, request, answer);
	while (t.state != TRANSFER_DONE)
		if (stop_check(&stop) != 0)
			http_transfer_abandon(&t, &stop);
		else
			turn(http, &t);
	int result = t.result;
	if (result != 0)
		*f = t.fail;
	http_transfer_release(&t);
	return result;
}

void http_answer_release(struct http_answer *answer)
{
	text_release(&answer->body);
	free(answer->content_type);
	free(answer->location);
	*answer = (struct http_answer){0};
}

char *http_library_versions(void)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
	struct text text = {0};
	text_printf(&text, "libcurl %s", info->version);
	if (info->ssl_version != NULL)
		text_printf(&text, ", %s", info->ssl_version);
	if (info->libz_version != NULL)
		text_printf(&text, ", zlib/%s", info->libz_version);
	return text_take(&text);
}
