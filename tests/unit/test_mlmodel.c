#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "base/text.h"
#include "packaging/package/handoff.h"
#include "packaging/package/manifest.h"
#include "packaging/package/mlmodel.h"
#include "packaging/package/mlmodel_architecture.h"
#include "packaging/savedmodel/dtype.h"

#define RUN "0123456789abcdef0123456789abcdef"

static int64_t dims[] = {-1, 8};
static char *tags[] = {(char *)"gpu", (char *)"serve"};

/* A manifest with one input and one output, ready to be changed; borrows everything. */
struct sample {
	struct tensor_spec in, out;
	struct signature_def def;
	struct manifest manifest;
};

static void make_sample(struct sample *sample)
{
	*sample = (struct sample){
		.in = {.key = (char *)"image",
			.name = (char *)"x:0",
			.dtype = DTYPE_FLOAT,
			.rank = 2,
			.dims = dims},
		.out = {.key = (char *)"probs",
			.name = (char *)"y:0",
			.dtype = DTYPE_FLOAT,
			.rank = 2,
			.dims = dims},
		.def = {.key = (char *)"serving_default",
			.inputs = &sample->in,
			.input_count = 1,
			.outputs = &sample->out,
			.output_count = 1},
		.manifest = {.handoff = {.run_id = (char *)RUN,
				     .model = (char *)"fish",
				     .artifact_path = (char *)"model",
				     .trained_at = (char *)"2026-11-22T20:03:17.5Z",
				     .trained_at_ms = 1795377797500},
			.tensorflow_version = (char *)"2.21.0",
			.tags = tags,
			.tag_count = 2,
			.signatures = &sample->def,
			.signature_count = 1},
	};
}

static char *made(const struct manifest *manifest, const char *path)
{
	struct text text = {0};
	const struct mlmodel_file *file = mlmodel_find(manifest, path);
	assert_non_null(file);
	file->make(manifest, &text);
	return text_take(&text);
}

static void assert_has(const struct manifest *manifest, const char *path, const char *wanted)
{
	char *text = made(manifest, path);
	if (strstr(text, wanted) == NULL)
		fail_msg("\"%s\" is not in %s:\n%s", wanted, path, text);
	free(text);
}

static void assert_has_not(const struct manifest *manifest, const char *path, const char *unwanted)
{
	char *text = made(manifest, path);
	if (strstr(text, unwanted) != NULL)
		fail_msg("\"%s\" is in %s:\n%s", unwanted, path, text);
	free(text);
}

static void mlmodel_says_what_mlflow_asks_for(void **state)
{
	struct sample sample;
	struct saved_model_file files[] = {{(char *)"MLmodel", 999, ""},
		{(char *)"conda.yaml", 100, ""}, {(char *)"saved_model/saved_model.pb", 23, ""}};
	(void)state;
	make_sample(&sample);
	sample.manifest.files = files;
	sample.manifest.file_count = 3;
	char *text = made(&sample.manifest, "MLmodel");
	char *uuid = strstr(text, "model_uuid: \"");
	assert_non_null(uuid);
	uuid += strlen("model_uuid: \"");
	assert_int_equal(strspn(uuid, "0123456789abcdef"), 32);
	memset(uuid, '0', 32);
	assert_string_equal(text,
		"artifact_path: \"model\"\n"
		"flavors:\n"
		"  python_function:\n"
		"    code: code\n"
		"    data: saved_model\n"
		"    env:\n"
		"      conda: conda.yaml\n"
		"      virtualenv: python_env.yaml\n"
		"    loader_module: \"modelhook_savedmodel_2\"\n"
		"  tensorflow:\n"
		"    code: null\n"
		"    meta_graph_tags:\n"
		"    - \"gpu\"\n"
		"    - \"serve\"\n"
		"    model_type: tf1-estimator\n"
		"    saved_model_dir: saved_model\n"
		"    signature_def_key: serving_default\n"
		"model_size_bytes: 123\n"
		"model_uuid: \"00000000000000000000000000000000\"\n"
		"run_id: \"" RUN "\"\n"
		"signature:\n"
		"  inputs: \"[{\\\"name\\\":\\\"image\\\",\\\"tensor-spec\\\":{\\\"dtype\\\":"
		"\\\"float32\\\",\\\"shape\\\":[-1,8]},\\\"type\\\":\\\"tensor\\\"}]\"\n"
		"  outputs: \"[{\\\"name\\\":\\\"probs\\\",\\\"tensor-spec\\\":{\\\"dtype\\\":"
		"\\\"float32\\\",\\\"shape\\\":[-1,8]},\\\"type\\\":\\\"tensor\\\"}]\"\n"
		"utc_time_created: \"2026-11-22 20:03:17.500000\"\n");
	free(text);
}

static void the_signature_is_left_out_rather_than_guessed(void **state)
{
	struct sample sample;
	(void)state;
	make_sample(&sample);
	sample.out.dtype = DTYPE_BFLOAT16;
	assert_has_not(&sample.manifest, "MLmodel", "\nsignature:");
	sample.out.dtype = DTYPE_STRING;
	assert_has_not(&sample.manifest, "MLmodel", "\nsignature:");
	sample.out.dtype = DTYPE_DOUBLE;
	assert_has(&sample.manifest, "MLmodel", "float64");
	sample.in.unknown_rank = true;
	assert_has_not(&sample.manifest, "MLmodel", "\nsignature:");
	sample.in.unknown_rank = false;
	sample.in.name = (char *)""; /* sparse, or of several tensors */
	assert_has_not(&sample.manifest, "MLmodel", "\nsignature:");
	sample.in.name = (char *)"x:0";
	sample.in.rank = 0;
	assert_has(&sample.manifest, "MLmodel", "\\\"shape\\\":[]");
	sample.def.key = (char *)"serve";
	assert_has_not(&sample.manifest, "MLmodel", "\nsignature:");
}

static void yaml_is_quoted_whatever_a_name_holds(void **state)
{
	struct sample sample;
	(void)state;
	make_sample(&sample);
	sample.manifest.handoff.artifact_path =
		(char *)"a\"b: #\xc3\xa9\xe2\x80\xa8\xf0\x9f\x90\x9f";
	assert_has(&sample.manifest, "MLmodel",
		"artifact_path: \"a\\\"b: #\\u00e9\\u2028\\U0001f41f\"\n");
	sample.in.key = (char *)"\xc2\x85\"";
	assert_has(&sample.manifest, "MLmodel", "\\\"name\\\":\\\"\\u0085\\\\\\\"\\\"");
}

static void requirements_follow_the_model_or_the_handoff(void **state)
{
	struct sample sample;
	char *own[] = {(char *)"numpy<3", (char *)"x @ file:///a \"b\""};
	(void)state;
	make_sample(&sample);
	assert_has(&sample.manifest, "requirements.txt", "mlflow\ntensorflow==2.21.0\n");
	assert_has(&sample.manifest, "conda.yaml", "  - \"tensorflow==2.21.0\"\n");
	sample.manifest.tensorflow_version = (char *)"2.21.0\n--index-url=x";
	assert_has(&sample.manifest, "requirements.txt", "mlflow\ntensorflow\n");
	assert_has_not(&sample.manifest, "requirements.txt", "index");
	sample.manifest.tensorflow_version = NULL;
	assert_has(&sample.manifest, "requirements.txt", "mlflow\ntensorflow\n");
	sample.manifest.handoff.requirements = own;
	sample.manifest.handoff.requirement_count = 2;
	assert_has(&sample.manifest, "requirements.txt", "numpy<3\nx @ file:///a \"b\"\n");
	assert_has(&sample.manifest, "conda.yaml", "  - \"x @ file:///a \\\"b\\\"\"\n");
	assert_has_not(&sample.manifest, "requirements.txt", "tensorflow");
}

static void the_python_version_is_stated_where_the_script_said_it(void **state)
{
	struct sample sample;
	struct pair said = {(char *)"python_version", (char *)"3.11.7"};
	(void)state;
	make_sample(&sample);
	assert_has_not(&sample.manifest, "MLmodel", "python_version");
	assert_has_not(&sample.manifest, "python_env.yaml", "python:");
	sample.manifest.handoff.params = &said;
	sample.manifest.handoff.param_count = 1;
	assert_has(&sample.manifest, "MLmodel", "    python_version: \"3.11.7\"\n");
	assert_has(&sample.manifest, "python_env.yaml", "python: \"3.11.7\"\n");
	assert_has(&sample.manifest, "conda.yaml", "- python=3.11.7\n");
	said.value = (char *)"3.11 or so";
	assert_has_not(&sample.manifest, "conda.yaml", "python=");
}

static void the_architecture_is_found_in_the_name_or_not_at_all(void **state)
{
	static const struct {
		const char *model, *architecture;
	} rows[] = {
		{"fish-classifier-efficientnet-b4", "efficientnet-b4"},
		{"EfficientNetB4_fish", "efficientnetb4"},
		{"resnet50-v2.fish", "resnet50-v2"},
		{"fish_MobileNet_v3_large_2", "mobilenet_v3_large_2"},
		{"densenet121", "densenet121"},
		{"efficientnetv2-s", "efficientnetv2-s"},
		{"vit-b16", "vit-b16"},
		{"resnet-experiments", "resnet"},
		{"fish", NULL},
		{"vitality-score", NULL},
		{"swinging", NULL},
		{"", NULL},
		{"---", NULL},
	};
	struct handoff handoff = {0};
	struct pair tag = {(char *)"architecture", (char *)"my-net"};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		handoff.model = (char *)rows[i].model;
		char *architecture = mlmodel_architecture(&handoff);
		if (!text_equal(architecture, rows[i].architecture))
			fail_msg("%s: %s", rows[i].model, architecture);
		free(architecture);
	}
	handoff.tags = &tag;
	handoff.tag_count = 1;
	char *architecture = mlmodel_architecture(&handoff);
	assert_string_equal(architecture, "my-net");
	free(architecture);
}

static void assert_description(const struct manifest *manifest, const char *wanted)
{
	char *description = mlmodel_description(manifest);
	assert_string_equal(description, wanted);
	free(description);
}

static void a_description_is_made_of_what_is_known(void **state)
{
	struct sample sample;
	struct metric metric = {(char *)"val_accuracy", 0.91234};
	struct count counts[] = {{(char *)"train", 800}, {(char *)"validation", 200}};
	(void)state;
	make_sample(&sample);
	struct handoff *handoff = &sample.manifest.handoff;
	assert_description(&sample.manifest, "Trained on 2026-11-22.");
	handoff->samples = counts + 1;
	handoff->sample_count = 1;
	assert_description(&sample.manifest, "Trained on 2026-11-22 with 200 validation samples.");
	handoff->samples = counts;
	handoff->sample_count = 2;
	handoff->metrics = &metric;
	handoff->metric_count = 1;
	sample.manifest.architecture = (char *)"efficientnet-b4";
	assert_description(&sample.manifest,
		"efficientnet-b4 trained on 2026-11-22 with 800 training samples and 200 "
		"validation samples. Validation accuracy 0.9123.");
	handoff->description = (char *)"Mine.";
	assert_description(&sample.manifest, "Mine.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mlmodel_says_what_mlflow_asks_for),
		cmocka_unit_test(the_signature_is_left_out_rather_than_guessed),
		cmocka_unit_test(yaml_is_quoted_whatever_a_name_holds),
		cmocka_unit_test(requirements_follow_the_model_or_the_handoff),
		cmocka_unit_test(the_python_version_is_stated_where_the_script_said_it),
		cmocka_unit_test(the_architecture_is_found_in_the_name_or_not_at_all),
		cmocka_unit_test(a_description_is_made_of_what_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
