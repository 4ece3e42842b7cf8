/* from_handoff - what run, pack and gate have in common: a handoff is read, its SavedModel checked,
 * and the manifest of its package made.
 */
#ifndef MODELHOOK_COMMAND_FROM_HANDOFF_H
#define MODELHOOK_COMMAND_FROM_HANDOFF_H

#include "base/fail.h"
#include "invocation/invocation.h"
#include "packaging/package/manifest.h"
#include "packaging/package/package_write.h"

/* from_handoff_function - what a command does with the manifest; folder: where the handoff lies */
typedef int from_handoff_function(
	struct invocation *call, struct manifest *manifest, const char *folder, struct fail *f);

/* from_handoff - the handoff that the first argument names; with a server, one that is set wrong is
 * told before anything is read. Whether one is set is not asked here: a run keeps its package
 * first.
 */
MUST_CHECK int from_handoff(
	struct invocation *call, bool with_server, from_handoff_function *use, struct fail *f);

/* from_handoff_pack - write the package, a step of the result; is_private: for nobody else to read;
 * tap: what else gets the bytes, or NULL */
MUST_CHECK int from_handoff_pack(struct invocation *call, const struct manifest *manifest,
	const char *path, bool is_private, const struct package_tap *tap, struct fail *f);

#endif
