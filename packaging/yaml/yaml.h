/* yaml - one YAML document as a tree of packaging/json.
 *
 * By libyaml. A plain true or false is a boolean and a plain null, ~ or nothing is null, as in YAML
 * 1.2's core schema; every other scalar is a string, numbers too, so that "1.30" keeps its zero.
 * Refused are what configuration files have no need of and readers disagree about: a second
 * document, a key given twice, a key that is not a scalar, aliases (few bytes can stand for
 * gigabytes), and nesting beyond JSON_DEPTH.
 */
#ifndef MODELHOOK_PACKAGING_YAML_YAML_H
#define MODELHOOK_PACKAGING_YAML_YAML_H

#include <stddef.h>

#include "base/fail.h"
#include "packaging/json/json.h"

/* yaml_parse - the tree of the text, which the caller gives to json_release; null where the text
 * holds no document. UNACCEPTABLE with the line; *root is NULL then. */
MUST_CHECK int yaml_parse(const char *text, size_t size, struct cJSON **root, struct fail *f);

/* yaml_library_version - "libyaml 0.2.5"; the caller frees it */
char *yaml_library_version(void);

#endif
