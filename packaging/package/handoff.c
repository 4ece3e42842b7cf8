#include "packaging/package/handoff.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

static void release_pairs(struct pair *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(pairs[i].key);
		free(pairs[i].value);
	}
	free(pairs);
}

void handoff_release(struct handoff *handoff)
{
	char *strings[] = {handoff->run_id, handoff->model, handoff->saved_model,
		handoff->logged_model, handoff->artifact_path, handoff->trained_at,
		handoff->description, handoff->golden};
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		free(strings[i]);
	for (size_t i = 0; i < handoff->metric_count; i++)
		free(handoff->metrics[i].key);
	for (size_t i = 0; i < handoff->sample_count; i++)
		free(handoff->samples[i].key);
	for (size_t i = 0; i < handoff->requirement_count; i++)
		free(handoff->requirements[i]);
	free(handoff->metrics);
	free(handoff->samples);
	free(handoff->requirements);
	release_pairs(handoff->params, handoff->param_count);
	release_pairs(handoff->tags, handoff->tag_count);
	release_pairs(handoff->files, handoff->file_count);
	*handoff = (struct handoff){0};
}

static void copy_pairs(const struct pair *from, size_t count, struct pair **to, size_t *to_count)
{
	*to = memory_get(count, sizeof(**to));
	*to_count = count;
	for (size_t i = 0; i < count; i++)
		(*to)[i] = (struct pair){text_copy(from[i].key), text_copy(from[i].value)};
}

void handoff_copy(const struct handoff *from, struct handoff *to)
{
	*to = (struct handoff){
		.run_id = text_copy(from->run_id),
		.model = text_copy(from->model),
		.saved_model = text_copy(from->saved_model),
		.logged_model = text_copy(from->logged_model),
		.artifact_path = text_copy(from->artifact_path),
		.trained_at = text_copy(from->trained_at),
		.trained_at_ms = from->trained_at_ms,
		.metrics = memory_get(from->metric_count, sizeof(*to->metrics)),
		.metric_count = from->metric_count,
		.samples = memory_get(from->sample_count, sizeof(*to->samples)),
		.sample_count = from->sample_count,
		.description = text_copy(from->description),
		.golden = text_copy(from->golden),
		.golden_tolerance = from->golden_tolerance,
		.requirements = memory_get(from->requirement_count, sizeof(*to->requirements)),
		.requirement_count = from->requirement_count,
	};
	copy_pairs(from->params, from->param_count, &to->params, &to->param_count);
	copy_pairs(from->tags, from->tag_count, &to->tags, &to->tag_count);
	copy_pairs(from->files, from->file_count, &to->files, &to->file_count);
	for (size_t i = 0; i < from->metric_count; i++)
		to->metrics[i] =
			(struct metric){text_copy(from->metrics[i].key), from->metrics[i].value};
	for (size_t i = 0; i < from->sample_count; i++)
		to->samples[i] =
			(struct count){text_copy(from->samples[i].key), from->samples[i].value};
	for (size_t i = 0; i < from->requirement_count; i++)
		to->requirements[i] = text_copy(from->requirements[i]);
}

const double *handoff_metric(const struct handoff *handoff, const char *key)
{
	for (size_t i = 0; i < handoff->metric_count; i++)
		if (strcmp(handoff->metrics[i].key, key) == 0)
			return &handoff->metrics[i].value;
	return NULL;
}

int64_t handoff_samples(const struct handoff *handoff, const char *key)
{
	for (size_t i = 0; i < handoff->sample_count; i++)
		if (strcmp(handoff->samples[i].key, key) == 0)
			return handoff->samples[i].value;
	return -1;
}

static const char *find_pair(const struct pair *pairs, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(pairs[i].key, key) == 0)
			return pairs[i].value;
	return NULL;
}

const char *handoff_said(const struct handoff *handoff, const char *key)
{
	const char *value = find_pair(handoff->tags, handoff->tag_count, key);
	return value != NULL ? value : find_pair(handoff->params, handoff->param_count, key);
}
