/* fuzz_package_manifest - a manifest that is taken is canonical, and everything that follows from
 * it can be made. */
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/panic.h"
#include "packaging/package/manifest.h"
#include "packaging/package/manifest_parse.h"
#include "packaging/package/mlmodel.h"
#include "packaging/package/package.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct manifest manifest;
	struct fail f = {0};
	if (manifest_parse((const char *)data, size, &manifest, &f) != 0) {
		INVARIANT(f.status == STATUS_UNACCEPTABLE && f.text[0] != '\0');
		return 0;
	}
	INVARIANT(manifest.text.size == size && memcmp(manifest.text.data, data, size) == 0);
	free(package_name(&manifest));
	free(mlmodel_description(&manifest));
	manifest_release(&manifest);
	return 0;
}
