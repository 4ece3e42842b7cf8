#include "base/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/panic.h"

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
		panic_out_of_memory();
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

void text_add_named(struct text *text, const char *name, const char *value)
{
	text_add_string(text, text->size > 0 ? "; " : "");
	if (!text_starts_with(value, name))
		text_printf(text, "%s: ", name);
	text_add_string(text, value);
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
		panic_out_of_memory();
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
