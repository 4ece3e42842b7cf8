/* Fuzzes what hosted servers and those who set them up may write: the first byte chooses a page of
 * HTML, a file of headers, an ARN, or the value of NO_PROXY. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"
#include "base/utf8.h"
#include "http/html.h"
#include "http/login.h"
#include "http/proxy.h"
#include "http/url.h"
#include "mlflow/header_file.h"
#include "mlflow/sagemaker.h"

/* A trap, so that the fuzzer keeps the input. */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_page(const char *page, size_t size)
{
	char line[100];
	html_first_line(page, size, line, sizeof(line));
	MUST(utf8_is_valid(line, strlen(line)) && strpbrk(line, "\r\n\x1b") == NULL);
	(void)html_asks_for_login(page, size);
}

static void try_headers(const char *text, size_t size)
{
	struct http_lines lines = {0};
	struct fail f;
	if (header_file_parse(text, size, true, &lines, &f) == 0)
		for (size_t i = 0; i < lines.count; i++)
			MUST(strpbrk(lines.lines[i], "\r\n") == NULL &&
				strchr(lines.lines[i], ':') != NULL &&
				strncasecmp(lines.lines[i], "Host:", 5) != 0);
	http_lines_release(&lines);
}

static void try_arn(const char *text)
{
	struct sagemaker sagemaker;
	struct fail f;
	if (sagemaker_read(text, &sagemaker, &f) == 0) {
		char *host = http_url_host(sagemaker.base);
		MUST(host != NULL && text_ends_with(host, ".aws"));
		MUST(strpbrk(sagemaker.header, "\r\n") == NULL);
		free(host);
	}
	sagemaker_release(&sagemaker);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text text = {0};
	if (size == 0)
		return 0;
	text_add(&text, data + 1, size - 1);
	const char *string = text_string(&text);
	if (data[0] == 'h')
		try_page(string, size - 1);
	else if (data[0] == 'f')
		try_headers(string, size - 1);
	else if (data[0] == 'a')
		try_arn(string);
	else
		(void)http_proxy_is_bypassed("10.1.2.3", "5000", string);
	text_release(&text);
	return 0;
}
