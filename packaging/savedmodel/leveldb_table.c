#include "packaging/savedmodel/leveldb_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "packaging/digest/crc32c.h"
#include "packaging/savedmodel/snappy.h"

#define FOOTER_SIZE 48
#define TRAILER_SIZE 5 /* of a block: compression, checksum */
#define SNAPPY 1       /* the kind of compression; 0: none */

static const uint8_t MAGIC[8] = {0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb};

/* Where a block is in the file; size without its trailer. */
struct handle {
	uint64_t offset;
	uint64_t size;
};

/* The key read last, which the next one must exceed. */
struct keys {
	struct text last;
	bool any;
};

struct walk {
	const uint8_t *bytes;
	size_t size;
	const char *file;
	struct findings *findings;
	leveldb_table_visitor *visitor;
	void *context;
	struct keys keys; /* of all data blocks */
	uint64_t next;	  /* where the next block must begin */
	size_t decoded;	  /* bytes of compressed blocks so far */
};

/* What is left to be parsed of some bytes. */
struct span {
	const uint8_t *at;
	const uint8_t *end;
};

/* A block's bytes as its entries are in them: those of the file, or decoded ones. */
struct block {
	struct span left;
	const uint8_t *start;
	uint64_t offset;  /* in the file */
	uint8_t *decoded; /* owned; NULL where it is not compressed */
};

typedef bool entry_taker(struct walk *walk, const struct leveldb_table_entry *entry);

static bool damaged(struct walk *walk, uint64_t offset, const char *what)
{
	findings_add(walk->findings, FINDING_DAMAGE, walk->file, (int64_t)offset, NULL, "%s", what);
	return false;
}

/* Where a byte of a block is in the file, as far as that can be said of decoded ones. */
static uint64_t offset_of(const struct block *block, const uint8_t *at)
{
	return block->offset + (block->decoded != NULL ? 0 : (uint64_t)(at - block->start));
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

/* The shortest form alone: a footer has no checksum, and must not change unseen. */
static bool get_varint(struct span *span, uint64_t *value)
{
	*value = 0;
	for (int shift = 0; shift < 64 && span->at < span->end; shift += 7) {
		uint8_t byte = *span->at++;
		if (shift == 63 && byte > 1)
			return false;
		*value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return byte != 0 || shift == 0;
	}
	return false;
}

static bool get_handle(struct span *span, struct handle *handle)
{
	return get_varint(span, &handle->offset) && get_varint(span, &handle->size);
}

static bool check_block(struct walk *walk, struct handle handle)
{
	uint64_t end = walk->size - FOOTER_SIZE;
	if (handle.offset > end)
		return damaged(walk, end, "a block that is said to begin beyond the last one");
	if (handle.size > end - handle.offset || end - handle.offset - handle.size < TRAILER_SIZE)
		return damaged(walk, handle.offset, "a block that is longer than the file");
	const uint8_t *bytes = walk->bytes + handle.offset;
	if (bytes[handle.size] > SNAPPY)
		return damaged(walk, handle.offset + handle.size,
			"a block whose kind of compression is unknown");
	uint32_t found = crc32c_mask(crc32c_add(0, bytes, handle.size + 1));
	uint32_t stored = get32(bytes + handle.size + 1);
	if (found != stored)
		findings_add(walk->findings, FINDING_DAMAGE, walk->file, (int64_t)handle.offset,
			NULL, "the block's CRC32C is 0x%08x, stored is 0x%08x", found, stored);
	return found == stored;
}

static bool decode_block(struct walk *walk, struct block *block)
{
	size_t size;
	const char *error = snappy_decode(block->start, (size_t)(block->left.end - block->start),
		TABLE_DECODED_MAX - walk->decoded, &block->decoded, &size);
	if (error != NULL) {
		findings_add(walk->findings, FINDING_DAMAGE, walk->file, (int64_t)block->offset,
			NULL, "a block compressed with Snappy does not decode: %s", error);
		return false;
	}
	walk->decoded += size;
	block->start = block->decoded;
	block->left = (struct span){block->start, block->start + size};
	return true;
}

/* A block's bytes, after its bounds, compression and checksum were looked at. */
static bool open_block(struct walk *walk, struct handle handle, struct block *block)
{
	if (!check_block(walk, handle))
		return false;
	const uint8_t *bytes = walk->bytes + handle.offset;
	*block = (struct block){
		.start = bytes, .offset = handle.offset, .left = {bytes, bytes + handle.size}};
	return bytes[handle.size] != SNAPPY || decode_block(walk, block);
}

/* The restart points at a block's end: cut them off and give them. */
static bool cut_restarts(struct walk *walk, struct block *block, struct span *restarts)
{
	const uint8_t *end = block->left.end;
	size_t size = (size_t)(end - block->start);
	uint32_t count = size >= 4 ? get32(end - 4) : 0;
	if (count == 0 || count > (size - 4) / 4)
		return damaged(walk, block->offset, "a block without restart points");
	*restarts = (struct span){end - 4 - 4 * (size_t)count, end - 4};
	block->left.end = restarts->at;
	return true;
}

/* Key order is by bytes, and no key comes twice. What two neighbours share needs no comparison. */
static bool is_in_order(const struct text *key, size_t shared, const uint8_t *rest, size_t size)
{
	size_t old = key->size - shared;
	int order = memcmp(text_string(key) + shared, rest, old < size ? old : size);
	return order < 0 || (order == 0 && old < size);
}

static bool get_entry(struct walk *walk, struct block *block, struct keys *keys,
	struct leveldb_table_entry *entry)
{
	struct text *key = &keys->last;
	struct span *span = &block->left;
	uint64_t start = offset_of(block, span->at);
	uint64_t shared, rest, value;
	if (!get_varint(span, &shared) || !get_varint(span, &rest) || !get_varint(span, &value))
		return damaged(walk, start, "an entry that is cut short");
	size_t left = (size_t)(span->end - span->at);
	if (rest > left || value > left - rest)
		return damaged(walk, start, "an entry that is cut short");
	if (shared > key->size || rest > TABLE_KEY_MAX - shared)
		return damaged(walk, start, "an entry whose key cannot be");
	if (keys->any && !is_in_order(key, (size_t)shared, span->at, (size_t)rest))
		return damaged(walk, start, "a key that is out of order");
	key->size = (size_t)shared;
	text_add(key, span->at, (size_t)rest);
	span->at += rest;
	keys->any = true;
	*entry = (struct leveldb_table_entry){.key = (const uint8_t *)text_string(key),
		.key_size = key->size,
		.value = span->at,
		.value_size = (size_t)value,
		.offset = offset_of(block, span->at)};
	span->at += value;
	return true;
}

/* At a restart point the key is written whole, and the points are the offsets of such entries. */
static bool is_restart(struct span *restarts, size_t at, const uint8_t *entry)
{
	if (restarts->at == restarts->end || get32(restarts->at) != at)
		return true;
	restarts->at += 4;
	return entry[0] == 0;
}

static bool walk_entries(
	struct walk *walk, struct block *block, struct keys *keys, entry_taker *take)
{
	struct span restarts, *left = &block->left;
	if (!cut_restarts(walk, block, &restarts))
		return false;
	bool is_empty = left->at == left->end;
	while (left->at < left->end) {
		struct leveldb_table_entry entry;
		if (!is_restart(&restarts, (size_t)(left->at - block->start), left->at))
			return damaged(walk, offset_of(block, left->at),
				"a restart point whose key is not whole");
		if (!get_entry(walk, block, keys, &entry) || !take(walk, &entry))
			return false;
	}
	if (restarts.at != restarts.end && !is_empty)
		return damaged(walk, offset_of(block, restarts.at),
			"a restart point where no entry begins");
	return true;
}

static bool walk_block(
	struct walk *walk, struct handle handle, struct keys *keys, entry_taker *take)
{
	struct block block = {0};
	bool whole = open_block(walk, handle, &block) && walk_entries(walk, &block, keys, take);
	free(block.decoded);
	return whole;
}

static bool give_to_visitor(struct walk *walk, const struct leveldb_table_entry *entry)
{
	return walk->visitor(entry, walk->context);
}

static bool ignore(struct walk *walk, const struct leveldb_table_entry *entry)
{
	(void)walk;
	(void)entry;
	return true;
}

/* Blocks follow one another from the file's first byte on, without a gap. */
static bool is_next(struct walk *walk, struct handle handle)
{
	if (handle.offset != walk->next)
		return damaged(walk, walk->next, "no block begins here, though one must");
	walk->next = handle.offset + handle.size + TRAILER_SIZE;
	return true;
}

/* An entry of the index block: a key not below the last one of its block, and where that is. */
static bool visit_data_block(struct walk *walk, const struct leveldb_table_entry *entry)
{
	struct span value = {entry->value, entry->value + entry->value_size};
	struct handle handle;
	if (!get_handle(&value, &handle) || value.at != value.end)
		return damaged(walk, entry->offset, "an index entry that names no block");
	if (!is_next(walk, handle) || !walk_block(walk, handle, &walk->keys, give_to_visitor))
		return false;
	const struct text *last = &walk->keys.last;
	size_t common = last->size < entry->key_size ? last->size : entry->key_size;
	int order = memcmp(text_string(last), entry->key, common);
	if (order > 0 || (order == 0 && last->size > entry->key_size))
		return damaged(walk, handle.offset, "a block with keys beyond what the index says");
	return true;
}

static bool read_footer(struct walk *walk, struct handle *meta, struct handle *index)
{
	if (walk->size < FOOTER_SIZE)
		return damaged(walk, 0, "too short for a table");
	uint64_t offset = walk->size - FOOTER_SIZE;
	struct span footer = {walk->bytes + offset, walk->bytes + walk->size - sizeof(MAGIC)};
	if (memcmp(footer.end, MAGIC, sizeof(MAGIC)) != 0)
		return damaged(walk, walk->size - sizeof(MAGIC),
			"it does not end in a table's magic number: cut short, added to, or "
			"another kind of file");
	if (!get_handle(&footer, meta) || !get_handle(&footer, index))
		return damaged(walk, offset, "a footer that cannot be read");
	while (footer.at < footer.end)
		if (*footer.at++ != 0)
			return damaged(walk, (uint64_t)(footer.at - walk->bytes) - 1,
				"bytes in the footer that must be 0");
	return true;
}

static bool visit_data_blocks(struct walk *walk, struct handle index)
{
	struct keys keys = {0};
	bool whole = walk_block(walk, index, &keys, visit_data_block);
	text_release(&keys.last);
	return whole;
}

static bool visit_meta_block(struct walk *walk, struct handle meta)
{
	struct keys keys = {0};
	bool whole = walk_block(walk, meta, &keys, ignore) && is_next(walk, meta);
	text_release(&keys.last);
	return whole;
}

static bool walk_table(struct walk *walk)
{
	struct handle meta, index;
	if (!read_footer(walk, &meta, &index) || !visit_data_blocks(walk, index) ||
		!visit_meta_block(walk, meta) || !is_next(walk, index))
		return false;
	if (walk->next != walk->size - FOOTER_SIZE)
		return damaged(walk, walk->next, "bytes between the last block and the footer");
	return true;
}

bool leveldb_table_walk(const uint8_t *bytes, size_t size, const char *file,
	leveldb_table_visitor *visitor, void *context, struct findings *findings)
{
	struct walk walk = {.bytes = bytes,
		.size = size,
		.file = file,
		.findings = findings,
		.visitor = visitor,
		.context = context};
	bool whole = walk_table(&walk);
	text_release(&walk.keys.last);
	return whole;
}
