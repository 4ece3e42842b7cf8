/* overlap - files of a package that go up while the package is still being written.
 */
#ifndef MODELHOOK_UPLOAD_OVERLAP_H
#define MODELHOOK_UPLOAD_OVERLAP_H

#include "packaging/package/package.h"
#include "upload/model.h"

/* upload_tap - for package_write; between upload_open and upload_run */
struct package_tap upload_tap(struct upload *upload);

#endif
