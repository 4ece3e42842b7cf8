/* signature_def - what a SavedModel takes and gives (meta_graph.proto, SignatureDef): named inputs
 * and outputs.
 *
 * A list of them owns everything it points to until signature_def_release_all.
 */
#ifndef MODELHOOK_PACKAGING_SAVEDMODEL_SIGNATURE_DEF_H
#define MODELHOOK_PACKAGING_SAVEDMODEL_SIGNATURE_DEF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* signature_def_find - the one of that key, or NULL */
const struct signature_def *signature_def_find(
	const struct signature_def *signatures, size_t count, const char *key);

/* signature_def_sort - order signatures, inputs and outputs by key; one without a key gets "" */
void signature_def_sort(struct signature_def *signatures, size_t count);

/* signature_def_release - what it points to. signature_def_release_all - a list of them. */
void signature_def_release(struct signature_def *signature);
void signature_def_release_all(struct signature_def *signatures, size_t count);

#endif
