/* help - what the program says about itself; every text is made from the tables that the program
 * runs by.
 */
#ifndef MODELHOOK_COMMAND_HELP_H
#define MODELHOOK_COMMAND_HELP_H

#include "base/fail.h"
#include "invocation/invocation.h"

/* Which commands end with the result line on stdout. */
enum report {
	REPORT_ALWAYS,	/* what a scheduler calls */
	REPORT_PACKAGE, /* the same, but to --result, which may hold that of the training already,
			   only where there was a package */
	REPORT_JSON,	/* with --json */
	REPORT_FAILURE, /* with --json, where it failed: else it prints an object of its own */
};

/* struct command - a row of main's table */
struct command {
	const char *name;
	const char *arguments; /* as the help shows them */
	int least, most;       /* how many of them */
	unsigned takes;	       /* settings, see settings/settings.h */
	enum report report;
	int (*function)(struct invocation *call, struct fail *f);
	const char *help;
};

/* help_find_command - NULL, and f filled, where there is none of that name */
const struct command *help_find_command(
	const struct command *commands, const char *name, struct fail *f);

/* help_print - all commands, one of them, "statuses" or "deploy"; with json for programs:
 * {"schema", "commands": [...]}, {"schema", "command", "arguments", "help", "options": [...]}, an
 * array of statuses, and {"schema", "about", "text"} */
MUST_CHECK int help_print(
	const struct command *commands, const char *about, bool json, struct fail *f);

/* help_version - version, commit, and the libraries'; returns the exit status */
int help_version(void);

#endif
