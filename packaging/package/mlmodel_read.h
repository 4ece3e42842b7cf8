/* mlmodel_read - what an MLmodel that somebody else wrote says of its model.
 *
 * MLflow writes it as YAML in block style, so that its lines are enough: the keys below `flavors`,
 * and whether `signature` has anything in it. Text of any other form gives no facts; it is never an
 * error.
 */
#ifndef MODELHOOK_PACKAGING_PACKAGE_MLMODEL_READ_H
#define MODELHOOK_PACKAGING_PACKAGE_MLMODEL_READ_H

#include <stdbool.h>
#include <stddef.h>

#define MLMODEL_BYTES ((size_t)16 << 20) /* more than any that MLflow writes */

/* struct mlmodel_facts - owns its string */
struct mlmodel_facts {
	char *framework; /* the first flavor besides python_function, which is MLflow's name of the
			    library ("sklearn", "tensorflow", "spark"); "python_function" where
			    that is all; NULL: none is stated */
	bool has_signature;
};

void mlmodel_read_facts(const char *text, size_t size, struct mlmodel_facts *facts);

void mlmodel_facts_release(struct mlmodel_facts *facts);

#endif
