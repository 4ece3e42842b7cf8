/* overlap - what `run` does with the server and the store while the package is still being written:
 * connect, and send the files of the SavedModel (upload/model.h).
 *
 * The package comes first. Nothing here makes it fail, and it waits only for a bounded time: 1 s
 * for the connection, and 10 s in all for the store. That the connection failed is said when the
 * package is there. It pays for large models alone; the others are packed in less time than a
 * thread and a connection take.
 */
#ifndef MODELHOOK_FLOW_OVERLAP_H
#define MODELHOOK_FLOW_OVERLAP_H

#include <pthread.h>

#include "base/fail.h"
#include "flow/flow.h"
#include "packaging/package/package_write.h"

struct overlap {
	struct flow *flow; /* borrowed, begun */
	pthread_t thread;
	pthread_mutex_t lock; /* of `ended` */
	pthread_cond_t changed;
	bool started;
	bool ended; /* the thread has set what follows */
	int result;
	struct fail fail;
	struct flow_connection connection;
	size_t index; /* of the file that is being packed */
	bool goes;    /* it goes up too, from its first byte on */
	bool waited;
	int64_t patience; /* ms that the package still waits for the store */
	atomic_bool cancelled;
};

/* overlap_start - for a flow that was begun with a SavedModel's manifest, where it pays; then the
 * flow is used by nobody else until overlap_join or overlap_cancel. Must not be moved, and released
 * (by either) before the flow. */
void overlap_start(struct overlap *overlap, struct flow *flow);

/* overlap_tap - for package_write */
struct package_tap overlap_tap(struct overlap *overlap);

/* overlap_join - the package is there: 0 where flow_finish may go on, -1 where it could not connect
 */
MUST_CHECK int overlap_join(struct overlap *overlap, struct fail *f);

/* overlap_cancel - there will be no package, for the reason f; what was sent of it is taken back as
 * far as that goes */
void overlap_cancel(struct overlap *overlap, const struct fail *f);

#endif
