/* manifest_complete - what follows from the start of a manifest: MLmodel and its like, sums,
 * digests.
 */
#ifndef MODELHOOK_PACKAGING_PACKAGE_MANIFEST_COMPLETE_H
#define MODELHOOK_PACKAGING_PACKAGE_MANIFEST_COMPLETE_H

#include "packaging/package/manifest.h"

/* manifest_complete - from the start of a manifest (handoff, signatures, counts, the files of the
 * SavedModel), everything else in it */
void manifest_complete(struct manifest *manifest);

#endif
