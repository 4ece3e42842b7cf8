#include "flow/note.h"

#include <stdlib.h>

#include "base/fail.h"
#include "base/text.h"
#include "gate/verdict.h"
#include "registry/tags.h"

int note_step(struct flow *flow, struct text *did, struct fail *f)
{
	struct result *result = &flow->call->result;
	result->version = flow->version;
	result->outcome = flow->passed ? "passed" : "held";
	result->status = flow->passed ? STATUS_PROMOTED : STATUS_HELD;
	free(result->reason);
	result->reason = flow->passed ? NULL : gate_verdicts_rejected(&result->verdicts);
	if (flow->call->settings.what_if) {
		text_add_string(did, "nothing was written");
		return 0;
	}
	if (flow->version == 0) {
		fail_set(f, STATUS_REFUSED, "this package is not registered yet");
		return fail_hint(f, "modelhook run registers it; gate --what-if only decides");
	}
	if (flow->verdict == NULL) {
		text_printf(did, "version %lld is left as it was noted", (long long)flow->version);
		return 0;
	}
	text_printf(did, "noted on version %lld", (long long)flow->version);
	return registry_tag(&flow->registry, flow->version, TAG_GATE, flow->verdict, f);
}
