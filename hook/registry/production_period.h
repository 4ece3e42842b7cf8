/* production_period - who was Production from when to when, by whom, how and why; and when nobody
 * was.
 *
 * Read from what each version keeps of itself, and the model of its deleted ones
 * (registry/history.h). Where others promoted, who keep nothing, the period is what MLflow knows:
 * when a version was changed last, and where it stands now; then recorded is false, and a time that
 * nobody knows is 0. Pure.
 */
#ifndef MODELHOOK_REGISTRY_PRODUCTION_PERIOD_H
#define MODELHOOK_REGISTRY_PRODUCTION_PERIOD_H

#include "registry/state.h"

struct production_period {
	int64_t version;
	int64_t from_ms; /* 0: not known */
	int64_t to_ms;	 /* 0: not known, or it lasts */
	int64_t instead; /* the version that took its place; 0: none, or not known */
	char *by;	 /* who promoted it; NULL: not known */
	char *how;	 /* HOW_..., or NULL: not known (kept by an earlier release) */
	char *why;	 /* NULL: no reason was given */
	char *trained;	 /* when, as written in its tag; NULL: not known */
	bool lasts;
	bool recorded; /* both ends, by us */
	bool deleted;  /* the version is gone since */
	int64_t at_ms; /* its place in the order of time */
};

/* A time without Production. */
struct gap {
	int64_t from_ms;
	int64_t to_ms; /* 0: it lasts */
	size_t before; /* which period follows; the count of them where none does */
};

/* struct production_periods - oldest first; owns all strings */
struct production_periods {
	struct production_period *items;
	size_t count;
	struct gap *gaps;
	size_t gap_count;
	size_t bytes; /* that they take */
	bool cut;     /* there are more than fit into 6 MiB */
};

void production_periods_read(
	const struct registry_state *state, struct production_periods *periods);
void production_periods_release(struct production_periods *periods);

/* production_periods_present - that of a version which is Production now, or NULL */
const struct production_period *production_periods_present(
	const struct production_periods *periods, int64_t version);

#endif
