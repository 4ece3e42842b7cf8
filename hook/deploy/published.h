/* published - which registry version stands under which number in a directory that a model server
 * reads.
 *
 * A server takes the largest number for the newest, so that a version which comes back gets a
 * higher number than it had. The file PUBLISHED_NAME beside the numbers says which is which:
 *
 *   {"schema": "modelhook/published@1", "model": "fish", "numbers":
 *    [{"number": 8, "version": 6, "digest": "...", "at": "2026-11-22T20:03:17Z"}]}
 *
 * A number is in the file before its directory is there. struct published owns everything.
 */
#ifndef MODELHOOK_DEPLOY_PUBLISHED_H
#define MODELHOOK_DEPLOY_PUBLISHED_H

#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"

#define PUBLISHED_NAME "modelhook-published.json"
#define PUBLISHED_SCHEMA "modelhook/published@1"

struct published_number {
	int64_t number;
	int64_t version;
	char *digest; /* of the package; NULL: not known */
	char *at;     /* RFC 3339 */
};

struct published {
	char *model;
	struct published_number *items; /* in the order of publishing: by number, ascending */
	size_t count;
};

/* published_parse - the text of the file; UNACCEPTABLE where it is none of ours */
MUST_CHECK int published_parse(
	const char *text, size_t size, struct published *published, struct fail *f);

/* published_read - of a directory; no file: nothing is published. Released by the caller whatever
 * the result. */
MUST_CHECK int published_read(const char *folder, struct published *published, struct fail *f);
MUST_CHECK int published_write(
	const char *folder, const struct published *published, struct fail *f);

/* published_remove_leftovers - what killed calls left of writing the file; only for who holds the
 * lock of the directory */
void published_remove_leftovers(const char *folder);

/* published_add - strings are copied; number is the largest */
void published_add(
	struct published *published, int64_t number, int64_t version, const char *digest);
void published_remove(struct published *published, size_t index);
void published_release(struct published *published);

#endif
