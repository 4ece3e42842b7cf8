#include "mlflow_walk.h"

#include <stdlib.h>
#include <string.h>

#include "mlflow_call.h"
#include "mlflow_read.h"

enum { PER_PAGE = 250, ENDS = 2, ROUNDS_MAX = 100000 };

/* walk_end - one of the two directions; owns its token, its name and what was not given yet */
struct walk_end {
	const char *order;
	char *token;
	struct versions left;
	char *given; /* the name of the model that was given last */
};

struct walk {
	struct walk_end ends[ENDS];
	mlflow_model_function *each;
	void *context;
	bool met; /* every model was given */
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
	struct walk *walk, struct walk_end *end, struct versions *versions, struct fail *f)
{
	const struct walk_end *other = &walk->ends[end == walk->ends ? 1 : 0];
	const char *name = versions->items[0].model;
	int result = 0;
	versions_sort(versions);
	walk->met = text_equal(name, other->given);
	if (!walk->met) {
		free(end->given);
		end->given = text_copy(name);
		result = walk->each(walk->context, versions, f);
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
static int give(struct walk *walk, struct walk_end *end, bool is_last_page, struct fail *f)
{
	struct versions *left = &end->left;
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
		result = give_one(walk, end, &one, f);
		from = to;
	}
	left->count -= from;
	if (left->count > 0)
		memmove(left->items, left->items + from, left->count * sizeof(*left->items));
	walk->met = walk->met || is_last_page;
	return result;
}

static int read_page(
	struct mlflow *m, struct walk *walk, struct walk_end *end, bool *supported, struct fail *f)
{
	struct mlflow_reply reply;
	bool first = end->token == NULL;
	char *next = NULL;
	int result = mlflow_get(m, "model-versions/search", page_query(end), &reply, f);
	*supported = !(first && result == 0 && reply.http.status == 400);
	if (result == 0 && *supported)
		result = mlflow_expect(m, &reply, f);
	if (result == 0 && *supported &&
		mlflow_read_versions(&reply.http.body, &end->left, &next, f) != 0)
		result = fail_in(f, "model-versions/search");
	mlflow_reply_release(&reply);
	free(end->token);
	end->token = next;
	if (result == 0 && *supported)
		result = give(walk, end, next == NULL, f);
	return result;
}

/* One page from each end; the first page alone, since it mostly is the only one. */
static int read_pages(struct mlflow *m, struct walk *walk, bool *supported, struct fail *f)
{
	struct mlflow_question questions[ENDS];
	int count = walk->ends[0].token != NULL ? ENDS : 1;
	for (int i = 0; i < count; i++)
		questions[i] = (struct mlflow_question){.path = "model-versions/search",
			.query = page_query(&walk->ends[i]),
			.after_ms = i > 0 && walk->ends[i].token == NULL ? MLFLOW_SPREAD_MS : 0};
	mlflow_get_ahead(m, questions, (size_t)count);
	for (int i = 0; i < count && !walk->met && *supported; i++)
		if (read_page(m, walk, &walk->ends[i], supported, f) != 0)
			return -1;
	return 0;
}

int mlflow_walk(struct mlflow *m, mlflow_model_function *each, void *context, bool *supported,
	struct fail *f)
{
	struct walk walk = {
		.ends = {{.order = "ASC"}, {.order = "DESC"}}, .each = each, .context = context};
	int result = 0;
	*supported = true;
	for (int round = 0; result == 0 && !walk.met && *supported; round++) {
		if (round == ROUNDS_MAX)
			result = fail_set(
				f, STATUS_NOT_A_REGISTRY, "the pages of a list do not end");
		else
			result = read_pages(m, &walk, supported, f);
	}
	mlflow_forget(m);
	for (int i = 0; i < ENDS; i++) {
		versions_release(&walk.ends[i].left);
		free(walk.ends[i].token);
		free(walk.ends[i].given);
	}
	return result;
}
