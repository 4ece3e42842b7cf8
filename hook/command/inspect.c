/* inspect: what is in a SavedModel or a package, and whether it is whole.
 *
 * To stdout, for people in 80 columns or as one JSON object. The verdict is saved_model_check's:
 * UNACCEPTABLE where the model must not be promoted. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "base/console.h"
#include "base/escape.h"
#include "base/fail.h"
#include "base/panic.h"
#include "base/table.h"
#include "base/text.h"
#include "base/utf8.h"
#include "command/command.h"
#include "packaging/json/json.h"
#include "packaging/package/handoff.h"
#include "packaging/package/handoff_read.h"
#include "packaging/package/manifest.h"
#include "packaging/package/package.h"
#include "packaging/package/package_read.h"
#include "packaging/savedmodel/dtype.h"
#include "packaging/savedmodel/input_kind.h"
#include "packaging/savedmodel/saved_model.h"
#include "packaging/savedmodel/saved_model_check.h"

#define INSPECTION_SCHEMA "modelhook/inspection@1"
#define COLUMNS 80
#define FILES_SHOWN 12

static const char *const weights[] = {
	[FINDING_NOTE] = "note",
	[FINDING_CUSTOM_OP] = "custom_op",
	[FINDING_NONFINITE] = "nonfinite",
	[FINDING_DAMAGE] = "damage",
};

static void add_dtype(struct text *out, int dtype)
{
	const char *name = dtype_name(dtype);
	if (name != NULL)
		text_add_string(out, name);
	else
		text_printf(out, "dtype %d", dtype);
}

/* (?, 224, 224, 3) */
static void add_shape(struct text *out, const struct tensor_spec *spec)
{
	if (spec->unknown_rank) {
		text_add_string(out, "of any shape");
		return;
	}
	text_add_string(out, "(");
	for (size_t i = 0; i < spec->rank; i++) {
		text_add_string(out, i > 0 ? ", " : "");
		if (spec->dims[i] < 0)
			text_add_string(out, "?");
		else
			text_printf(out, "%" PRId64, spec->dims[i]);
	}
	text_add_string(out, spec->rank == 1 ? ",)" : ")");
}

static void add_head(struct text *out, const char *head)
{
	text_printf(out, "%s%-10s%s  ", console_bold(), head, console_plain());
}

static void add_spec(struct text *out, const char *side, const struct tensor_spec *spec)
{
	struct text dtype = {0};
	add_dtype(&dtype, spec->dtype);
	text_add_string(out, "  ");
	table_add_cell(out, side, 8);
	table_add_cell(out, spec->key, 23);
	table_add_cell(out, text_string(&dtype), 9);
	add_shape(out, spec);
	text_add_string(out, "\n");
	text_release(&dtype);
}

static void add_signature(struct text *out, const struct signature_def *signature)
{
	add_head(out, "Signature");
	escape_add(out, signature->key, strlen(signature->key));
	text_add_string(out, "\n");
	for (size_t i = 0; i < signature->input_count; i++)
		add_spec(out, "input", &signature->inputs[i]);
	for (size_t i = 0; i < signature->output_count; i++)
		add_spec(out, "output", &signature->outputs[i]);
}

static void add_tensors(struct text *out, const struct saved_model *model)
{
	add_head(out, "Tensors");
	amount_add_count(out, model->tensor_count);
	text_add_string(out, " with ");
	amount_add_counted(out, model->parameter_count, "parameter");
	text_add_string(out, ", ");
	amount_add_bytes(out, model->tensor_bytes);
	text_add_string(out, " in ");
	amount_add_counted(out, model->shard_count, "shard");
	if (model->nan_count + model->inf_count > 0)
		text_printf(out, "; %" PRIu64 " NaN, %" PRIu64 " Inf", model->nan_count,
			model->inf_count);
	text_add_string(out, "\n");
}

static void add_files(
	struct text *out, const struct saved_model_file *files, size_t count, uint64_t bytes)
{
	add_head(out, "Files");
	amount_add_count(out, count);
	text_add_string(out, " of ");
	amount_add_bytes(out, bytes);
	text_add_string(out, "\n");
	for (size_t i = 0; i < count && i < FILES_SHOWN; i++) {
		struct text size = {0};
		amount_add_bytes(&size, files[i].size);
		text_printf(out, "  %10s  ", text_string(&size));
		escape_add(out, files[i].path, strlen(files[i].path));
		text_add_string(out, "\n");
		text_release(&size);
	}
	if (count > FILES_SHOWN) {
		text_add_string(out, "              and ");
		amount_add_count(out, count - FILES_SHOWN);
		text_add_string(out, " more\n");
	}
}

/* Words in lines of 80 columns, each behind `margin` spaces; a word that is longer stays whole. */
static void add_wrapped(struct text *out, const char *string, size_t margin)
{
	size_t column = COLUMNS;
	while (*string != '\0') {
		size_t size = strcspn(string, " ");
		if (column + 1 + size > COLUMNS) {
			text_printf(out, "\n%*s", (int)margin, "");
			column = margin;
		} else {
			text_add_string(out, " ");
			column++;
		}
		text_add(out, string, size);
		column += size;
		string += size + strspn(string + size, " ");
	}
}

static void add_finding(struct text *out, const struct finding *finding)
{
	text_printf(out, "  %-10s%s", weights[finding->weight], finding->file);
	if (finding->offset >= 0)
		text_printf(out, ", offset %" PRId64, finding->offset);
	if (finding->tensor != NULL)
		text_printf(out, "\n%12s%s", "", finding->tensor);
	add_wrapped(out, finding->text, 12);
	text_add_string(out, "\n");
}

static void print_people(const char *folder, const struct saved_model *model, bool acceptable)
{
	struct text out = {0};
	add_head(&out, "SavedModel");
	escape_add(&out, folder, strlen(folder));
	text_add_string(&out, "\n");
	add_head(&out, "TensorFlow");
	const char *version = model->tensorflow_version;
	escape_add(&out, version != NULL ? version : "not said",
		strlen(version != NULL ? version : "not said"));
	text_add_string(&out, "\n");
	for (size_t i = 0; i < model->signature_count; i++)
		add_signature(&out, &model->signatures[i]);
	add_tensors(&out, model);
	add_files(&out, model->files, model->file_count, model->total_bytes);
	add_head(&out, "Findings");
	text_printf(&out, "%s\n", model->finding_count == 0 ? "none" : "");
	for (size_t i = 0; i < model->finding_count; i++)
		add_finding(&out, &model->findings[i]);
	add_head(&out, "Verdict");
	text_printf(&out, "%s\n", acceptable ? "whole: it may be promoted" : "not to be promoted");
	console_print(text_string(&out));
	text_release(&out);
}

/* Names from outside stand escaped where they are not UTF-8, so that the JSON is. */
static struct cJSON *string_json(const char *string)
{
	if (string == NULL)
		return json_new_null();
	if (utf8_is_valid(string, strlen(string)))
		return json_new_string(string);
	struct text escaped = {0};
	escape_add(&escaped, string, strlen(string));
	struct cJSON *value = json_new_string(text_string(&escaped));
	text_release(&escaped);
	return value;
}

static struct cJSON *offset_json(int64_t offset)
{
	return offset < 0 ? json_new_null() : json_new_count((uint64_t)offset);
}

static struct cJSON *shape_json(const struct tensor_spec *spec)
{
	if (spec->unknown_rank)
		return json_new_null();
	struct cJSON *shape = json_new_array();
	for (size_t i = 0; i < spec->rank; i++)
		json_append(shape, json_new_number(spec->dims[i] < 0 ? -1 : (double)spec->dims[i]));
	return shape;
}

static struct cJSON *specs_json(const struct tensor_spec *specs, size_t count)
{
	struct cJSON *list = json_new_array();
	for (size_t i = 0; i < count; i++) {
		struct cJSON *spec = json_new_object();
		json_set(spec, "key", string_json(specs[i].key));
		json_set(spec, "tensor", string_json(specs[i].name));
		json_set(spec, "dtype", string_json(dtype_name(specs[i].dtype)));
		json_set(spec, "shape", shape_json(&specs[i]));
		json_append(list, spec);
	}
	return list;
}

static struct cJSON *signatures_json(const struct signature_def *signatures, size_t count)
{
	struct cJSON *list = json_new_array();
	for (size_t i = 0; i < count; i++) {
		const struct signature_def *from = &signatures[i];
		struct cJSON *signature = json_new_object();
		json_set(signature, "key", string_json(from->key));
		json_set(signature, "method", string_json(from->method));
		json_set(signature, "inputs", specs_json(from->inputs, from->input_count));
		json_set(signature, "outputs", specs_json(from->outputs, from->output_count));
		json_append(list, signature);
	}
	return list;
}

static struct cJSON *files_json(const struct saved_model_file *files, size_t count)
{
	struct cJSON *list = json_new_array();
	for (size_t i = 0; i < count; i++) {
		struct cJSON *file = json_new_object();
		json_set(file, "path", string_json(files[i].path));
		json_set(file, "size", json_new_count(files[i].size));
		json_set(file, "sha256", string_json(files[i].sha256));
		json_append(list, file);
	}
	return list;
}

static struct cJSON *findings_json(const struct saved_model *model)
{
	struct cJSON *list = json_new_array();
	for (size_t i = 0; i < model->finding_count; i++) {
		const struct finding *from = &model->findings[i];
		struct cJSON *finding = json_new_object();
		json_set(finding, "weight", string_json(weights[from->weight]));
		json_set(finding, "file", string_json(from->file));
		json_set(finding, "offset", offset_json(from->offset));
		json_set(finding, "tensor", string_json(from->tensor));
		json_set(finding, "text", string_json(from->text));
		json_set(finding, "hint", string_json(from->hint));
		json_append(list, finding);
	}
	return list;
}

static void print_object(struct cJSON *root)
{
	char *printed = json_take_text(root);
	struct text line = {0};
	text_printf(&line, "%s\n", printed);
	console_print(text_string(&line));
	text_release(&line);
	free(printed);
}

static void print_json(const char *folder, const struct saved_model *model, bool acceptable)
{
	struct cJSON *root = json_new_object();
	json_set(root, "schema", string_json(INSPECTION_SCHEMA));
	json_set(root, "path", string_json(folder));
	json_set(root, "acceptable", json_new_bool(acceptable));
	json_set(root, "tensorflow_version", string_json(model->tensorflow_version));
	json_set(root, "signatures", signatures_json(model->signatures, model->signature_count));
	json_set(root, "tensor_count", json_new_count(model->tensor_count));
	json_set(root, "parameter_count", json_new_count(model->parameter_count));
	json_set(root, "tensor_bytes", json_new_count(model->tensor_bytes));
	json_set(root, "nan_count", json_new_count(model->nan_count));
	json_set(root, "inf_count", json_new_count(model->inf_count));
	json_set(root, "shard_count", json_new_count(model->shard_count));
	json_set(root, "total_bytes", json_new_count(model->total_bytes));
	json_set(root, "files", files_json(model->files, model->file_count));
	json_set(root, "findings", findings_json(model));
	print_object(root);
}

/* A line with a name from outside. */
static void add_named(struct text *out, const char *head, const char *name)
{
	add_head(out, head);
	escape_add(out, name, strlen(name));
	text_add_string(out, "\n");
}

static void print_package(const char *path, const struct manifest *manifest)
{
	const struct handoff *handoff = &manifest->handoff;
	struct text out = {0};
	add_named(&out, "Package", path);
	add_named(&out, "Model", handoff->model);
	add_named(&out, "Run", handoff->run_id);
	add_named(&out, "Trained at", handoff->trained_at);
	add_named(&out, "Digest", manifest->digest);
	for (size_t i = 0; i < manifest->signature_count; i++)
		add_signature(&out, &manifest->signatures[i]);
	if (handoff->logged_model != NULL)
		add_named(&out, "Logged as", handoff->logged_model);
	else
		add_files(&out, manifest->files, manifest->file_count, manifest->model_bytes);
	add_named(&out, "Verdict", "whole: every digest holds");
	console_print(text_string(&out));
	text_release(&out);
}

static void print_package_json(const char *path, const struct manifest *manifest)
{
	struct cJSON *root = json_new_object();
	json_set(root, "schema", string_json(INSPECTION_SCHEMA));
	json_set(root, "path", string_json(path));
	json_set(root, "acceptable", json_new_bool(true));
	json_set(root, "digest", string_json(manifest->digest));
	json_set(root, "model", string_json(manifest->handoff.model));
	json_set(root, "run_id", string_json(manifest->handoff.run_id));
	json_set(root, "trained_at", string_json(manifest->handoff.trained_at));
	json_set(root, "tensorflow_version", string_json(manifest->tensorflow_version));
	json_set(root, "signatures",
		signatures_json(manifest->signatures, manifest->signature_count));
	json_set(root, "tensor_count", json_new_count(manifest->tensor_count));
	json_set(root, "parameter_count", json_new_count(manifest->parameter_count));
	json_set(root, "total_bytes", json_new_count(manifest->model_bytes));
	json_set(root, "files", files_json(manifest->files, manifest->file_count));
	print_object(root);
}

static int inspect_package(const char *path, bool json, struct fail *f)
{
	struct progress progress;
	struct manifest manifest;
	progress_start(&progress, "check", 0);
	int result = package_read(path, &progress, &manifest, f);
	progress_end(&progress);
	if (result != 0)
		return -1;
	json ? print_package_json(path, &manifest) : print_package(path, &manifest);
	manifest_release(&manifest);
	return 0;
}

/* Whether a package can hold it: a handoff with nothing in it but what must be there. */
static int check_packable(const struct saved_model *model, struct fail *f)
{
	static const char json[] = "{\"schema\":\"" HANDOFF_SCHEMA "\",\"model\":\"model\","
				   "\"run_id\":\"00000000000000000000000000000000\","
				   "\"trained_at\":\"2000-01-01T00:00:00Z\","
				   "\"saved_model\":\"saved_model\"}";
	struct handoff handoff;
	struct manifest manifest = {0};
	int result = handoff_parse(json, sizeof(json) - 1, "", &handoff, f);
	if (result == 0)
		result = package_plan(&handoff, model, &manifest, f);
	manifest_release(&manifest);
	handoff_release(&handoff);
	return result;
}

static int inspect_folder(const char *folder, bool json, bool allow_nonfinite, struct fail *f)
{
	struct progress progress;
	struct saved_model model;
	progress_start(&progress, "inspect", 0);
	int read = saved_model_read(folder, &progress, &model, f);
	progress_end(&progress);
	if (read != 0)
		return saved_model_fail(folder, f);
	int result = saved_model_check(
		&model, (struct saved_model_allowed){.nonfinite = allow_nonfinite}, f);
	if (result != 0)
		saved_model_fail(folder, f);
	else
		result = check_packable(&model, f);
	if (json)
		print_json(folder, &model, result == 0);
	else
		print_people(folder, &model, result == 0);
	saved_model_release(&model);
	return result;
}

int command_inspect(struct invocation *call, struct fail *f)
{
	const char *path = call->argv[0];
	if (invocation_settle(call, NULL, f) != 0)
		return -1;
	if (input_is_gzip(path))
		return inspect_package(path, call->settings.json, f);
	return inspect_folder(path, call->settings.json, call->settings.allow_nonfinite, f);
}
