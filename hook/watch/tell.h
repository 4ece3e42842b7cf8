/* tell - the service hears of a published version: by a command, a signal, a webhook, or all of
 * them.
 */
#ifndef MODELHOOK_WATCH_TELL_H
#define MODELHOOK_WATCH_TELL_H

#include "base/clock.h"
#include "base/fail.h"
#include "base/text.h"
#include "deploy/types.h"
#include "http/options.h"
#include "settings/settings.h"

/* struct tell - borrowed */
struct tell {
	const struct watch_options *options;
	const struct http_options *http;
	const struct deploy_model *model;
	const char *directory; /* the published one, absolute */
	struct deadline deadline;
};

/* tell_check - what the command line alone can tell to be wrong: USAGE; CONFIGURATION where the URL
 * cannot be called */
MUST_CHECK int tell_check(const struct watch_options *options, struct fail *f);

/* tell_service - each way that is set, in the order above; the first failure ends it. Telling twice
 * is fine. `did` tells what was done; empty: no way is set. NOT_SERVED where the service refuses,
 * LATER, DENIED, TERMINATED, INTERRUPTED. */
MUST_CHECK int tell_service(const struct tell *tell, struct text *did, struct fail *f);

#endif
