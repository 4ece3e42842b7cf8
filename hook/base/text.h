/* text - a growing string of bytes, and the few things done to strings everywhere.
 *
 * Owns its bytes. A zeroed struct is an empty text; data is NULL or ends in a NUL that size does
 * not count. Without memory the process ends (base/memory.h).
 */
#ifndef MODELHOOK_BASE_TEXT_H
#define MODELHOOK_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

struct text {
	char *data;
	size_t size;
	size_t capacity;
};

void text_release(struct text *text);
void text_clear(struct text *text);
void text_add(struct text *text, const void *bytes, size_t size);
void text_add_string(struct text *text, const char *string);
void text_printf(struct text *text, const char *format, ...) PRINTF_LIKE(2, 3);

/* text_add_named - one more of a list: "; NAME: VALUE", without "; " where nothing was added yet,
 * and without NAME where VALUE begins with it */
void text_add_named(struct text *text, const char *name, const char *value);

/* text_string - the text as a string; "" where nothing was added. Borrowed from text. */
const char *text_string(const struct text *text);

/* text_take - hand the string over to the caller, who frees it; the text is empty afterwards */
char *text_take(struct text *text);

/* text_copy - a copy of a string that the caller frees; NULL gives NULL */
char *text_copy(const char *string);

/* text_trimmed - a copy of size bytes without the white space around them; the caller frees it */
char *text_trimmed(const char *bytes, size_t size);

/* text_format - printf into a new string that the caller frees */
char *text_format(const char *format, ...) PRINTF_LIKE(1, 2);

/* text_characters - how many characters a UTF-8 string has */
size_t text_characters(const char *string);

bool text_equal(const char *a, const char *b); /* NULL equals only NULL */
bool text_starts_with(const char *string, const char *start);
bool text_ends_with(const char *string, const char *end);

/* text_hex - lower-case hex of size bytes into out, which holds 2 * size + 1 */
void text_hex(char *out, const uint8_t *bytes, size_t size);

/* text_is_hex - whether string is exactly length lower-case hex digits */
bool text_is_hex(const char *string, size_t length);

/* text_number - a whole number in decimal digits, as MLflow spells versions; returns out */
const char *text_number(char out[24], int64_t number);

/* text_parse_bytes - "4096", "512M", "4G" (K, M, G, T of 1024) to bytes; false: not such a number,
 * or
 * 0 */
bool text_parse_bytes(const char *string, uint64_t *bytes);

#endif
