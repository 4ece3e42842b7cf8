/* manifest_parse - a manifest from the text of a package, trusted in nothing.
 *
 * What the text says is the start of a manifest; manifest_complete adds what follows, and the two
 * are compared: what does not come out equal, byte for byte, was not written by package_write.
 */
#ifndef MODELHOOK_PACKAGING_PACKAGE_MANIFEST_PARSE_H
#define MODELHOOK_PACKAGING_PACKAGE_MANIFEST_PARSE_H

#include "base/fail.h"
#include "packaging/package/manifest.h"

/* manifest_parse - a complete manifest from its canonical form, checked in full */
MUST_CHECK int manifest_parse(
	const char *text, size_t size, struct manifest *manifest, struct fail *f);

#endif
