/* pages - a list that comes in pages, each with the token of the next one: whether it ends.
 *
 * A token that came before is noticed, however long the circle of them, with one of them kept at a
 * time (Brent's algorithm). Of tokens that never come again, 10,000 are followed.
 */
#ifndef MODELHOOK_STORE_PAGES_H
#define MODELHOOK_STORE_PAGES_H

#include "base/fail.h"

/* struct store_pages - owns a token; {0} before the first page */
struct store_pages {
	char *receipt;
	unsigned long count;
};

/* store_pages_go_on - to the page of that token; NOT_A_REGISTRY where the list does not end */
MUST_CHECK int store_pages_go_on(struct store_pages *pages, const char *token, struct fail *f);
void store_pages_release(struct store_pages *pages);

#endif
