#include "command/store_probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/escape.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/random.h"
#include "base/text.h"
#include "http/plan.h"
#include "http/types.h"
#include "mlflow/mlflow.h"
#include "mlflow/runs.h"
#include "mlflow/session.h"
#include "mlflow/types.h"
#include "packaging/digest/sha256.h"
#include "store/file/store.h"
#include "store/mlflow/presigned_store.h"
#include "store/options.h"
#include "store/store.h"
#include "stores/location.h"
#include "stores/open.h"

#define PROBE_TEXT "modelhook doctor: may be removed\n"

/* struct store_probe - the store, and a folder in it that nobody else has */
struct store_probe {
	struct store store;
	char folder[40];
	const char *what; /* is kept there */
	char *place;	  /* for people */
	bool must_clean;  /* what is put there must leave it in the end */
};

static char *escape(const char *string)
{
	struct text text = {0};
	escape_add(&text, string, strlen(string));
	return text_take(&text);
}

static void store_probe_init(struct store_probe *probe, const char *what, const char *uri)
{
	char *shown = location_show(uri);
	*probe = (struct store_probe){.what = what, .place = escape(shown)};
	free(shown);
	snprintf(probe->folder, sizeof(probe->folder), "modelhook-doctor-%08x",
		(unsigned)random_below(UINT32_MAX));
}

static void store_probe_release(struct store_probe *probe)
{
	store_release(&probe->store);
	free(probe->place);
	*probe = (struct store_probe){0};
}

static int read_back(struct store *store, const char *name, struct fail *f)
{
	char sent[SHA256_HEX], got[SHA256_HEX];
	uint64_t size;
	bool found;
	sha256_of(PROBE_TEXT, sizeof(PROBE_TEXT) - 1, sent);
	if (store_get_digest(store, name, got, &size, &found, f) != 0)
		return -1;
	if (!found || strcmp(sent, got) != 0)
		return fail_set(f, STATUS_REFUSED, "what was written was not read back");
	return 0;
}

/* The folder, not the file: MLflow before 2 removes folders alone. */
static int clean(struct store_probe *probe, struct fail *f)
{
	return store_remove(&probe->store, probe->folder, f);
}

static int write_and_read(struct store_probe *probe, struct fail *f)
{
	char name[60];
	struct http_body body = {.bytes = PROBE_TEXT, .size = sizeof(PROBE_TEXT) - 1};
	struct store_content content = {.path = name, .size = body.size};
	struct fail ignored;
	bool verified;
	snprintf(name, sizeof(name), "%s/probe.txt", probe->folder);
	int result = store_put(&probe->store, &content, &body, &verified, f);
	if (result == 0 && probe->store.plan == NULL)
		result = read_back(&probe->store, name, f);
	/* a store that cannot be reached would be waited for once more */
	if (result != 0 && (f->status == STATUS_DISK || !status_is_retryable(f->status)))
		(void)!clean(probe, &ignored);
	return result;
}

static int write_read_clean(
	struct store_probe *probe, struct text *detail, bool *warns, struct fail *f)
{
	if (write_and_read(probe, f) != 0)
		return -1;
	if (clean(probe, f) == 0) {
		text_printf(detail, "%swritten, read back and removed again in %s",
			probe->store.plan != NULL ? "would be " : "", probe->place);
		return 0;
	}
	if (probe->must_clean || status_is_retryable(f->status))
		return -1;
	*warns = true;
	text_printf(detail, "written and read back in %s, but %s there could not be removed: %s",
		probe->place, probe->folder, f->text);
	return 0;
}

/* A folder that is not there yet is made by the first run; what that takes is tried in the nearest
 * one above it, so that no folder stays behind. */
static void climb(struct store_probe *probe)
{
	char *root = probe->store.root;
	if (probe->store.kind != &store_file || root[0] == '\0' || file_is_there(root))
		return;
	while (root[0] != '\0' && !file_is_there(root))
		*strrchr(root, '/') = '\0';
	free(probe->place);
	probe->place = escape(root[0] != '\0' ? root : "/");
}

static int try_place(struct store_probe *probe, struct text *detail, bool *warns, struct fail *f)
{
	climb(probe);
	if (write_read_clean(probe, detail, warns, f) == 0)
		return 0;
	fail_wrap(f, "%s in %.160s", probe->what, probe->place);
	if (f->hint[0] != '\0')
		return -1;
	return fail_hint(f, probe->store.kind == &store_file
				    ? "is its disk mounted here, and may this user write there?"
				    : "may this job write, read and remove there, as a run does?");
}

/* Artifacts. */

/* As MLflow's client finds the experiment of a run; *location NULL: none is named, and there is no
 * default one, as in a new workspace */
static int find_location(struct mlflow *mlflow, char **location, struct fail *f)
{
	const char *name = env_get(ENV_MLFLOW_EXPERIMENT_NAME),
		   *id = env_get(ENV_MLFLOW_EXPERIMENT_ID);
	const char *wanted = name != NULL ? name : id != NULL ? id : "0";
	bool found;
	if (mlflow_get_artifact_location(mlflow, name != NULL, wanted, location, &found, f) != 0)
		return fail_wrap(f, "experiment %.100s", wanted);
	if (found || (name == NULL && id == NULL))
		return 0;
	fail_set(f, STATUS_REFUSED, "experiment %.100s: not found on this server", wanted);
	return fail_hint(f, "the first training makes it, or it has another name: see %s",
		env_name(name != NULL ? ENV_MLFLOW_EXPERIMENT_NAME : ENV_MLFLOW_EXPERIMENT_ID));
}

static int not_tried(struct text *detail, bool *warns, const char *why, const char *place)
{
	*warns = true;
	text_printf(detail, "not tried: %s%s", why, place);
	return 0;
}

static int try_artifacts(
	struct store_probe *probe, struct text *detail, bool *warns, struct fail *f)
{
	if (probe->store.kind == &store_presigned)
		return not_tried(detail, warns,
			"without a key of S3 a run writes to addresses that the MLflow server "
			"signs, and nothing could be removed again from ",
			probe->place);
	return try_place(probe, detail, warns, f);
}

int store_probe_artifacts(struct session *session, struct text *detail, bool *warns, struct fail *f)
{
	struct mlflow *mlflow = &session->tracking.mlflow;
	struct store_probe probe;
	char *location;
	if (find_location(mlflow, &location, f) != 0)
		return -1;
	if (location == NULL)
		return not_tried(detail, warns,
			"there is no default experiment: name that of your runs: ",
			env_name(ENV_MLFLOW_EXPERIMENT_NAME));
	store_probe_init(&probe, "artifacts", location);
	/* stands for any run there: addresses are signed for runs alone */
	struct run any = {.id = probe.folder, .artifact_uri = location};
	int result = store_open_location(&probe.store, mlflow, &any, location, f);
	if (result == 0)
		result = try_artifacts(&probe, detail, warns, f);
	store_probe_release(&probe);
	free(location);
	return result;
}

/* The spool. */

int store_probe_spool(const struct store_reach *reach, const char *url, struct plan *plan,
	struct text *detail, bool *warns, struct fail *f)
{
	struct store_probe probe;
	if (url == NULL || !location_is_url(url))
		return 0;
	store_probe_init(&probe, "spool", url);
	probe.must_clean = true;
	int result = store_open_apart(&probe.store, reach, url, f);
	probe.store.plan = plan;
	if (result == 0)
		result = try_place(&probe, detail, warns, f);
	else
		fail_wrap(f, "spool");
	store_probe_release(&probe);
	return result;
}
