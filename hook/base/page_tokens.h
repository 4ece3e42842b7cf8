/* page_tokens - a list that a server gives in pages, each with the token of the next: whether it
 * comes to an end.
 *
 * A token that was there before is noticed however long the cycle is, and only one of them is kept
 * (Brent's algorithm). A server may filter a page after it cut it: some empty pages are followed,
 * but not for ever.
 */
#ifndef MODELHOOK_BASE_PAGE_TOKENS_H
#define MODELHOOK_BASE_PAGE_TOKENS_H

#include "base/fail.h"

#define PAGE_TOKENS_MAX 10000
#define PAGE_TOKENS_IDLE_MAX 100 /* pages in a row with nothing new */

/* struct page_tokens - owns a token; {0} before the first page */
struct page_tokens {
	char *kept; /* the token that later ones are compared with */
	unsigned long pages;
	unsigned long idle;
};

/* page_tokens_follow - after a page that named `token` as the next; added: it brought something
 * new. NOT_A_REGISTRY where the list does not end. */
MUST_CHECK int page_tokens_follow(
	struct page_tokens *tokens, const char *token, bool added, struct fail *f);
void page_tokens_release(struct page_tokens *tokens);

#endif
