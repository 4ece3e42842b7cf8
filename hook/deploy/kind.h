/* kind - one way to reload a service: the key that chooses it, how it is read and what it does.
 *
 * A new kind is a file kind_NAME.c, a line in deploy/kinds.h and a row in deploy/kinds.c.
 */
#ifndef MODELHOOK_DEPLOY_KIND_H
#define MODELHOOK_DEPLOY_KIND_H

#include <stddef.h>

#include "base/fail.h"
#include "base/text.h"
#include "deploy/types.h"
#include "packaging/json/json.h"

struct deploy_kind {
	const char *key;	 /* that makes an entry of "deploy" one of this kind */
	const char *const *keys; /* that the entry may have besides "name" and "timeout" */
	size_t key_count;

	bool has_replicas; /* some of which may serve the model, and others not yet: a reload is
			    * skipped only where each of them is known to */

	/* parse - the entry into target->options, which is NULL before; UNACCEPTABLE by key */
	int (*parse)(const struct json_at *entry, struct deploy_target *target, struct fail *f);

	/* reload - make the service load call->model, and wait until it says that it did, as far
	 * as it says anything; adds to `did` what was done, or that nothing had to be. NOT_SERVED
	 * where the service cannot load it, DENIED, CONFIGURATION, LATER where it does not answer
	 * in time. Repeated after any interruption it comes to the same end. */
	int (*reload)(const struct deploy_target *target, const struct deploy_call *call,
		struct text *did, struct fail *f);

	/* would - what reload would do, for --plan: "restart deployment/fish-api in ml-inference"
	 */
	void (*would)(const struct deploy_target *target, const struct deploy_model *model,
		struct text *text);

	void (*release)(void *options);
};

#endif
