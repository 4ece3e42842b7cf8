#include "flow/challenger.h"

#include <stdlib.h>

#include "base/fail.h"
#include "base/memory.h"
#include "gate/gate.h"

/* The sizes that rules can name like metrics. */
enum { SIZE_COUNT = 3 };

static void size_metrics(const struct manifest *manifest, struct metric sizes[SIZE_COUNT])
{
	sizes[0] = (struct metric){(char *)"model_size_bytes", (double)manifest->model_bytes};
	sizes[1] = (struct metric){(char *)"parameter_count", (double)manifest->parameter_count};
	sizes[2] = (struct metric){(char *)"tensor_count", (double)manifest->tensor_count};
}

struct metric *challenger_metrics(const struct flow *flow, size_t *count)
{
	const struct handoff *handoff = &flow->manifest->handoff;
	struct metric *all = memory_get(
		handoff->metric_count + SIZE_COUNT + flow->run.metric_count, sizeof(*all));
	*count = 0;
	for (size_t i = 0; i < handoff->metric_count; i++)
		all[(*count)++] = handoff->metrics[i];
	if (flow->manifest->file_count > 0) {
		size_metrics(flow->manifest, all + *count);
		*count += SIZE_COUNT;
	}
	for (size_t i = 0; i < flow->run.metric_count; i++)
		all[(*count)++] = flow->run.metrics[i];
	return all;
}

struct gate_side challenger_side(
	const struct flow *flow, const struct metric *metrics, size_t count)
{
	const struct manifest *manifest = flow->manifest;
	return (struct gate_side){
		.metrics = metrics,
		.metric_count = count,
		.samples = manifest->handoff.samples,
		.sample_count = manifest->handoff.sample_count,
		.weights = manifest->weights[0] != '\0' ? manifest->weights : NULL,
	};
}

int challenger_check(struct flow *flow, struct fail *f)
{
	const struct settings *settings = &flow->call->settings;
	size_t count;
	struct metric *metrics = challenger_metrics(flow, &count);
	struct gate_side side = challenger_side(flow, metrics, count);
	int result = gate_check_inputs(settings->gates, settings->gate_count, &side, f);
	free(metrics);
	return result;
}
