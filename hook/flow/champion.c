#include "flow/champion.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "gate/gate.h"
#include "mlflow/runs.h"
#include "mlflow/types.h"
#include "packaging/json/json.h"
#include "packaging/json/note.h"
#include "registry/tags.h"

void champion_release(struct champion *champion)
{
	run_release(&champion->run);
	free(champion->tags);
	free(champion->samples);
	json_release(champion->samples_json);
	*champion = (struct champion){0};
}

/* The tag "accuracy" is what the handoff calls train_accuracy. */
static void read_tags(struct champion *champion, const struct version *version)
{
	champion->tags = memory_get(version->tag_count, sizeof(*champion->tags));
	for (size_t i = 0; i < version->tag_count; i++) {
		const struct pair *tag = &version->tags[i];
		char *end;
		double value = strtod(tag->value, &end);
		if (end == tag->value || *end != '\0')
			continue;
		champion->tags[champion->tag_count++] = (struct metric){
			.key = strcmp(tag->key, "accuracy") == 0 ? (char *)"train_accuracy"
								 : tag->key,
			.value = value,
		};
	}
}

size_t champion_samples(const char *text, struct cJSON **tree, struct count **samples)
{
	*tree = json_parse_note(text);
	struct json_at root = json_root(*tree);
	size_t kept = 0;
	double number;
	*samples = memory_get(json_count(&root), sizeof(**samples));
	for (const struct cJSON *item = json_first_item(*tree); item != NULL;
		item = json_next_item(item))
		if (json_key(item) != NULL && json_as_number(item, &number) && number >= 0 &&
			number <= (double)JSON_INTEGER_MAX)
			(*samples)[kept++] =
				(struct count){(char *)json_key(item), (int64_t)number};
	return kept;
}

int champion_read(struct champion *champion, struct flow *flow, struct fail *f)
{
	const struct settings *settings = &flow->call->settings;
	const struct version *version = state_production(&flow->registry.state);
	bool found;
	if (version == NULL || version->number == flow->version)
		return 0;
	champion->version = version->number;
	flow->call->result.previous_version = version->number;
	read_tags(champion, version);
	champion->sample_count = champion_samples(
		version_tag(version, TAG_SAMPLES), &champion->samples_json, &champion->samples);
	if (!gate_needs_champion(settings->gates, settings->gate_count) ||
		version->run_id == NULL || version->run_id[0] == '\0')
		return 0;
	if (mlflow_get_run(&flow->session.tracking.mlflow, version->run_id, &champion->run, &found,
		    f) != 0)
		return fail_wrap(f, "run %s of the champion", version->run_id);
	return 0;
}

struct gate_side champion_side(const struct flow *flow, const struct champion *champion)
{
	const struct version *version = state_version(&flow->registry.state, champion->version);
	return (struct gate_side){
		.metrics = champion->run.metrics,
		.metric_count = champion->run.metric_count,
		.more = champion->tags,
		.more_count = champion->tag_count,
		.samples = champion->samples,
		.sample_count = champion->sample_count,
		.weights = version != NULL ? version_tag(version, TAG_WEIGHTS) : NULL,
	};
}
