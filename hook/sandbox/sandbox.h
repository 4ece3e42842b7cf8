/* sandbox - run a command that is not ours within limits, so that nothing of it is left afterwards.
 *
 * It gets a session of its own, no input, an empty directory as its home, and only the variables
 * that it needs (env_for_command). A process of ours stands between: whatever the command starts,
 * however far it detaches itself, stays a descendant of it (PR_SET_CHILD_SUBREAPER), and is killed
 * with the command at the end, at a stop, and when this process is gone, even by SIGKILL: then a
 * pipe that it held open ends. Nothing keeps a program of the same user from what that user may do:
 * it may read this user's files, and end that process.
 *
 * Memory is limited twice: for each process by the kernel (RLIMIT_DATA), and for all of them
 * together by what they have resident, looked at every so often, as the number of processes is.
 * No other child of this process may be there meanwhile.
 */
#ifndef MODELHOOK_SANDBOX_SANDBOX_H
#define MODELHOOK_SANDBOX_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "base/text.h"

/* struct sandbox - borrowed */
struct sandbox {
	char *const *argv;  /* NULL-terminated; found by PATH, or relative to folder */
	const char *folder; /* where it runs */
	char *const
		*environment;	/* names of more variables that it gets, NULL-terminated, or NULL */
	char *const *variables; /* "NAME=value" that it gets besides, NULL-terminated, or NULL */
	const char *home;	/* its HOME and TMPDIR */
	const char *temporary;	/* removed where this process is killed: who would else? */
	int64_t timeout_ms;
	uint64_t memory;  /* bytes, 0: as much as there is */
	size_t processes; /* at once */
	size_t answer;	  /* bytes of stdout that are wanted whole, apart from output; 0: none */
};

enum sandbox_end {
	SANDBOX_EXIT,	   /* code is its exit status */
	SANDBOX_SIGNAL,	   /* code is the signal */
	SANDBOX_TIMEOUT,   /* killed: it took too long */
	SANDBOX_MEMORY,	   /* killed: all of it was too large */
	SANDBOX_PROCESSES, /* killed: they were too many */
};

/* struct sandboxed - what came of it; owns its texts */
struct sandboxed {
	enum sandbox_end end;
	int code;
	int64_t ms;
	size_t left_behind; /* processes that were still there when it ended by itself */
	struct text output; /* the last few KiB of stdout and stderr; with `answer` of stderr */
	struct text answer; /* the first bytes of stdout */
};

/* sandbox_run - run it to its end. CONFIGURATION where it cannot be started; TERMINATED,
 * INTERRUPTED and LATER (the deadline) where this program is to end first. */
MUST_CHECK int sandbox_run(const struct sandbox *what, struct sandboxed *done, struct fail *f);
void sandboxed_release(struct sandboxed *done);

#endif
