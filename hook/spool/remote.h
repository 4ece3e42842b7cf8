/* remote - the spool where it is not a folder of this machine: an object store's prefix.
 *
 * A cluster's disk dies with it. So a package is there before anything else is tried, and leaves
 * when its outcome is final. Beside NAME.tar.gz lies NAME.tar.gz.result.json, the last result,
 * written first: it tells when the model was trained, which orders a replay of all. A package that
 * a newer training has overtaken is put aside, into superseded/.
 *
 * There is no lock: two that finish one package at once reach the same state
 * (registry/reconcile.h), and one that comes too late finds it gone.
 */
#ifndef MODELHOOK_SPOOL_REMOTE_H
#define MODELHOOK_SPOOL_REMOTE_H

#include "base/fail.h"
#include "store/store.h"

struct spool_remote {
	char *url; /* of the prefix, no slash at its end */
	struct store store;
};

/* spool_remote_open - url may be a folder's path too. Must not be moved once open. */
MUST_CHECK int spool_remote_open(struct spool_remote *spool, const struct store_reach *reach,
	const char *url, struct fail *f);
void spool_remote_release(struct spool_remote *spool);

/* spool_remote_name - "URL/name", for people and for replay; the caller frees it */
char *spool_remote_name(const struct spool_remote *spool, const char *name);

/* spool_remote_send - the package that lies at `local`, with its result so far */
MUST_CHECK int spool_remote_send(struct spool_remote *spool, const char *name, const char *local,
	const char *result_line, struct fail *f);

/* spool_remote_fetch - the package into the file `local`; *found false where it is gone */
MUST_CHECK int spool_remote_fetch(struct spool_remote *spool, const char *name, const char *local,
	bool *found, struct fail *f);

/* spool_remote_keep - the last result of a package that stays; nothing where it is gone */
MUST_CHECK int spool_remote_keep(
	struct spool_remote *spool, const char *name, const char *result_line, struct fail *f);

/* spool_remote_finish - its outcome is final: package and result go */
MUST_CHECK int spool_remote_finish(struct spool_remote *spool, const char *name, struct fail *f);

/* spool_remote_put_aside - the same, but both go to superseded/; local is the package here */
MUST_CHECK int spool_remote_put_aside(struct spool_remote *spool, const char *name,
	const char *local, const char *result_line, struct fail *f);

/* struct spool_waiting - the packages of a spool, the oldest training first */
struct spool_waiting {
	struct spool_package {
		char *name;
		int64_t trained_at_ms; /* 0: its result does not tell */
	} * items;
	size_t count;
};

MUST_CHECK int spool_remote_list(
	struct spool_remote *spool, struct spool_waiting *waiting, struct fail *f);

/* spool_waiting_sort - again, once times were filled in */
void spool_waiting_sort(struct spool_waiting *waiting);
void spool_waiting_release(struct spool_waiting *waiting);

/* spool_trained_at - when the model of a kept result was trained; 0 where that does not tell */
int64_t spool_trained_at(const char *result, size_t size);

#endif
