/* multipart - large blobs of Azure, made of blocks.
 *
 * The ID of a block holds its number and the MD5 of its bytes, which goes along and which the
 * server compares: a block that is listed under that ID has those bytes. So blocks that an earlier
 * call left uncommitted are not sent again, and the list of IDs that makes the blob says what is in
 * it. What is not in that list goes with it; of a blob that is never finished Azure drops the
 * blocks after a week, and nobody sees them before.
 */
#ifndef MODELHOOK_STORE_AZURE_MULTIPART_H
#define MODELHOOK_STORE_AZURE_MULTIPART_H

#include "base/fail.h"
#include "base/text.h"
#include "store/store.h"

#define AZURE_PARTS_MAX 9000

MUST_CHECK int azure_begin(struct store *s, struct store_upload *upload, struct fail *f);
MUST_CHECK int azure_put_part(struct store *s, struct store_upload *upload,
	const struct store_part *part, bool *kept, struct fail *f);
MUST_CHECK int azure_finish(struct store *s, struct store_upload *upload, struct fail *f);
MUST_CHECK int azure_abandon(struct store *s, struct store_upload *upload, struct fail *f);

/* azure_blocks_read - which blocks the store says it has, into upload->receipts; *foreign: some are
 * not ours */
MUST_CHECK int azure_blocks_read(
	const struct text *body, struct store_upload *upload, bool *foreign, struct fail *f);

#endif
