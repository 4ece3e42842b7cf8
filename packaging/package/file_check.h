/* file_check - whether bytes that pass are those of a known file of a model: by its MAC where this
 * process has read the file before, else by its SHA-256.
 *
 * Owns its digests until file_check_end or file_check_release. A zeroed struct may be released.
 */
#ifndef MODELHOOK_PACKAGING_PACKAGE_FILE_CHECK_H
#define MODELHOOK_PACKAGING_PACKAGE_FILE_CHECK_H

#include <stdbool.h>

#include "packaging/savedmodel/saved_model.h"

struct file_check {
	const struct saved_model_file *file; /* borrowed; NULL: nothing is being checked */
	uint64_t size;			     /* so far */
	struct file_mac mac;
	struct sha256 sha; /* of a file that has no MAC */
};

void file_check_begin(struct file_check *check, const struct saved_model_file *file);
void file_check_add(struct file_check *check, const void *bytes, size_t size);

/* file_check_end - whether they were the file's; then its MAC is the one given out. Released
 * whatever the result. */
bool file_check_end(struct file_check *check, uint8_t mac[FILE_MAC_BYTES]);
void file_check_release(struct file_check *check);

#endif
