/* tensor_bundle - the index of a tensor bundle (tensor_bundle.proto): which tensors there are, and
 * where in which shard.
 *
 * A tensor is an entry by its name. A sliced one has no bytes of its own but slices, each an entry
 * whose key is a NUL byte followed by name and extents in OrderedCode.
 *
 * Owns entries and names until tensor_bundle_release. An index of 100,000 tensors is read in 30 MB.
 * Bounded against hostile files by the limits below.
 */
#ifndef MODELHOOK_PACKAGING_SAVEDMODEL_TENSOR_BUNDLE_H
#define MODELHOOK_PACKAGING_SAVEDMODEL_TENSOR_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "packaging/savedmodel/findings.h"

#define BUNDLE_INDEX_MAX ((size_t)6 << 20) /* bytes of variables.index */
#define BUNDLE_NAMES_MAX ((size_t)6 << 20) /* bytes of all keys */
#define BUNDLE_ENTRIES_MAX 100000u
#define BUNDLE_SHARDS_MAX 99999u
#define BUNDLE_OBJECT_GRAPH "_CHECKPOINTABLE_OBJECT_GRAPH"

struct bundle_entry {
	uint64_t offset; /* in the shard */
	uint64_t size;
	uint64_t elements;
	uint64_t at;	   /* of its value in the index file */
	size_t key;	   /* in bundle.keys */
	uint32_t key_size; /* bytes */
	uint32_t shard;
	uint32_t crc; /* masked CRC32C of its bytes */
	int dtype;
	bool is_sliced;	 /* has slices instead of bytes */
	bool is_slice;	 /* is a slice of another entry */
	bool is_claimed; /* the entry that it is a slice of was found */
};

struct tensor_bundle {
	uint32_t shard_count;
	struct bundle_entry *entries; /* sorted by key */
	size_t count;
	struct text keys;
	struct bundle_entry **by_place; /* those with bytes, by shard and offset */
	size_t placed;
};

/* tensor_bundle_read - read the index from memory. False where it is damaged: findings name `file`,
 * and the entries are not to be relied on. */
bool tensor_bundle_read(struct tensor_bundle *bundle, const uint8_t *bytes, size_t size,
	const char *file, struct findings *findings);

/* tensor_bundle_name - what an entry is called, the slices of a tensor after it, for people; the
 * caller frees it */
char *tensor_bundle_name(const struct tensor_bundle *bundle, const struct bundle_entry *entry);

/* tensor_bundle_is_variable - whether an entry is a tensor of the model (not a slice, not the
 * object graph) */
bool tensor_bundle_is_variable(
	const struct tensor_bundle *bundle, const struct bundle_entry *entry);

void tensor_bundle_release(struct tensor_bundle *bundle);

#endif
