#include "packaging/savedmodel/tensor_bundle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "packaging/savedmodel/bundle_entry.h"
#include "packaging/savedmodel/dtype.h"
#include "packaging/savedmodel/leveldb_table.h"
#include "packaging/savedmodel/slice_key.h"

/* A reading of one index. */
struct reading {
	struct tensor_bundle *bundle;
	const char *file;
	struct findings *findings;
	size_t capacity;
	size_t seen; /* in the second pass */
	bool has_header;
	bool has_slices;
};

/* The slices of one tensor, checked one after another. */
struct slices {
	struct reading *reading;
	const struct bundle_entry *whole;
	const struct bundle_value *value;
	uint64_t elements; /* of those found */
	bool is_broken;
};

static const char *key_of(const struct tensor_bundle *bundle, const struct bundle_entry *entry)
{
	return bundle->keys.data + entry->key;
}

char *tensor_bundle_name(const struct tensor_bundle *bundle, const struct bundle_entry *entry)
{
	struct text name = {0};
	if (entry->is_slice) {
		slice_key_name(&name, key_of(bundle, entry), entry->key_size);
		text_add_string(&name, " (a slice of it)");
	} else {
		text_add(&name, key_of(bundle, entry), entry->key_size);
	}
	return text_take(&name);
}

bool tensor_bundle_is_variable(const struct tensor_bundle *bundle, const struct bundle_entry *entry)
{
	const size_t size = strlen(BUNDLE_OBJECT_GRAPH);
	return !entry->is_slice &&
	       !(entry->key_size == size &&
		       memcmp(key_of(bundle, entry), BUNDLE_OBJECT_GRAPH, size) == 0);
}

static bool damaged(struct reading *reading, uint64_t offset, const char *what)
{
	findings_add(reading->findings, FINDING_DAMAGE, reading->file, (int64_t)offset, NULL, "%s",
		what);
	return false;
}

static bool damaged_entry(
	struct reading *reading, const struct bundle_entry *entry, const char *what)
{
	char *name = tensor_bundle_name(reading->bundle, entry);
	findings_add(reading->findings, FINDING_DAMAGE, reading->file, (int64_t)entry->at, name,
		"%s", what);
	free(name);
	return false;
}

static bool read_header(struct reading *reading, const struct leveldb_table_entry *entry)
{
	struct bundle_header header;
	const char *error;
	if (entry->key_size != 0)
		return damaged(reading, entry->offset, "the bundle's header is not there");
	if (!bundle_header_decode(&header, entry->value, entry->value_size, &error)) {
		findings_add(reading->findings, FINDING_DAMAGE, reading->file,
			(int64_t)entry->offset, NULL, "the bundle's header does not decode: %s",
			error);
		return false;
	}
	if (header.endianness != 0)
		return damaged(reading, entry->offset, "tensors in big-endian order are not read");
	if (header.min_consumer > 1)
		return damaged(reading, entry->offset,
			"a bundle of a later version: it asks for readers newer than this one");
	if (header.shard_count == 0 || header.shard_count > BUNDLE_SHARDS_MAX)
		return damaged(reading, entry->offset, "a number of shards that cannot be");
	reading->bundle->shard_count = (uint32_t)header.shard_count;
	reading->has_header = true;
	return true;
}

static bool add_entry(struct reading *reading, const struct leveldb_table_entry *entry,
	struct bundle_entry **added)
{
	struct tensor_bundle *bundle = reading->bundle;
	if (bundle->count == BUNDLE_ENTRIES_MAX ||
		entry->key_size > BUNDLE_NAMES_MAX - bundle->keys.size)
		return damaged(reading, entry->offset, "more tensors than are read");
	if (bundle->count == reading->capacity) {
		reading->capacity = reading->capacity * 3 / 2 + 64;
		bundle->entries =
			memory_grow(bundle->entries, reading->capacity, sizeof(*bundle->entries));
	}
	*added = &bundle->entries[bundle->count++];
	**added = (struct bundle_entry){.at = entry->offset,
		.key = bundle->keys.size,
		.key_size = (uint32_t)entry->key_size,
		.is_slice = entry->key[0] == 0};
	text_add(&bundle->keys, entry->key, entry->key_size);
	return true;
}

static void note_dtype(struct reading *reading, const struct bundle_entry *entry)
{
	char *name = tensor_bundle_name(reading->bundle, entry);
	findings_add(reading->findings, FINDING_NOTE, reading->file, (int64_t)entry->at, name,
		"dtype %d is not known here: its size is not checked", entry->dtype);
	free(name);
}

/* What an entry says of itself must agree before its bytes are looked for. */
static bool check_value(
	struct reading *reading, const struct bundle_entry *entry, const struct bundle_value *value)
{
	size_t element = dtype_size(entry->dtype);
	uint64_t bytes, end;
	if (entry->dtype <= 0)
		return damaged_entry(reading, entry, "it has no dtype");
	if (dtype_name(entry->dtype) == NULL)
		note_dtype(reading, entry);
	if (entry->is_sliced)
		return entry->is_slice ? damaged_entry(reading, entry, "a slice with slices")
				       : true;
	if (value->shard >= reading->bundle->shard_count)
		return damaged_entry(reading, entry, "it is in a shard that does not exist");
	if (__builtin_add_overflow(value->offset, value->size, &end) || end > INT64_MAX)
		return damaged_entry(reading, entry, "an offset or a size that cannot be");
	if (element == 0)
		return true;
	if (__builtin_mul_overflow(entry->elements, (uint64_t)element, &bytes) ||
		bytes != value->size) {
		char what[128];
		snprintf(what, sizeof(what),
			"it has %" PRIu64 " elements of %zu bytes, but a size of %" PRIu64,
			entry->elements, element, value->size);
		return damaged_entry(reading, entry, what);
	}
	return true;
}

static bool read_entry(struct reading *reading, const struct leveldb_table_entry *from)
{
	struct bundle_value value = {0};
	struct bundle_entry *entry;
	const char *error;
	if (!add_entry(reading, from, &entry))
		return false;
	if (!bundle_value_decode(&value, from->value, from->value_size, &error)) {
		char what[128];
		snprintf(what, sizeof(what), "its entry does not decode: %s", error);
		return damaged_entry(reading, entry, what);
	}
	if (value.unknown_rank || !bundle_value_elements(&value, &entry->elements))
		return damaged_entry(reading, entry, "a shape that cannot be");
	entry->dtype = value.dtype <= INT32_MAX ? (int)value.dtype : -1;
	entry->is_sliced = value.slice_count > 0;
	reading->has_slices |= entry->is_sliced || entry->is_slice;
	if (!check_value(reading, entry, &value))
		return false;
	entry->shard = (uint32_t)value.shard;
	entry->offset = value.offset;
	entry->size = value.size;
	entry->crc = value.crc;
	return true;
}

static bool visit(const struct leveldb_table_entry *entry, void *context)
{
	struct reading *reading = context;
	if (!reading->has_header)
		return read_header(reading, entry);
	return read_entry(reading, entry);
}

static struct bundle_entry *find(struct tensor_bundle *bundle, const struct text *key)
{
	size_t low = 0, high = bundle->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct bundle_entry *entry = &bundle->entries[middle];
		size_t common = entry->key_size < key->size ? entry->key_size : key->size;
		int order = memcmp(key_of(bundle, entry), key->data, common);
		if (order == 0 && entry->key_size == key->size)
			return entry;
		if (order < 0 || (order == 0 && entry->key_size < key->size))
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* How many elements the extents take; false where they are outside of the shape. */
static bool count_elements(const struct bundle_value *value, const struct bundle_extent *extents,
	size_t count, uint64_t *elements)
{
	struct bundle_value part = {.rank = count};
	if (count != value->rank)
		return false;
	for (size_t i = 0; i < count; i++) {
		int64_t start = extents[i].start, length = extents[i].length;
		bool all = length < 0;
		if (start < 0 || start > value->dims[i] ||
			(!all && length > value->dims[i] - start))
			return false;
		part.dims[i] = all ? value->dims[i] : length;
	}
	return bundle_value_elements(&part, elements);
}

static bool check_slice(const struct bundle_extent *extents, size_t count, void *context)
{
	struct slices *slices = context;
	struct tensor_bundle *bundle = slices->reading->bundle;
	struct text key = {0};
	uint64_t elements;
	if (!count_elements(slices->value, extents, count, &elements)) {
		slices->is_broken = true;
		return damaged_entry(
			slices->reading, slices->whole, "a slice outside of its shape");
	}
	slice_key_begin(&key, key_of(bundle, slices->whole), slices->whole->key_size, count);
	for (size_t i = 0; i < count; i++)
		slice_key_add(&key, extents[i].start, extents[i].length);
	struct bundle_entry *part = find(bundle, &key);
	text_release(&key);
	if (part == NULL || part->is_claimed || part->elements != elements ||
		part->dtype != slices->whole->dtype) {
		slices->is_broken = true;
		return damaged_entry(slices->reading, slices->whole,
			part == NULL ? "one of its slices is not there"
				     : "a slice that is not what it says");
	}
	part->is_claimed = true;
	slices->elements += elements;
	return true;
}

/* The second pass, for bundles with slices alone: every slice of every sliced tensor is there. */
static bool visit_slices(const struct leveldb_table_entry *from, void *context)
{
	struct reading *reading = context;
	if (from->key_size == 0)
		return true;
	const struct bundle_entry *entry = &reading->bundle->entries[reading->seen++];
	if (!entry->is_sliced)
		return true;
	struct slices slices = {.reading = reading, .whole = entry};
	struct bundle_value value = {.take = check_slice, .context = &slices};
	const char *error;
	slices.value = &value;
	if (!bundle_value_decode(&value, from->value, from->value_size, &error))
		return slices.is_broken ? false : damaged_entry(reading, entry, error);
	if (slices.elements != entry->elements)
		return damaged_entry(reading, entry, "its slices do not add up to its shape");
	return true;
}

static bool check_claims(struct reading *reading)
{
	struct tensor_bundle *bundle = reading->bundle;
	for (size_t i = 0; i < bundle->count; i++) {
		struct bundle_entry *entry = &bundle->entries[i];
		if (entry->is_slice && !entry->is_claimed)
			return damaged_entry(reading, entry, "a slice of no tensor");
	}
	return true;
}

static int compare_places(const void *a, const void *b)
{
	const struct bundle_entry *x = *(struct bundle_entry *const *)a;
	const struct bundle_entry *y = *(struct bundle_entry *const *)b;
	if (x->shard != y->shard)
		return x->shard < y->shard ? -1 : 1;
	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	/* what is empty comes first where another tensor begins */
	return (x->size > y->size) - (x->size < y->size);
}

static void order_by_place(struct tensor_bundle *bundle)
{
	bundle->by_place = memory_get(bundle->count + 1, sizeof(struct bundle_entry *));
	for (size_t i = 0; i < bundle->count; i++)
		if (!bundle->entries[i].is_sliced)
			bundle->by_place[bundle->placed++] = &bundle->entries[i];
	qsort(bundle->by_place, bundle->placed, sizeof(struct bundle_entry *), compare_places);
}

bool tensor_bundle_read(struct tensor_bundle *bundle, const uint8_t *bytes, size_t size,
	const char *file, struct findings *findings)
{
	struct reading reading = {.bundle = bundle, .file = file, .findings = findings};
	*bundle = (struct tensor_bundle){0};
	if (!leveldb_table_walk(bytes, size, file, visit, &reading, findings))
		return false;
	if (!reading.has_header)
		return damaged(&reading, 0, "the bundle's header is not there");
	if (reading.has_slices &&
		(!leveldb_table_walk(bytes, size, file, visit_slices, &reading, findings) ||
			!check_claims(&reading)))
		return false;
	order_by_place(bundle);
	return true;
}

void tensor_bundle_release(struct tensor_bundle *bundle)
{
	free(bundle->entries);
	free(bundle->by_place);
	text_release(&bundle->keys);
	*bundle = (struct tensor_bundle){0};
}
