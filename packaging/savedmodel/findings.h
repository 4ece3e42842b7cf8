/* findings - a growing list of what is wrong with a SavedModel, bounded against models that are
 * made to be wrong everywhere.
 *
 * Owns its findings until they are handed over (findings_take).
 */
#ifndef MODELHOOK_PACKAGING_SAVEDMODEL_FINDINGS_H
#define MODELHOOK_PACKAGING_SAVEDMODEL_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"

enum finding_weight {
	FINDING_NOTE,	   /* worth knowing */
	FINDING_CUSTOM_OP, /* an op of another library: refused unless one is named */
	FINDING_NONFINITE, /* NaN or Inf in weights: refused unless allowed */
	FINDING_DAMAGE,	   /* the model is not whole: refused always */
};

/* finding - one line of what was found; file, tensor and text are escaped, ready to be shown */
struct finding {
	enum finding_weight weight;
	char *file;	  /* relative to the directory */
	int64_t offset;	  /* bytes from the file's start, -1 where it has none */
	char *tensor;	  /* NULL where none is concerned */
	char *text;	  /* what is wrong: "CRC32C is 0x12345678, the index says 0x9abcdef0" */
	const char *hint; /* static: how to fix it; NULL where that is not known */
};

#define FINDINGS_MAX 1000 /* of one weight; the rest is counted */

struct findings {
	struct finding *list;
	size_t count;
	size_t of_weight[FINDING_DAMAGE + 1]; /* those left out counted too */
	bool left_out;			      /* the one that was added last */
};

/* findings_add - one more. file (relative to the model) is never NULL, tensor may be; both are
 * escaped here; what the arguments hold from outside the caller must escape. offset -1: none. */
void findings_add(struct findings *findings, enum finding_weight weight, const char *file,
	int64_t offset, const char *tensor, const char *format, ...) PRINTF_LIKE(6, 7);

/* findings_hint - how to fix the one that was added last; hint is static */
void findings_hint(struct findings *findings, const char *hint);

/* findings_move - put all of `from` behind those of `findings`, as if they had been added there;
 * `from` is empty then */
void findings_move(struct findings *findings, struct findings *from);

/* findings_take - hand the list over, in the order of files (bytes) and, within one, of their
 * making; what was left out becomes one finding per weight at the end */
void findings_take(struct findings *findings, struct finding **list, size_t *count);

void findings_release(struct findings *findings);
void findings_release_list(struct finding *list, size_t count);

#endif
