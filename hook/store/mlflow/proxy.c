#include "store/mlflow/proxy.h"

#include <string.h>

#include "mlflow/reply.h"

static bool is_hex(char c)
{
	return c != '\0' && strchr("0123456789abcdefABCDEF", c) != NULL;
}

/* Names that the server takes for other names, or not at all: it decodes twice, and reads # as the
 * end. */
int proxy_check_name(const char *path, struct fail *f)
{
	const char *why = NULL;
	if (!store_path_is_plain(path))
		why = "is not a relative path";
	for (const char *c = path; *c != '\0' && why == NULL; c++) {
		if (*c == '#')
			why = "holds a #";
		else if ((unsigned char)*c < 0x20 || *c == 0x7f)
			why = "holds a control character";
		else if (*c == '%' && is_hex(c[1]) && is_hex(c[2]))
			why = "holds a % with two hex digits, which the server would decode";
	}
	if (why != NULL)
		return fail_set(f, STATUS_UNACCEPTABLE,
			"the name %s: MLflow's artifact proxy cannot keep it", why);
	return 0;
}

const char *proxy_below(const struct store *s, int *before)
{
	const char *endpoint = strstr(s->root, PROXY_ENDPOINT);
	*before = (int)(endpoint - s->root);
	return endpoint + strlen(PROXY_ENDPOINT);
}

/* MLflow before 2 answers 500 to every removal of a file. */
bool proxy_is_500_permanent(const struct http_response *response)
{
	return response->status == 500 || mlflow_is_permanent(response);
}
