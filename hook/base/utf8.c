#include "base/utf8.h"

size_t utf8_length(const uint8_t *bytes, size_t size)
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

bool utf8_is_valid(const void *bytes, size_t size)
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

bool utf8_is_printable(const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	for (size_t i = 0, length; i < size; i += length) {
		length = utf8_length(at + i, size - i);
		if (length == 0 || !is_printable(at + i, length))
			return false;
	}
	return true;
}
