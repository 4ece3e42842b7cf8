/* checksum - the checksum that HDFS gives of a file, and the same of bytes that we have.
 *
 * By default it is MD5-of-xMD5-of-yCRC32C: the MD5 of the MD5s of all blocks, each over the
 * CRC-32Cs (big endian) of the block's chunks of y bytes. x is the number of chunks in a block, 0
 * where the file has but one; so the sum depends on the size of blocks and chunks, which the answer
 * tells. A cluster may be set to give COMPOSITE-CRC32C instead, the CRC-32C of the whole file.
 * (org.apache.hadoop.fs.MD5MD5CRC32FileChecksum, CompositeCrcFileChecksum)
 */
#ifndef MODELHOOK_STORE_HDFS_CHECKSUM_H
#define MODELHOOK_STORE_HDFS_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* struct hdfs_checksum - what the cluster says */
struct hdfs_checksum {
	bool composite;
	uint32_t chunk;		   /* bytes, 0 where composite */
	uint64_t chunks_per_block; /* 0: one block */
	uint8_t md5[16];
	uint32_t crc32c; /* where composite */
};

/* hdfs_checksum_parse - false where it is of a kind that is not known here */
bool hdfs_checksum_parse(const char *algorithm, const char *bytes, struct hdfs_checksum *checksum);

/* struct hdfs_sum - of bytes as they go by, for blocks and chunks of these sizes */
struct hdfs_sum {
	uint32_t chunk;
	uint64_t block;
	uint64_t size;	 /* bytes so far */
	uint32_t crc32c; /* of all */
	uint32_t chunk_crc32c;
	void *block_md5; /* of the block that is not full */
	void *file_md5;	 /* of the blocks before it */
	uint64_t blocks;
	bool ended;
	uint8_t md5[16]; /* once ended */
};

/* hdfs_sum_init - block is a multiple of chunk */
void hdfs_sum_init(struct hdfs_sum *sum, uint64_t block, uint32_t chunk);
void hdfs_sum_add(struct hdfs_sum *sum, const void *bytes, size_t size);
void hdfs_sum_release(struct hdfs_sum *sum);

/* hdfs_sum_fits - whether the checksum was made of blocks and chunks of the same sizes */
bool hdfs_sum_fits(const struct hdfs_sum *sum, const struct hdfs_checksum *checksum);

/* hdfs_sum_is - whether they are the same; ends the sum: nothing is added any more */
bool hdfs_sum_is(struct hdfs_sum *sum, const struct hdfs_checksum *checksum);

#endif
