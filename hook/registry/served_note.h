/* served_note - what a version keeps of its way into the service: the tag modelhook.served.
 *
 * A JSON object: {"at": RFC 3339, "state": one of the words below, "by": who, ...}. "served" has
 * what the proof saw (figures), "not_served" and "rolling_back" have "why", "rolled_back" has "why"
 * and "to", the version that took the place again.
 *
 * "rolling_back" is written before the first step of a rollback and replaced after the last:
 * whoever finds it on a version that is not Production any more knows that the service may still
 * serve that version.
 */
#ifndef MODELHOOK_REGISTRY_SERVED_NOTE_H
#define MODELHOOK_REGISTRY_SERVED_NOTE_H

#include "base/fail.h"
#include "registry/registry.h"

enum served_state {
	SERVED_UNKNOWN, /* nothing was noted */
	SERVED_SEEN,
	SERVED_NOT,
	SERVED_ROLLING_BACK,
	SERVED_ROLLED_BACK,
};

struct cJSON;

/* struct served_note - read from a tag; owns its strings */
struct served_note {
	enum served_state state;
	int64_t at_ms;	  /* 0: not known */
	int64_t to;	  /* of a rollback; 0: none */
	int64_t after_ms; /* from the promotion to the proof; 0: not known */
	char *why;
	char *json; /* all of it, as JSON; NULL: nothing was noted */
};

void served_note_read(const struct version *version, struct served_note *note);
void served_note_release(struct served_note *note);

/* served_note_text - for the tag; figures (or NULL) is taken over: an object whose members are
 * added. why and to: or NULL and 0. The caller frees it. */
char *served_note_text(enum served_state state, const char *by, const char *why, int64_t to,
	struct cJSON *figures);

#endif
