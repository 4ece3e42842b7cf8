/* observed - how far the cluster is with what it was asked for: a value, of one line.
 */
#ifndef MODELHOOK_KUBERNETES_OBSERVED_H
#define MODELHOOK_KUBERNETES_OBSERVED_H

#include "base/attributes.h"

struct observed {
	enum {
		OBSERVED_WAITING, /* text: for what */
		OBSERVED_DONE,	  /* text: what is so now */
		OBSERVED_FAILED,  /* for good; text: why */
	} state;
	char text[384];
};

struct observed observed_waiting(const char *format, ...) PRINTF_LIKE(1, 2);
struct observed observed_done(const char *format, ...) PRINTF_LIKE(1, 2);
struct observed observed_failed(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
