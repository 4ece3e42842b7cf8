#include "store/hdfs/checksum.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/panic.h"
#include "packaging/digest/crc32c.h"

#define MD5_BYTES 16
#define HEADER_BYTES 12 /* bytes per CRC (4), CRCs per block (8), both big endian */

static bool unhex(const char *hex, uint8_t *out, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned byte;
		if (strspn(hex + 2 * i, "0123456789abcdefABCDEF") < 2 ||
			sscanf(hex + 2 * i, "%2x", &byte) != 1)
			return false;
		out[i] = (uint8_t)byte;
	}
	return true;
}

static uint64_t big_endian(const uint8_t *bytes, size_t size)
{
	uint64_t value = 0;
	for (size_t i = 0; i < size; i++)
		value = value << 8 | bytes[i];
	return value;
}

/* The answer's bytes may be followed by zeros: they come out of a larger buffer. */
bool hdfs_checksum_parse(const char *algorithm, const char *bytes, struct hdfs_checksum *checksum)
{
	uint8_t raw[HEADER_BYTES + MD5_BYTES];
	char wanted[80];
	*checksum = (struct hdfs_checksum){0};
	if (strcmp(algorithm, "COMPOSITE-CRC32C") == 0) {
		checksum->composite = true;
		if (!unhex(bytes, raw, 4))
			return false;
		checksum->crc32c = (uint32_t)big_endian(raw, 4);
		return true;
	}
	if (!unhex(bytes, raw, sizeof(raw)))
		return false;
	checksum->chunk = (uint32_t)big_endian(raw, 4);
	checksum->chunks_per_block = big_endian(raw + 4, 8);
	memcpy(checksum->md5, raw + HEADER_BYTES, MD5_BYTES);
	snprintf(wanted, sizeof(wanted), "MD5-of-%lluMD5-of-%uCRC32C",
		(unsigned long long)checksum->chunks_per_block, checksum->chunk);
	return strcmp(algorithm, wanted) == 0 && checksum->chunk > 0 &&
	       checksum->chunks_per_block <= UINT64_MAX / checksum->chunk;
}

static EVP_MD_CTX *md5_new(void)
{
	EVP_MD_CTX *md5 = EVP_MD_CTX_new();
	if (md5 == NULL)
		panic_out_of_memory();
	return md5;
}

static void md5_begin(EVP_MD_CTX *md5)
{
	INVARIANT(EVP_DigestInit_ex(md5, EVP_md5(), NULL) == 1);
}

static void md5_end(EVP_MD_CTX *md5, uint8_t digest[EVP_MAX_MD_SIZE])
{
	INVARIANT(EVP_DigestFinal_ex(md5, digest, NULL) == 1);
}

void hdfs_sum_init(struct hdfs_sum *sum, uint64_t block, uint32_t chunk)
{
	INVARIANT(chunk > 0 && block > 0 && block % chunk == 0);
	*sum = (struct hdfs_sum){.chunk = chunk, .block = block};
	sum->block_md5 = md5_new();
	sum->file_md5 = md5_new();
	md5_begin(sum->block_md5);
	md5_begin(sum->file_md5);
}

void hdfs_sum_release(struct hdfs_sum *sum)
{
	EVP_MD_CTX_free(sum->block_md5);
	EVP_MD_CTX_free(sum->file_md5);
	*sum = (struct hdfs_sum){0};
}

static void end_chunk(struct hdfs_sum *sum)
{
	uint32_t crc = sum->chunk_crc32c;
	uint8_t bytes[4] = {
		(uint8_t)(crc >> 24), (uint8_t)(crc >> 16), (uint8_t)(crc >> 8), (uint8_t)crc};
	INVARIANT(EVP_DigestUpdate(sum->block_md5, bytes, sizeof(bytes)) == 1);
	sum->chunk_crc32c = 0;
}

static void end_block(struct hdfs_sum *sum)
{
	sum->blocks++;
	uint8_t digest[EVP_MAX_MD_SIZE];
	md5_end(sum->block_md5, digest);
	INVARIANT(EVP_DigestUpdate(sum->file_md5, digest, MD5_BYTES) == 1);
	md5_begin(sum->block_md5);
}

void hdfs_sum_add(struct hdfs_sum *sum, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	sum->crc32c = crc32c_add(sum->crc32c, bytes, size);
	while (size > 0) {
		size_t room = sum->chunk - (size_t)(sum->size % sum->chunk);
		size_t some = size < room ? size : room;
		sum->chunk_crc32c = crc32c_add(sum->chunk_crc32c, at, some);
		sum->size += some;
		at += some;
		size -= some;
		if (some == room)
			end_chunk(sum);
		if (sum->size % sum->block == 0)
			end_block(sum);
	}
}

/* Hadoop takes the digest of the whole buffer that the blocks' sums lie in: 32 bytes, doubled until
 * they fit, the rest zeros. */
static void add_rest_of_buffer(struct hdfs_sum *sum)
{
	static const uint8_t zeros[MD5_BYTES];
	uint64_t slots = 2;
	while (slots < sum->blocks)
		slots *= 2;
	for (; slots > sum->blocks; slots--)
		INVARIANT(EVP_DigestUpdate(sum->file_md5, zeros, MD5_BYTES) == 1);
}

static void end_file(struct hdfs_sum *sum)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	if (sum->ended)
		return;
	if (sum->size % sum->chunk != 0)
		end_chunk(sum);
	if (sum->size % sum->block != 0)
		end_block(sum);
	add_rest_of_buffer(sum);
	md5_end(sum->file_md5, digest);
	memcpy(sum->md5, digest, MD5_BYTES);
	sum->ended = true;
}

bool hdfs_sum_fits(const struct hdfs_sum *sum, const struct hdfs_checksum *checksum)
{
	uint64_t block = checksum->chunks_per_block * checksum->chunk;
	if (checksum->composite)
		return true;
	return checksum->chunk == sum->chunk &&
	       (block == 0 ? sum->size <= sum->block : block == sum->block);
}

bool hdfs_sum_is(struct hdfs_sum *sum, const struct hdfs_checksum *checksum)
{
	if (!hdfs_sum_fits(sum, checksum))
		return false;
	if (checksum->composite)
		return sum->crc32c == checksum->crc32c;
	end_file(sum);
	return memcmp(sum->md5, checksum->md5, MD5_BYTES) == 0;
}
