/* publish - the files of a version into a directory that a model server reads: FOLDER/NUMBER, whole
 * or not at all.
 *
 * The files are fetched into FOLDER/.modelhook-new and verified; deploy/published.h gets the new
 * number; then the complete directory takes its name by one rename. Servers pass over names that
 * are no numbers. Killed anywhere, or out of disk, what was served stays as it was, and the next
 * call removes what was left and does the rest. One process at a time publishes to a folder, the
 * others wait for it. Under that lock the registry is asked once more whether the version still is
 * the one to be served: of two promotions that publish at once the newer one ends up with the
 * larger number, whoever comes first.
 */
#ifndef MODELHOOK_DEPLOY_PUBLISH_H
#define MODELHOOK_DEPLOY_PUBLISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/fail.h"
#include "deploy/types.h"

#define PUBLISH_KEEP 3
#define PUBLISH_KEEP_LEAST                                                                         \
	2 /* the newest may still be loading, and the one before it is served                      \
	   */
#define PUBLISH_KEEP_MOST 1000

/* What of a model is published. */
enum publish_files {
	PUBLISH_SAVED_MODEL, /* the SavedModel alone: saved_model.pb, variables/, ... */
	PUBLISH_MODEL,	     /* all of it, MLmodel at the top */
};

struct publish {
	const char *folder; /* made where it is missing */
	enum publish_files files;
	const char *below; /* where in NUMBER the files come: "model.savedmodel", or NULL */
	int64_t keep;	   /* how many of the published numbers stay */
	struct deadline deadline;
	/* with the lock held, once the number is there (also where it was before); NULL: nothing */
	int (*commit)(void *context, int64_t number, struct fail *f);
	void *context;
};

struct publish_end {
	int64_t number;
	bool was_there;
	bool overtaken; /* another version is to be served by now: nothing was published */
	size_t removed; /* old numbers */
};

/* publish_version - LATER where another process holds the lock until the deadline; DISK where the
 * folder cannot be written; NOT_SERVED where the model has no SavedModel; CONFIGURATION where the
 * folder is another model's; what fetch and is_current fail with */
MUST_CHECK int publish_version(const struct publish *publish, const struct deploy_model *model,
	struct publish_end *end, struct fail *f);

/* publish_describe - "version 7 as 8 in /models/fish", and what else happened */
struct text;
void publish_describe(const struct publish *publish, const struct deploy_model *model,
	const struct publish_end *end, struct text *did);

#endif
