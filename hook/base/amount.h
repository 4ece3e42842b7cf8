/* amount - numbers as people read them, added to a text.
 */
#ifndef MODELHOOK_BASE_AMOUNT_H
#define MODELHOOK_BASE_AMOUNT_H

#include <stdint.h>

#include "base/text.h"

void amount_add_count(struct text *out, uint64_t count); /* 1,234,567 */

/* amount_add_counted - "1 file", "2 files"; noun is in the singular */
void amount_add_counted(struct text *out, uint64_t count, const char *noun);

void amount_add_bytes(struct text *out, uint64_t bytes); /* "1.5 KiB", "12 bytes" */

#endif
