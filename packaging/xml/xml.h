/* xml - the answers of object stores: each element's text, by the path of its names.
 *
 * By expat. Elements are told at their end, so that what is inside one is told before it. No
 * document type is taken, so no entity but XML's own five; depth and lengths are bounded.
 */
#ifndef MODELHOOK_PACKAGING_XML_XML_H
#define MODELHOOK_PACKAGING_XML_XML_H

#include <stddef.h>

#include "base/fail.h"
#include "base/text.h"

/* path: "ListBucketResult/Contents/Key", without namespaces; text: its own text, "" where it has
 * none. -1 with f filled ends the reading. */
typedef int xml_function(void *context, const char *path, const char *text, struct fail *f);

/* xml_read - NOT_A_REGISTRY where the bytes are not such a document */
MUST_CHECK int xml_read(
	const void *bytes, size_t size, xml_function *each, void *context, struct fail *f);

/* xml_add_escaped - a string as the text of an element */
void xml_add_escaped(struct text *text, const char *string);

#endif
