/* wrap - text for people in lines of at most WRAP_WIDTH columns.
 */
#ifndef MODELHOOK_BASE_WRAP_H
#define MODELHOOK_BASE_WRAP_H

#include <stddef.h>

#include "base/text.h"

enum { WRAP_WIDTH = 80 };

/* wrap_add - words (ASCII), a blank between two, in lines that begin with that many blanks; a word
 * that fits into no line has one to itself */
void wrap_add(struct text *out, const char *words, size_t indent);

#endif
