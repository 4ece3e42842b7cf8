/* model_files - which files below a directory are taken for those of a SavedModel, and how
 * TensorFlow calls them.
 *
 * Every file is taken, by the path that it is reached by. Where a link makes a file a part of the
 * model (variables -> weights), it is not taken again from the place that the link leads to.
 */
#ifndef MODELHOOK_PACKAGING_SAVEDMODEL_MODEL_FILES_H
#define MODELHOOK_PACKAGING_SAVEDMODEL_MODEL_FILES_H

#include "base/fail.h"
#include "base/tree.h"

#define GRAPH "saved_model.pb"
#define FINGERPRINT "fingerprint.pb"
#define INDEX "variables/variables.index"
#define SHARD "variables/variables.data-"
#define ASSETS "assets/"
#define MODEL_FILES_MAX 100000

/* model_files_list - sorted by path; errors are tree_list's */
MUST_CHECK int model_files_list(const struct tree *tree, struct file_list *list, struct fail *f);

#endif
