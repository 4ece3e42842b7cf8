/* options - the settings of promotion and of status. Plain values.
 */
#ifndef MODELHOOK_REGISTRY_OPTIONS_H
#define MODELHOOK_REGISTRY_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum promote_by {
	PROMOTE_BY_SERVER, /* what the server has: stages and aliases */
	PROMOTE_BY_STAGE,
	PROMOTE_BY_ALIAS,
	PROMOTE_BY_BOTH,
};

struct registry_options {
	enum promote_by promote_by;
	int64_t max_age_ms; /* --max-age, 0: any age will do */
	bool files;	    /* --files */
};

#endif
