/* pair - a key with its value, as in metrics, params, tags and sample counts. Whoever holds a list
 * of them owns the strings.
 */
#ifndef MODELHOOK_BASE_PAIR_H
#define MODELHOOK_BASE_PAIR_H

#include <stdint.h>

struct metric {
	char *key;
	double value;
};

struct pair {
	char *key;
	char *value;
};

struct count {
	char *key;
	int64_t value;
};

#endif
