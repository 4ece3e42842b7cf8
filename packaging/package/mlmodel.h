/* mlmodel - what makes a folder with a SavedModel an MLflow model, written without MLflow.
 *
 * MLmodel names a loader of our own (code/), because MLflow itself can only load a SavedModel as
 * `tf1-estimator`, which flattens outputs to lists. That flavor stands beside it, for consumers
 * that run no code from a model (MLFLOW_ALLOW_MODEL_CODE_EXECUTION=false): through
 * mlflow.tensorflow.load_model it gives the signature as a function of tensors by name. It does not
 * load what only TensorFlow's session loads, and there is no pyfunc without code. Its
 * meta_graph_tags are also what our loader asks for. The model signature comes from the
 * SignatureDef "serving_default", every input named (one unnamed input would refuse a dict); it is
 * left out as a whole where a dtype or a rank cannot be said in MLflow's terms. No mlflow_version
 * is stated, as no MLflow wrote it, and no Python version unless the handoff has the tag or param
 * `python_version`: MLflow then warns on loading that it does not know, which is true.
 *
 * Everything here is a function of the manifest alone.
 */
#ifndef MODELHOOK_PACKAGING_PACKAGE_MLMODEL_H
#define MODELHOOK_PACKAGING_PACKAGE_MLMODEL_H

#include "base/text.h"
#include "packaging/package/manifest.h"

struct mlmodel_file {
	const char *path; /* below model/ */
	void (*make)(const struct manifest *manifest, struct text *text);
};

/* MLmodel comes last: it states the size of the others, and its model_uuid is their digest. */
#define MLMODEL_FILE_COUNT 5

/* mlmodel_files - the files of a package of the manifest's schema */
const struct mlmodel_file *mlmodel_files(const struct manifest *manifest);

/* mlmodel_find - the file of that path, or NULL where it is not made from the manifest */
const struct mlmodel_file *mlmodel_find(const struct manifest *manifest, const char *path);

/* mlmodel_description - the handoff's description, else one or two sentences of samples,
 * architecture, date and validation accuracy; the caller frees it */
char *mlmodel_description(const struct manifest *manifest);

#endif
