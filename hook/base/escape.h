/* escape - bytes from outside as one printable line without secrets.
 *
 * Controls (C0, DEL, C1), line separators, bidirectional overrides and invalid UTF-8 become \xHH,
 * so that nothing a server says can move a terminal's cursor or forge a line. Secrets are hidden
 * (base/secret.h). Escaped text stays as it is.
 */
#ifndef MODELHOOK_BASE_ESCAPE_H
#define MODELHOOK_BASE_ESCAPE_H

#include <stddef.h>

#include "base/text.h"

/* escape_add - add bytes, escaped, to text */
void escape_add(struct text *text, const void *bytes, size_t size);

/* escape_into - escape bytes into a fixed buffer without allocating. What does not fit is cut off
 * between two characters. Returns the buffer. */
const char *escape_into(char *buffer, size_t buffer_size, const void *bytes, size_t size);

#endif
