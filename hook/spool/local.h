/* local - where a package waits until its outcome is final: a folder, .modelhook beside the handoff
 * unless set.
 *
 * It holds NAME-RUN8-DIGEST12.tar.gz and, beside it, the last result (.result.json). One process at
 * a time works on a package: a second attempt waits for the first, and then finds the work done. A
 * finished package leaves nothing there. What is there is for this user alone (0700, 0600). struct
 * spool owns its paths and its lock.
 */
#ifndef MODELHOOK_SPOOL_LOCAL_H
#define MODELHOOK_SPOOL_LOCAL_H

#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/file_lock.h"
#include "packaging/package/manifest.h"

#define SPOOL_FOLDER ".modelhook" /* beside the handoff, unless another is configured */

struct spool {
	char *folder;
	char *name;	   /* of the package, without its folder */
	char *package;	   /* path */
	char *result;	   /* path */
	bool keeps_folder; /* it was configured: it stays when it is empty */
	bool waited;	   /* the package was there before: an earlier attempt left it */
	struct file_lock lock;
};

/* spool_open - make the folder and take the package's lock, waiting for whoever holds it until the
 * deadline */
MUST_CHECK int spool_open(struct spool *spool, const char *folder, const struct manifest *manifest,
	struct deadline deadline, struct fail *f);

/* spool_lock - the same lock for a package that lies anywhere; where its folder cannot be written
 * to, nobody else works on it from there, and none is taken */
MUST_CHECK int spool_lock(
	struct spool *spool, const char *package, struct deadline deadline, struct fail *f);

/* spool_keep - write the result beside the package, which stays */
MUST_CHECK int spool_keep(struct spool *spool, const char *result_line, struct fail *f);

/* spool_finish - the outcome is final: remove package and result, and the folder where it is empty
 * then, unless it is one to keep */
MUST_CHECK int spool_finish(struct spool *spool, struct fail *f);

void spool_release(struct spool *spool);

#endif
