#include "sandbox/process_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/console.h"
#include "base/memory.h"

#define GIVE_UP_MS 10000

/* The name in brackets may hold anything, brackets too: what follows the last one is numbers. */
static bool read_stat(pid_t pid, struct descendant *process)
{
	char path[40], text[1024], state;
	int parent, group;
	long pages;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t size = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[size > 0 ? size : 0] = '\0';
	const char *rest = strrchr(text, ')');
	if (rest == NULL ||
		sscanf(rest + 1,
			" %c %d %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
			"%*s %*s %*s %ld",
			&state, &parent, &group, &pages) != 4)
		return false;
	*process = (struct descendant){.pid = pid,
		.parent = parent,
		.group = group,
		.resident = (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE)};
	return state != 'Z' && state != 'X';
}

static void read_all(struct process_tree *all)
{
	DIR *folder = opendir("/proc");
	*all = (struct process_tree){0};
	for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
		struct descendant process;
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (pid <= 0 || !read_stat(pid, &process))
			continue;
		all->items = memory_grow(all->items, all->count + 1, sizeof(*all->items));
		all->items[all->count++] = process;
	}
	if (folder != NULL)
		closedir(folder);
}

static bool is_below(const struct process_tree *found, pid_t parent)
{
	for (size_t i = 0; i < found->count; i++)
		if (found->items[i].pid == parent)
			return true;
	return parent == getpid();
}

void process_tree_read(struct process_tree *found)
{
	struct process_tree all;
	size_t before;
	read_all(&all);
	*found = (struct process_tree){.items = memory_get(all.count + 1, sizeof(*found->items))};
	do {
		before = found->count;
		for (size_t i = 0; i < all.count; i++) {
			struct descendant *process = &all.items[i];
			if (process->pid == 0 || !is_below(found, process->parent))
				continue;
			found->items[found->count++] = *process;
			found->resident += process->resident;
			process->pid = 0;
		}
	} while (found->count > before);
	process_tree_release(&all);
}

void process_tree_release(struct process_tree *descendants)
{
	free(descendants->items);
	*descendants = (struct process_tree){0};
}

/* By group as well: the kernel ends a whole group at one moment, so that one which forks all the
 * time does not outrun this. */
static void kill_once(void)
{
	struct process_tree now;
	process_tree_read(&now);
	for (size_t i = 0; i < now.count; i++) {
		if (now.items[i].group != getpgrp() && now.items[i].group > 1)
			kill(-now.items[i].group, SIGKILL);
		kill(now.items[i].pid, SIGKILL);
	}
	process_tree_release(&now);
}

void process_tree_kill(void)
{
	static const struct timespec pause = {.tv_nsec = 2000000};
	int64_t until = clock_monotonic_ms() + GIVE_UP_MS;
	for (;;) {
		pid_t ended;
		kill_once();
		while ((ended = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (ended < 0 && errno == ECHILD)
			return;
		if (clock_monotonic_ms() > until) {
			console_warn("a process could not be ended");
			return;
		}
		nanosleep(&pause, NULL);
	}
}
