#include "sandbox/sandbox.h"

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
#include "base/signals.h"
#include "base/stop.h"
#include "base/temp_dir.h"
#include "sandbox/process_tree.h"

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

struct pipes {
	int output[2];
	int answer[2];	 /* stdout, where that is wanted apart */
	int failure[2];	 /* the errno of a child that could not become the command */
	int ended[2];	 /* the command's wait status */
	int lifeline[2]; /* held open by this process alone: its end is ours */
};

/* In the child: 0 never comes back; else errno. */
static int become(
	const struct sandbox *what, char **environment, const struct pipes *pipes, pid_t parent)
{
	sigset_t none;
	int input = open("/dev/null", O_RDONLY), output = pipes->output[1];
	int answer = what->answer > 0 ? pipes->answer[1] : output;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		return ESRCH;
	limit(RLIMIT_CORE, 0);
	if (what->memory > 0)
		limit(RLIMIT_DATA, what->memory);
	if (input < 0 || dup2(input, 0) < 0 || dup2(answer, 1) < 0 || dup2(output, 2) < 0)
		return errno;
	for (int fd = 3; fd < DESCRIPTORS; fd++)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (chdir(what->folder) != 0)
		return errno;
	execvpe(what->argv[0], what->argv, environment);
	return errno;
}

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
		close_fd(&pipes->answer[i]);
		close_fd(&pipes->failure[i]);
		close_fd(&pipes->ended[i]);
		close_fd(&pipes->lifeline[i]);
	}
}

static int pipes_open(struct pipes *pipes)
{
	*pipes = (struct pipes){{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}};
	if (pipe2(pipes->output, O_CLOEXEC) != 0 || pipe2(pipes->answer, O_CLOEXEC) != 0 ||
		pipe2(pipes->failure, O_CLOEXEC) != 0 || pipe2(pipes->ended, O_CLOEXEC) != 0 ||
		pipe2(pipes->lifeline, O_CLOEXEC) != 0 ||
		fcntl(pipes->output[0], F_SETFL, O_NONBLOCK) != 0 ||
		fcntl(pipes->answer[0], F_SETFL, O_NONBLOCK) != 0)
		return -1;
	return fcntl(pipes->ended[0], F_SETFL, O_NONBLOCK);
}

/* The supervisor: a process between this one and the command, which outlives this one. */

static void pass_on(int fd, int number)
{
	ssize_t ignored = write(fd, &number, sizeof(number));
	(void)ignored;
}

static pid_t start_command(const struct sandbox *what, char **environment, struct pipes *pipes)
{
	pid_t parent = getpid(), child = fork();
	if (child == 0) {
		pass_on(pipes->failure[1], become(what, environment, pipes, parent));
		_exit(127);
	}
	if (child < 0)
		pass_on(pipes->failure[1], errno);
	close_fd(&pipes->output[1]);
	close_fd(&pipes->answer[1]);
	close_fd(&pipes->failure[1]);
	return child;
}

static void reap(pid_t child, int ended)
{
	int status;
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
		if (pid == child)
			pass_on(ended, status);
}

/* Until the lifeline ends, which the kernel does however this process came to its end. */
static _Noreturn void supervise(const struct sandbox *what, char **environment, struct pipes *pipes)
{
	signal(SIGTERM, SIG_IGN); /* what is to be stopped is the hook, which then stops us */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	setsid();
	prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L);
	close_fd(&pipes->lifeline[1]);
	close_fd(&pipes->output[0]);
	close_fd(&pipes->answer[0]);
	close_fd(&pipes->failure[0]);
	close_fd(&pipes->ended[0]);
	pid_t child = start_command(what, environment, pipes);
	struct pollfd wait = {.fd = pipes->lifeline[0], .events = POLLIN};
	do {
		reap(child, pipes->ended[1]);
		poll(&wait, 1, LOOK_EVERY_MS);
	} while (wait.revents == 0);
	process_tree_kill();
	temp_dir_release(text_copy(what->temporary));
	_exit(0);
}

static int start_supervisor(const struct sandbox *what, struct pipes *pipes, pid_t *supervisor)
{
	char **environment = env_for_command(what->environment, what->variables, what->home);
	*supervisor = fork();
	if (*supervisor == 0)
		supervise(what, environment, pipes);
	env_release(environment);
	close_fd(&pipes->lifeline[0]);
	close_fd(&pipes->output[1]);
	close_fd(&pipes->answer[1]);
	close_fd(&pipes->failure[1]);
	close_fd(&pipes->ended[1]);
	return *supervisor < 0 ? -1 : 0;
}

/* Started, or why not: the failure pipe ends without a word when the command has taken over. */
static int start(const struct sandbox *what, struct pipes *pipes, pid_t *supervisor, struct fail *f)
{
	int os = 0;
	*supervisor = -1;
	if (pipes_open(pipes) != 0 || start_supervisor(what, pipes, supervisor) != 0)
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

/* What goes beyond the limit is read all the same, so that nobody waits for room in the pipe. */
static void take_answer(int fd, size_t limit, struct text *answer)
{
	char buffer[4096];
	for (ssize_t got; (got = read(fd, buffer, sizeof(buffer))) > 0;) {
		size_t room = limit - answer->size;
		text_add(answer, buffer, (size_t)got < room ? (size_t)got : room);
	}
}

static void take_all(const struct sandbox *what, const struct pipes *pipes, struct sandboxed *done)
{
	take_output(pipes->output[0], &done->output);
	take_answer(pipes->answer[0], what->answer, &done->answer);
}

/* A supervisor that is gone took the command with it (PR_SET_PDEATHSIG). */
static bool has_ended(int ended, struct sandboxed *done)
{
	int status = SIGKILL;
	if (read(ended, &status, sizeof(status)) < 0)
		return false;
	done->end = WIFEXITED(status) ? SANDBOX_EXIT : SANDBOX_SIGNAL;
	done->code = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
	return true;
}

/* What is of the command: the supervisor is ours. */
static void look(pid_t supervisor, struct process_tree *now)
{
	process_tree_read(now);
	for (size_t i = 0; i < now->count; i++) {
		if (now->items[i].pid != supervisor)
			continue;
		now->resident -= now->items[i].resident;
		now->items[i] = now->items[--now->count];
	}
}

static bool is_over(
	const struct sandbox *what, pid_t supervisor, struct sandboxed *done, int64_t started)
{
	struct process_tree now;
	bool over = true;
	look(supervisor, &now);
	if (what->memory > 0 && now.resident > what->memory)
		done->end = SANDBOX_MEMORY;
	else if (now.count > what->processes)
		done->end = SANDBOX_PROCESSES;
	else if (clock_monotonic_ms() - started >= what->timeout_ms)
		done->end = SANDBOX_TIMEOUT;
	else
		over = false;
	process_tree_release(&now);
	return over;
}

static int attend(const struct sandbox *what, pid_t supervisor, const struct pipes *pipes,
	struct sandboxed *done, struct fail *f)
{
	int64_t started = clock_monotonic_ms(), looked = 0;
	struct pollfd wait[4] = {{.fd = pipes->output[0], .events = POLLIN},
		{.fd = pipes->answer[0], .events = POLLIN}, {.fd = signals_fd(), .events = POLLIN},
		{.fd = pipes->ended[0], .events = POLLIN}};
	for (;;) {
		take_all(what, pipes, done);
		done->ms = clock_monotonic_ms() - started;
		if (has_ended(pipes->ended[0], done))
			return 0;
		if (stop_or_late(f) != 0)
			return -1;
		if (clock_monotonic_ms() - looked >= LOOK_EVERY_MS) {
			looked = clock_monotonic_ms();
			if (is_over(what, supervisor, done, started))
				return 0;
		}
		poll(wait, 4, LOOK_EVERY_MS);
		for (int i = 0; i < 2; i++)
			if ((wait[i].revents & (POLLHUP | POLLERR)) != 0 &&
				(wait[i].revents & POLLIN) == 0)
				wait[i].fd = -1; /* it closed its output and goes on */
	}
}

int sandbox_run(const struct sandbox *what, struct sandboxed *done, struct fail *f)
{
	struct pipes pipes;
	struct process_tree left;
	pid_t supervisor;
	*done = (struct sandboxed){0};
	prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L);
	int result = start(what, &pipes, &supervisor, f);
	if (result == 0)
		result = attend(what, supervisor, &pipes, done, f);
	look(supervisor, &left);
	done->left_behind = done->end <= SANDBOX_SIGNAL ? left.count : 0;
	process_tree_release(&left);
	process_tree_kill();
	if (pipes.output[0] >= 0)
		take_all(what, &pipes, done);
	pipes_close(&pipes);
	prctl(PR_SET_CHILD_SUBREAPER, 0L, 0L, 0L, 0L);
	return result;
}

void sandboxed_release(struct sandboxed *done)
{
	text_release(&done->output);
	if (done->answer.data != NULL)
		explicit_bzero(done->answer.data, done->answer.size);
	text_release(&done->answer);
	*done = (struct sandboxed){0};
}
