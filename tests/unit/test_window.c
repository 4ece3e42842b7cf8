/* Tests of the window: how many jobs are under way at once. */
#include "unit.h"
#include "upload/window.h"

/* A round of jobs, each of so many bytes, in so many ms; returns the size that follows. */
static unsigned round_of(struct window *w, uint64_t bytes, int64_t *now, int64_t ms)
{
	*now += ms;
	for (unsigned i = w->left; i > 0; i--)
		window_ended(w, bytes, *now);
	return w->size;
}

static void it_doubles_while_rounds_take_no_longer(void **state)
{
	(void)state;
	struct window w;
	int64_t now = 1000;
	window_open(&w, 64, now);
	unsigned first = w.size;
	assert_int_equal(round_of(&w, 10000, &now, 120), 2 * first);
	assert_int_equal(round_of(&w, 10000, &now, 120), 4 * first);
	while (w.size < 64)
		(void)round_of(&w, 10000, &now, 120);
	assert_int_equal(round_of(&w, 10000, &now, 120), 64);
}

static void it_stays_where_more_is_no_faster(void **state)
{
	(void)state;
	struct window w;
	int64_t now = 1000;
	window_open(&w, 64, now);
	/* the server does one job in 10 ms, however many wait */
	for (int i = 0; i < 20; i++)
		(void)round_of(&w, 10000, &now, 10 * (int64_t)w.left);
	assert_int_equal(w.size, 8);
	window_open(&w, 64, now);
	/* ... or up to 20 of them at once */
	for (int i = 0; i < 20; i++)
		(void)round_of(&w, 10000, &now, 10 * (int64_t)((w.left + 19) / 20));
	assert_in_range(w.size, 16, 40);
}

static void large_jobs_say_nothing_of_small_ones(void **state)
{
	(void)state;
	struct window w;
	int64_t now = 1000;
	window_open(&w, 64, now);
	for (int i = 0; i < 1000; i++)
		window_ended(&w, 5 << 20, ++now);
	assert_int_equal(w.size, 8);
	while (w.size < 64)
		(void)round_of(&w, 10000, &now, 120);
}

static void a_pushback_halves_it_once_a_round(void **state)
{
	(void)state;
	struct window w;
	int64_t now = 1000;
	window_open(&w, 64, now);
	while (w.size < 64)
		(void)round_of(&w, 10000, &now, 120);
	window_pushback(&w, 8, now);
	assert_int_equal(w.size, 32);
	window_pushback(&w, 8, now);
	window_ended(&w, 10000, now);
	window_pushback(&w, 8, now);
	assert_int_equal(w.size, 32);
	(void)round_of(&w, 10000, &now, 120);
	assert_int_equal(w.size, 32);
	assert_int_equal(round_of(&w, 10000, &now, 120), 64);
}

static void a_refusal_now_and_then_changes_nothing(void **state)
{
	(void)state;
	struct window w;
	int64_t now = 1000;
	window_open(&w, 64, now);
	while (w.size < 64)
		(void)round_of(&w, 10000, &now, 120);
	for (int i = 0; i < 5; i++) {
		window_pushback(&w, 4, now);
		assert_int_equal(round_of(&w, 10000, &now, 120), 64);
	}
}

static void it_is_never_less_than_one_nor_more_than_asked_for(void **state)
{
	(void)state;
	struct window w;
	int64_t now = 1000;
	window_open(&w, 3, now);
	assert_int_equal(w.size, 3);
	for (int i = 0; i < 5; i++) {
		window_pushback(&w, 1, now);
		(void)round_of(&w, 1, &now, 1000000);
	}
	assert_in_range(w.size, 1, 3);
	window_open(&w, 1, now);
	window_pushback(&w, 1, now);
	assert_int_equal(w.size, 1);
	for (int i = 0; i < 5; i++)
		assert_int_equal(round_of(&w, 1000, &now, 1), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_doubles_while_rounds_take_no_longer),
		cmocka_unit_test(it_stays_where_more_is_no_faster),
		cmocka_unit_test(large_jobs_say_nothing_of_small_ones),
		cmocka_unit_test(a_pushback_halves_it_once_a_round),
		cmocka_unit_test(a_refusal_now_and_then_changes_nothing),
		cmocka_unit_test(it_is_never_less_than_one_nor_more_than_asked_for),
	};
	return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
