/* store - where a run keeps its artifacts: one struct of functions for each scheme of an artifact
 * URI.
 *
 * Paths are relative to the artifact URI the store was opened with, "/" between parts, not escaped.
 * A put is complete or not there: what a reader sees under a name is the old object or the whole
 * new one. struct store owns what store_open made.
 */
#ifndef MODELHOOK_STORE_H
#define MODELHOOK_STORE_H

#include "mlflow.h"

struct store_object {
	char *path; /* relative to what was listed */
	uint64_t size;
};

struct store_listing {
	struct store_object *objects; /* sorted by path; every file below, whatever its depth */
	size_t count;
};

struct store;

struct store_kind {
	const char *scheme; /* of the artifact URI */
	int (*list)(
		struct store *s, const char *folder, struct store_listing *listing, struct fail *f);
	int (*put)(struct store *s, const char *path, const struct http_body *body, struct fail *f);
	/* *found false: nothing there, and sink was not called */
	int (*get)(struct store *s, const char *path, const struct http_sink *sink, bool *found,
		struct fail *f);
	int (*remove)(struct store *s, const char *path, struct fail *f);
};

struct store {
	const struct store_kind *kind;
	struct mlflow *mlflow; /* borrowed */
	char *root;	       /* URL or path of the artifact URI, no trailing slash, escaped */
};

/* store_open - by the scheme of artifact_uri; CONFIGURATION for a scheme that no store here serves
 */
MUST_CHECK int store_open(
	struct store *store, struct mlflow *mlflow, const char *artifact_uri, struct fail *f);
void store_release(struct store *store);

MUST_CHECK int store_list(
	struct store *store, const char *folder, struct store_listing *listing, struct fail *f);
MUST_CHECK int store_put(
	struct store *store, const char *path, const struct http_body *body, struct fail *f);
MUST_CHECK int store_get(struct store *store, const char *path, const struct http_sink *sink,
	bool *found, struct fail *f);
MUST_CHECK int store_remove(struct store *store, const char *path, struct fail *f);

/* store_get_digest - read an object back and give its SHA-256 and size */
MUST_CHECK int store_get_digest(struct store *store, const char *path, char sha256[65],
	uint64_t *size, bool *found, struct fail *f);

void store_listing_release(struct store_listing *listing);

#endif
