#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>

#include "base/clock.h"
#include "base/signals.h"
#include "base/stop.h"

/* Signals change the whole process: each case runs in a child and returns what it saw. */
static int in_child(int (*function)(void *), void *argument)
{
	int ended = unit_child(function, argument, NULL, NULL);
	assert_true(WIFEXITED(ended));
	return WEXITSTATUS(ended);
}

static int check_unasked(void *argument)
{
	struct fail f;
	(void)argument;
	if (signals_fd() != -1)
		return 1;
	signals_install();
	struct pollfd wait = {.fd = signals_fd(), .events = POLLIN};
	return stop_check(&f) == 0 && signals_fd() >= 0 && poll(&wait, 1, 0) == 0 ? 0 : 1;
}

static void nobody_asked_until_somebody_does(void **state)
{
	(void)state;
	assert_int_equal(in_child(check_unasked, NULL), 0);
}

static int check_asked(void *argument)
{
	struct fail f = {0};
	signals_install();
	raise(*(int *)argument);
	if (stop_check(&f) == 0 || stop_check(&f) == 0)
		return 1;
	struct pollfd wait = {.fd = signals_fd(), .events = POLLIN};
	return poll(&wait, 1, 0) == 1 && poll(&wait, 1, 0) == 1 ? (int)f.status : 2;
}

static void each_signal_has_its_status_and_stays_asked(void **state)
{
	int terminate = SIGTERM, interrupt = SIGINT;
	(void)state;
	assert_int_equal(in_child(check_asked, &terminate), STATUS_TERMINATED);
	assert_int_equal(in_child(check_asked, &interrupt), STATUS_INTERRUPTED);
}

static int check_parent(void *argument)
{
	int before = 0, after = 0;
	(void)argument;
	signals_install();
	signals_end_with_parent();
	prctl(PR_GET_PDEATHSIG, &before);
	raise(SIGTERM);
	prctl(PR_GET_PDEATHSIG, &after);
	return before == SIGTERM && after == 0 ? 0 : 1;
}

/* Who passes a signal on and is killed then has not asked twice. */
static void the_end_of_the_parent_is_a_stop_but_not_a_second_one(void **state)
{
	(void)state;
	assert_int_equal(in_child(check_parent, NULL), 0);
}

static int raise_both(void *argument)
{
	const int *signals = argument;
	signals_install();
	raise(signals[0]);
	raise(signals[1]);
	return 0;
}

static void a_second_signal_ends_the_process_whichever_it_is(void **state)
{
	int rows[][2] = {
		{SIGTERM, SIGTERM}, {SIGINT, SIGINT}, {SIGTERM, SIGINT}, {SIGINT, SIGTERM}};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int ended = unit_child(raise_both, rows[i], NULL, NULL);
		assert_true(WIFSIGNALED(ended));
		assert_int_equal(WTERMSIG(ended), rows[i][1]);
	}
}

static void on_alarm(int number)
{
	(void)number;
	raise(SIGTERM);
}

static int sleep_until_asked(void *argument)
{
	struct fail f;
	struct itimerval soon = {.it_value = {.tv_usec = 50000}};
	(void)argument;
	signals_install();
	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &soon, NULL);
	int64_t started = clock_monotonic_ms();
	int result = stop_sleep(INT64_MAX, &f);
	int64_t slept = clock_monotonic_ms() - started;
	return result == -1 && f.status == STATUS_TERMINATED && slept >= 40 && slept < 60000 ? 0
											     : 1;
}

static void a_sleep_without_end_ends_when_a_stop_is_asked_for(void **state)
{
	(void)state;
	assert_int_equal(in_child(sleep_until_asked, NULL), 0);
}

static int sleep_to_the_end(void *argument)
{
	struct fail f;
	if (argument != NULL)
		signals_install();
	int64_t started = clock_monotonic_ms();
	int result = stop_sleep(60, &f);
	int64_t slept = clock_monotonic_ms() - started;
	return result == 0 && slept >= 60 && slept < 60000 && stop_sleep(0, &f) == 0 &&
			       stop_sleep(-5, &f) == 0
		       ? 0
		       : 1;
}

static void an_undisturbed_sleep_takes_its_time_installed_or_not(void **state)
{
	(void)state;
	assert_int_equal(in_child(sleep_to_the_end, NULL), 0);
	assert_int_equal(in_child(sleep_to_the_end, (char[]){"installed"}), 0);
}

static int write_where_nobody_reads(void *argument)
{
	int ends[2];
	(void)argument;
	signals_install();
	if (pipe(ends) != 0)
		return 1;
	close(ends[0]);
	return write(ends[1], "x", 1) == -1 && errno == EPIPE ? 0 : 1;
}

static int write_past_the_limit(void *argument)
{
	struct rlimit limit = {.rlim_cur = 10, .rlim_max = 10};
	signals_install();
	setrlimit(RLIMIT_FSIZE, &limit);
	FILE *file = fopen(argument, "w");
	if (file == NULL)
		return 1;
	setvbuf(file, NULL, _IONBF, 0);
	return fputs("0123456789", file) >= 0 && fputs("x", file) < 0 && errno == EFBIG ? 0 : 1;
}

static void a_closed_pipe_and_a_size_limit_are_errors_and_not_the_end(void **state)
{
	char *folder = unit_folder();
	(void)state;
	assert_int_equal(in_child(write_where_nobody_reads, NULL), 0);
	assert_int_equal(in_child(write_past_the_limit, (char *)unit_path(folder, "big")), 0);
	unit_folder_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_asked_until_somebody_does),
		cmocka_unit_test(each_signal_has_its_status_and_stays_asked),
		cmocka_unit_test(the_end_of_the_parent_is_a_stop_but_not_a_second_one),
		cmocka_unit_test(a_second_signal_ends_the_process_whichever_it_is),
		cmocka_unit_test(a_sleep_without_end_ends_when_a_stop_is_asked_for),
		cmocka_unit_test(an_undisturbed_sleep_takes_its_time_installed_or_not),
		cmocka_unit_test(a_closed_pipe_and_a_size_limit_are_errors_and_not_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
