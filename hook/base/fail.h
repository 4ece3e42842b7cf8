/* fail - what went wrong, said once, carried by value.
 *
 * A function that can fail takes a `struct fail *` last and returns 0, or -1 with it filled. It is
 * filled if and only if the call returned -1, and never printed below main(). Each layer adds its
 * noun in front (fail_wrap), so that a message reads from the outside in: "package model:
 * variables.index: block 3: ...". What it holds is one printable line: whatever came from outside
 * is escaped here (escape_into), and what is too long is cut between two characters. It owns
 * nothing: it may be copied and dropped.
 */
#ifndef MODELHOOK_BASE_FAIL_H
#define MODELHOOK_BASE_FAIL_H

#include "base/attributes.h"
#include "base/status.h"

struct fail {
	enum status status; /* decides the exit status */
	int os;		    /* errno, or 0 */
	long http;	    /* status of the response, or 0 */
	char text[512];	    /* one line: what was wrong, and where */
	char hint[256];	    /* one line: what to do next; may be empty */
};

/* fail_set - fill f; the hint is cleared. Returns -1, so that it can be returned at once. */
int fail_set(struct fail *f, enum status status, const char *format, ...) PRINTF_LIKE(3, 4);

/* fail_errno - as fail_set, with errno kept in f->os and its text behind the message; a call that a
 * signal interrupted (EINTR) that asked for a stop gives fail_stopped instead */
int fail_errno(struct fail *f, enum status status, const char *format, ...) PRINTF_LIKE(3, 4);

/* fail_stopped - INTERRUPTED or TERMINATED: this signal asked for a stop. Returns -1. */
int fail_stopped(struct fail *f, int signal);

/* fail_wrap - put "NOUN: " in front of a filled f. Returns -1. */
int fail_wrap(struct fail *f, const char *format, ...) PRINTF_LIKE(2, 3);

/* fail_hint - say what to do next. Returns -1. */
int fail_hint(struct fail *f, const char *format, ...) PRINTF_LIKE(2, 3);

/* fail_output_status - the status for an errno of a write to local disk: DISK where it is the disk
 */
enum status fail_output_status(int os);

/* fail_input_status - the status for an errno of a read: MISSING where nothing is there */
enum status fail_input_status(int os);

#endif
