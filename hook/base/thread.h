/* thread - threads with a stack that is large enough for libcurl and TLS, whatever the C library
 * gives by default (musl: 128 KiB).
 */
#ifndef MODELHOOK_BASE_THREAD_H
#define MODELHOOK_BASE_THREAD_H

#include <pthread.h>

#include "base/fail.h"

/* thread_start - LATER where there can be no more; to be joined */
MUST_CHECK int thread_start(
	pthread_t *thread, void *(*run)(void *context), void *context, struct fail *f);

#endif
