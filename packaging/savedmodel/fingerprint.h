/* fingerprint - fingerprint.pb (fingerprint.proto), which ties graph and weights to one export.
 *
 * Its checkpoint_hash is Fingerprint64 of the bytes of variables.index, its saved_model_checksum
 * that of the graph (graph_checksum.h; compared for the one version whose meaning was proven). The
 * other hashes are of messages after TensorFlow has rewritten them, and are left alone.
 */
#ifndef MODELHOOK_PACKAGING_SAVEDMODEL_FINGERPRINT_H
#define MODELHOOK_PACKAGING_SAVEDMODEL_FINGERPRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "packaging/savedmodel/file_reader.h"
#include "packaging/savedmodel/findings.h"

#define FINGERPRINT_PRODUCER 4 /* the version whose fields are all known, of TensorFlow 2.21 */

struct fingerprint {
	uint64_t saved_model_checksum;
	uint64_t checkpoint_hash; /* 0: there was no checkpoint */
	uint64_t producer;	  /* version of what wrote it */
	uint32_t fields;	  /* bit N: field N is there; bit 0: another one */
};

/* fingerprint_read - read fingerprint.pb of `size` bytes to its end; *found says whether it
 * decoded. Fails only where the file cannot be read. */
MUST_CHECK int fingerprint_read(struct file_reader *reader, uint64_t size, const char *file,
	struct fingerprint *fingerprint, bool *found, struct findings *findings, struct fail *f);

/* fingerprint_check - compare with the hash of variables.index; NULL where there is none */
void fingerprint_check(const struct fingerprint *fingerprint, const char *file,
	const uint64_t *index_hash, struct findings *findings);

/* fingerprint_check_graph - compare with the checksum of saved_model.pb; findings name `file` */
void fingerprint_check_graph(const struct fingerprint *fingerprint, const char *file,
	uint64_t checksum, struct findings *findings);

#endif
