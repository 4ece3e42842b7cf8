/* verdict - what the gates said of a training: one entry a rule, in the order of the rules.
 *
 * struct gate_verdicts owns everything in it; a zeroed one is empty and may be released.
 */
#ifndef MODELHOOK_GATE_VERDICT_H
#define MODELHOOK_GATE_VERDICT_H

#include <stddef.h>

struct gate_verdict {
	char *name;
	char *verdict; /* "passed", "rejected", "overridden" */
	char *detail;  /* the numbers, for people */
};

struct gate_verdicts {
	struct gate_verdict *items;
	size_t count;
};

/* gate_verdicts_add - copies are taken */
void gate_verdicts_add(
	struct gate_verdicts *verdicts, const char *name, const char *verdict, const char *detail);
void gate_verdicts_release(struct gate_verdicts *verdicts);

/* gate_verdicts_rejected - the rules that rejected it, "NAME: DETAIL; ...", without NAME where
 * DETAIL begins with it; NULL: none did. The caller frees it. */
char *gate_verdicts_rejected(const struct gate_verdicts *verdicts);

#endif
