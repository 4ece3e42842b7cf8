/* Fuzzes what model servers say, and the files beside their models: the first byte chooses Triton's
 * index, an inference answer, TensorFlow Serving's status, an error body, the published numbers, a
 * service's own answer, or MLServer's settings.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"
#include "base/utf8.h"
#include "deploy/mlserver_settings.h"
#include "deploy/published.h"
#include "deploy/server_versions.h"
#include "deploy/service.h"
#include "served/identity.h"

/* A trap, so that the fuzzer keeps the input. */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_versions(const struct server_versions *versions)
{
	struct fail f;
	bool listed, served;
	char *ready = server_versions_ready(versions);
	if (server_versions_judge(versions, "2", &listed, &served, &f) == 0)
		MUST(!served || (listed && strchr(ready, '2') != NULL));
	free(ready);
}

static void try_index(const char *text, size_t size)
{
	struct server_versions versions;
	struct fail f;
	if (server_versions_triton(text, size, "fish", &versions, &f) == 0)
		try_versions(&versions);
	server_versions_release(&versions);
}

static void try_status(const char *text, size_t size)
{
	struct server_versions versions;
	struct fail f;
	if (server_versions_tf_serving(text, size, &versions, &f) == 0)
		try_versions(&versions);
	server_versions_release(&versions);
}

static void try_error(const char *text, size_t size)
{
	struct http_response response = {.status = 500};
	char line[100];
	text_add(&response.body, text, size);
	service_says(&response, line, sizeof(line));
	MUST(utf8_is_valid(line, strlen(line)) && strpbrk(line, "\r\n\x1b") == NULL);
	text_release(&response.body);
}

static void try_published(const char *text, size_t size)
{
	struct published published;
	struct fail f;
	if (published_parse(text, size, &published, &f) == 0)
		for (size_t i = 1; i < published.count; i++)
			MUST(published.items[i].number > published.items[i - 1].number);
	published_release(&published);
}

static void try_settings(const char *text)
{
	struct text once = {0}, twice = {0};
	struct fail f;
	if (mlserver_settings_change(text, "fish", "./8", "7", &once, &f) == 0) {
		MUST(mlserver_settings_change(once.data, "fish", "./8", "7", &twice, &f) == 0);
		MUST(strcmp(once.data, twice.data) == 0);
	}
	text_release(&once);
	text_release(&twice);
}

static void try_identity(const char *text, size_t size)
{
	struct served served = {.pointer = (char *)"/model/versions/0"};
	struct http_response response = {.status = 200};
	text_add(&response.body, text, size);
	char *said = served_identity_read(&served, &response);
	free(said);
	text_release(&response.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text text = {0};
	if (size == 0)
		return 0;
	text_add(&text, data + 1, size - 1);
	const char *string = text_string(&text);
	if (data[0] == 'i')
		try_index(string, size - 1);
	else if (data[0] == 'a')
		free(server_versions_answered(string, size - 1));
	else if (data[0] == 's')
		try_status(string, size - 1);
	else if (data[0] == 'p')
		try_published(string, size - 1);
	else if (data[0] == 'v')
		try_identity(string, size - 1);
	else if (data[0] == 'm')
		try_settings(string);
	else
		try_error(string, size - 1);
	text_release(&text);
	return 0;
}
