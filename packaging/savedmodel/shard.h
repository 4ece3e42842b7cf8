/* shard - one data file of a tensor bundle, read once: the CRC32C of every tensor in it, NaN and
 * Inf, and bytes that are no tensor's.
 */
#ifndef MODELHOOK_PACKAGING_SAVEDMODEL_SHARD_H
#define MODELHOOK_PACKAGING_SAVEDMODEL_SHARD_H

#include "base/fail.h"
#include "packaging/savedmodel/file_reader.h"
#include "packaging/savedmodel/tensor_bundle.h"

/* shard_count - what the tensors added up to */
struct shard_count {
	uint64_t nan;
	uint64_t inf;
};

/* shard_read - check the bytes of shard number `shard` against the index. `size` is the file's. */
MUST_CHECK int shard_read(struct file_reader *reader, uint64_t size, const char *file,
	const struct tensor_bundle *bundle, uint32_t shard, struct shard_count *count,
	struct findings *findings, struct fail *f);

/* shard_name - "variables.data-00000-of-00001"; the caller frees it */
char *shard_name(uint32_t shard, uint32_t shard_count);

#endif
