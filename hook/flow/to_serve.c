#include "flow/to_serve.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/panic.h"
#include "base/text.h"
#include "packaging/package/package_unpack.h"
#include "registry/artifact_fetch.h"
#include "registry/production_period.h"
#include "registry/state.h"
#include "registry/tags.h"

static int fetch(void *context, const char *folder, struct fail *f)
{
	const struct to_serve *to_serve = context;
	struct registry *registry = to_serve->registry;
	if (to_serve->package != NULL && !manifest_is_logged(to_serve->manifest))
		return package_unpack(to_serve->package, to_serve->manifest, folder, f);
	const struct version *version = state_version(&registry->state, to_serve->model.version);
	if (version == NULL)
		return fail_set(f, STATUS_REFUSED, "version %lld is gone again",
			(long long)to_serve->model.version);
	return artifact_fetch(registry->mlflow, registry->model, version, folder, f);
}

static int is_current(void *context, bool *current, struct fail *f)
{
	const struct to_serve *to_serve = context;
	struct registry *registry = to_serve->registry;
	bool found;
	*current = false;
	if (registry_read(registry, &found, f) != 0)
		return -1;
	const struct version *version = state_version(&registry->state, to_serve->model.version);
	*current = version != NULL && state_is_production(&registry->state, version);
	return 0;
}

static const char *keep(struct to_serve *to_serve, char *string)
{
	if (string == NULL)
		return NULL;
	INVARIANT(to_serve->count < sizeof(to_serve->strings) / sizeof(to_serve->strings[0]));
	to_serve->strings[to_serve->count++] = string;
	return string;
}

/* Only as recorded with the promotion: what MLflow knows changes with every tag. */
static char *since(const struct registry_state *state, int64_t version)
{
	struct production_periods periods;
	char at[32] = "";
	production_periods_read(state, &periods);
	const struct production_period *present = production_periods_present(&periods, version);
	if (present != NULL && present->recorded && present->from_ms != 0)
		clock_format_rfc3339(at, present->from_ms);
	production_periods_release(&periods);
	return at[0] != '\0' ? text_copy(at) : NULL;
}

void to_serve_init(struct to_serve *to_serve, struct registry *registry,
	const struct version *version, int64_t previous, const char *by)
{
	*to_serve = (struct to_serve){.registry = registry};
	to_serve->model = (struct deploy_model){
		.name = registry->model,
		.version = version->number,
		.previous_version = previous,
		.digest = keep(to_serve, text_copy(version_tag(version, TAG_DIGEST))),
		.run_id = keep(to_serve, text_copy(version->run_id)),
		.source = keep(to_serve, text_copy(version->source)),
		.stage = registry->stage ? keep(to_serve, text_copy(version->stage)) : NULL,
		.alias = registry->alias ? ALIAS_PRODUCTION : NULL,
		.since = keep(to_serve, since(&registry->state, version->number)),
		.by = by,
		.fetch = fetch,
		.is_current = is_current,
		.context = to_serve,
	};
}

void to_serve_release(struct to_serve *to_serve)
{
	for (size_t i = 0; i < to_serve->count; i++)
		free(to_serve->strings[i]);
	*to_serve = (struct to_serve){0};
}
