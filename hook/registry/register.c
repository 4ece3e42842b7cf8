#include "registry/register.h"

#include <string.h>

#include "base/clock.h"
#include "base/console.h"
#include "base/fail.h"
#include "base/stop.h"
#include "base/text.h"
#include "http/types.h"
#include "mlflow/types.h"
#include "mlflow/versions.h"
#include "registry/state_plan.h"
#include "registry/tags.h"

enum {
	ASKS_AFTER_LOSS = 4, /* reads before an unanswered create is sent again */
	READY_POLL_MS = 1000,
	READY_WAIT_MS = 300000,
};

static int mark_duplicate(struct registry *r, const struct version *version,
	const struct version *first, struct fail *f)
{
	char number[24];
	text_number(number, first->number);
	if (text_equal(version_tag(version, TAG_DUPLICATE), number))
		return 0;
	if (r->mlflow->plan == NULL) /* a plan shows the call that marks the version */
		console_warn("version %lld of %s is a duplicate of version %s",
			(long long)version->number, r->model, number);
	return registry_tag(r, version->number, TAG_DUPLICATE, number, f);
}

int registry_mark_duplicates(struct registry *r, const char *digest, struct fail *f)
{
	for (size_t i = 0; i < r->state.versions.count; i++) {
		const struct version *version = &r->state.versions.items[i];
		const char *own = version_tag(version, TAG_DIGEST);
		if (own == NULL || (digest != NULL && strcmp(own, digest) != 0))
			continue;
		const struct version *first = state_find_digest(&r->state, own);
		if (first != version && mark_duplicate(r, version, first, f) != 0)
			return -1;
	}
	return 0;
}

static int find_registered(struct registry *r, const char *digest, int64_t *number, struct fail *f)
{
	bool found;
	*number = 0;
	if (registry_read_unless_fresh(r, &found, f) != 0)
		return -1;
	const struct version *version = state_find_digest(&r->state, digest);
	if (version == NULL)
		return 0;
	*number = version->number;
	return registry_mark_duplicates(r, digest, f);
}

/* The create was sent and no answer came: it may still be carried out, so ask several times. */
static int ask_about_lost_create(
	struct registry *r, const char *digest, int64_t *number, struct fail *f)
{
	console_say("no answer to the create of a version of %s: asking whether it was carried out",
		r->model);
	for (int ask = 0; ask < ASKS_AFTER_LOSS; ask++) {
		r->fresh = false;
		if (find_registered(r, digest, number, f) != 0)
			return -1;
		if (*number != 0)
			return 0;
		if (stop_sleep(250 << ask, f) != 0)
			return -1;
	}
	return 0;
}

static int create_once(struct registry *r, const struct version_request *request,
	const char *digest, int64_t *number, struct fail *f)
{
	struct version version = {0};
	bool unknown = false;
	r->fresh = false;
	if (mlflow_create_version(r->mlflow, request, &version, &unknown, f) != 0) {
		struct fail said = *f;
		if (!unknown || ask_about_lost_create(r, digest, number, f) != 0)
			return -1;
		/* an answer that makes no sense would make none the next time */
		if (*number == 0 && !status_is_retryable(said.status)) {
			*f = said;
			return -1;
		}
		return 0;
	}
	*number = version.number;
	version_release(&version);
	if (r->mlflow->plan != NULL)
		*number = state_plan_version(&r->state, request);
	else
		r->created = *number;
	return 0;
}

/* Read again: another attempt at the same package may have created one beside ours. */
static int check_created(struct registry *r, const char *digest, int64_t *number, struct fail *f)
{
	int64_t created = *number;
	if (find_registered(r, digest, number, f) != 0)
		return -1;
	if (*number != 0)
		return 0;
	*number = created;
	fail_set(f, STATUS_LATER, "version %lld was created, and the registry does not show it",
		(long long)created);
	return fail_hint(
		f, "modelhook history %s tells when it does: then replay the package", r->model);
}

int registry_register(struct registry *r, const struct version_request *request, const char *digest,
	int64_t *number, bool *created, struct fail *f)
{
	*created = false;
	if (find_registered(r, digest, number, f) != 0)
		return -1;
	for (int64_t tries = 0; *number == 0; tries++) {
		*created = true;
		if (tries > r->mlflow->http->options->max_retries) {
			fail_set(f, STATUS_LATER,
				"no create of a version was answered or carried out");
			return fail_hint(f, "replay the package when the server answers again");
		}
		if (create_once(r, request, digest, number, f) != 0)
			return -1;
	}
	return *created ? check_created(r, digest, number, f) : 0;
}

static int check_ready(const struct version *version, bool *ready, struct fail *f)
{
	*ready = version->status == NULL || strcmp(version->status, "READY") == 0;
	if (version->status != NULL && strcmp(version->status, "FAILED_REGISTRATION") == 0)
		return fail_set(f, STATUS_REFUSED, "version %lld: its registration failed: %s",
			(long long)version->number,
			version->status_message != NULL ? version->status_message
							: "no reason given");
	return 0;
}

int registry_await_ready(struct registry *r, int64_t number, struct fail *f)
{
	int64_t until = clock_monotonic_ms() + READY_WAIT_MS;
	const struct version *known = state_version(&r->state, number);
	bool ready = false;
	if (known != NULL && check_ready(known, &ready, f) != 0)
		return -1;
	while (!ready) {
		struct version version = {0};
		bool found;
		if (mlflow_get_version(r->mlflow, r->model, number, &version, &found, f) != 0)
			return -1;
		int result = found ? check_ready(&version, &ready, f)
				   : fail_set(f, STATUS_REFUSED, "version %lld is gone again",
					     (long long)number);
		version_release(&version);
		if (result != 0 || (!ready && stop_sleep(READY_POLL_MS, f) != 0))
			return -1;
		if (!ready && clock_monotonic_ms() > until)
			return fail_set(f, STATUS_LATER, "version %lld is not READY after %d s",
				(long long)number, READY_WAIT_MS / 1000);
	}
	return 0;
}
