#include "base/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

void *memory_get(size_t count, size_t size)
{
	void *memory = calloc(count > 0 ? count : 1, size);
	if (memory == NULL)
		fail_out_of_memory();
	return memory;
}

void *memory_grow(void *old, size_t count, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(count, size, &bytes))
		fail_out_of_memory();
	void *memory = realloc(old, bytes > 0 ? bytes : 1);
	if (memory == NULL)
		fail_out_of_memory();
	return memory;
}

void text_release(struct text *text)
{
	free(text->data);
	*text = (struct text){0};
}

void text_clear(struct text *text)
{
	text->size = 0;
	if (text->data != NULL)
		text->data[0] = '\0';
}

static void text_reserve(struct text *text, size_t more)
{
	size_t needed;
	if (__builtin_add_overflow(text->size + 1, more, &needed))
		fail_out_of_memory();
	if (needed <= text->capacity)
		return;
	size_t capacity = text->capacity > 0 ? text->capacity : 64;
	while (capacity < needed)
		capacity += capacity / 2;
	text->data = memory_grow(text->data, capacity, 1);
	text->capacity = capacity;
}

void text_add(struct text *text, const void *bytes, size_t size)
{
	text_reserve(text, size);
	if (size > 0)
		memcpy(text->data + text->size, bytes, size);
	text->size += size;
	text->data[text->size] = '\0';
}

void text_add_string(struct text *text, const char *string)
{
	text_add(text, string, strlen(string));
}

static void PRINTF_LIKE(2, 0) text_vprintf(struct text *text, const char *format, va_list arguments)
{
	va_list again;
	va_copy(again, arguments);
	int size = vsnprintf(NULL, 0, format, arguments);
	INVARIANT(size >= 0);
	text_reserve(text, (size_t)size);
	vsnprintf(text->data + text->size, (size_t)size + 1, format, again);
	va_end(again);
	text->size += (size_t)size;
}

void text_printf(struct text *text, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	text_vprintf(text, format, arguments);
	va_end(arguments);
}

const char *text_string(const struct text *text)
{
	return text->data != NULL ? text->data : "";
}

char *text_take(struct text *text)
{
	char *string = text->data != NULL ? text->data : text_copy("");
	*text = (struct text){0};
	return string;
}

char *text_copy(const char *string)
{
	if (string == NULL)
		return NULL;
	char *copy = strdup(string);
	if (copy == NULL)
		fail_out_of_memory();
	return copy;
}

char *text_trimmed(const char *bytes, size_t size)
{
	while (size > 0 && strchr(" \t\r\n", *bytes) != NULL)
		bytes++, size--;
	while (size > 0 && strchr(" \t\r\n", bytes[size - 1]) != NULL)
		size--;
	char *copy = memory_get(size + 1, 1);
	memcpy(copy, bytes, size);
	return copy;
}

char *text_format(const char *format, ...)
{
	struct text text = {0};
	va_list arguments;
	va_start(arguments, format);
	text_vprintf(&text, format, arguments);
	va_end(arguments);
	return text_take(&text);
}

/* Length of the valid UTF-8 sequence at bytes, or 0 (RFC 3629, table of section 4). */
static size_t utf8_length(const uint8_t *bytes, size_t size)
{
	uint8_t first = bytes[0], low = 0x80, high = 0xbf;
	size_t length = first < 0x80			 ? 1
			: first >= 0xc2 && first <= 0xdf ? 2
			: first >= 0xe0 && first <= 0xef ? 3
			: first >= 0xf0 && first <= 0xf4 ? 4
							 : 0;
	if (length == 0 || length > size)
		return 0;
	if (first == 0xe0)
		low = 0xa0;
	else if (first == 0xed)
		high = 0x9f;
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f;
	for (size_t i = 1; i < length; i++, low = 0x80, high = 0xbf)
		if (bytes[i] < low || bytes[i] > high)
			return 0;
	return length;
}

bool text_is_utf8(const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	for (size_t i = 0; i < size;) {
		size_t length = utf8_length(at + i, size - i);
		if (length == 0)
			return false;
		i += length;
	}
	return true;
}

/* Valid UTF-8 that terminals obey or readers split lines at: C1 controls (U+0080 to U+009F), line
 * and paragraph separators and bidirectional overrides (U+2028 to U+202E), isolates (U+2066 to
 * U+2069). */
static bool is_printable(const uint8_t *bytes, size_t length)
{
	if (length == 1)
		return bytes[0] >= 0x20 && bytes[0] != 0x7f;
	if (length == 2)
		return !(bytes[0] == 0xc2 && bytes[1] < 0xa0);
	if (length == 3 && bytes[0] == 0xe2)
		return !(bytes[1] == 0x80 && bytes[2] >= 0xa8 && bytes[2] <= 0xae) &&
		       !(bytes[1] == 0x81 && bytes[2] >= 0xa6 && bytes[2] <= 0xa9);
	return true;
}

/* What is printed for the start of bytes, at most 4 long; *taken is how many bytes it stands for.
 */
static size_t escape_plain(const uint8_t *bytes, size_t size, char out[5], size_t *taken)
{
	size_t length = utf8_length(bytes, size);
	if (length > 0 && is_printable(bytes, length)) {
		memcpy(out, bytes, length);
		*taken = length;
		return length;
	}
	*taken = 1;
	return (size_t)snprintf(out, 5, "\\x%02x", bytes[0]);
}

bool text_is_printable(const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	for (size_t i = 0, length; i < size; i += length) {
		length = utf8_length(at + i, size - i);
		if (length == 0 || !is_printable(at + i, length))
			return false;
	}
	return true;
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

void text_add_escaped(struct text *text, const void *bytes, size_t size)
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

const char *text_escape(char *buffer, size_t buffer_size, const void *bytes, size_t size)
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

size_t text_characters(const char *string)
{
	size_t count = 0;
	for (; *string != '\0'; string++)
		count += ((unsigned char)*string & 0xc0) != 0x80;
	return count;
}

bool text_equal(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

bool text_starts_with(const char *string, const char *start)
{
	return strncmp(string, start, strlen(start)) == 0;
}

bool text_ends_with(const char *string, const char *end)
{
	size_t size = strlen(string), end_size = strlen(end);
	return size >= end_size && strcmp(string + size - end_size, end) == 0;
}

void text_hex(char *out, const uint8_t *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < size; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * size] = '\0';
}

bool text_is_hex(const char *string, size_t length)
{
	return strlen(string) == length && strspn(string, "0123456789abcdef") == length;
}

bool text_parse_bytes(const char *text, uint64_t *bytes)
{
	static const char units[] = "KMGT";
	char *end;
	unsigned long long number = strtoull(text, &end, 10);
	if (end == text || text[0] == '-' || number == 0)
		return false;
	const char *unit = *end != '\0' ? strchr(units, *end) : NULL;
	unsigned shift = unit != NULL ? 10 * (unsigned)(unit - units + 1) : 0;
	if ((*end != '\0' && (unit == NULL || end[1] != '\0')) || number > UINT64_MAX >> shift)
		return false;
	*bytes = (uint64_t)number << shift;
	return true;
}

const char *text_number(char out[24], int64_t number)
{
	snprintf(out, 24, "%" PRId64, number);
	return out;
}
