/* libraries - which requirements of a handoff bring ops of their own.
 *
 * The loader imports them (packaging/loader), as ops are registered by the import of the package
 * that has them; its list of packages that bring none is the same as here.
 */
#ifndef MODELHOOK_PACKAGING_PACKAGE_LIBRARIES_H
#define MODELHOOK_PACKAGING_PACKAGE_LIBRARIES_H

#include "packaging/package/handoff.h"

/* libraries_are_named - whether `requirements` names a package that is not TensorFlow itself,
 * MLflow or NumPy */
bool libraries_are_named(const struct handoff *handoff);

#endif
