#include "flow/register.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/console.h"
#include "base/memory.h"
#include "base/text.h"
#include "mlflow/models.h"
#include "mlflow/session.h"
#include "mlflow/types.h"
#include "mlflow/versions.h"
#include "packaging/json/json.h"
#include "packaging/package/handoff.h"
#include "packaging/package/manifest.h"
#include "packaging/package/mlmodel.h"
#include "registry/artifact_check.h"
#include "registry/register.h"
#include "registry/tags.h"

/* tag_list - the tags of a new version; owns keys and values */
struct tag_list {
	struct pair *items;
	size_t count;
};

static void tag_list_add(struct tag_list *list, const char *key, const char *value)
{
	if (value == NULL)
		return;
	list->items = memory_grow(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count++] =
		(struct pair){.key = text_copy(key), .value = text_copy(value)};
}

static void tag_list_release(struct tag_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].key);
		free(list->items[i].value);
	}
	free(list->items);
	*list = (struct tag_list){0};
}

static void add_metric_tag(struct tag_list *list, const char *tag, const double *value)
{
	char text[64];
	if (value == NULL)
		return;
	snprintf(text, sizeof(text), "%.4f", *value);
	tag_list_add(list, tag, text);
}

static void add_samples_tag(struct tag_list *list, const struct handoff *handoff)
{
	if (handoff->sample_count == 0)
		return;
	struct cJSON *object = json_new_object();
	for (size_t i = 0; i < handoff->sample_count; i++)
		json_set_number(object, handoff->samples[i].key, (double)handoff->samples[i].value);
	char *printed = json_take_text(object);
	tag_list_add(list, TAG_SAMPLES, printed);
	free(printed);
}

/* {"file", "tolerance"}: where the golden requests are among the version's files. */
static void add_golden_tag(struct tag_list *list, const struct handoff *handoff)
{
	if (handoff->golden == NULL)
		return;
	char *file = text_format("%s%s", MANIFEST_SAVED_MODEL, handoff->golden);
	struct cJSON *object = json_new_object();
	json_set_string(object, "file", file);
	if (handoff->golden_tolerance > 0)
		json_set_number(object, "tolerance", handoff->golden_tolerance);
	char *printed = json_take_text(object);
	tag_list_add(list, TAG_GOLDEN, printed);
	free(printed);
	free(file);
}

/* What the hook says of every version; the handoff's own tags come after, and do not replace these.
 */
static void add_own_tags(struct tag_list *list, const struct flow *flow)
{
	const struct manifest *manifest = flow->manifest;
	const struct handoff *handoff = &manifest->handoff;
	add_metric_tag(list, "accuracy", handoff_metric(handoff, "train_accuracy"));
	add_metric_tag(list, "val_accuracy", handoff_metric(handoff, "val_accuracy"));
	/* a package is a SavedModel */
	tag_list_add(
		list, "framework", manifest_is_logged(manifest) ? flow->framework : "tensorflow");
	tag_list_add(list, "architecture", manifest->architecture);
	tag_list_add(list, "training_date", handoff->trained_at);
	tag_list_add(list, "auto_registered", "true");
	tag_list_add(list, TAG_DIGEST, flow->digest);
	tag_list_add(list, TAG_TRAINED_AT, handoff->trained_at);
	tag_list_add(list, TAG_BY, flow->who);
	tag_list_add(list, TAG_WEIGHTS, manifest->weights[0] != '\0' ? manifest->weights : NULL);
	if (manifest->file_count > 0) {
		char content[SHA256_HEX];
		artifact_check_content(manifest, content);
		tag_list_add(list, TAG_CONTENT, content);
	}
	if (flow->upload.unread > 0)
		tag_list_add(list, TAG_VERIFIED, "size");
	add_samples_tag(list, handoff);
	add_golden_tag(list, handoff);
}

static void make_tags(struct tag_list *list, const struct flow *flow)
{
	const struct handoff *handoff = &flow->manifest->handoff;
	add_own_tags(list, flow);
	tag_list_add(list, TAG_GATE, flow->verdict);
	if (flow->passed && flow->promote)
		tag_list_add(list, TAG_INTENT, handoff->trained_at);
	size_t own = list->count;
	for (size_t i = 0; i < handoff->tag_count; i++)
		if (tag_value(list->items, own, handoff->tags[i].key) == NULL)
			tag_list_add(list, handoff->tags[i].key, handoff->tags[i].value);
}

/* MLflow 3 takes a source on its own proxy alone. */
static void hint_at_two_servers(const struct flow *flow, struct fail *f)
{
	const struct session *session = &flow->session;
	if (f->http == 400 && session->registry != &session->tracking.mlflow &&
		text_starts_with(flow->source, "mlflow-artifacts:"))
		fail_hint(f, "the registry is another server than the run's: let runs keep their "
			     "artifacts where both can read them (s3:, gs:, a shared folder)");
}

static int create_or_find(struct flow *flow, bool *created, struct fail *f)
{
	const struct handoff *handoff = &flow->manifest->handoff;
	struct tag_list tags = {0};
	char *description = mlmodel_description(flow->manifest);
	make_tags(&tags, flow);
	struct version_request request = {
		.model = handoff->model,
		.source = flow->source,
		.run_id = handoff->run_id,
		.model_id = flow->model_id,
		.description = description,
		.tags = tags.items,
		.tag_count = tags.count,
	};
	int result = registry_register(
		&flow->registry, &request, flow->digest, &flow->version, created, f);
	if (result != 0)
		hint_at_two_servers(flow, f);
	tag_list_release(&tags);
	free(description);
	return result;
}

/* A name with a typing error makes a second model, and its service goes on with the old one. */
static void tell_new_model(const struct flow *flow, struct text *did)
{
	char *similar = mlflow_similar_model(flow->session.registry, flow->registry.model);
	text_printf(did, "new registered model \"%s\" %s", flow->registry.model,
		invocation_word(flow->call, "made", "would be made"));
	if (similar != NULL) {
		console_warn("\"%s\" is a new registered model: did you mean \"%s\"?",
			flow->registry.model, similar);
		text_printf(did, " (did you mean \"%s\"?)", similar);
	}
	text_add_string(did, "; ");
	free(similar);
}

int register_step(struct flow *flow, struct text *did, struct fail *f)
{
	bool created = false;
	int result = registry_ensure_model(&flow->registry, f);
	if (result == 0)
		result = create_or_find(flow, &created, f);
	flow->call->result.version = flow->version;
	if (result == 0)
		flow->call->result.created = created ? CREATED_NOW : CREATED_BEFORE;
	if (result != 0)
		return fail_wrap(f, "register %s", flow->manifest->handoff.model);
	if (!created && flow->verdict != NULL &&
		registry_tag(&flow->registry, flow->version, TAG_GATE, flow->verdict, f) != 0)
		return -1;
	if (flow->registry.is_new && created)
		tell_new_model(flow, did);
	text_printf(did, "version %lld %s", (long long)flow->version,
		created ? invocation_word(flow->call, "created", "would be created")
			: "was there already");
	return registry_await_ready(&flow->registry, flow->version, f);
}
