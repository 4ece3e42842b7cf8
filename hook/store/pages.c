#include "store/pages.h"

#include <stdlib.h>

#include "base/stop.h"
#include "base/text.h"

#define PAGES_MAX 10000

int store_pages_go_on(struct store_pages *pages, const char *token, struct fail *f)
{
	if (stop_or_late(f) != 0)
		return -1;
	if (text_equal(pages->receipt, token))
		return fail_set(f, STATUS_NOT_A_REGISTRY,
			"the pages of the list do not end: one came again");
	if (++pages->count == PAGES_MAX)
		return fail_set(f, STATUS_NOT_A_REGISTRY,
			"the pages of the list do not end: %d came", PAGES_MAX);
	if ((pages->count & (pages->count - 1)) == 0) {
		free(pages->receipt);
		pages->receipt = text_copy(token);
	}
	return 0;
}

void store_pages_release(struct store_pages *pages)
{
	free(pages->receipt);
	*pages = (struct store_pages){0};
}
