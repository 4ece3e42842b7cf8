#include "deploy/publish.h"

#include <stdlib.h>
#include <string.h>

#include "base/console.h"
#include "base/directory.h"
#include "base/file.h"
#include "base/file_lock.h"
#include "base/stop.h"
#include "base/text.h"
#include "deploy/published.h"

#define NEW_NAME ".modelhook-new" /* no server takes it for a version: it is no number */
#define OLD_NAME ".modelhook-old"
#define LOCK_NAME ".modelhook-lock"
#define GRAPH_NAME "saved_model.pb"

enum {
	FILES_MAX = 100000,
	LOCK_POLL_MS = 100,
	DIGITS_MAX = 18, /* more do not fit into the servers' 64 bits */
};

/* One call: the paths, and what is published. Owns all but the request and the model. */
struct work {
	const struct publish *publish;
	const struct deploy_model *model;
	char *new; /* FOLDER/.modelhook-new */
	char *old;
	struct published published;
	int64_t largest; /* number that is or was there; 0: none */
};

static int take_lock(const struct publish *publish, struct file_lock *lock, struct fail *f)
{
	char *path = file_join(publish->folder, LOCK_NAME);
	bool taken = false;
	int result = file_lock_take(path, lock, &taken, f);
	while (result == 0 && !taken && deadline_left(publish->deadline) > 0) {
		result = stop_sleep(LOCK_POLL_MS, f);
		if (result == 0)
			result = file_lock_take(path, lock, &taken, f);
	}
	if (result == 0 && !taken) {
		char *holder = file_lock_holder(path);
		result = fail_set(f, STATUS_LATER, "%s: another call publishes there: %s",
			publish->folder, holder);
		free(holder);
	}
	free(path);
	return result;
}

static int note_number(void *context, const char *name, struct fail *f)
{
	struct work *work = context;
	size_t size = strlen(name);
	(void)f;
	if (size > 0 && size <= DIGITS_MAX && strspn(name, "0123456789") == size) {
		int64_t number = strtoll(name, NULL, 10);
		if (number > work->largest)
			work->largest = number;
	}
	return 0;
}

static char *path_of(const struct work *work, int64_t number)
{
	return text_format("%s/%lld", work->publish->folder, (long long)number);
}

static bool is_there(const struct work *work, int64_t number)
{
	char *path = path_of(work, number);
	bool there = file_is_directory(path);
	free(path);
	return there;
}

/* What killed calls left goes first: on a full disk it may be what fills it. */
static int look(struct work *work, struct fail *f)
{
	struct published *published = &work->published;
	published_remove_leftovers(work->publish->folder);
	if (file_remove_all(work->new, f) != 0 || file_remove_all(work->old, f) != 0 ||
		published_read(work->publish->folder, published, f) != 0)
		return -1;
	if (published->model != NULL && !text_equal(published->model, work->model->name)) {
		fail_set(f, STATUS_CONFIGURATION, "%s: versions of %s are published there",
			work->publish->folder, published->model);
		return fail_hint(f, "each model needs a directory of its own");
	}
	if (published->model == NULL)
		published->model = text_copy(work->model->name);
	if (published->count > 0)
		work->largest = published->items[published->count - 1].number;
	return directory_names(work->publish->folder, note_number, work, f);
}

static bool is_published(const struct work *work)
{
	const struct published *published = &work->published;
	if (published->count == 0)
		return false;
	const struct published_number *last = &published->items[published->count - 1];
	return last->number == work->largest && last->version == work->model->version &&
	       (last->digest == NULL || work->model->digest == NULL ||
		       strcmp(last->digest, work->model->digest) == 0) &&
	       is_there(work, last->number);
}

/* Files */

static size_t depth_of(const char *path)
{
	size_t depth = 0;
	for (; *path != '\0'; path++)
		depth += *path == '/';
	return depth;
}

static bool is_graph(const char *path)
{
	const char *slash = strrchr(path, '/');
	return strcmp(slash != NULL ? slash + 1 : path, GRAPH_NAME) == 0;
}

/* A model has one, wherever its flavor keeps it; an asset may be called like the graph, but lies
 * deeper. */
static int find_saved_model(const char *files, char **folder, struct fail *f)
{
	struct file_list list;
	const char *found = NULL;
	if (file_list_read(files, FILES_MAX, &list, f) != 0)
		return -1;
	for (size_t i = 0; i < list.count; i++)
		if (is_graph(list.entries[i].path) &&
			(found == NULL || depth_of(list.entries[i].path) < depth_of(found)))
			found = list.entries[i].path;
	if (found != NULL) {
		char *path = file_join(files, found);
		*folder = file_folder(path);
		free(path);
	}
	file_list_release(&list);
	if (*folder != NULL)
		return 0;
	fail_set(f, STATUS_NOT_SERVED, "the model has no SavedModel");
	return fail_hint(
		f, "a server of SavedModels cannot load it; \"command\" can run what does");
}

static int fetch(const struct work *work, char **content, struct fail *f)
{
	char *files = file_join(work->new, "files");
	int result = work->model->fetch(work->model->context, files, f);
	if (result == 0 && work->publish->files == PUBLISH_MODEL)
		*content = text_copy(files);
	else if (result == 0)
		result = find_saved_model(files, content, f);
	free(files);
	return result;
}

/* The directory that becomes NUMBER, in *content: as fetched, or with its files below a name. */
static int arrange(const struct work *work, char **content, struct fail *f)
{
	if (work->publish->below == NULL)
		return 0;
	char *whole = file_join(work->new, "number");
	char *inner = file_join(whole, work->publish->below);
	int result = file_make_directories(whole, f);
	if (result == 0)
		result = directory_publish(*content, inner, f);
	free(inner);
	free(*content);
	*content = whole;
	return result;
}

/* Publishing */

static void forget_missing(struct work *work)
{
	for (size_t i = work->published.count; i-- > 0;)
		if (!is_there(work, work->published.items[i].number))
			published_remove(&work->published, i);
}

static int give_number(
	struct work *work, const char *content, struct publish_end *end, struct fail *f)
{
	const struct deploy_model *model = work->model;
	end->number = model->version > work->largest ? model->version : work->largest + 1;
	forget_missing(work);
	published_add(&work->published, end->number, model->version, model->digest);
	if (published_write(work->publish->folder, &work->published, f) != 0)
		return -1;
	char *path = path_of(work, end->number);
	int result = directory_publish(content, path, f);
	free(path);
	return result;
}

static int is_overtaken(const struct work *work, bool *overtaken, struct fail *f)
{
	bool current = true;
	if (work->model->is_current != NULL &&
		work->model->is_current(work->model->context, &current, f) != 0)
		return -1;
	*overtaken = !current;
	return 0;
}

static int publish_new(struct work *work, struct publish_end *end, struct fail *f)
{
	char *content = NULL;
	int result = fetch(work, &content, f);
	if (result == 0)
		result = arrange(work, &content, f);
	if (result == 0)
		result = is_overtaken(work, &end->overtaken, f);
	if (result == 0 && !end->overtaken)
		result = give_number(work, content, end, f);
	free(content);
	struct fail ignored;
	if (file_remove_all(work->new, &ignored) != 0)
		console_warn("%s", ignored.text);
	return result;
}

/* Only numbers of ours: others are not known to be dispensable. */
static int prune(struct work *work, struct publish_end *end, struct fail *f)
{
	struct published *published = &work->published;
	while (published->count > (size_t)work->publish->keep) {
		char *path = path_of(work, published->items[0].number);
		int result = directory_retire(path, work->old, f);
		free(path);
		if (result != 0)
			return -1;
		published_remove(published, 0);
		end->removed++;
	}
	return end->removed > 0 ? published_write(work->publish->folder, published, f) : 0;
}

static int publish_locked(struct work *work, struct publish_end *end, struct fail *f)
{
	const struct publish *publish = work->publish;
	struct fail why;
	if (look(work, f) != 0)
		return -1;
	end->was_there = is_published(work);
	if (end->was_there)
		end->number = work->largest;
	else if (publish_new(work, end, f) != 0)
		return -1;
	if (end->overtaken)
		return 0;
	if (publish->commit != NULL && publish->commit(publish->context, end->number, f) != 0)
		return -1;
	if (prune(work, end, &why) != 0)
		console_warn("old versions stay: %s", why.text);
	return 0;
}

int publish_version(const struct publish *publish, const struct deploy_model *model,
	struct publish_end *end, struct fail *f)
{
	struct file_lock lock = {0};
	struct work work = {.publish = publish, .model = model};
	*end = (struct publish_end){0};
	if (file_make_directories(publish->folder, f) != 0 || take_lock(publish, &lock, f) != 0)
		return -1;
	work.new = file_join(publish->folder, NEW_NAME);
	work.old = file_join(publish->folder, OLD_NAME);
	int result = publish_locked(&work, end, f);
	published_release(&work.published);
	free(work.new);
	free(work.old);
	file_lock_release(&lock);
	return result;
}

void publish_describe(const struct publish *publish, const struct deploy_model *model,
	const struct publish_end *end, struct text *did)
{
	if (end->overtaken) {
		text_printf(did, "version %lld is overtaken: nothing was published",
			(long long)model->version);
		return;
	}
	text_printf(did, "version %lld %s as %lld in %s", (long long)model->version,
		end->was_there ? "was there already" : "published", (long long)end->number,
		publish->folder);
	if (end->removed > 0)
		text_printf(
			did, ", %zu old one%s removed", end->removed, end->removed == 1 ? "" : "s");
}
