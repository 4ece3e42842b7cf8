#include "packaging/package/mlmodel.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/panic.h"
#include "base/text.h"
#include "packaging/json/json.h"
#include "packaging/package/handoff.h"
#include "packaging/package/loader.h"
#include "packaging/package/manifest.h"
#include "packaging/package/signature.h"
#include "packaging/savedmodel/dtype.h"
#include "packaging/savedmodel/signature_def.h"
#include "packaging/savedmodel/tensorflow_version.h"

/* The code point of the UTF-8 sequence at *at, which is stepped over; the text is valid. */
static unsigned long next_character(const char **at)
{
	const unsigned char *bytes = (const unsigned char *)*at;
	int more = bytes[0] < 0x80 ? 0 : bytes[0] < 0xe0 ? 1 : bytes[0] < 0xf0 ? 2 : 3;
	unsigned long character = more == 0 ? bytes[0] : bytes[0] & (0x3f >> more);
	for (int i = 1; i <= more; i++)
		character = character << 6 | (bytes[i] & 0x3f);
	*at += more + 1;
	return character;
}

/* A double-quoted scalar (YAML 1.1, section 5.6 and 7.3.1) that is ASCII: readers disagree on which
 * other characters are line breaks or printable. */
static void add_yaml(struct text *text, const char *string)
{
	text_add_string(text, "\"");
	while (*string != '\0') {
		unsigned long character = next_character(&string);
		if (character == '"' || character == '\\')
			text_printf(text, "\\%c", (int)character);
		else if (character >= 0x20 && character < 0x7f)
			text_printf(text, "%c", (int)character);
		else
			text_printf(text, character > 0xffff ? "\\U%08lx" : "\\u%04lx", character);
	}
	text_add_string(text, "\"");
}

static void add_line(struct text *text, const char *key, const char *value)
{
	text_printf(text, "%s: ", key);
	add_yaml(text, value);
	text_add_string(text, "\n");
}

/* "3.11" or "3.11.7", where the training script said it. */
static const char *python_version(const struct manifest *manifest)
{
	const char *version = handoff_said(&manifest->handoff, "python_version");
	size_t size = version != NULL ? strlen(version) : 0;
	bool is_version = size > 0 && size < 32 && version[0] != '.' &&
			  strspn(version, "0123456789.") == size;
	return is_version ? version : NULL;
}

/* Calls add with each requirement: those of the handoff, or the ones that follow from the model. */
static void each_requirement(const struct manifest *manifest,
	void (*add)(struct text *text, const char *requirement), struct text *text)
{
	const struct handoff *handoff = &manifest->handoff;
	for (size_t i = 0; i < handoff->requirement_count; i++)
		add(text, handoff->requirements[i]);
	if (handoff->requirement_count > 0)
		return;
	const char *why;
	char *tensorflow = tensorflow_requirement(manifest->tensorflow_version, &why);
	add(text, "mlflow");
	add(text, tensorflow);
	free(tensorflow);
}

static void add_plain(struct text *text, const char *requirement)
{
	text_printf(text, "%s\n", requirement);
}

static void add_pip(struct text *text, const char *requirement)
{
	text_add_string(text, "  - ");
	add_yaml(text, requirement);
	text_add_string(text, "\n");
}

static void make_requirements(const struct manifest *manifest, struct text *text)
{
	each_requirement(manifest, add_plain, text);
}

static void make_conda(const struct manifest *manifest, struct text *text)
{
	text_add_string(text, "channels:\n- conda-forge\ndependencies:\n");
	if (python_version(manifest) != NULL)
		text_printf(text, "- python=%s\n", python_version(manifest));
	text_add_string(text, "- pip\n- pip:\n");
	each_requirement(manifest, add_pip, text);
	text_add_string(text, "name: mlflow-env\n");
}

static void make_python_env(const struct manifest *manifest, struct text *text)
{
	if (python_version(manifest) != NULL)
		add_line(text, "python", python_version(manifest));
	text_add_string(text, "build_dependencies:\n- pip\n- setuptools\n- wheel\n"
			      "dependencies:\n- -r requirements.txt\n");
}

static void make_loader(const struct manifest *manifest, struct text *text)
{
	(void)manifest;
	text_add(text, loader_text, loader_size);
}

static void make_loader_1(const struct manifest *manifest, struct text *text)
{
	(void)manifest;
	text_add(text, loader_1_text, loader_1_size);
}

static bool can_be_said(const struct tensor_spec *specs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (specs[i].unknown_rank || dtype_numpy(specs[i].dtype) == NULL ||
			text_equal(specs[i].name, ""))
			return false;
	return true;
}

static struct cJSON *tensor_to_json(const struct tensor_spec *spec)
{
	struct cJSON *column = json_new_object(), *tensor = json_new_object();
	struct cJSON *shape = json_new_array();
	for (size_t d = 0; d < spec->rank; d++)
		json_append(shape, json_new_number((double)spec->dims[d]));
	json_set_string(tensor, "dtype", dtype_numpy(spec->dtype));
	json_set(tensor, "shape", shape);
	json_set_string(column, "name", spec->key);
	json_set_string(column, "type", "tensor");
	json_set(column, "tensor-spec", tensor);
	return column;
}

/* MLflow keeps a schema as a string of JSON inside the YAML. */
static void add_schema(
	struct text *text, const char *key, const struct tensor_spec *specs, size_t count)
{
	struct cJSON *schema = json_new_array();
	struct text json = {0};
	for (size_t i = 0; i < count; i++)
		json_append(schema, tensor_to_json(&specs[i]));
	json_print(schema, &json);
	json_release(schema);
	add_line(text, key, text_string(&json));
	text_release(&json);
}

static void add_signature(struct text *text, const struct manifest *manifest)
{
	const struct signature_def *def = signature_def_find(
		manifest->signatures, manifest->signature_count, "serving_default");
	if (def == NULL || def->input_count == 0 || !can_be_said(def->inputs, def->input_count) ||
		!can_be_said(def->outputs, def->output_count))
		return;
	text_add_string(text, "signature:\n");
	add_schema(text, "  inputs", def->inputs, def->input_count);
	add_schema(text, "  outputs", def->outputs, def->output_count);
}

/* The time as MLflow writes it: UTC without saying so. */
static void add_created(struct text *text, int64_t ms)
{
	char image[48];
	int64_t rest = (ms % 1000 + 1000) % 1000;
	time_t seconds = (time_t)((ms - rest) / 1000);
	struct tm tm;
	INVARIANT(gmtime_r(&seconds, &tm) != NULL);
	INVARIANT(strftime(image, sizeof(image), "%Y-%m-%d %H:%M:%S", &tm) > 0);
	char *created = text_format("%s.%03d000", image, (int)rest);
	add_line(text, "utc_time_created", created);
	free(created);
}

/* 32 hex digits that are the same for the same model and handoff, MLmodel itself left out. */
static void add_uuid(struct text *text, const struct manifest *manifest)
{
	struct text rest = {0};
	char digest[SHA256_HEX];
	manifest_print(manifest, MANIFEST_BEFORE_MLMODEL, &rest);
	sha256_of(text_string(&rest), rest.size, digest);
	text_release(&rest);
	text_printf(text, "model_uuid: \"%.32s\"\n", digest);
}

/* What mlflow.tensorflow loads, without any code of ours. */
static void add_tensorflow_flavor(struct text *text, const struct manifest *manifest)
{
	text_add_string(text, "  tensorflow:\n"
			      "    code: null\n"
			      "    meta_graph_tags:\n");
	for (size_t i = 0; i < manifest->tag_count; i++) {
		text_add_string(text, "    - ");
		add_yaml(text, manifest->tags[i]);
		text_add_string(text, "\n");
	}
	text_add_string(text, "    model_type: tf1-estimator\n"
			      "    saved_model_dir: saved_model\n"
			      "    signature_def_key: serving_default\n");
}

/* MLflow's names for an example of an input, where the golden requests came with one. */
#define INPUT_EXAMPLE MANIFEST_SAVED_MODEL "assets.extra/input_example.json"
#define SERVING_EXAMPLE MANIFEST_SAVED_MODEL "assets.extra/serving_input_example.json"

static void add_input_example(struct text *text, const struct manifest *manifest)
{
	if (manifest_find(manifest, INPUT_EXAMPLE) < 0 ||
		manifest_find(manifest, SERVING_EXAMPLE) < 0)
		return;
	text_add_string(text, "saved_input_example_info:\n"
			      "  artifact_path: " INPUT_EXAMPLE "\n"
			      "  format: tf-serving\n"
			      "  serving_input_path: " SERVING_EXAMPLE "\n"
			      "  type: ndarray\n");
}

static void make_mlmodel(const struct manifest *manifest, struct text *text)
{
	uint64_t size = 0;
	for (size_t i = 0; i < manifest->file_count; i++)
		if (strcmp(manifest->files[i].path, MANIFEST_MLMODEL) != 0)
			size += manifest->files[i].size;
	add_line(text, "artifact_path", manifest->handoff.artifact_path);
	text_add_string(text, "flavors:\n"
			      "  python_function:\n"
			      "    code: code\n"
			      "    data: saved_model\n"
			      "    env:\n"
			      "      conda: conda.yaml\n"
			      "      virtualenv: python_env.yaml\n");
	add_line(text, "    loader_module",
		manifest->is_package_1 ? LOADER_MODULE_1 : LOADER_MODULE);
	if (python_version(manifest) != NULL)
		add_line(text, "    python_version", python_version(manifest));
	if (!manifest->is_package_1)
		add_tensorflow_flavor(text, manifest);
	text_printf(text, "model_size_bytes: %llu\n", (unsigned long long)size);
	add_uuid(text, manifest);
	add_line(text, "run_id", manifest->handoff.run_id);
	add_input_example(text, manifest);
	add_signature(text, manifest);
	add_created(text, manifest->handoff.trained_at_ms);
}

static const struct mlmodel_file files[MLMODEL_FILE_COUNT] = {
	{"code/" LOADER_MODULE ".py", make_loader},
	{"conda.yaml", make_conda},
	{"python_env.yaml", make_python_env},
	{"requirements.txt", make_requirements},
	{MANIFEST_MLMODEL, make_mlmodel},
};

static const struct mlmodel_file files_1[MLMODEL_FILE_COUNT] = {
	{"code/" LOADER_MODULE_1 ".py", make_loader_1},
	{"conda.yaml", make_conda},
	{"python_env.yaml", make_python_env},
	{"requirements.txt", make_requirements},
	{MANIFEST_MLMODEL, make_mlmodel},
};

const struct mlmodel_file *mlmodel_files(const struct manifest *manifest)
{
	return manifest->is_package_1 ? files_1 : files;
}

const struct mlmodel_file *mlmodel_find(const struct manifest *manifest, const char *path)
{
	const struct mlmodel_file *made = mlmodel_files(manifest);
	for (size_t i = 0; i < MLMODEL_FILE_COUNT; i++)
		if (strcmp(made[i].path, path) == 0)
			return &made[i];
	return NULL;
}

static void add_sentence_on_training(struct text *text, const struct manifest *manifest)
{
	const struct handoff *handoff = &manifest->handoff;
	int64_t train = handoff_samples(handoff, "train");
	int64_t validation = handoff_samples(handoff, "validation");
	char date[32];
	clock_format_rfc3339(date, handoff->trained_at_ms);
	if (manifest->architecture != NULL)
		text_printf(text, "%s trained", manifest->architecture);
	else
		text_add_string(text, "Trained");
	text_printf(text, " on %.10s", date);
	if (train >= 0)
		text_printf(text, " with %lld training samples", (long long)train);
	if (validation >= 0)
		text_printf(text, "%s %lld validation samples", train >= 0 ? " and" : " with",
			(long long)validation);
	text_add_string(text, ".");
}

char *mlmodel_description(const struct manifest *manifest)
{
	struct text text = {0};
	const double *accuracy = handoff_metric(&manifest->handoff, "val_accuracy");
	if (manifest->handoff.description != NULL)
		return text_copy(manifest->handoff.description);
	add_sentence_on_training(&text, manifest);
	if (accuracy != NULL)
		text_printf(&text, " Validation accuracy %.4f.", *accuracy);
	return text_take(&text);
}
