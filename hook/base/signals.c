#include "base/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <unistd.h>

static volatile sig_atomic_t asked;
static int wake[2] = {-1, -1};

static void note(int number)
{
	int os = errno;
	/* whoever asks twice is not made to wait, whichever of the two comes second */
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	asked = number;
	/* a caller that passes a signal on may be killed next: that is no second one */
	prctl(PR_SET_PDEATHSIG, 0);
	if (write(wake[1], "", 1) < 0) {
		/* the pipe is full: it is readable, which is all it is for */
	}
	errno = os;
}

void signals_install(void)
{
	if (wake[0] >= 0 || pipe2(wake, O_CLOEXEC | O_NONBLOCK) != 0)
		return;
	struct sigaction ask = {.sa_handler = note};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigaction(SIGTERM, &ask, NULL);
	sigaction(SIGINT, &ask, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGXFSZ, &ignore, NULL);
}

void signals_end_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
}

int signals_fd(void)
{
	return wake[0];
}

int signals_asked(void)
{
	return asked;
}

void signals_forget(void)
{
	char byte;
	asked = 0;
	while (read(wake[0], &byte, 1) > 0)
		;
}
