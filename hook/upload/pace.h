/* pace - no more bytes a second than asked for, however many threads read.
 */
#ifndef MODELHOOK_UPLOAD_PACE_H
#define MODELHOOK_UPLOAD_PACE_H

#include <pthread.h>
#include <stdint.h>

#include "base/fail.h"

/* struct pace - shared by threads; a zeroed one may be released */
struct pace {
	int64_t rate; /* bytes a second, 0: any */
	int64_t started;
	uint64_t bytes; /* since then */
	pthread_mutex_t lock;
};

void pace_open(struct pace *pace, int64_t rate);

/* pace_keep - so many bytes more were read: wait until that many may have been. Fails as stop_sleep
 */
MUST_CHECK int pace_keep(struct pace *pace, uint64_t bytes, struct fail *f);
void pace_release(struct pace *pace);

#endif
