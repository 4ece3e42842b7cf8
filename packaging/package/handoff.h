/* handoff - what the training script handed over: modelhook/handoff@1.
 *
 * A JSON object, UTF-8, at most HANDOFF_BYTES. Unknown keys and wrong types are refused by name,
 * numbers must be finite; handoff.schema.json says the same to other programs. What the model
 * registry would refuse anyway (a slash in a model's name, a description of 6000 characters) is
 * refused here, before anything is sent. Relative paths are relative to the handoff file. struct
 * handoff owns copies of everything.
 */
#ifndef MODELHOOK_PACKAGING_PACKAGE_HANDOFF_H
#define MODELHOOK_PACKAGING_PACKAGE_HANDOFF_H

#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "base/pair.h"

#define HANDOFF_SCHEMA "modelhook/handoff@1"
#define HANDOFF_BYTES (4 << 20)
#define LOGGED_MODEL_URI "models:/" /* then "m-" and 32 hex digits */

/* The lists are sorted by key. */
struct handoff {
	char *run_id;	   /* 32 lower-case hex digits */
	char *model;	   /* registered model name */
	char *saved_model; /* folder, made absolute or relative to the working directory; or NULL */
	char *logged_model;  /* what the script logged itself: its artifact path, or
				LOGGED_MODEL_URI with its id; or NULL */
	char *artifact_path; /* "model" unless given */
	char *trained_at;    /* as given */
	int64_t trained_at_ms;
	struct metric *metrics;
	size_t metric_count;
	struct pair *params;
	size_t param_count;
	struct pair *tags;
	size_t tag_count;
	struct count *samples; /* train, validation */
	size_t sample_count;
	char *description;  /* or NULL */
	struct pair *files; /* path in the SavedModel -> SHA-256 hex */
	size_t file_count;
	char *golden;		 /* golden requests: path in the SavedModel; or NULL */
	double golden_tolerance; /* 0: by the type of each output */
	char **requirements;
	size_t requirement_count;
};

void handoff_release(struct handoff *handoff);

/* handoff_copy - an owned copy */
void handoff_copy(const struct handoff *from, struct handoff *to);

/* handoff_metric - the metric of that name, or NULL */
const double *handoff_metric(const struct handoff *handoff, const char *key);

/* handoff_samples - samples of that name ("train", "validation"), or -1 */
int64_t handoff_samples(const struct handoff *handoff, const char *key);

/* handoff_said - the tag of that name, else the param of that name, or NULL; borrowed */
const char *handoff_said(const struct handoff *handoff, const char *key);

#endif
