/* op_names - what is known of an op by its name alone.
 *
 * The table (op_names.inc) was made from a TensorFlow by scripts/lib/tensorflow-ops.py.
 */
#ifndef MODELHOOK_PACKAGING_SAVEDMODEL_OP_NAMES_H
#define MODELHOOK_PACKAGING_SAVEDMODEL_OP_NAMES_H

#include <stdbool.h>

enum op_kind {
	OP_KNOWN,	/* TensorFlow computes it */
	OP_PLACEHOLDER, /* a value that a caller must feed */
	OP_PYTHON,	/* a Python function of the process that built the graph */
	OP_REMOVED,	/* an older TensorFlow had it, the table's has not */
	OP_UNKNOWN,	/* of another library, of a newer TensorFlow, or a function of the graph */
};

enum op_kind op_kind(const char *name);

/* op_table_is_older - whether the version ("2.22.0", or NULL) is beyond the table's TensorFlow;
 * op_table_version is that one ("2.21") */
bool op_table_is_older(const char *version);
const char *op_table_version(void);

#endif
