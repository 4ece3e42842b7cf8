/* user_command - a command of modelhook.json, and a run of it in the sandbox.
 *
 *   {"command": ["python3", "smoke.py", "{model}"], "timeout": "2m", "memory": "4G",
 *    "environment": ["NAME"]}
 *
 * It runs in the folder of modelhook.json (a package's settings: the working directory), within
 * limits and with nothing left of it (sandbox/sandbox.h); without a word about them 2 minutes, any
 * memory, 256 processes. Of our variables it gets what an interpreter needs (env_for_command) and
 * those that it names; its home is an empty folder of its own.
 *
 * struct user_command owns its strings.
 */
#ifndef MODELHOOK_SANDBOX_USER_COMMAND_H
#define MODELHOOK_SANDBOX_USER_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "base/placeholder.h"
#include "packaging/json/json.h"

struct user_command {
	char **argv; /* with placeholders such as "{model}" */
	size_t count;
	char *folder;	    /* where it runs */
	char **environment; /* names of variables that it gets besides, NULL-terminated; or NULL */
	int64_t timeout_ms;
	uint64_t memory; /* bytes, 0: no limit */
};

/* user_command_parse - its keys of object into a zeroed command; folder is copied. UNACCEPTABLE by
 * key. */
MUST_CHECK int user_command_parse(const struct json_at *object, const char *folder,
	struct user_command *command, struct fail *f);
void user_command_release(struct user_command *command);

/* user_command_environment - the names of variables in the list "environment" of object, if it is
 * there, NULL-terminated; the caller gives them to env_release, whatever the result. UNACCEPTABLE
 * by key. */
MUST_CHECK int user_command_environment(
	const struct json_at *object, char ***names, struct fail *f);

/* user_command_names - whether an argument has that placeholder */
bool user_command_names(const struct user_command *command, const char *placeholder);

/* struct user_command_end - what came of a run; owns the detail */
struct user_command_end {
	bool passed;  /* exit status 0 */
	char *detail; /* how it ended, and its last lines: one line */
};

/* user_command_run - run it to its end; its last lines go to stderr behind name. temporary: a
 * private folder (base/temp_dir.h); home/ comes there. CONFIGURATION where the program or a script
 * among its arguments is missing; TERMINATED, INTERRUPTED and LATER as sandbox_run. */
MUST_CHECK int user_command_run(const struct user_command *command, const char *name,
	const struct placeholder *values, const char *temporary, struct user_command_end *end,
	struct fail *f);

#endif
