#include "flow/source.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/console.h"
#include "base/fail.h"
#include "base/file.h"
#include "mlflow/logged_models.h"
#include "mlflow/types.h"
#include "packaging/package/handoff.h"
#include "packaging/package/mlmodel_read.h"
#include "store/store.h"
#include "stores/location.h"
#include "stores/open.h"
#include "upload/model.h"

int source_open_upload(struct flow *flow, struct fail *f)
{
	if (store_open(&flow->store, &flow->session.tracking.mlflow, &flow->run,
		    flow->run.artifact_uri, f) != 0)
		return -1;
	flow->upload = (struct upload){
		.store = &flow->store,
		.folder = flow->manifest->handoff.artifact_path,
		.package = flow->package,
		.manifest = flow->manifest,
	};
	return upload_open(&flow->upload, f);
}

static int upload_package(struct flow *flow, struct text *did, struct fail *f)
{
	struct upload *upload = &flow->upload;
	if (!upload->is_open && source_open_upload(flow, f) != 0)
		return -1;
	int result = upload_run(upload, f);
	if (result == 0) {
		flow->source = file_join(flow->run.artifact_uri, upload->folder);
		text_printf(did, "%zu files %s (%" PRIu64 " bytes), %zu there already%s",
			upload->sent, invocation_word(flow->call, "sent", "would be sent"),
			upload->bytes, upload->kept,
			invocation_word(flow->call,
				upload->unread > 0 ? ", verified by size" : ", all verified", ""));
		flow->call->result.verified = upload->unread > 0 ? "size" : "full";
	}
	upload_release(upload, result == 0 ? NULL : f);
	return result;
}

/* The digest of a model that the script logged: that of run, name and the bytes of its MLmodel. */
static void logged_digest(struct flow *flow, const char *name, const struct text *mlmodel)
{
	struct text text = {0};
	char sha256[SHA256_HEX];
	sha256_of(text_string(mlmodel), mlmodel->size, sha256);
	text_printf(&text, "%s\n%s\n%s\n", flow->manifest->handoff.run_id, name, sha256);
	sha256_of(text.data, text.size, flow->digest);
	text_release(&text);
}

static void take_facts(struct flow *flow, const struct text *mlmodel)
{
	struct mlmodel_facts facts;
	mlmodel_read_facts(text_string(mlmodel), mlmodel->size, &facts);
	free(flow->framework);
	flow->framework = facts.framework;
	facts.framework = NULL;
	if (!facts.has_signature)
		console_warn("the model was logged without a signature: consumers cannot check "
			     "their inputs; pass signature= or input_example= to log_model");
	mlmodel_facts_release(&facts);
}

/* name: of the model, by whatever URI the handoff has it */
static int find_mlmodel(struct flow *flow, const char *artifact_uri, const char *folder,
	const char *name, bool *found, struct fail *f)
{
	struct text mlmodel = {0};
	store_release(&flow->store);
	if (store_open(&flow->store, &flow->session.tracking.mlflow, &flow->run, artifact_uri, f) !=
		0)
		return -1;
	char *path = folder != NULL ? file_join(folder, "MLmodel") : text_copy("MLmodel");
	int result = location_get(&flow->store, path, MLMODEL_BYTES, &mlmodel, found, f);
	free(path);
	if (result == 0 && *found) {
		logged_digest(flow, name, &mlmodel);
		take_facts(flow, &mlmodel);
	}
	text_release(&mlmodel);
	return result;
}

static void take_logged_model(struct flow *flow, const struct logged_model *model, struct text *did)
{
	flow->model_id = text_copy(model->id);
	flow->source = text_format("models:/%s", model->id);
	text_printf(did, "logged by the script as LoggedModel %s", model->id);
}

static int find_logged_model(struct flow *flow, struct text *did, bool *found, struct fail *f)
{
	const char *name = flow->manifest->handoff.logged_model;
	struct logged_models models = {0};
	*found = false;
	if (mlflow_search_logged_models(&flow->session.tracking.mlflow, flow->run.experiment_id,
		    name, flow->run.id, &models, f) != 0)
		return -1;
	int result = 0;
	for (size_t i = 0; result == 0 && !*found && i < models.count; i++) {
		const struct logged_model *model = &models.items[i];
		if (text_equal(model->status, "LOGGED_MODEL_UPLOAD_FAILED"))
			continue;
		result = find_mlmodel(flow, model->artifact_uri, NULL, name, found, f);
		if (result == 0 && *found)
			take_logged_model(flow, model, did);
	}
	logged_models_release(&models);
	return result;
}

static int check_logged_model(
	const struct flow *flow, const struct logged_model *model, bool found, struct fail *f)
{
	const char *uri = flow->manifest->handoff.logged_model;
	if (!found)
		return fail_set(
			f, STATUS_REFUSED, "logged_model %s: not found on this server", uri);
	if (!text_equal(model->source_run_id, flow->run.id))
		return fail_set(f, STATUS_REFUSED,
			"logged_model %s: is of the run %.40s, not of %s", uri,
			model->source_run_id, flow->run.id);
	if (text_equal(model->status, "LOGGED_MODEL_UPLOAD_FAILED"))
		return fail_set(f, STATUS_REFUSED, "logged_model %s: its upload failed", uri);
	return 0;
}

/* By its id, as log_model of MLflow 3 gives it. */
static int find_by_id(struct flow *flow, const char *id, struct text *did, struct fail *f)
{
	struct logged_model model = {0};
	bool found;
	if (mlflow_get_logged_model(&flow->session.tracking.mlflow, id, &model, &found, f) != 0)
		return -1;
	int result = check_logged_model(flow, &model, found, f);
	if (result == 0)
		result = find_mlmodel(flow, model.artifact_uri, NULL, model.name, &found, f);
	if (result == 0 && !found)
		result = fail_set(f, STATUS_REFUSED,
			"logged_model " LOGGED_MODEL_URI "%s: has no MLmodel", id);
	if (result == 0)
		take_logged_model(flow, &model, did);
	logged_model_release(&model);
	return result;
}

static int find_logged(struct flow *flow, struct text *did, struct fail *f)
{
	const char *path = flow->manifest->handoff.logged_model;
	bool found;
	if (text_starts_with(path, LOGGED_MODEL_URI))
		return find_by_id(flow, path + strlen(LOGGED_MODEL_URI), did, f);
	if (find_mlmodel(flow, flow->run.artifact_uri, path, path, &found, f) != 0)
		return -1;
	if (found) {
		flow->source = file_join(flow->run.artifact_uri, path);
		text_printf(did, "logged by the script at %s", path);
		return 0;
	}
	if (find_logged_model(flow, did, &found, f) != 0)
		return -1;
	if (found)
		return 0;
	fail_set(f, STATUS_REFUSED,
		"logged_model %s: the run has no such model, neither in its artifacts nor as a "
		"LoggedModel",
		path);
	return fail_hint(
		f, "was log_model(..., \"%s\") called in this run, and did it end well?", path);
}

int source_step(struct flow *flow, struct text *did, struct fail *f)
{
	int result = flow->manifest->handoff.logged_model != NULL ? find_logged(flow, did, f)
								  : upload_package(flow, did, f);
	if (result == 0)
		result_set(&flow->call->result.digest, flow->digest);
	return result;
}

int source_step_if_logged(struct flow *flow, struct text *did, struct fail *f)
{
	if (flow->manifest->handoff.logged_model != NULL)
		return source_step(flow, did, f);
	text_add_string(did, "not uploaded");
	return 0;
}
