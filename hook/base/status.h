/* status - the exit statuses, as one list.
 *
 * Everything that names a status is made from STATUS_LIST: the enum, the words in the result line,
 * the table of `modelhook help statuses` and, through `modelhook help statuses --json`, the Python
 * constants. Numbers follow sysexits.h where it has a word for the case; 99 is what Airflow's
 * BashOperator skips on; 130 and 143 are what a shell reports for SIGINT and SIGTERM.
 *
 * X(NAME, number, word, what a scheduler should do, when)
 */
#ifndef MODELHOOK_BASE_STATUS_H
#define MODELHOOK_BASE_STATUS_H

#include <stdbool.h>

#define STATUS_LIST(X)                                                                             \
	X(PROMOTED, 0, "promoted", "go on", "it is the one Production version, now or already")    \
	X(PLANNED, 2, "planned", "go on", "something would change: --plan with --exit-code")       \
	X(HELD, 99, "held", "skip",                                                                \
		"a gate rejected it, a newer training is already there, or the policy stops "      \
		"early")                                                                           \
	X(USAGE, 64, "usage", "fail", "the command line is wrong")                                 \
	X(UNACCEPTABLE, 65, "unacceptable", "fail",                                                \
		"the handoff, the SavedModel or the package is not valid")                         \
	X(MISSING, 66, "missing", "fail", "an input file or directory is not there")               \
	X(REFUSED, 69, "refused", "fail",                                                          \
		"the registry or the store said no for good: not found, invalid, quota")           \
	X(DEFECT, 70, "defect", "fail", "a broken invariant in modelhook itself")                  \
	X(DISK, 73, "disk", "retry", "a local file cannot be written: full, read-only")            \
	X(LATER, 75, "later", "retry", "no answer, 5xx, 429 or the deadline: the package is kept") \
	X(NOT_A_REGISTRY, 76, "not_a_registry", "fail",                                            \
		"what answers does not speak the MLflow API")                                      \
	X(DENIED, 77, "denied", "fail", "credentials are missing or not allowed to do this")       \
	X(CONFIGURATION, 78, "configuration", "fail",                                              \
		"settings contradict each other or cannot be read")                                \
	X(NOT_SERVED, 80, "not_served", "fail",                                                    \
		"promoted, but the service was not seen serving it; left in place by policy")      \
	X(ROLLED_BACK, 81, "rolled_back", "fail",                                                  \
		"not served, and the previous version is Production again")                        \
	X(INTERRUPTED, 130, "interrupted", "retry", "SIGINT: the package is kept")                 \
	X(TERMINATED, 143, "terminated", "retry", "SIGTERM: the package is kept")

enum status {
#define STATUS_ENUM(name, number, word, action, when) STATUS_##name = number,
	STATUS_LIST(STATUS_ENUM)
#undef STATUS_ENUM
};

/* status_word - the word for a status in the result line; never NULL */
const char *status_word(enum status status);

/* status_is_retryable - whether the same command may succeed later */
bool status_is_retryable(enum status status);

/* status_is_stop - whether a signal ended the command: little time is left */
bool status_is_stop(enum status status);

#endif
