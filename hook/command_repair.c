/* repair: what status calls an anomaly is mended, by the rules that every promotion follows. */
#include <stdlib.h>

#include "anomaly.h"
#include "base/console.h"
#include "command_manual.h"
#include "manual.h"

/* Nobody is Production and nothing says who should be: the highest version that once was. */
static int64_t seed(const struct standing *standing)
{
	for (size_t i = standing->versions.count; i-- > 0;) {
		const struct version *version = &standing->versions.items[i];
		if (text_equal(version->stage, STAGE_ARCHIVED) &&
			version_tag(version, TAG_WITHDRAWN) == NULL &&
			version_tag(version, TAG_DUPLICATE) == NULL)
			return version->number;
	}
	return 0;
}

static int mark_duplicates(struct manual *manual, struct fail *f)
{
	const struct standing *standing = &manual->registry.standing;
	for (size_t i = 0; i < standing->versions.count; i++) {
		const struct version *version = &standing->versions.items[i];
		const char *digest = version_tag(version, TAG_DIGEST);
		const struct version *first =
			digest != NULL ? standing_find_digest(standing, digest) : NULL;
		char number[24];
		if (first == NULL || first == version ||
			version_tag(version, TAG_DUPLICATE) != NULL)
			continue;
		if (registry_tag(&manual->registry, version->number, TAG_DUPLICATE,
			    version_text(number, first->number), f) != 0)
			return -1;
	}
	return 0;
}

static int mend(struct manual *manual, struct fail *f)
{
	struct standing *standing = &manual->registry.standing;
	struct result *result = &manual->call->result;
	int64_t winner = standing_winner(standing);
	if (mark_duplicates(manual, f) != 0)
		return -1;
	if (winner == 0) {
		winner = seed(standing);
		if (winner != 0 && manual_promote(manual, winner, "repair", &winner, f) != 0)
			return -1;
	} else if (registry_converge(&manual->registry, manual->who, &winner, f) != 0) {
		return -1;
	}
	result->version = winner;
	result->outcome = "repaired";
	return 0;
}

static void tell(const struct anomalies *anomalies)
{
	for (size_t i = 0; i < anomalies->count; i++)
		console_say("anomaly: %s", anomalies->items[i].text);
	if (anomalies->count == 0)
		console_say("nothing is wrong");
}

static int repair(struct manual *manual, struct fail *f)
{
	const struct registry *registry = &manual->registry;
	struct anomalies anomalies;
	anomalies_find(&registry->standing, registry->alias, &anomalies);
	tell(&anomalies);
	int result = 0;
	manual->call->result.outcome = "nothing_to_do";
	if (anomalies.count > 0) {
		result = manual_confirm(manual, "repair? Type the model's name: ", f);
		if (result == 0)
			result = mend(manual, f);
	}
	anomalies_release(&anomalies);
	return result;
}

int command_repair(struct invocation *call, struct fail *f)
{
	struct manual manual;
	int result = manual_open(&manual, call, call->argv[0], f);
	if (result == 0)
		result = repair(&manual, f);
	manual_take_plan(&manual);
	manual_release(&manual);
	return result;
}
