/* champion - the version that is Production now, and its numbers, for the gates.
 */
#ifndef MODELHOOK_FLOW_CHAMPION_H
#define MODELHOOK_FLOW_CHAMPION_H

#include "base/fail.h"
#include "flow/step.h"
#include "gate/side.h"
#include "mlflow/types.h"

struct cJSON;

/* struct champion - the version that is Production, and its numbers; owns what it read */
struct champion {
	int64_t version; /* 0: none, or it is ours */
	struct run run;
	struct metric *tags; /* tags that are numbers; keys borrowed from the state */
	size_t tag_count;
	struct count *samples; /* keys borrowed from samples_json */
	size_t sample_count;
	struct cJSON *samples_json;
};

/* champion_read - into a zeroed one, from the state that the registry showed last; its run is asked
 * for where a gate compares metrics. Whatever the result, it can be released. */
MUST_CHECK int champion_read(struct champion *champion, struct flow *flow, struct fail *f);
void champion_release(struct champion *champion);

/* champion_side - borrows it, and the state */
struct gate_side champion_side(const struct flow *flow, const struct champion *champion);

/* champion_samples - the counts in the tag of a champion's samples, how many there are; their keys
 * lie in *tree, and the caller frees both (json_release) */
size_t champion_samples(const char *text, struct cJSON **tree, struct count **samples);

#endif
