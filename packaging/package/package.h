/* package - modelhook/package@2: a .tar.gz that alone is enough to finish a promotion, anywhere.
 *
 * manifest.json first (schema, handoff, SignatureDefs, TensorFlow version, counts, files with size
 * and SHA-256), then model/: MLmodel, conda.yaml, python_env.yaml, requirements.txt, code/ (our
 * loader) and saved_model/, last settings.json. Entries sorted by bytes, times 0, owners 0, modes
 * 0644, no time in the gzip header: the same input gives the same bytes on any machine.
 * manifest.json is canonical (keys sorted, no white space) and states the SHA-256 of settings.json,
 * or null where there is none: a package without the settings that it states is not read. The
 * digest by which a version is found is that of the manifest without this key, so that the same
 * model under other gates is no second version; packages of before the key have the same digest. A
 * package of a logged model carries the manifest and its settings alone.
 *
 * Everything below model/ but saved_model/ follows from the manifest. What follows is part of
 * modelhook/package@2: a change of it (another loader, another line in MLmodel) needs a new schema
 * version, or packages in a spool could not be finished any more. In modelhook/package@1 there was
 * another loader, which asks for the tag `serve`, and no flavor beside it.
 */
#ifndef MODELHOOK_PACKAGING_PACKAGE_PACKAGE_H
#define MODELHOOK_PACKAGING_PACKAGE_PACKAGE_H

#include "base/fail.h"
#include "packaging/package/handoff.h"
#include "packaging/package/manifest.h"
#include "packaging/savedmodel/saved_model.h"

/* package_name - NAME-RUN8-DIGEST12.tar.gz, NAME in UTF-8: of ASCII what is not [A-Za-z0-9._-] is
 * replaced by "-", none at its ends; the caller frees it */
char *package_name(const struct manifest *manifest);

/* package_plan - the manifest of handoff and model, without writing anything. model is NULL for a
 * logged model. UNACCEPTABLE: a file that differs from the handoff's `files`, a model without the
 * signature "serving_default", a name that no package may carry. */
MUST_CHECK int package_plan(const struct handoff *handoff, const struct saved_model *model,
	struct manifest *manifest, struct fail *f);

/* package_settle - the settings that a replay of this package decides by; a copy is taken, NULL:
 * none. To be called, if at all, between package_plan and package_write. */
void package_settle(struct manifest *manifest, const char *settings);

#endif
