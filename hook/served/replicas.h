/* replicas - the processes behind a service: each has to serve the version.
 */
#ifndef MODELHOOK_SERVED_REPLICAS_H
#define MODELHOOK_SERVED_REPLICAS_H

#include "base/fail.h"
#include "served/types.h"

/* struct served_replica - owns its strings */
struct served_replica {
	char *url;	  /* without a slash at its end */
	char *connect_to; /* "ADDRESS:PORT" in place of the URL's host, or NULL */
	char *shown;	  /* fit for a message */
};

struct served_replica_list {
	struct served_replica *items;
	size_t count;
};

/* served_replicas_find - all that there are now, at least one; url: of the service, its
 * placeholders filled in */
MUST_CHECK int served_replicas_find(const struct served *served, const char *url,
	struct deadline deadline, struct served_replica_list *list, struct fail *f);
void served_replicas_release(struct served_replica_list *list);

#endif
