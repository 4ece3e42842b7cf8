/* tensorflow_version - the pip requirement that follows from the version in a SavedModel.
 *
 * A release is required as it is. What no package index has is replaced by what can be installed
 * and loads the model: TensorFlow loads the SavedModels of earlier minor versions of its major
 * version, and those of TensorFlow 1 (its guide on version compatibility).
 */
#ifndef MODELHOOK_PACKAGING_SAVEDMODEL_TENSORFLOW_VERSION_H
#define MODELHOOK_PACKAGING_SAVEDMODEL_TENSORFLOW_VERSION_H

/* tensorflow_requirement - "tensorflow==2.21.0", or what stands in for it; version may be NULL. Any
 * text that comes out is a requirement (PEP 508) of one line. The caller frees it. *why is what is
 * the matter with the version, NULL where it is required as it is. */
char *tensorflow_requirement(const char *version, const char **why);

#endif
