#include "gate/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/env.h"
#include "base/stop.h"
#include "gate/process_tree.h"

enum {
	LOOK_EVERY_MS = 50,
	OUTPUT_KEPT = 4096,
	DESCRIPTORS = 4096, /* that the child would inherit, at most */
};

static void limit(int resource, rlim_t value)
{
	struct rlimit now;
	if (getrlimit(resource, &now) != 0)
		return;
	if (now.rlim_max == RLIM_INFINITY || value < now.rlim_max)
		now.rlim_max = value;
	now.rlim_cur = now.rlim_max;
	(void)setrlimit(resource, &now);
}

/* In the child: 0 never comes back; else errno. */
static int become(const struct confinement *what, char **environment, int output, pid_t parent)
{
	sigset_t none;
	int input = open("/dev/null", O_RDONLY);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		return ESRCH;
	limit(RLIMIT_CORE, 0);
	if (what->memory > 0)
		limit(RLIMIT_DATA, what->memory);
	if (input < 0 || dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
		return errno;
	for (int fd = 3; fd < DESCRIPTORS; fd++)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (chdir(what->folder) != 0)
		return errno;
	execvpe(what->argv[0], what->argv, environment);
	return errno;
}

struct pipes {
	int output[2];
	int failure[2]; /* the errno of a child that could not become the command */
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void pipes_close(struct pipes *pipes)
{
	for (int i = 0; i < 2; i++) {
		close_fd(&pipes->output[i]);
		close_fd(&pipes->failure[i]);
	}
}

static int start_child(const struct confinement *what, struct pipes *pipes, pid_t *child)
{
	char **environment = env_without_secrets();
	pid_t parent = getpid();
	*child = fork();
	if (*child == 0) {
		int os = become(what, environment, pipes->output[1], parent);
		ssize_t ignored = write(pipes->failure[1], &os, sizeof(os));
		(void)ignored;
		_exit(127);
	}
	free(environment);
	close_fd(&pipes->output[1]);
	close_fd(&pipes->failure[1]);
	return *child < 0 ? -1 : 0;
}

/* Started, or why not: the failure pipe ends without a word when the command has taken over. */
static int start(const struct confinement *what, struct pipes *pipes, pid_t *child, struct fail *f)
{
	int os = 0;
	*child = -1;
	*pipes = (struct pipes){{-1, -1}, {-1, -1}};
	if (pipe2(pipes->output, O_CLOEXEC) != 0 || pipe2(pipes->failure, O_CLOEXEC) != 0 ||
		fcntl(pipes->output[0], F_SETFL, O_NONBLOCK) != 0 ||
		start_child(what, pipes, child) != 0)
		return fail_errno(f, STATUS_LATER, "%s cannot be started", what->argv[0]);
	while (read(pipes->failure[0], &os, sizeof(os)) < 0 && errno == EINTR)
		;
	if (os == 0)
		return 0;
	errno = os;
	return fail_errno(
		f, STATUS_CONFIGURATION, "%s cannot be run in %s", what->argv[0], what->folder);
}

static void take_output(int fd, struct text *output)
{
	char buffer[4096];
	for (ssize_t got; (got = read(fd, buffer, sizeof(buffer))) > 0;) {
		text_add(output, buffer, (size_t)got);
		if (output->size <= 2 * OUTPUT_KEPT)
			continue;
		size_t drop = output->size - OUTPUT_KEPT;
		memmove(output->data, output->data + drop, OUTPUT_KEPT + 1);
		output->size = OUTPUT_KEPT;
	}
}

/* The end of the command itself; those of what it left to us are only taken. */
static bool has_ended(pid_t child, struct confined *confined)
{
	int status;
	bool ended = false;
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
		if (pid != child)
			continue;
		ended = true;
		confined->end = WIFEXITED(status) ? CONFINED_EXIT : CONFINED_SIGNAL;
		confined->code = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
	}
	return ended;
}

static bool is_over(const struct confinement *what, struct confined *confined, int64_t started)
{
	struct descendants now;
	bool over = true;
	descendants_read(&now);
	if (what->memory > 0 && now.resident > what->memory)
		confined->end = CONFINED_MEMORY;
	else if (now.count > what->processes)
		confined->end = CONFINED_PROCESSES;
	else if (clock_monotonic_ms() - started >= what->timeout_ms)
		confined->end = CONFINED_TIMEOUT;
	else
		over = false;
	descendants_release(&now);
	return over;
}

static int attend(const struct confinement *what, pid_t child, int output,
	struct confined *confined, struct fail *f)
{
	int64_t started = clock_monotonic_ms(), looked = 0;
	struct pollfd wait[2] = {
		{.fd = output, .events = POLLIN}, {.fd = stop_fd(), .events = POLLIN}};
	for (;;) {
		take_output(output, &confined->output);
		confined->ms = clock_monotonic_ms() - started;
		if (has_ended(child, confined))
			return 0;
		if (stop_or_late(f) != 0)
			return -1;
		if (clock_monotonic_ms() - looked >= LOOK_EVERY_MS) {
			looked = clock_monotonic_ms();
			if (is_over(what, confined, started))
				return 0;
		}
		poll(wait, 2, LOOK_EVERY_MS);
		if ((wait[0].revents & (POLLHUP | POLLERR)) != 0 && (wait[0].revents & POLLIN) == 0)
			wait[0].fd = -1; /* it closed its output and goes on */
	}
}

int confine_run(const struct confinement *what, struct confined *confined, struct fail *f)
{
	struct pipes pipes;
	struct descendants left;
	pid_t child;
	*confined = (struct confined){0};
	prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L);
	int result = start(what, &pipes, &child, f);
	if (result == 0)
		result = attend(what, child, pipes.output[0], confined, f);
	descendants_read(&left);
	confined->left_behind = confined->end <= CONFINED_SIGNAL ? left.count : 0;
	descendants_release(&left);
	descendants_kill();
	if (pipes.output[0] >= 0)
		take_output(pipes.output[0], &confined->output);
	pipes_close(&pipes);
	prctl(PR_SET_CHILD_SUBREAPER, 0L, 0L, 0L, 0L);
	return result;
}

void confined_release(struct confined *confined)
{
	text_release(&confined->output);
	*confined = (struct confined){0};
}
