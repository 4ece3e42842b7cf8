/* json_check - the grammar of RFC 8259, to the letter, in front of a parser that is more forgiving.
 */
#ifndef MODELHOOK_PACKAGING_JSON_JSON_CHECK_H
#define MODELHOOK_PACKAGING_JSON_JSON_CHECK_H

#include <stddef.h>

#include "base/fail.h"

#define JSON_DEPTH 32

/* json_check_text - whether the bytes are one JSON value: UTF-8, no NUL, no lone surrogate, nested
 * at most JSON_DEPTH deep; keys given twice are not looked for. UNACCEPTABLE says line and column.
 */
MUST_CHECK int json_check_text(const char *text, size_t size, struct fail *f);

#endif
