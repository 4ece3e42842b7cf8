#include "base/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/signals.h"

#define WAIT_AT_ONCE_MS 60000

/* A second, non-blocking descriptor of the same pipe; -1: there is none. */
static int own[3] = {-1, -1, -1};

/* Without /dev/null the root folder stands in: what is written there is refused, and lost. */
static void open_closed(int fd)
{
	int flags = fd == STDIN_FILENO ? O_RDONLY : O_WRONLY;
	if (fcntl(fd, F_GETFD) >= 0 || open("/dev/null", flags) >= 0)
		return;
	(void)open("/", O_RDONLY | O_DIRECTORY);
}

static void open_own(int fd)
{
	struct stat s;
	char path[32];
	if (fstat(fd, &s) != 0 || !S_ISFIFO(s.st_mode))
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own[fd] = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
}

void stream_open(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		open_closed(fd);
	open_own(STDOUT_FILENO);
	open_own(STDERR_FILENO);
}

static bool is_ready(int fd)
{
	struct pollfd wait = {.fd = fd, .events = POLLOUT};
	return poll(&wait, 1, 0) != 0;
}

/* PIPE_BUF bytes fit into every pipe that says that it is ready. */
static ssize_t write_some(int fd, const void *bytes, size_t size)
{
	size_t piece = size < PIPE_BUF ? size : PIPE_BUF;
	if (own[fd] >= 0)
		return write(own[fd], bytes, piece);
	ssize_t sent = send(fd, bytes, piece, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent >= 0 || errno != ENOTSOCK)
		return sent;
	if (is_ready(fd))
		return write(fd, bytes, piece);
	errno = EAGAIN;
	return -1;
}

/* False: a stop was asked for, or there is no time left. */
static bool wait_for(int fd, short event, struct deadline end)
{
	struct pollfd wait[2] = {
		{.fd = fd, .events = event}, {.fd = signals_fd(), .events = POLLIN}};
	for (;;) {
		int64_t left = deadline_left(end);
		if (left == 0)
			return false;
		poll(wait, 2, left > WAIT_AT_ONCE_MS ? WAIT_AT_ONCE_MS : (int)left);
		if (wait[1].revents != 0)
			return false;
		if (wait[0].revents != 0)
			return true;
	}
}

bool stream_write(int fd, const void *bytes, size_t size, int64_t wait_ms)
{
	const char *at = bytes;
	struct deadline end = deadline_in(wait_ms);
	while (size > 0) {
		ssize_t count = write_some(fd, at, size);
		if (count > 0) {
			at += count;
			size -= (size_t)count;
		} else if (count < 0 && errno == EAGAIN) {
			if (!wait_for(fd, POLLOUT, end)) {
				errno = EAGAIN;
				return false;
			}
		} else if (count == 0 || errno != EINTR) {
			return false;
		}
	}
	return true;
}

bool stream_wait_for_line(int64_t wait_ms)
{
	return wait_for(STDIN_FILENO, POLLIN, deadline_in(wait_ms));
}
