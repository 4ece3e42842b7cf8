#include "flow/metrics.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "mlflow/runs.h"
#include "mlflow/types.h"
#include "packaging/package/handoff.h"

static bool run_has_metric(const struct run *run, const char *key)
{
	for (size_t i = 0; i < run->metric_count; i++)
		if (strcmp(run->metrics[i].key, key) == 0)
			return true;
	return false;
}

/* The size of the model is measured here: the handoff need not tell it. */
static void describe_metrics(const struct invocation *call, struct text *did, size_t logged,
	size_t given, bool adds_size)
{
	const char *are = invocation_word(call, "logged", "would be logged");
	text_printf(did, "%zu metric%s of the handoff", given, given == 1 ? "" : "s");
	if (logged == given && given > 0)
		text_printf(did, ": %s to the run", are);
	else if (given > 0)
		text_printf(did, ": %zu %s, %zu on the run already", logged, are, given - logged);
	if (adds_size)
		text_printf(did, "; model_size_bytes %s too", are);
}

int metrics_step(struct flow *flow, struct text *did, struct fail *f)
{
	const struct handoff *handoff = &flow->manifest->handoff;
	struct metric *missing = memory_get(handoff->metric_count + 1, sizeof(*missing));
	struct metric size = {
		.key = (char *)"model_size_bytes", .value = (double)flow->manifest->model_bytes};
	size_t count = 0;
	for (size_t i = 0; i < handoff->metric_count; i++)
		if (!run_has_metric(&flow->run, handoff->metrics[i].key))
			missing[count++] = handoff->metrics[i];
	bool adds_size = flow->manifest->file_count > 0 && !run_has_metric(&flow->run, size.key) &&
			 handoff_metric(handoff, size.key) == NULL;
	if (adds_size)
		missing[count++] = size;
	int result = 0;
	if (count > 0)
		result = mlflow_log_metrics(&flow->session.tracking.mlflow, handoff->run_id,
			missing, count, handoff->trained_at_ms, f);
	free(missing);
	describe_metrics(flow->call, did, count - adds_size, handoff->metric_count, adds_size);
	return result;
}
