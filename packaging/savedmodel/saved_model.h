/* saved_model - reads a TensorFlow SavedModel directory whole, once, and says what is in it and
 * what is wrong.
 *
 * No TensorFlow: the formats are protocol buffers (saved_model.proto, meta_graph.proto,
 * fingerprint.proto, tensor_bundle.proto) and a LevelDB table (variables.index). Every byte of
 * every file is read exactly once, in order, in bounded memory; SHA-256 of each file, CRC32C of
 * each tensor and the count of NaN and Inf come out of the same pass. Files are read side by side.
 *
 * struct saved_model owns everything it points to. Findings are facts about the model, not
 * failures: the call fails only where the directory cannot be read at all, where it is something
 * else than a SavedModel (input_kind.h), or where a stop was asked for.
 */
#ifndef MODELHOOK_PACKAGING_SAVEDMODEL_SAVED_MODEL_H
#define MODELHOOK_PACKAGING_SAVEDMODEL_SAVED_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/console.h"
#include "base/fail.h"
#include "packaging/digest/file_mac.h"
#include "packaging/digest/sha256.h"
#include "packaging/savedmodel/findings.h"
#include "packaging/savedmodel/signature_def.h"

/* saved_model_file - a file below the directory; sorted by path (bytes) */
struct saved_model_file {
	char *path;
	uint64_t size;
	char sha256[SHA256_HEX];
	uint8_t mac[FILE_MAC_BYTES]; /* of the bytes with that digest, once this process read them
				      */
	bool has_mac;
};

struct saved_model {
	char *tensorflow_version; /* "2.21.0"; NULL where the graph does not say */
	char **tags;		  /* of the graph that was checked, sorted, each once */
	size_t tag_count;
	struct signature_def *signatures; /* sorted by key, __saved_model_init_op left out */
	size_t signature_count;
	struct saved_model_file *files;
	size_t file_count;
	struct finding *findings; /* in the order of the files */
	size_t finding_count;
	uint64_t total_bytes; /* of all files */
	uint64_t tensor_bytes;
	uint64_t parameter_count; /* elements of all numeric tensors */
	uint64_t nan_count;
	uint64_t inf_count;
	size_t tensor_count; /* variables, a sliced one once, the object graph string not */
	size_t shard_count;
};

/* saved_model_read - inspect the SavedModel in folder. progress may be NULL; it is started and
 * ended here. What the bytes cannot tell: that an asset was changed, or a graph whose
 * fingerprint.pb is not there or of another version than TensorFlow 2.21's; a handoff's `files`
 * tells those. */
MUST_CHECK int saved_model_read(
	const char *folder, struct progress *progress, struct saved_model *model, struct fail *f);

/* saved_model_read_on - the same, on so many threads (base/parallel.h): what comes out is the same
 * with any number of them */
MUST_CHECK int saved_model_read_on(const char *folder, unsigned threads, struct progress *progress,
	struct saved_model *model, struct fail *f);

void saved_model_release(struct saved_model *model);

#endif
