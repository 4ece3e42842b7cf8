/* put - a file into HDFS, whole or not there.
 *
 * A file that is written grows in the sight of everybody, and stays as it is where its writer dies.
 * So it is written as ".NAME.RANDOM.modelhook" beside its place, verified there by length and
 * checksum, and RENAME with OVERWRITE puts it in its place at once, over what had the name before.
 * Its SHA-256 is kept with it (an extended attribute), so that a later call need not read it back.
 *
 * One stream a file, no parts: HDFS has one writer for a file, and APPEND costs two requests and a
 * new pipeline each. Files go side by side.
 */
#ifndef MODELHOOK_STORE_HDFS_PUT_H
#define MODELHOOK_STORE_HDFS_PUT_H

#include "base/fail.h"
#include "http/types.h"
#include "store/store.h"

#define HDFS_ATTRIBUTE "user.modelhook.sha256"

/* hdfs_put - as store_kind's put; *verified is always true. Before the first one into a folder,
 * what killed calls left there is removed. */
MUST_CHECK int hdfs_put(struct store *store, const struct store_content *content,
	const struct http_body *body, bool *verified, struct fail *f);

/* hdfs_sweep_again - at the end: what was broken off just before we began may have come to its end
 * since. Nothing is tried twice from here on. */
void hdfs_sweep_again(struct store *store);

#endif
