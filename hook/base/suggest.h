/* suggest - the word that was probably meant by one that is not known.
 *
 * Offer every known word, then ask for the nearest. All strings are borrowed.
 */
#ifndef MODELHOOK_BASE_SUGGEST_H
#define MODELHOOK_BASE_SUGGEST_H

#include <stddef.h>

#include "base/fail.h"

struct suggestion {
	const char *given;
	const char *best; /* the nearest so far that is near enough; NULL: none */
	size_t distance;  /* to it */
};

/* suggest_for - nothing was offered yet */
struct suggestion suggest_for(const char *given);

/* suggest_offer - near enough is: one letter in three, two at most, is missing, added, different or
 * has changed places with its neighbour; case does not count. The word itself is no suggestion. */
void suggest_offer(struct suggestion *suggestion, const char *word);

/* suggest_hint - "did you mean WORD?" becomes the hint of f where a word is near, else its hint
 * stays. Returns -1. */
int suggest_hint(const struct suggestion *suggestion, struct fail *f);

#endif
