/* entry - a file or a folder in a folder that a server lists, and who is given it. */
#ifndef MODELHOOK_BASE_ENTRY_H
#define MODELHOOK_BASE_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fail.h"

struct entry {
	char *name; /* its last part only */
	bool is_folder;
	uint64_t size;
};

/* struct entry_taker - is given each entry as it comes, borrowed; restart: from the first one on
 * again, since the answer broke off */
struct entry_taker {
	int (*take)(void *context, const struct entry *entry, struct fail *f);
	void (*restart)(void *context);
	void *context;
};

#endif
