#include "served/identity.h"

#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/text.h"
#include "http/response.h"
#include "packaging/json/json.h"
#include "packaging/json/pointer.h"

enum { SHOWN = 80 };

const char *const served_identity_words[] = {"version", "digest", "run_id", "model_uuid", NULL};

const char *served_identity_of(
	const struct deploy_model *model, enum served_identity identity, char number[24])
{
	switch (identity) {
	case SERVED_VERSION:
		return text_number(number, model->version);
	case SERVED_DIGEST:
		return model->digest;
	case SERVED_RUN_ID:
		return model->run_id;
	case SERVED_MODEL_UUID:
		break;
	}
	return model->model_uuid;
}

static char *read_pointer(const char *pointer, const struct text *body)
{
	struct cJSON *tree = NULL;
	struct fail ignored;
	if (json_parse(text_string(body), body->size, &tree, &ignored) != 0)
		return NULL;
	char *said = json_scalar_text(json_pointer_find(tree, pointer));
	json_release(tree);
	return said;
}

static char *read_pattern(const regex_t *pattern, const struct text *body)
{
	regmatch_t match[2];
	const char *text = text_string(body);
	if (regexec(pattern, text, 2, match, 0) != 0)
		return NULL;
	const regmatch_t *at = match[1].rm_so >= 0 ? &match[1] : &match[0];
	return text_trimmed(text + at->rm_so, (size_t)(at->rm_eo - at->rm_so));
}

char *served_identity_read(const struct served *served, const struct http_response *response)
{
	if (served->header != NULL)
		return http_response_header(response, served->header);
	if (served->pointer != NULL)
		return read_pointer(served->pointer, &response->body);
	return read_pattern(&served->compiled, &response->body);
}

static char *show_nothing_said(const struct served *served)
{
	if (served->header != NULL)
		return text_format("its response has no header %s", served->header);
	if (served->pointer != NULL)
		return text_format("its response has no JSON value at %s", served->pointer);
	return text_copy("the pattern does not match its response");
}

void served_identity_judge(const struct served *served, const struct deploy_model *model,
	char *said, struct served_seen *seen)
{
	char number[24], shown[SHOWN];
	const char *expected = served_identity_of(model, served->identity, number);
	seen->said = said;
	if (said == NULL)
		seen->problem = show_nothing_said(served);
	else if (!text_equal(said, expected))
		seen->problem = text_format("serves %s %s", served_identity_words[served->identity],
			escape_into(shown, sizeof(shown), said, strlen(said)));
}
