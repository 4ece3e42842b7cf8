/* loader - the Python modules that MLflow imports to load our models, as bytes in the binary: the
 * one that new packages get, and that of modelhook/package@1.
 *
 * packaging/loader/ has its source; embed.cmake turns it into C at build time.
 */
#ifndef MODELHOOK_PACKAGING_PACKAGE_LOADER_H
#define MODELHOOK_PACKAGING_PACKAGE_LOADER_H

#include <stddef.h>

#define LOADER_MODULE "modelhook_savedmodel_2"
#define LOADER_MODULE_1 "modelhook_savedmodel_1"

extern const char loader_text[];
extern const size_t loader_size;
extern const char loader_1_text[];
extern const size_t loader_1_size;

#endif
