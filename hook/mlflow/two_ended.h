/* two_ended - a long list that a server gives in pages, read from both its ends at once, by two
 * threads with a connection each, so that two workers of a server are busy.
 */
#ifndef MODELHOOK_MLFLOW_TWO_ENDED_H
#define MODELHOOK_MLFLOW_TWO_ENDED_H

#include <pthread.h>

#include "base/fail.h"
#include "mlflow/mlflow.h"

#define MLFLOW_TWO_ENDED 2

struct mlflow_two_ended;

/* mlflow_two_ended_function - ask m for the next page from that end, then take it between
 * mlflow_two_ended_lock and mlflow_two_ended_unlock */
typedef int mlflow_two_ended_function(
	void *context, struct mlflow_two_ended *ends, int end, struct mlflow *m, struct fail *f);

struct mlflow_two_ended {
	mlflow_two_ended_function *page;
	void *context;
	pthread_mutex_t lock;
	bool over;	   /* set by page, with the lock held: the whole list was read */
	bool back_is_done; /* set the same way: the first end reads all that is left */
	bool failed;
	struct fail fail; /* the first */
};

/* mlflow_two_ended_read - until page says that it is over; NOT_A_REGISTRY where it never does. The
 * first page alone, since it mostly is the only one. */
MUST_CHECK int mlflow_two_ended_read(
	struct mlflow *m, mlflow_two_ended_function *page, void *context, struct fail *f);

void mlflow_two_ended_lock(struct mlflow_two_ended *ends);
void mlflow_two_ended_unlock(struct mlflow_two_ended *ends);

#endif
