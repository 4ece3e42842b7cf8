/* store - where a run keeps its artifacts: one struct of functions for each scheme of an artifact
 * URI.
 *
 * Paths are relative to the URI the store was opened with, "/" between parts, not escaped. A put is
 * complete or not there: what a reader sees under a name is the old object or the whole new one.
 *
 * A kind knows one request at a time and waits for its response. What goes in parallel goes over
 * workers: each is the same store with connections of its own, used by one thread
 * (store_open_worker); a kind's `state` is shared by them, and a kind guards what it changes there.
 *
 * A large object goes up in parts (struct store_upload): begin, then the parts in any order and
 * from any worker, then finish. A kind says with begin what an earlier, broken off upload of the
 * same object left, so that parts which the store shows to be the same are not sent again.
 */
#ifndef MODELHOOK_STORE_STORE_H
#define MODELHOOK_STORE_STORE_H

#include "base/fail.h"
#include "http/types.h"
#include "store/options.h"

struct mlflow; /* mlflow/mlflow.h */
struct plan;   /* http/plan.h */
struct run;    /* mlflow/mlflow.h */

struct store_object {
	char *path; /* relative to what was listed */
	uint64_t size;
	char *digest; /* of its bytes, in hex: SHA-256, or MD5, which is shorter; NULL: not told. It
		       * proves an object that has it, as `has` would, but no other one wrong */
};

/* whether a listing takes the object of that path */
typedef bool store_keep_function(const void *context, const char *path);

struct store_listing {
	struct store_object *objects; /* sorted by path; every file below, whatever its depth */
	size_t count;
	size_t bytes;		   /* that it takes */
	store_keep_function *keep; /* NULL: it takes all */
	const void *context;
};

/* store_content - an object that is to be there; borrowed strings */
struct store_content {
	const char *path;
	uint64_t size;
	const char *sha256; /* hex; NULL: not known */
};

/* store_has - what a store can say of an object without sending it */
enum store_has {
	STORE_HAS_NOT,
	STORE_HAS_OTHER,
	STORE_HAS_SAME, /* by a checksum that the store computed, or a digest kept with it */
	STORE_HAS_SOME, /* of this size; only reading it back can tell */
};

struct store_part {
	unsigned index;	 /* from 0 */
	uint64_t offset; /* in the object */
	const void *bytes;
	size_t size; /* part_size, less for the last one */
};

/* store_upload - an object on its way in parts. Made by the caller but for id and state;
 * receipts[i] is what the store said of part i (store_receipt), set by whoever sends that part.
 */
struct store_upload {
	struct store_content content;
	size_t part_size;
	unsigned part_count;
	char **receipts; /* part_count of them, each NULL while its part is not there */
	char *id;	 /* the store's name for this upload, set by begin */
	void *state; /* one block of memory of the kind's own, or NULL; both are freed by the caller
		      * (store_upload_release), never by finish or abandon */
	bool whole;  /* set by begin: this server takes no parts after all, put it in one */
	bool verified; /* set by finish: as for put */
};

struct store;

struct store_kind {
	const char *scheme; /* what messages and plans call it */
	int (*list)(
		struct store *s, const char *folder, struct store_listing *listing, struct fail *f);
	/* *verified: the store's own checksum was compared, nothing has to be read back */
	int (*put)(struct store *s, const struct store_content *content,
		const struct http_body *body, bool *verified, struct fail *f);
	/* *found false: nothing there, and sink was not called */
	int (*get)(struct store *s, const char *path, const struct http_sink *sink, bool *found,
		struct fail *f);
	/* a file, or a folder with what is in it; not being there is fine */
	int (*remove)(struct store *s, const char *path, struct fail *f);
	/* NULL: only reading back can tell */
	int (*has)(struct store *s, const struct store_content *content, enum store_has *has,
		struct fail *f);
	/* the object's name for people and plans; the caller frees it */
	char *(*show)(const struct store *s, const char *path);
	void (*release)(struct store *s); /* frees state; NULL: there is none */
	unsigned at_once; /* requests that it answers side by side, at most; 0: any number */

	/* Objects in parts; begin NULL: the store takes every object in one. */
	size_t part_min;  /* all parts but the last are at least so large ... */
	size_t part_step; /* ... and a multiple of this; 0: of 1 */
	unsigned parts_max;
	bool parts_in_order; /* one after the other, from the first on */
	bool parts_get_lost; /* no later call can go on from parts that are there */
	int (*begin)(struct store *s, struct store_upload *upload, struct fail *f);
	/* *kept: receipts[part->index] already told of the very same bytes, nothing was sent */
	int (*put_part)(struct store *s, struct store_upload *upload, const struct store_part *part,
		bool *kept, struct fail *f);
	/* all parts are there: make the object of them; nothing of the upload stays behind, nor of
	 * earlier ones of the same object */
	int (*finish)(struct store *s, struct store_upload *upload, struct fail *f);
	/* abort it, so that nothing of it is left in the store */
	int (*abandon)(struct store *s, struct store_upload *upload, struct fail *f);

	/* an upload failed: whether this same call should try again, because it will go another
	 * way; NULL: never */
	bool (*has_another_way)(struct store *s);

	/* everything is there: nothing stays in folder or below it of what calls that died had
	 * begun; NULL: they leave nothing, or the next begin of the same object sees to it */
	int (*sweep)(struct store *s, const char *folder, struct fail *f);
};

struct store {
	const struct store_kind *kind;
	const struct store_options *options; /* borrowed, as is mlflow */
	struct mlflow *mlflow;		     /* NULL for a store that belongs to no server */
	struct plan *plan;		     /* borrowed; NULL: writes are sent */
	struct http *http;     /* what a kind sends with; never with MLflow's credentials, but
				* for the kinds that are the MLflow server itself */
	struct http beyond;    /* opened by store_beyond */
	const struct run *run; /* borrowed: whose artifacts these are, as far as known; or NULL */
	size_t part_size; /* set by open: parts are at least so large; 0: the kind's part_min */
	char *root;	  /* URL or path of the URI, no trailing slash, escaped */
	void *state;	  /* the kind's own, made by its open; shared with workers */
	bool is_location; /* of an experiment, not of a run */
	bool is_near;	  /* the server that it belongs to is on this machine */
	bool is_worker;
	bool is_private; /* what is written is for this user alone, where the kind has modes */
	struct http own_http;
	struct mlflow *own_mlflow; /* of a worker; owned */
};

void store_release(struct store *store);

MUST_CHECK int store_list(
	struct store *store, const char *folder, struct store_listing *listing, struct fail *f);
/* store_list_some - only what keep takes; the others cost no memory, however many they are */
MUST_CHECK int store_list_some(struct store *store, const char *folder, store_keep_function *keep,
	const void *context, struct store_listing *listing, struct fail *f);
MUST_CHECK int store_put(struct store *store, const struct store_content *content,
	const struct http_body *body, bool *verified, struct fail *f);
MUST_CHECK int store_get(struct store *store, const char *path, const struct http_sink *sink,
	bool *found, struct fail *f);
MUST_CHECK int store_remove(struct store *store, const char *path, struct fail *f);

/* store_sweep - nothing of calls that died stays in folder or below it; what cannot be removed is
 * worth a warning, no more */
void store_sweep(struct store *store, const char *folder);

/* store_has_content - whether the very object is there; reads it back where the store has no other
 * way to tell: the answer is never STORE_HAS_SOME */
MUST_CHECK int store_has_content(struct store *store, const struct store_content *content,
	enum store_has *has, struct fail *f);

/* store_get_digest - read an object back and give its SHA-256 and size */
MUST_CHECK int store_get_digest(struct store *store, const char *path, char sha256[65],
	uint64_t *size, bool *found, struct fail *f);

void store_upload_release(struct store_upload *upload);

/* store_receipt - what the store said of a part; "" while it is not there. Borrowed. */
const char *store_receipt(const struct store_upload *upload, unsigned index);
/* store_set_receipt - takes the receipt, which may be NULL */
void store_set_receipt(struct store_upload *upload, unsigned index, char *receipt);
/* store_clear_marks - no part is there */
void store_clear_receipts(struct store_upload *upload);

/* For kinds without folders: remove every object below path by remove_one, and path itself. */
MUST_CHECK int store_remove_each(struct store *s, const char *path,
	int (*remove_one)(struct store *s, const char *path, struct fail *f), struct fail *f);

/* For kinds whose root is a URI that people know: "ROOT/path"; the caller frees it. */
char *store_show_in_root(const struct store *s, const char *path);

/* store_beyond - for kinds of the MLflow server itself: what is sent to addresses that it gives
 * out, without its credentials, and with the trust that MLflow's client has in such hosts */
MUST_CHECK int store_beyond(struct store *store, struct http **http, struct fail *f);

/* store_path_is_plain - for kinds; whether no part of path is empty, "." or ".." */
bool store_path_is_plain(const char *path);

/* store_listing_add - for kinds; path and digest are copied, a digest of another form is left out;
 * UNACCEPTABLE beyond 100,000 or 16 MiB. A stop and the deadline are heeded. */
MUST_CHECK int store_listing_add(struct store_listing *listing, const char *path, uint64_t size,
	const char *digest, struct fail *f);
/* store_listing_charge - for kinds; so many bytes more are kept on the list's account */
MUST_CHECK int store_listing_charge(struct store_listing *listing, size_t bytes, struct fail *f);
/* store_listing_cut - for kinds; only the first `count` objects stay */
void store_listing_cut(struct store_listing *listing, size_t count);
void store_listing_release(struct store_listing *listing);

#endif
