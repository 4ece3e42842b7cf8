#include "packaging/savedmodel/saved_model_check.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/text.h"
#include "packaging/savedmodel/input_kind.h"

/* "variables/variables.index: offset 4242: dense/kernel: TEXT" */
static void describe(struct text *text, const struct finding *finding)
{
	text_printf(text, "%s: ", finding->file);
	if (finding->offset >= 0)
		text_printf(text, "offset %" PRId64 ": ", finding->offset);
	if (finding->tensor != NULL)
		text_printf(text, "%s: ", finding->tensor);
	text_add_string(text, finding->text);
}

int saved_model_fail(const char *folder, struct fail *f)
{
	char *shown = input_show(folder);
	fail_wrap(f, "SavedModel %s", shown);
	free(shown);
	return -1;
}

/* What can be fixed is said first: it may be the reason of the others. */
static bool is_worse(const struct finding *one, const struct finding *other)
{
	if (one->weight != other->weight)
		return one->weight > other->weight;
	return one->hint != NULL && other->hint == NULL;
}

static int refuse(const struct finding *finding, size_t more, struct fail *f)
{
	struct text text = {0};
	describe(&text, finding);
	if (more > 0)
		text_printf(&text, " (and %zu more finding%s)", more, more == 1 ? "" : "s");
	fail_set(f, STATUS_UNACCEPTABLE, "%s", text_string(&text));
	text_release(&text);
	if (finding->hint != NULL)
		fail_hint(f, "%s", finding->hint);
	else if (finding->weight == FINDING_NONFINITE)
		fail_hint(f, "--allow-nonfinite passes NaN and Inf in weights");
	else if (finding->weight == FINDING_CUSTOM_OP)
		fail_hint(f, "name the package that registers the op in the handoff's "
			     "`requirements`; the loader imports it");
	return -1;
}

static bool is_forbidden(enum finding_weight weight, struct saved_model_allowed allowed)
{
	switch (weight) {
	case FINDING_NOTE:
		return false;
	case FINDING_CUSTOM_OP:
		return !allowed.custom_ops;
	case FINDING_NONFINITE:
		return !allowed.nonfinite;
	case FINDING_DAMAGE:
		break;
	}
	return true;
}

int saved_model_check(
	const struct saved_model *model, struct saved_model_allowed allowed, struct fail *f)
{
	const struct finding *first = NULL;
	size_t count = 0;
	for (size_t i = 0; i < model->finding_count; i++) {
		const struct finding *finding = &model->findings[i];
		if (!is_forbidden(finding->weight, allowed))
			continue;
		count++;
		if (first == NULL || is_worse(finding, first))
			first = finding;
	}
	return first != NULL ? refuse(first, count - 1, f) : 0;
}

const struct signature_def *saved_model_signature(const struct saved_model *model, const char *key)
{
	return signature_def_find(model->signatures, model->signature_count, key);
}
