#include "base/page_tokens.h"

#include <stdlib.h>

#include "base/text.h"

static int endless(struct fail *f, const char *why)
{
	return fail_set(f, STATUS_NOT_A_REGISTRY, "the pages of a list do not end: %s", why);
}

int page_tokens_follow(struct page_tokens *tokens, const char *token, bool added, struct fail *f)
{
	if (text_equal(tokens->kept, token))
		return endless(f, "a page token came again");
	tokens->idle = added ? 0 : tokens->idle + 1;
	if (tokens->idle > PAGE_TOKENS_IDLE_MAX)
		return endless(f, "one after another brings nothing new");
	if (++tokens->pages > PAGE_TOKENS_MAX)
		return endless(f, "there are more than 10000");
	if ((tokens->pages & (tokens->pages - 1)) == 0) {
		free(tokens->kept);
		tokens->kept = text_copy(token);
	}
	return 0;
}

void page_tokens_release(struct page_tokens *tokens)
{
	free(tokens->kept);
	*tokens = (struct page_tokens){0};
}
