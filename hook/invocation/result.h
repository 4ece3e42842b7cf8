/* result - what came of it, in one JSON line: modelhook/result@1.
 *
 * Filled by the steps as they go, so that it is as complete as the command got, and printed by main
 * alone: the last line on stdout, and to --result FILE. Owns its strings.
 */
#ifndef MODELHOOK_INVOCATION_RESULT_H
#define MODELHOOK_INVOCATION_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "gate/verdict.h"

#define RESULT_SCHEMA "modelhook/result@1"

struct result_step {
	const char *name; /* borrowed: a literal, or of the settings */
	int64_t ms;
	char *did; /* "created version 3", "already there" */
};

/* one of several packages that were replayed in one call */
struct result_package {
	char *package;
	char *outcome;
	enum status status;
	char *model;
	int64_t version;
	char *message; /* what it failed with, or NULL */
};

struct result {
	enum status status;  /* PROMOTED or HELD where nothing failed */
	const char *outcome; /* promoted, held, superseded, withdrawn, staged, registered, planned;
				else the status's word */
	char *model;
	int64_t version;	  /* 0: none yet */
	int64_t previous_version; /* the one that was Production before; 0: none */
	char *run_id;
	char *digest;
	char *stage;
	char *alias;
	char *reason; /* why it is not Production though nothing failed; NULL elsewhere */
	enum result_created {
		CREATED_UNKNOWN, /* it did not get that far */
		CREATED_BEFORE,
		CREATED_NOW,
	} created;	      /* the version */
	const char *verified; /* the files in the store: "full", "size" (--verify); NULL: none was
				 sent by this */
	char *served; /* JSON object: what the proof at the service saw; NULL: none was made */
	struct gate_verdicts verdicts;
	struct result_step *steps;
	size_t step_count;
	char *package; /* kept in the spool, or given to replay; NULL where none is left */
	struct result_package *packages; /* of a replay of all */
	size_t package_count;
	int64_t trained_at_ms;		   /* 0: not known yet */
	char *registry_url, *tracking_url; /* the servers: of models, and of runs */
	char *plan; /* the calls that --plan would make, a line each; NULL without --plan */
	const char *would_be; /* with --plan: the outcome that the same command would have */
};

void result_release(struct result *result);

/* result_set - replace an owned string by a copy */
void result_set(char **field, const char *value);

/* result_add_step - a copy is taken of did */
void result_add_step(struct result *result, const char *name, int64_t ms, const char *did);

/* result_add_package - note what came of the present package, and start over for the next one */
void result_add_package(struct result *result, const struct fail *f);

/* result_word - the outcome as the result line has it; f NULL: it went well */
const char *result_word(const struct result *result, const struct fail *f);

/* result_is_outcome - whether a hook that ends with this status can tell of that outcome */
bool result_is_outcome(const char *outcome, enum status status);

/* result_summary - one line for people: outcome, model, version and where it is to be seen, or what
 * is kept of it. NULL where no model is told of, and with a plan, which has its own last line. The
 * caller frees it. */
char *result_summary(const struct result *result, const struct fail *f);

/* result_line - the JSON line, without a newline; f NULL: it went well. The caller frees it. */
char *result_line(const struct result *result, const struct fail *f);

/* result_outcome - the short form for the run's tag: {"schema", "outcome", "exit", "retryable",
 * "model", "version", "at", "reason", "error"}. The caller frees it. */
char *result_outcome(const struct result *result, const struct fail *f);

#endif
