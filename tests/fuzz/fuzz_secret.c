/* Text from a server, its first line a secret: nothing that is shown holds the secret. */
#include <string.h>

#include "base/escape.h"
#include "base/panic.h"
#include "base/secret.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line = memchr(data, '\n', size);
	struct text shown = {0}, secret = {0};
	if (line == NULL || line - data > 64)
		return 0;
	text_add(&secret, data, (size_t)(line - data));
	secret_add(text_string(&secret));
	secret_add_header((const char *)text_string(&secret));
	secret_add_url(text_string(&secret));
	secret_redact(&shown, (const char *)line, size - (size_t)(line - data), true);
	size_t length = strlen(text_string(&secret));
	/* what is left out of a URL, or stands in a secret's place, may join to one by chance */
	if (length >= 12 && strstr(secret.data, "://") == NULL &&
		strpbrk(secret.data, "[]=") == NULL)
		INVARIANT(strstr(text_string(&shown), secret.data) == NULL);
	text_clear(&shown);
	escape_add(&shown, line, size - (size_t)(line - data));
	text_release(&shown);
	text_release(&secret);
	secret_wipe();
	return 0;
}
