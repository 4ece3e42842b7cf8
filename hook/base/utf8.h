/* utf8 - what is valid UTF-8: RFC 3629, no surrogates, no overlong forms. */
#ifndef MODELHOOK_BASE_UTF8_H
#define MODELHOOK_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* utf8_length - length of the valid sequence at bytes (size > 0), or 0 (RFC 3629, section 4) */
size_t utf8_length(const uint8_t *bytes, size_t size);

bool utf8_is_valid(const void *bytes, size_t size);

/* utf8_is_printable - whether the bytes can stand in a line as they are: base/escape.h leaves them
 * so, secrets aside */
bool utf8_is_printable(const void *bytes, size_t size);

#endif
