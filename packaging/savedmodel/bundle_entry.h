/* bundle_entry - BundleHeaderProto and BundleEntryProto, decoded one value at a time.
 *
 * Owns nothing: the shape of an entry is at most BUNDLE_RANK_MAX sizes, kept inside.
 */
#ifndef MODELHOOK_PACKAGING_SAVEDMODEL_BUNDLE_ENTRY_H
#define MODELHOOK_PACKAGING_SAVEDMODEL_BUNDLE_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packaging/savedmodel/findings.h"

#define BUNDLE_RANK_MAX 254 /* TensorFlow's own limit */

struct bundle_header {
	uint64_t shard_count;
	uint64_t endianness; /* 0 little */
	uint64_t min_consumer;
};

/* struct bundle_extent - length -1: all of the dimension */
struct bundle_extent {
	int64_t start;
	int64_t length;
};

/* tensor_bundle_slice_taker - is given every slice of an entry; false ends the decoding */
typedef bool tensor_bundle_slice_taker(
	const struct bundle_extent *extents, size_t count, void *context);

struct bundle_value {
	uint64_t dtype;
	uint64_t shard;
	uint64_t offset;
	uint64_t size;
	uint32_t crc;
	int64_t dims[BUNDLE_RANK_MAX];
	size_t rank;
	bool unknown_rank;
	size_t slice_count;
	tensor_bundle_slice_taker *take; /* NULL: slices are only counted */
	void *context;
};

/* Both give false where the bytes do not decode; *error says why then. `value` brings its taker. */
bool bundle_header_decode(
	struct bundle_header *header, const uint8_t *bytes, size_t size, const char **error);
bool bundle_value_decode(
	struct bundle_value *value, const uint8_t *bytes, size_t size, const char **error);

/* bundle_value_elements - product of the dimensions; false where one is negative or the product
 * is beyond 2^63 */
bool bundle_value_elements(const struct bundle_value *value, uint64_t *elements);

#endif
