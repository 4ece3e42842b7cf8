/* page_tokens - a list that a server gives in pages, each with the token of the next one: whether
 * it ends.
 *
 * A token that came before is noticed, however long the circle of them, with one of them kept at a
 * time (Brent's algorithm). Of tokens that never come again, 10,000 are followed. A server may
 * filter a page after it cut it: some empty pages in a row are followed as well.
 */
#ifndef MODELHOOK_BASE_PAGE_TOKENS_H
#define MODELHOOK_BASE_PAGE_TOKENS_H

#include <stdbool.h>

#include "base/fail.h"

#define PAGE_TOKENS_MAX 10000
#define PAGE_TOKENS_IDLE_MAX 100 /* pages in a row with nothing new */

/* struct page_tokens - owns a token; {0} before the first page */
struct page_tokens {
	char *kept;
	unsigned long pages;
	unsigned long idle;
};

/* page_tokens_follow - after a page that named `token` as the next; added: it brought something
 * new. NOT_A_REGISTRY where the list does not end, TERMINATED, INTERRUPTED or LATER as
 * stop_or_late. */
MUST_CHECK int page_tokens_follow(
	struct page_tokens *tokens, const char *token, bool added, struct fail *f);
void page_tokens_release(struct page_tokens *tokens);

#endif
