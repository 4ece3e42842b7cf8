/* replicas - the processes behind a service: each has to serve the version.
 *
 * They are the URL alone, a list of URLs, the addresses of a name, or the pods of a workload in
 * Kubernetes: all that were not told to end have to be there, and one that was told is asked as
 * long as it answers.
 */
#ifndef MODELHOOK_SERVED_REPLICAS_H
#define MODELHOOK_SERVED_REPLICAS_H

#include "base/fail.h"
#include "served/types.h"

/* struct served_replica - owns its strings */
struct served_replica {
	char *url;	  /* without a slash at its end */
	char *root;	  /* where the paths of its server begin, without a slash at its end */
	char *connect_to; /* "ADDRESS:PORT" in place of the URL's host, or NULL */
	char *shown;	  /* fit for a message */
	bool is_ending;	  /* a pod that was told to end */
};

struct served_replica_list {
	struct served_replica *items;
	size_t count;
	char *problem; /* why these are not all that there should be: "there are 2, expected 3"; or
			* NULL */
	bool is_unknown; /* the API server of their cluster could not be asked */
};

/* served_replicas_find - all that there are now; url: of the service, its placeholders filled in.
 * LATER where nobody can say. */
MUST_CHECK int served_replicas_find(const struct served *served, const struct served_call *call,
	const char *url, struct served_replica_list *list, struct fail *f);
void served_replicas_release(struct served_replica_list *list);

#endif
