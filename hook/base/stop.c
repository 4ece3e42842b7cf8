#include "base/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <unistd.h>

static volatile sig_atomic_t asked;
static int stop_pipe[2] = {-1, -1};
static struct deadline limit;

static void stop_note(int number)
{
	int os = errno;
	/* whoever asks twice is not made to wait, whichever of the two comes second */
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	asked = number;
	/* a caller that passes a signal on may be killed next: that is no second one */
	prctl(PR_SET_PDEATHSIG, 0);
	if (write(stop_pipe[1], "", 1) < 0) {
		/* the pipe is full: it is readable, which is all it is for */
	}
	errno = os;
}

void stop_install(void)
{
	if (stop_pipe[0] >= 0 || pipe2(stop_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
		return;
	struct sigaction note = {.sa_handler = stop_note};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigaction(SIGTERM, &note, NULL);
	sigaction(SIGINT, &note, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGXFSZ, &ignore, NULL);
}

void stop_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
}

int stop_fd(void)
{
	return stop_pipe[0];
}

int stop_check(struct fail *f)
{
	switch (asked) {
	case 0:
		return 0;
	case SIGINT:
		return fail_set(f, STATUS_INTERRUPTED, "stopped by SIGINT");
	default:
		return fail_set(f, STATUS_TERMINATED, "stopped by SIGTERM");
	}
}

void stop_limit(struct deadline deadline)
{
	limit = deadline;
}

void stop_farewell(struct deadline deadline)
{
	char byte;
	asked = 0;
	while (read(stop_pipe[0], &byte, 1) > 0)
		;
	limit = deadline;
}

int64_t stop_left(void)
{
	return deadline_left(limit);
}

int stop_or_late(struct fail *f)
{
	if (stop_check(f) != 0)
		return -1;
	if (deadline_left(limit) == 0)
		return fail_set(f, STATUS_LATER, "the deadline is over");
	return 0;
}

int stop_sleep(int64_t ms, struct fail *f)
{
	struct deadline end = deadline_in(ms);
	for (int64_t left = ms; left > 0 && asked == 0; left = deadline_left(end)) {
		struct pollfd wait = {.fd = stop_pipe[0], .events = POLLIN};
		poll(&wait, 1, left > 60000 ? 60000 : (int)left);
	}
	return stop_check(f);
}
