#include "base/page_tokens.h"

#include <stdlib.h>

#include "base/stop.h"
#include "base/text.h"

#define ENDLESS "the pages of the list do not end: "

int page_tokens_follow(struct page_tokens *tokens, const char *token, bool added, struct fail *f)
{
	if (stop_or_late(f) != 0)
		return -1;
	if (text_equal(tokens->kept, token))
		return fail_set(f, STATUS_NOT_A_REGISTRY, ENDLESS "one came again");
	tokens->idle = added ? 0 : tokens->idle + 1;
	if (tokens->idle > PAGE_TOKENS_IDLE_MAX)
		return fail_set(f, STATUS_NOT_A_REGISTRY, ENDLESS "%d in a row hold nothing new",
			PAGE_TOKENS_IDLE_MAX);
	if (++tokens->pages > PAGE_TOKENS_MAX)
		return fail_set(f, STATUS_NOT_A_REGISTRY, ENDLESS "%d came", PAGE_TOKENS_MAX);
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
