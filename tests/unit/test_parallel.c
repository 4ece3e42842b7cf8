/* Jobs side by side: outcomes in order, the first failure in order, nothing behind it waited for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/fail.h"
#include "base/parallel.h"

#define JOBS ((size_t)10 * PARALLEL_WINDOW)

/* What the jobs of a test know of each other. */
struct bench {
	size_t outcomes[PARALLEL_WINDOW];
	size_t taken;
	atomic_size_t begun;
};

static void wait_for_begun(struct bench *bench, size_t count)
{
	while (atomic_load(&bench->begun) < count)
		sched_yield();
}

static void take(void *context, size_t job)
{
	struct bench *bench = context;
	assert_int_equal(job, bench->taken);
	assert_int_equal(bench->outcomes[job % PARALLEL_WINDOW], job + 1);
	bench->taken++;
}

static int run(void *context, size_t job, const atomic_bool *dropped, struct fail *f)
{
	struct bench *bench = context;
	(void)f;
	assert_false(atomic_load(dropped));
	bench->outcomes[job % PARALLEL_WINDOW] = job + 1;
	return 0;
}

/* Job 0 ends when all that may be begun before it is taken was begun. */
static int run_slowly(void *context, size_t job, const atomic_bool *dropped, struct fail *f)
{
	struct bench *bench = context;
	atomic_fetch_add(&bench->begun, 1);
	if (job == 0) {
		wait_for_begun(bench, PARALLEL_WINDOW);
		assert_int_equal(atomic_load(&bench->begun), PARALLEL_WINDOW);
	}
	return run(context, job, dropped, f);
}

static void outcomes_are_taken_in_order_by_any_number_of_threads(void **state)
{
	struct fail f;
	(void)state;
	for (unsigned threads = 1; threads <= PARALLEL_THREADS_MAX; threads++) {
		struct bench bench = {0};
		struct parallel_jobs jobs = {
			.count = JOBS, .run = run, .take = take, .context = &bench};
		assert_int_equal(parallel_run(&jobs, threads, &f), 0);
		assert_int_equal(bench.taken, JOBS);
	}
}

static void the_others_go_on_beside_a_slow_one_as_far_as_the_window(void **state)
{
	struct fail f;
	struct bench bench = {0};
	struct parallel_jobs jobs = {
		.count = JOBS, .run = run_slowly, .take = take, .context = &bench};
	(void)state;
	assert_int_equal(parallel_run(&jobs, 2, &f), 0);
	assert_int_equal(bench.taken, JOBS);
}

static void no_jobs_are_no_failure(void **state)
{
	struct fail f;
	struct parallel_jobs jobs = {.count = 0};
	(void)state;
	assert_int_equal(parallel_run(&jobs, PARALLEL_THREADS_MAX, &f), 0);
}

/* Job 1 fails before job 0 does, and job 2 ends only because it is dropped. */
static int run_into_failures(void *context, size_t job, const atomic_bool *dropped, struct fail *f)
{
	struct bench *bench = context;
	atomic_fetch_add(&bench->begun, 1);
	wait_for_begun(bench, 3);
	if (job == 0)
		wait_for_begun(bench, 4);
	while (job == 2 && !atomic_load(dropped))
		sched_yield();
	if (job == 2)
		atomic_fetch_add(&bench->begun, 1);
	return fail_set(f, STATUS_LATER, "job %zu", job);
}

static void the_first_failure_in_order_counts(void **state)
{
	struct fail f;
	struct bench bench = {0};
	struct parallel_jobs jobs = {
		.count = JOBS, .run = run_into_failures, .take = take, .context = &bench};
	(void)state;
	assert_int_equal(parallel_run(&jobs, 3, &f), -1);
	assert_string_equal(f.text, "job 0");
	assert_int_equal(atomic_load(&bench.begun), 4); /* three, and the end of the third */
	assert_int_equal(bench.taken, 0);
}

static int fail_at_five(void *context, size_t job, const atomic_bool *dropped, struct fail *f)
{
	return job == 5 ? fail_set(f, STATUS_LATER, "job 5") : run(context, job, dropped, f);
}

static void what_is_before_a_failure_is_taken(void **state)
{
	struct fail f;
	struct bench bench = {0};
	struct parallel_jobs jobs = {
		.count = JOBS, .run = fail_at_five, .take = take, .context = &bench};
	(void)state;
	assert_int_equal(parallel_run(&jobs, 1, &f), -1);
	assert_string_equal(f.text, "job 5");
	assert_int_equal(bench.taken, 5);
}

static void there_is_a_thread_for_a_processor(void **state)
{
	(void)state;
	assert_in_range(parallel_threads(), 1, PARALLEL_THREADS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outcomes_are_taken_in_order_by_any_number_of_threads),
		cmocka_unit_test(the_others_go_on_beside_a_slow_one_as_far_as_the_window),
		cmocka_unit_test(no_jobs_are_no_failure),
		cmocka_unit_test(the_first_failure_in_order_counts),
		cmocka_unit_test(what_is_before_a_failure_is_taken),
		cmocka_unit_test(there_is_a_thread_for_a_processor),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
