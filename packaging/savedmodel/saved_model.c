#include "packaging/savedmodel/saved_model.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/plain_path.h"
#include "base/text.h"
#include "base/tree.h"
#include "packaging/digest/fingerprint64.h"
#include "packaging/savedmodel/dtype.h"
#include "packaging/savedmodel/file_reader.h"
#include "packaging/savedmodel/fingerprint.h"
#include "packaging/savedmodel/input_kind.h"
#include "packaging/savedmodel/meta_graph.h"
#include "packaging/savedmodel/meta_graph_check.h"
#include "packaging/savedmodel/model_files.h"
#include "packaging/savedmodel/names.h"
#include "packaging/savedmodel/shard.h"
#include "packaging/savedmodel/tensor_bundle.h"
#include "packaging/savedmodel/tensorflow_version.h"

#define COPY_WHOLE "copy the exported directory again, with all that is in it"

/* Everything that is known while a model is read. */
struct inspection {
	struct tree tree;
	unsigned threads;
	struct progress *progress;
	struct saved_model *model;
	struct findings findings;
	struct meta_graph graph;
	struct fingerprint fingerprint;
	struct tensor_bundle bundle;
	uint64_t index_hash;
	bool has_graph; /* each: it was there and could be made sense of */
	bool has_fingerprint;
	bool has_index;
	bool has_bundle;
};

/* What comes out of one file, until it is taken. */
struct outcome {
	struct findings findings;
	struct shard_count count;
};

/* A kind of file: whether a path is of it, and what to do with its bytes beyond the digest. The
 * fields of the inspection that one writes are read by none that is read beside it. */
struct part {
	bool (*is)(const char *path);
	int (*read)(struct inspection *in, const struct saved_model_file *file,
		struct file_reader *reader, struct outcome *outcome, struct fail *f);
};

static void damaged(struct findings *findings, const char *file, const char *what)
{
	findings_add(findings, FINDING_DAMAGE, file, -1, NULL, "%s", what);
}

static void fixable(struct findings *findings, const char *file, const char *what, const char *hint)
{
	damaged(findings, file, what);
	findings_hint(findings, hint);
}

static bool is_graph(const char *path)
{
	return text_equal(path, GRAPH);
}

static int read_graph(struct inspection *in, const struct saved_model_file *file,
	struct file_reader *reader, struct outcome *outcome, struct fail *f)
{
	return meta_graph_read(
		reader, file->size, file->path, &in->graph, &in->has_graph, &outcome->findings, f);
}

static bool is_fingerprint(const char *path)
{
	return text_equal(path, FINGERPRINT);
}

static int read_fingerprint(struct inspection *in, const struct saved_model_file *file,
	struct file_reader *reader, struct outcome *outcome, struct fail *f)
{
	return fingerprint_read(reader, file->size, file->path, &in->fingerprint,
		&in->has_fingerprint, &outcome->findings, f);
}

static bool is_index(const char *path)
{
	return text_equal(path, INDEX);
}

static int read_index(struct inspection *in, const struct saved_model_file *file,
	struct file_reader *reader, struct outcome *outcome, struct fail *f)
{
	if (file->size > BUNDLE_INDEX_MAX) {
		damaged(&outcome->findings, file->path, "longer than is read (6 MiB)");
		return 0;
	}
	size_t size = (size_t)file->size, got;
	uint8_t *bytes = memory_get(size + 1, 1);
	int result = file_reader_copy(reader, bytes, size, &got, f);
	if (result == 0) {
		in->has_index = true;
		in->index_hash = fingerprint64(bytes, got);
		in->has_bundle =
			tensor_bundle_read(&in->bundle, bytes, got, file->path, &outcome->findings);
	}
	free(bytes);
	return result;
}

static bool is_shard(const char *path)
{
	return text_starts_with(path, SHARD);
}

/* The number of the shard that the path names; false where it is none of this bundle's. */
static bool shard_number(const struct inspection *in, const char *path, uint32_t *shard)
{
	unsigned long number = strtoul(path + strlen(SHARD), NULL, 10);
	if (number >= in->bundle.shard_count)
		return false;
	*shard = (uint32_t)number;
	char *name = shard_name(*shard, in->bundle.shard_count);
	bool is_it = text_equal(path + strlen("variables/"), name);
	free(name);
	return is_it;
}

static int read_shard(struct inspection *in, const struct saved_model_file *file,
	struct file_reader *reader, struct outcome *outcome, struct fail *f)
{
	uint32_t shard;
	if (!in->has_bundle)
		return 0;
	if (!shard_number(in, file->path, &shard)) {
		findings_add(&outcome->findings, FINDING_DAMAGE, file->path, -1, NULL,
			"a shard that the index does not know: it names %" PRIu32,
			in->bundle.shard_count);
		findings_hint(&outcome->findings,
			"it is left of an earlier export into the same directory: remove it, and "
			"export into an empty directory");
		return 0;
	}
	return shard_read(reader, file->size, file->path, &in->bundle, shard, &outcome->count,
		&outcome->findings, f);
}

static bool is_any(const char *path)
{
	(void)path;
	return true;
}

static int read_other(struct inspection *in, const struct saved_model_file *file,
	struct file_reader *reader, struct outcome *outcome, struct fail *f)
{
	(void)in;
	(void)file;
	(void)reader;
	(void)outcome;
	(void)f;
	return 0;
}

/* In the order of reading. */
static const struct part parts[] = {
	{is_graph, read_graph},
	{is_fingerprint, read_fingerprint},
	{is_index, read_index},
	{is_shard, read_shard}, /* from here on what the index says is asked for */
	{is_any, read_other},
};
static const struct part *const parts_index = &parts[2];
static const struct part *const parts_by_index = &parts[3];
static const struct part *const parts_end = parts + sizeof(parts) / sizeof(*parts);

static const struct part *part_of(const char *path)
{
	const struct part *part = parts;
	while (!part->is(path))
		part++;
	return part;
}

/* Files that are read side by side. */
struct batch {
	struct inspection *in;
	struct saved_model_file **files;
	size_t count;
	struct outcome outcomes[PARALLEL_WINDOW];
};

/* What stands for another file is that one's damage, and none of its own kind. */
static bool is_pointer(
	struct file_reader *reader, const struct saved_model_file *file, struct outcome *outcome)
{
	uint8_t head[64];
	const char *hint, *what;
	if (file->size > INPUT_POINTER_MAX)
		return false;
	what = input_pointer(head, reader_peek(reader, head, sizeof(head)), &hint);
	if (what != NULL) {
		findings_add(&outcome->findings, FINDING_DAMAGE, file->path, -1, NULL,
			"%s, not the file itself", what);
		findings_hint(&outcome->findings, hint);
	}
	return what != NULL;
}

static int read_file(void *context, size_t job, const atomic_bool *dropped, struct fail *f)
{
	struct batch *batch = context;
	struct inspection *in = batch->in;
	struct saved_model_file *file = batch->files[job];
	struct outcome *outcome = &batch->outcomes[job % PARALLEL_WINDOW];
	struct file_reader reader;
	if (file_reader_open(&reader, &in->tree, file->path, in->progress, f) != 0)
		return -1;
	reader.dropped = dropped;
	int result = is_pointer(&reader, file, outcome)
			     ? 0
			     : part_of(file->path)->read(in, file, &reader, outcome, f);
	if (result == 0)
		result = file_reader_finish(&reader, file->sha256, file->mac, f);
	file->has_mac = result == 0;
	if (result == 0 && reader.offset != file->size)
		damaged(&outcome->findings, file->path, "it was changed while it was read");
	file_reader_release(&reader);
	return result;
}

static void take_file(void *context, size_t job)
{
	struct batch *batch = context;
	struct outcome *outcome = &batch->outcomes[job % PARALLEL_WINDOW];
	batch->in->model->nan_count += outcome->count.nan;
	batch->in->model->inf_count += outcome->count.inf;
	findings_move(&batch->in->findings, &outcome->findings);
	*outcome = (struct outcome){0};
}

static void gather(struct batch *batch, const struct part *part)
{
	struct saved_model *model = batch->in->model;
	for (size_t i = 0; i < model->file_count; i++)
		if (part_of(model->files[i].path) == part)
			batch->files[batch->count++] = &model->files[i];
}

static int read_parts(
	struct inspection *in, const struct part *from, const struct part *to, struct fail *f)
{
	struct batch *batch = memory_get(1, sizeof(*batch));
	batch->in = in;
	batch->files = memory_get(in->model->file_count + 1, sizeof(*batch->files));
	for (const struct part *part = from; part < to; part++)
		gather(batch, part);
	const struct parallel_jobs jobs = {
		.count = batch->count, .run = read_file, .take = take_file, .context = batch};
	int result = parallel_run(&jobs, in->threads, f);
	for (size_t i = 0; i < PARALLEL_WINDOW; i++)
		findings_release(&batch->outcomes[i].findings);
	free(batch->files);
	free(batch);
	return result;
}

static int read_files(struct inspection *in, struct fail *f)
{
	/* not beside the graph: each takes much memory while it is read */
	if (read_parts(in, parts, parts_index, f) != 0 ||
		read_parts(in, parts_index, parts_by_index, f) != 0)
		return -1;
	return read_parts(in, parts_by_index, parts_end, f);
}

static int compare_path(const void *path, const void *file)
{
	return strcmp(path, ((const struct saved_model_file *)file)->path);
}

static bool has_file(const struct inspection *in, const char *path)
{
	const struct saved_model *model = in->model;
	return model->file_count > 0 && bsearch(path, model->files, model->file_count,
						sizeof(*model->files), compare_path) != NULL;
}

/* What a package will require, where it is not the very version. */
static void note_version(struct inspection *in)
{
	const char *version = in->graph.tensorflow_version, *why;
	char shown[64];
	char *requirement = tensorflow_requirement(version, &why);
	if (version != NULL && why != NULL)
		findings_add(&in->findings, FINDING_NOTE, GRAPH, -1, NULL,
			"written by TensorFlow %s: %s; unless the handoff has requirements, the "
			"package requires %s",
			escape_into(shown, sizeof(shown), version, strlen(version)), why,
			requirement);
	free(requirement);
}

static void check_graph(struct inspection *in)
{
	note_version(in);
	if (in->has_fingerprint && in->graph.has_checksum)
		fingerprint_check_graph(&in->fingerprint, GRAPH, in->graph.checksum, &in->findings);
	if (in->has_graph)
		meta_graph_check(&in->graph, GRAPH, &in->findings);
	if (has_file(in, GRAPH))
		return;
	if (has_file(in, "saved_model.cpb"))
		fixable(&in->findings, GRAPH,
			"not there: the graph is split (saved_model.cpb), not read here",
			"export with tf.saved_model.save and without its option "
			"experimental_image_format");
	else if (has_file(in, "saved_model.pbtxt"))
		fixable(&in->findings, GRAPH,
			"not there: the graph is text (saved_model.pbtxt), not read here",
			"export with model.export or tf.saved_model.save; TensorFlow 1's builder "
			"takes as_text=False");
	else
		damaged(&in->findings, GRAPH, "not there");
}

static void check_assets(struct inspection *in)
{
	for (size_t i = 0; i < in->graph.asset_count; i++) {
		const char *name = in->graph.assets[i];
		char *path = text_format(ASSETS "%s", name != NULL ? name : "");
		if (!has_file(in, path))
			fixable(&in->findings, path,
				"not there, though the graph names it as an asset", COPY_WHOLE);
		free(path);
	}
}

static void check_shards(struct inspection *in)
{
	for (uint32_t i = 0; in->has_bundle && i < in->bundle.shard_count; i++) {
		char *name = shard_name(i, in->bundle.shard_count);
		char *path = text_format("variables/%s", name);
		if (!has_file(in, path))
			fixable(&in->findings, path, "not there", COPY_WHOLE);
		free(path);
		free(name);
	}
}

static bool has_shards(const struct inspection *in)
{
	for (size_t i = 0; i < in->model->file_count; i++)
		if (is_shard(in->model->files[i].path))
			return true;
	return false;
}

static void check_variables(struct inspection *in)
{
	check_shards(in);
	if (in->has_fingerprint)
		fingerprint_check(&in->fingerprint, FINGERPRINT,
			in->has_index ? &in->index_hash : NULL, &in->findings);
	if (has_file(in, INDEX))
		return;
	if (has_shards(in))
		damaged(&in->findings, INDEX, "not there, though shards are");
	else if (in->has_graph && in->graph.has_saver)
		damaged(&in->findings, INDEX,
			"not there, though the graph restores variables from it");
}

static int compare_name(const void *name, const void *asset)
{
	return strcmp(name, *(char *const *)asset);
}

static bool is_named_asset(const struct inspection *in, const char *path)
{
	const struct meta_graph *graph = &in->graph;
	return graph->asset_count > 0 &&
	       bsearch(path + strlen(ASSETS), graph->assets, graph->asset_count,
		       sizeof(*graph->assets), compare_name) != NULL;
}

/* A name that no package may carry is told here too: what passes an inspection can be packed. */
static void check_names(struct inspection *in)
{
	for (size_t i = 0; i < in->model->file_count; i++) {
		const char *path = in->model->files[i].path;
		const char *problem = plain_path_problem(path);
		if (problem == NULL)
			continue;
		findings_add(&in->findings, FINDING_DAMAGE, path, -1, NULL,
			"no name for a package: %s", problem);
		findings_hint(&in->findings, "rename the file or remove it");
	}
}

/* What else lies in the folder goes with the model, and is said. */
static void note_other_files(struct inspection *in)
{
	for (size_t i = 0; i < in->model->file_count; i++) {
		const char *path = in->model->files[i].path;
		if (is_graph(path) || is_fingerprint(path) || is_index(path) || is_shard(path) ||
			text_starts_with(path, "assets.extra/"))
			continue;
		bool is_asset = text_starts_with(path, ASSETS);
		if (is_asset && (!in->has_graph || is_named_asset(in, path)))
			continue;
		findings_add(&in->findings, FINDING_NOTE, path, -1, NULL, "%s",
			is_asset ? "an asset that the graph does not name"
				 : "no part of a SavedModel that is known");
	}
}

static void count_tensors(struct inspection *in)
{
	struct saved_model *model = in->model;
	const struct tensor_bundle *bundle = &in->bundle;
	model->shard_count = in->has_bundle ? bundle->shard_count : 0;
	for (size_t i = 0; in->has_bundle && i < bundle->count; i++) {
		const struct bundle_entry *entry = &bundle->entries[i];
		bool is_variable = tensor_bundle_is_variable(bundle, entry);
		if ((is_variable || entry->is_slice) && !entry->is_sliced)
			model->tensor_bytes += entry->size;
		if (!is_variable)
			continue;
		model->tensor_count++;
		if (dtype_size(entry->dtype) > 0)
			model->parameter_count += entry->elements;
	}
}

static int list_files(struct inspection *in, struct fail *f)
{
	struct saved_model *model = in->model;
	struct file_list list;
	if (model_files_list(&in->tree, &list, f) != 0)
		return -1;
	model->file_count = list.count;
	model->files = memory_get(list.count + 1, sizeof(*model->files));
	for (size_t i = 0; i < list.count; i++) {
		model->files[i].path = text_copy(list.entries[i].path);
		model->files[i].size = list.entries[i].size;
		model->total_bytes += list.entries[i].size;
	}
	file_list_release(&list);
	return 0;
}

static int inspect(struct inspection *in, struct fail *f)
{
	if (list_files(in, f) != 0)
		return -1;
	if (in->progress != NULL)
		progress_start(in->progress, "inspect", in->model->total_bytes);
	int result = read_files(in, f);
	if (in->progress != NULL)
		progress_end(in->progress);
	if (result != 0)
		return -1;
	check_graph(in);
	check_assets(in);
	check_variables(in);
	check_names(in);
	note_other_files(in);
	count_tensors(in);
	return 0;
}

/* The model takes what it keeps of the graph. */
static void hand_over(struct inspection *in)
{
	struct saved_model *model = in->model;
	model->tensorflow_version = in->graph.tensorflow_version;
	model->signatures = in->graph.signatures;
	model->signature_count = in->graph.signature_count;
	model->tags = in->graph.tags;
	model->tag_count = in->graph.tag_count;
	in->graph.tensorflow_version = NULL;
	in->graph.tags = NULL;
	in->graph.tag_count = 0;
	in->graph.signatures = NULL;
	in->graph.signature_count = 0;
	findings_take(&in->findings, &model->findings, &model->finding_count);
}

int saved_model_read_on(const char *folder, unsigned threads, struct progress *progress,
	struct saved_model *model, struct fail *f)
{
	struct inspection in = {.threads = threads, .progress = progress, .model = model};
	*model = (struct saved_model){0};
	int result = input_check(folder, f);
	if (result == 0)
		result = tree_open(folder, &in.tree, f);
	if (result == 0)
		result = inspect(&in, f);
	if (result == 0)
		hand_over(&in);
	else
		saved_model_release(model);
	findings_release(&in.findings);
	meta_graph_release(&in.graph);
	tensor_bundle_release(&in.bundle);
	tree_release(&in.tree);
	return result;
}

int saved_model_read(
	const char *folder, struct progress *progress, struct saved_model *model, struct fail *f)
{
	return saved_model_read_on(folder, parallel_threads(), progress, model, f);
}

void saved_model_release(struct saved_model *model)
{
	signature_def_release_all(model->signatures, model->signature_count);
	findings_release_list(model->findings, model->finding_count);
	for (size_t i = 0; i < model->file_count; i++)
		free(model->files[i].path);
	free(model->files);
	names_release(model->tags, model->tag_count);
	free(model->tensorflow_version);
	*model = (struct saved_model){0};
}
