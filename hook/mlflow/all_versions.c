#include "mlflow/all_versions.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/page_tokens.h"
#include "base/text.h"
#include "http/url.h"
#include "mlflow/call.h"
#include "mlflow/read.h"
#include "mlflow/reply.h"
#include "mlflow/two_ended.h"
#include "mlflow/types.h"
#include "mlflow/versions.h"

#define PER_PAGE 250
#define PAGE_MAX ((size_t)4 << 20)

/* walk_end - one of the two directions; owns its token, its name and what was not given yet */
struct walk_end {
	const char *order;
	char *token;
	struct page_tokens tokens;
	struct versions left;
	char *given; /* the name of the model that was given last */
};

struct walk {
	struct walk_end ends[MLFLOW_TWO_ENDED];
	mlflow_model_function *each;
	void *context;
	bool unsupported; /* the first page was refused */
	bool met;	  /* every model was given */
};

static char *page_query(const struct walk_end *end)
{
	char *escaped = http_escape_query(end->token != NULL ? end->token : "");
	char *query =
		text_format("max_results=%d&order_by=name%%20%s&order_by=version_number%%20ASC%s%s",
			PER_PAGE, end->order, end->token != NULL ? "&page_token=" : "", escaped);
	free(escaped);
	return query;
}

static size_t same_model(const struct versions *versions, size_t from)
{
	size_t to = from + 1;
	while (to < versions->count &&
		text_equal(versions->items[to].model, versions->items[from].model))
		to++;
	return to;
}

static int give_one(
	struct walk *walk, int at, struct mlflow *m, struct versions *versions, struct fail *f)
{
	struct walk_end *end = &walk->ends[at];
	const struct walk_end *other = &walk->ends[1 - at];
	const char *name = versions->items[0].model;
	int result = 0;
	versions_sort(versions);
	walk->met = text_equal(name, other->given);
	if (!walk->met) {
		free(end->given);
		end->given = text_copy(name);
		result = walk->each(walk->context, m, versions, f);
	}
	for (size_t i = 0; i < versions->count; i++)
		version_release(&versions->items[i]);
	return result;
}

static int by_model(const void *a, const void *b)
{
	return strcmp(((const struct version *)a)->model, ((const struct version *)b)->model);
}

/* The last model of a page may go on in the next one: it is kept until that is known. */
static int give(struct walk *walk, int at, struct mlflow *m, bool is_last_page, struct fail *f)
{
	struct versions *left = &walk->ends[at].left;
	size_t from = 0;
	int result = 0;
	/* MLflow 1 gives all at once and in no order */
	if (is_last_page && left->count > 1)
		qsort(left->items, left->count, sizeof(*left->items), by_model);
	while (result == 0 && !walk->met && from < left->count) {
		size_t to = same_model(left, from);
		if (to == left->count && !is_last_page)
			break;
		struct versions one = {.items = left->items + from, .count = to - from};
		result = give_one(walk, at, m, &one, f);
		from = to;
	}
	left->count -= from;
	if (from > 0)
		left->bytes = 0; /* of what is left, at most a page, nothing is counted */
	if (left->count > 0)
		memmove(left->items, left->items + from, left->count * sizeof(*left->items));
	walk->met = walk->met || is_last_page;
	return result;
}

/* Both ends go through the versions of the same model, which are more than a page: one is enough,
 * and half the memory. */
static bool in_one_model(const struct walk *walk)
{
	const struct versions *front = &walk->ends[0].left, *back = &walk->ends[1].left;
	return front->count > 0 && back->count >= PER_PAGE &&
	       text_equal(front->items[0].model, back->items[0].model);
}

static int read_page(
	void *context, struct mlflow_two_ended *ends, int at, struct mlflow *m, struct fail *f)
{
	struct walk *walk = context;
	struct walk_end *end = &walk->ends[at];
	struct mlflow_reply reply;
	bool first = at == 0 && end->token == NULL;
	char *next = NULL;
	size_t before = end->left.count;
	int result = mlflow_get(m, "model-versions/search", page_query(end), &reply, f);
	bool unsupported = first && result == 0 && reply.http.status == 400;
	if (result == 0 && !unsupported)
		result = mlflow_expect(m, &reply, f);
	if (result == 0 && !unsupported &&
		mlflow_read_versions(&reply.http.body, &end->left, &next, f) != 0)
		result = fail_wrap(f, "model-versions/search");
	mlflow_reply_release(&reply);
	free(end->token);
	end->token = next;
	if (result == 0 && next != NULL &&
		page_tokens_follow(&end->tokens, next, end->left.count > before, f) != 0)
		result = fail_wrap(f, "model-versions/search");
	mlflow_two_ended_lock(ends);
	walk->unsupported = walk->unsupported || unsupported;
	if (result == 0 && !unsupported && !walk->met)
		result = give(walk, at, m, next == NULL, f);
	if (at == 1 && in_one_model(walk)) {
		versions_release(&end->left);
		ends->back_is_done = true;
	}
	ends->over = walk->met || walk->unsupported;
	mlflow_two_ended_unlock(ends);
	return result;
}

int mlflow_all_versions(struct mlflow *m, mlflow_model_function *each, void *context,
	bool *supported, struct fail *f)
{
	struct walk walk = {
		.ends = {{.order = "ASC"}, {.order = "DESC"}}, .each = each, .context = context};
	struct mlflow asked = mlflow_beside(m, m->http);
	asked.response_max = PAGE_MAX; /* two are on their way at once */
	int result = mlflow_two_ended_read(&asked, read_page, &walk, f);
	mlflow_prefetch_drop(&asked);
	*supported = !walk.unsupported;
	for (int i = 0; i < MLFLOW_TWO_ENDED; i++) {
		versions_release(&walk.ends[i].left);
		free(walk.ends[i].token);
		page_tokens_release(&walk.ends[i].tokens);
		free(walk.ends[i].given);
	}
	return result;
}
