/* options - the settings of the artifact stores. Plain values; struct settings owns the strings.
 */
#ifndef MODELHOOK_STORE_OPTIONS_H
#define MODELHOOK_STORE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

struct http_options; /* http/options.h */

#define STORE_PARALLEL_MAX 64

/* how the files of a model are verified that the store gave no checksum of */
enum store_verify {
	STORE_VERIFY_FULL, /* every byte is read back */
	STORE_VERIFY_SIZE, /* their sizes are listed; MLmodel is read back */
};

struct store_options {
	enum store_verify verify; /* --verify */
	char *file_roots;	  /* --file-roots: directories, with colons between them; or NULL */
	char *webhdfs_url;	  /* --webhdfs-url: one or, with commas, several; or NULL */
	bool presigned;		  /* --presigned */
	int64_t parallel;	  /* --parallel: requests at once, at most */
	int64_t limit_rate;	  /* --limit-rate: bytes a second, 0 = any */
};

/* store_reach - how a store that no MLflow server names is reached; borrowed */
struct store_reach {
	const struct http_options *http;
	const struct store_options *store;
	struct deadline deadline;
};

#endif
