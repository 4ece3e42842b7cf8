#include "base/thread.h"

#define STACK_SIZE (512U << 10)

int thread_start(pthread_t *thread, void *(*run)(void *context), void *context, struct fail *f)
{
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	int error = pthread_create(thread, &attributes, run, context);
	pthread_attr_destroy(&attributes);
	if (error == 0)
		return 0;
	return fail_set(f, STATUS_LATER, "no thread can be started (error %d)", error);
}
