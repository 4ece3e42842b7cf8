/* Tests of the end of lists that come in pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/fail.h"
#include "base/page_tokens.h"

/* How many pages are followed where their tokens are a tail of fresh ones and then a cycle. */
static int followed(int tail, int cycle, bool added)
{
	struct page_tokens tokens = {0};
	struct fail f;
	int page = 0;
	for (char token[32]; page <= 2 * PAGE_TOKENS_MAX; page++) {
		int number = page < tail ? page : tail + (page - tail) % cycle;
		snprintf(token, sizeof(token), "token%d", number);
		if (page_tokens_follow(&tokens, token, added, &f) != 0)
			break;
	}
	assert_int_equal(f.status, STATUS_NOT_A_REGISTRY);
	page_tokens_release(&tokens);
	return page;
}

static void a_cycle_of_tokens_is_noticed_soon(void **state)
{
	(void)state;
	for (int tail = 0; tail < 40; tail++)
		for (int cycle = 1; cycle < 40; cycle++) {
			int most = tail > cycle ? tail : cycle;
			assert_in_range(followed(tail, cycle, true), 1, 3 * most + 3);
		}
}

static void pages_with_nothing_new_are_followed_a_while(void **state)
{
	(void)state;
	assert_int_equal(followed(2 * PAGE_TOKENS_MAX + 1, 1, false), PAGE_TOKENS_IDLE_MAX);
}

static void even_new_things_come_to_an_end(void **state)
{
	(void)state;
	assert_int_equal(followed(2 * PAGE_TOKENS_MAX + 1, 1, true), PAGE_TOKENS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cycle_of_tokens_is_noticed_soon),
		cmocka_unit_test(pages_with_nothing_new_are_followed_a_while),
		cmocka_unit_test(even_new_things_come_to_an_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
