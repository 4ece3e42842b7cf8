/* multipart - large objects of Google Cloud Storage: parts that are objects, composed to one.
 *
 * A resumable upload of the JSON API takes one part after the other, over a session address that
 * nobody can ask for again: it lets whoever knows it write, so it must not be kept in the store,
 * and a call that died takes it along. So parts are objects of their own, under
 * ".modelhook-parts/PATH/DIGEST/": they go side by side, each with its CRC-32C, which the store
 * compares; the next call lists them and sends only those whose checksum is not that of its bytes.
 * Composing takes up to 32 objects at once and is done in rounds; the store's checksum of the whole
 * must be the one that follows from the parts'. Then the parts are deleted, with what earlier calls
 * left of other contents of that path.
 */
#ifndef MODELHOOK_STORE_GS_MULTIPART_H
#define MODELHOOK_STORE_GS_MULTIPART_H

#include "base/fail.h"
#include "store/store.h"

#define GS_PARTS_MAX 9000

MUST_CHECK int gs_begin(struct store *s, struct store_upload *upload, struct fail *f);
MUST_CHECK int gs_put_part(struct store *s, struct store_upload *upload,
	const struct store_part *part, bool *kept, struct fail *f);
MUST_CHECK int gs_finish(struct store *s, struct store_upload *upload, struct fail *f);
MUST_CHECK int gs_abandon(struct store *s, struct store_upload *upload, struct fail *f);
MUST_CHECK int gs_sweep(struct store *s, const char *path, struct fail *f);

#endif
