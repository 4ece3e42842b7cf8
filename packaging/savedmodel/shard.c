#include "packaging/savedmodel/shard.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/text.h"
#include "packaging/digest/crc32c.h"
#include "packaging/savedmodel/dtype.h"
#include "packaging/savedmodel/nonfinite.h"
#include "packaging/savedmodel/string_tensor.h"

/* One shard while it is read. */
struct pass {
	struct file_reader *reader;
	uint64_t size;
	uint64_t covered; /* by the tensors so far */
	const char *file;
	const struct tensor_bundle *bundle;
	struct shard_count *count;
	struct findings *findings;
};

/* The checks of one tensor while its bytes pass. */
struct tensor {
	uint32_t crc;
	struct nonfinite nonfinite;
	struct string_tensor strings;
};

static void finding(struct pass *pass, enum finding_weight weight, const struct bundle_entry *entry,
	uint64_t offset, const char *text)
{
	char *name = tensor_bundle_name(pass->bundle, entry);
	findings_add(pass->findings, weight, pass->file, (int64_t)offset, name, "%s", text);
	free(name);
}

static void stray_bytes(struct pass *pass, uint64_t offset, uint64_t size)
{
	findings_add(pass->findings, FINDING_DAMAGE, pass->file, (int64_t)offset, NULL,
		"%" PRIu64 " byte%s that belong%s to no tensor", size, size == 1 ? "" : "s",
		size == 1 ? "s" : "");
}

static int skip_to(struct pass *pass, uint64_t offset, struct fail *f)
{
	const uint8_t *bytes;
	size_t size = 1;
	while (pass->reader->offset < offset && size > 0) {
		uint64_t left = offset - pass->reader->offset;
		size_t max = left < SIZE_MAX ? (size_t)left : SIZE_MAX;
		if (file_reader_lend(pass->reader, max, &bytes, &size, f) != 0)
			return -1;
	}
	return 0;
}

static int read_tensor(
	struct pass *pass, const struct bundle_entry *entry, struct tensor *tensor, struct fail *f)
{
	bool is_string = entry->dtype == DTYPE_STRING;
	nonfinite_begin(&tensor->nonfinite, entry->dtype);
	string_tensor_begin(&tensor->strings, entry->elements);
	for (uint64_t left = entry->size; left > 0;) {
		const uint8_t *bytes;
		size_t size, max = left < SIZE_MAX ? (size_t)left : SIZE_MAX;
		if (file_reader_lend(pass->reader, max, &bytes, &size, f) != 0)
			return -1;
		if (size == 0)
			return 0;
		if (is_string)
			string_tensor_add(&tensor->strings, bytes, size);
		else
			tensor->crc = crc32c_add(tensor->crc, bytes, size);
		nonfinite_add(&tensor->nonfinite, bytes, size);
		left -= size;
	}
	if (is_string)
		tensor->crc = tensor->strings.crc;
	return 0;
}

static void judge_nonfinite(
	struct pass *pass, const struct bundle_entry *entry, const struct nonfinite *scan)
{
	char text[128];
	if (scan->nan + scan->inf == 0)
		return;
	pass->count->nan += scan->nan;
	pass->count->inf += scan->inf;
	snprintf(text, sizeof(text), "%" PRIu64 " NaN and %" PRIu64 " Inf, the first here",
		scan->nan, scan->inf);
	finding(pass, FINDING_NONFINITE, entry, entry->offset + scan->first, text);
}

static void judge(struct pass *pass, const struct bundle_entry *entry, const struct tensor *tensor)
{
	char text[128];
	const char *wrong = NULL;
	uint32_t masked = crc32c_mask(tensor->crc);
	if (entry->dtype == DTYPE_STRING)
		wrong = string_tensor_finish(&tensor->strings);
	if (wrong == NULL && masked != entry->crc) {
		snprintf(text, sizeof(text), "CRC32C is 0x%08x, the index says 0x%08x", masked,
			entry->crc);
		wrong = text;
	}
	if (wrong != NULL)
		finding(pass, FINDING_DAMAGE, entry, entry->offset, wrong);
	else
		judge_nonfinite(pass, entry, &tensor->nonfinite);
}

/* Whether the entry's bytes are all in the file, and no other tensor's. */
static bool is_readable(struct pass *pass, const struct bundle_entry *entry)
{
	uint64_t end = entry->offset + entry->size;
	if (end > pass->size) {
		char text[128];
		uint64_t missing = end - pass->size;
		snprintf(text, sizeof(text), "%" PRIu64 " of its %" PRIu64 " bytes are missing",
			missing < entry->size ? missing : entry->size, entry->size);
		finding(pass, FINDING_DAMAGE, entry, entry->offset, text);
		return false;
	}
	if (entry->size > 0 && entry->offset < pass->covered) {
		finding(pass, FINDING_DAMAGE, entry, entry->offset,
			"it overlaps the tensor before it");
		return false;
	}
	return true;
}

/* What lies between the tensors so far and this one; tensors follow one another. */
static void cover(struct pass *pass, uint64_t from, uint64_t to)
{
	from = from < pass->size ? from : pass->size;
	to = to < pass->size ? to : pass->size;
	if (from > pass->covered)
		stray_bytes(pass, pass->covered, from - pass->covered);
	if (to > pass->covered)
		pass->covered = to;
}

static int check_tensor(struct pass *pass, const struct bundle_entry *entry, struct fail *f)
{
	struct tensor tensor = {0};
	if (entry->dtype == DTYPE_VARIANT || entry->dtype == DTYPE_RESOURCE) {
		finding(pass, FINDING_NOTE, entry, entry->offset,
			"a tensor of objects: its checksum is not looked at");
		return 0;
	}
	if (skip_to(pass, entry->offset, f) != 0 || read_tensor(pass, entry, &tensor, f) != 0)
		return -1;
	judge(pass, entry, &tensor);
	return 0;
}

static const struct bundle_entry *const *first_of(
	const struct tensor_bundle *bundle, uint32_t shard)
{
	size_t low = 0, high = bundle->placed;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (bundle->by_place[middle]->shard < shard)
			low = middle + 1;
		else
			high = middle;
	}
	return (const struct bundle_entry *const *)bundle->by_place + low;
}

int shard_read(struct file_reader *reader, uint64_t size, const char *file,
	const struct tensor_bundle *bundle, uint32_t shard, struct shard_count *count,
	struct findings *findings, struct fail *f)
{
	struct pass pass = {.reader = reader,
		.size = size,
		.file = file,
		.bundle = bundle,
		.count = count,
		.findings = findings};
	const struct bundle_entry *const *entry = first_of(bundle, shard);
	const struct bundle_entry *const *end =
		(const struct bundle_entry *const *)bundle->by_place + bundle->placed;
	for (; entry < end && (*entry)->shard == shard; entry++) {
		bool readable = is_readable(&pass, *entry);
		cover(&pass, (*entry)->offset, (*entry)->offset + (*entry)->size);
		if (readable && check_tensor(&pass, *entry, f) != 0)
			return -1;
	}
	cover(&pass, size, size);
	return 0;
}

char *shard_name(uint32_t shard, uint32_t shard_count)
{
	return text_format("variables.data-%05" PRIu32 "-of-%05" PRIu32, shard, shard_count);
}
