/* loader - the Python module that MLflow imports to load our models, as bytes in the binary.
 *
 * packaging/loader/ has its source; embed.cmake turns it into C at build time.
 */
#ifndef MODELHOOK_PACKAGING_PACKAGE_LOADER_H
#define MODELHOOK_PACKAGING_PACKAGE_LOADER_H

#include <stddef.h>

#define LOADER_MODULE "modelhook_savedmodel_1"

extern const char loader_text[];
extern const size_t loader_size;

#endif
