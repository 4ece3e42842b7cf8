/* prove - that every replica of a service serves a version: they are asked round after round, until
 * all agree in as many rounds in a row as the settings say.
 *
 * Old and new processes answer side by side for a while after a reload, so that one round proves
 * nothing.
 */
#ifndef MODELHOOK_SERVED_PROVE_H
#define MODELHOOK_SERVED_PROVE_H

#include "base/fail.h"
#include "served/latency.h"
#include "served/types.h"

/* struct served_report - what a proof saw; owns the samples */
struct served_report {
	size_t replicas;	       /* in the last round; 0: not told */
	int64_t rounds;		       /* asked in all */
	int64_t at_ms;		       /* when it was proven, since 1970 */
	struct served_samples waiting; /* of the rounds before those that agreed */
	struct served_samples agreed;
};

void served_report_release(struct served_report *report);

/* served_prove - within call->deploy.deadline; no round begins after served->timeout_ms. NOT_SERVED
 * says what a replica serves instead, or why it does not answer; LATER where the command's deadline
 * ends first, or nobody could say at the end which replicas there are; TERMINATED, INTERRUPTED. */
MUST_CHECK int served_prove(const struct served *served, const struct served_call *call,
	struct served_report *report, struct fail *f);

/* served_is_proven - the same without waiting: *proven false at the first round that does not
 * agree */
MUST_CHECK int served_is_proven(
	const struct served *served, const struct served_call *call, bool *proven, struct fail *f);

#endif
