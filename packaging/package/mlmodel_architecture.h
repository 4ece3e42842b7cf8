/* mlmodel_architecture - the architecture of a model, as its handoff or its name tells.
 */
#ifndef MODELHOOK_PACKAGING_PACKAGE_MLMODEL_ARCHITECTURE_H
#define MODELHOOK_PACKAGING_PACKAGE_MLMODEL_ARCHITECTURE_H

#include "packaging/package/handoff.h"

/* mlmodel_architecture - the tag or param `architecture`, else the family that the model's name has
 * in it ("efficientnet-b4" of "fish-classifier-efficientnet-b4"), else NULL; the caller frees it */
char *mlmodel_architecture(const struct handoff *handoff);

#endif
