/* artifact_check - whether the files of a version are where it says, and the very ones that were
 * registered.
 *
 * A version of ours carries the digest of its files (modelhook.content: the SHA-256 of what
 * `sha256sum` prints for them, sorted by path): every file is read back and compared. Of
 * an unmanaged version only its MLmodel can be asked for.
 */
#ifndef MODELHOOK_REGISTRY_ARTIFACT_CHECK_H
#define MODELHOOK_REGISTRY_ARTIFACT_CHECK_H

#include "base/fail.h"
#include "base/text.h"
#include "mlflow/mlflow.h"
#include "mlflow/types.h"
#include "store/store.h"

#define TAG_CONTENT "modelhook.content"

/* artifact_check_ask - *lacks says in words what is wrong with them, NULL: nothing; -1 where they
 * cannot be asked for */
MUST_CHECK int artifact_check_ask(struct mlflow *mlflow, const char *model,
	const struct version *version, const char **lacks, struct fail *f);

/* artifact_check_check - 0 where they are; REFUSED where a file is gone or differs */
MUST_CHECK int artifact_check_check(
	struct mlflow *mlflow, const char *model, const struct version *version, struct fail *f);

/* artifact_check_open - the store of a version's files; run: its run, borrowed by the store */
MUST_CHECK int artifact_check_open(struct mlflow *mlflow, const char *model,
	const struct version *version, const struct run *run, struct store *store, struct fail *f);

/* artifact_check_add_sum - one more file in the text that modelhook.content is the digest of; in
 * the order of their paths */
void artifact_check_add_sum(struct text *sums, const char *sha256, const char *path);

struct manifest; /* packaging/package/manifest.h */

/* artifact_check_content - the digest of a package's files, for the tag of its version */
void artifact_check_content(const struct manifest *manifest, char digest[65]);

#endif
