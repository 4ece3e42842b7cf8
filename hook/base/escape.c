#include "base/escape.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "base/utf8.h"

/* What is printed for the start of bytes, at most 4 long; *taken is how many bytes it stands for.
 */
static size_t escape_plain(const uint8_t *bytes, size_t size, char out[5], size_t *taken)
{
	size_t length = utf8_length(bytes, size);
	if (length > 0 && utf8_is_printable(bytes, length)) {
		memcpy(out, bytes, length);
		*taken = length;
		return length;
	}
	*taken = 1;
	return (size_t)snprintf(out, 5, "\\x%02x", bytes[0]);
}

/* The same, where a secret may begin at `at`: *shown is what is printed, in plain or elsewhere. */
static size_t escape_one(
	const char *bytes, size_t size, size_t at, char plain[5], size_t *taken, const char **shown)
{
	*taken = secret_at(bytes, size, at, true, shown);
	if (*taken > 0)
		return strlen(*shown);
	*shown = plain;
	return escape_plain((const uint8_t *)bytes + at, size - at, plain, taken);
}

void escape_add(struct text *text, const void *bytes, size_t size)
{
	char plain[5];
	const char *shown;
	secret_look();
	for (size_t i = 0, taken; i < size; i += taken) {
		size_t length = escape_one(bytes, size, i, plain, &taken, &shown);
		text_add(text, shown, length);
	}
	secret_looked();
}

const char *escape_into(char *buffer, size_t buffer_size, const void *bytes, size_t size)
{
	char plain[5];
	const char *shown;
	size_t used = 0;
	secret_look();
	for (size_t i = 0, taken; i < size; i += taken) {
		size_t length = escape_one(bytes, size, i, plain, &taken, &shown);
		if (used + length >= buffer_size)
			break;
		memcpy(buffer + used, shown, length);
		used += length;
	}
	secret_looked();
	buffer[used] = '\0';
	return buffer;
}
