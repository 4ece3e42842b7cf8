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

enum tensor_kind {
	TENSOR_DENSE,
	TENSOR_SPARSE,
	TENSOR_RAGGED,
	TENSOR_COMPOSITE, /* another type of several tensors */
};

/* tensor_spec - one input or output of a SignatureDef */
struct tensor_spec {
	char *key;  /* the name a caller uses: "image" */
	char *name; /* the graph's tensor: "serving_default_image:0"; "" where it is not dense; NULL
		       in a damaged graph */
	enum tensor_kind kind;
	char **parts; /* the graph's tensors of one that is not dense */
	size_t part_count;
	int dtype; /* a TensorFlow DataType number, see dtype.h; that of its values */
	bool unknown_rank;
	size_t rank;
	int64_t *dims; /* rank of them, -1 = unknown */
};

struct signature_def {
	char *key;		    /* "serving_default" */
	char *method;		    /* "tensorflow/serving/predict" */
	struct tensor_spec *inputs; /* sorted by key */
	size_t input_count;
	struct tensor_spec *outputs; /* sorted by key */
	size_t output_count;
};

/* saved_model_file - a file below the directory; sorted by path (bytes) */
struct saved_model_file {
	char *path;
	uint64_t size;
	char sha256[SHA256_HEX];
	uint8_t seal[FILE_MAC_BYTES]; /* of the bytes with that digest, once this process read them
				       */
	bool sealed;
};

enum finding_weight {
	FINDING_NOTE,	   /* worth knowing */
	FINDING_CUSTOM_OP, /* an op of another library: refused unless one is named */
	FINDING_NONFINITE, /* NaN or Inf in weights: refused unless allowed */
	FINDING_DAMAGE,	   /* the model is not whole: refused always */
};

/* finding - one line of what was found; file, tensor and text are escaped, ready to be shown */
struct finding {
	enum finding_weight weight;
	char *file;	  /* relative to the directory */
	int64_t offset;	  /* bytes from the file's start, -1 where it has none */
	char *tensor;	  /* NULL where none is concerned */
	char *text;	  /* what is wrong: "CRC32C is 0x12345678, the index says 0x9abcdef0" */
	const char *hint; /* static: how to mend it; NULL where that is not known */
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

/* saved_model_fail - put the directory's name, fit for a message, in front of a filled f. Returns
 * -1. */
int saved_model_fail(const char *folder, struct fail *f);

/* saved_model_allowed - which findings do not forbid a promotion, though others like them do */
struct saved_model_allowed {
	bool nonfinite;
	bool custom_ops;
};

/* saved_model_check - 0 where the model may be promoted, else -1 UNACCEPTABLE with the first
 * finding that forbids it, file, offset and tensor named, and how many more there are; one that
 * comes with a hint goes before the others */
MUST_CHECK int saved_model_check(
	const struct saved_model *model, struct saved_model_allowed allowed, struct fail *f);

/* saved_model_signature - the SignatureDef of that key, or NULL */
const struct signature_def *saved_model_signature(const struct saved_model *model, const char *key);

#endif
