/* bound - what a tree of JSON would take, counted over its text before any of it is built.
 *
 * A tree takes up to forty times the bytes of its text: "[0,0,…" has a node for every two. The
 * count is never too low for the tree that cJSON builds, whether the text is JSON or not.
 */
#ifndef MODELHOOK_PACKAGING_JSON_BOUND_H
#define MODELHOOK_PACKAGING_JSON_BOUND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fail.h"

#define JSON_TREE_MAX ((size_t)8 << 20)

/* json_fits - the tree would take at most JSON_TREE_MAX bytes */
bool json_fits(const char *text, size_t size);

/* json_bound - UNACCEPTABLE where it would not; a stop and the deadline are heeded */
MUST_CHECK int json_bound(const char *text, size_t size, struct fail *f);

#endif
