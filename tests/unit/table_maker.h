/* table_maker - writes LevelDB tables, bundle entries and SavedModels by hand, for tests: small,
 * and with every checksum right, so that a test breaks exactly what it means to break.
 */
#ifndef MODELHOOK_TESTS_TABLE_MAKER_H
#define MODELHOOK_TESTS_TABLE_MAKER_H

#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "packaging/digest/crc32c.h"

#define MAKER __attribute__((unused)) static

MAKER void put_byte(struct text *out, unsigned byte)
{
	uint8_t value = (uint8_t)byte;
	text_add(out, &value, 1);
}

MAKER void put_varint(struct text *out, uint64_t value)
{
	for (; value > 127; value >>= 7)
		put_byte(out, (unsigned)(value & 127) | 128);
	put_byte(out, (unsigned)value);
}

MAKER void put_fixed32(struct text *out, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		put_byte(out, value >> (8 * i) & 0xff);
}

/* Fields of a protocol buffer. */
MAKER void put_number(struct text *out, unsigned field, uint64_t value)
{
	put_varint(out, field << 3);
	put_varint(out, value);
}

MAKER void put_bytes(struct text *out, unsigned field, const void *bytes, size_t size)
{
	put_varint(out, field << 3 | 2);
	put_varint(out, size);
	text_add(out, bytes, size);
}

MAKER void put_string(struct text *out, unsigned field, const char *string)
{
	put_bytes(out, field, string, strlen(string));
}

/* Adds the inner message as a field and releases it. */
MAKER void put_message(struct text *out, unsigned field, struct text *inner)
{
	put_bytes(out, field, text_string(inner), inner->size);
	text_release(inner);
}

/* A table that is being written; blocks of at most block_entries entries (0: one block). */
struct table_maker {
	struct text file;
	struct text block;
	struct text restarts;
	struct text index;
	struct text last; /* key */
	size_t entries;	  /* in the block */
	size_t block_entries;
	unsigned compression; /* the byte after a data block */
	void (*compress)(struct text *out, const struct text *block); /* of every block; or NULL */
	uint32_t restart_count;
};

MAKER void put_block(struct text *file, const struct text *block, unsigned compression)
{
	size_t start = file->size;
	text_add(file, text_string(block), block->size);
	put_byte(file, compression);
	put_fixed32(
		file, crc32c_mask(crc32c_add(0, text_string(file) + start, file->size - start)));
}

MAKER void put_handle(struct text *out, uint64_t offset, uint64_t size)
{
	put_varint(out, offset);
	put_varint(out, size);
}

/* An index entry with its key whole; every one is a restart point. */
MAKER void put_index_entry(
	struct text *index, const struct text *key, uint64_t offset, uint64_t size)
{
	struct text handle = {0};
	put_handle(&handle, offset, size);
	put_varint(index, 0);
	put_varint(index, key->size);
	put_varint(index, handle.size);
	text_add(index, text_string(key), key->size);
	text_add(index, text_string(&handle), handle.size);
	text_release(&handle);
}

/* The block as it stands in the file: compressed where the maker does so. */
MAKER size_t table_maker_put(struct table_maker *maker, const struct text *block)
{
	struct text stored = {0};
	if (maker->compress != NULL)
		maker->compress(&stored, block);
	else
		text_add(&stored, text_string(block), block->size);
	size_t size = stored.size;
	put_block(&maker->file, &stored, maker->compress != NULL ? 1 : maker->compression);
	text_release(&stored);
	return size;
}

MAKER void table_maker_flush(struct table_maker *maker)
{
	if (maker->entries == 0)
		return;
	text_add(&maker->block, text_string(&maker->restarts), maker->restarts.size);
	put_fixed32(&maker->block, maker->restart_count);
	uint64_t offset = maker->file.size;
	size_t size = table_maker_put(maker, &maker->block);
	put_index_entry(&maker->index, &maker->last, offset, size);
	text_clear(&maker->block);
	text_clear(&maker->restarts);
	maker->restart_count = 0;
	maker->entries = 0;
}

/* The next entry; a restart point at every third, the others share what they can. */
MAKER void table_maker_add(struct table_maker *maker, const void *key, size_t key_size,
	const void *value, size_t value_size)
{
	size_t shared = 0;
	if (maker->entries % 3 == 0) {
		put_fixed32(&maker->restarts, (uint32_t)maker->block.size);
		maker->restart_count++;
	} else {
		while (shared < key_size && shared < maker->last.size &&
			maker->last.data[shared] == ((const char *)key)[shared])
			shared++;
	}
	put_varint(&maker->block, shared);
	put_varint(&maker->block, key_size - shared);
	put_varint(&maker->block, value_size);
	text_add(&maker->block, (const char *)key + shared, key_size - shared);
	text_add(&maker->block, value, value_size);
	text_clear(&maker->last);
	text_add(&maker->last, key, key_size);
	maker->entries++;
	if (maker->entries == maker->block_entries)
		table_maker_flush(maker);
}

/* Meta block, index block (of the bytes given, restart points included) and footer. */
MAKER void put_table_end(struct text *file, const struct text *index)
{
	struct text footer = {0}, meta = {0};
	put_fixed32(&meta, 0);
	put_fixed32(&meta, 1);
	put_handle(&footer, file->size, meta.size);
	put_block(file, &meta, 0);
	put_handle(&footer, file->size, index->size);
	put_block(file, index, 0);
	while (footer.size < 40)
		put_byte(&footer, 0);
	text_add(&footer, "\x57\xfb\x80\x8b\x24\x75\x47\xdb", 8);
	text_add(file, text_string(&footer), footer.size);
	text_release(&footer);
	text_release(&meta);
}

/* The whole file into maker->file; the rest is released. */
MAKER void table_maker_finish(struct table_maker *maker)
{
	table_maker_flush(maker);
	put_fixed32(&maker->index, 0);
	put_fixed32(&maker->index, 1);
	put_table_end(&maker->file, &maker->index);
	text_release(&maker->block);
	text_release(&maker->restarts);
	text_release(&maker->index);
	text_release(&maker->last);
}

MAKER void add_header(struct table_maker *maker, uint64_t shards)
{
	struct text header = {0}, version = {0};
	put_number(&version, 1, 1);
	put_number(&header, 1, shards);
	put_message(&header, 3, &version);
	table_maker_add(maker, "", 0, text_string(&header), header.size);
	text_release(&header);
}

/* One tensor as its entry says it. */
struct made_entry {
	int dtype;
	int64_t dims[3];
	size_t rank;
	uint64_t shard, offset, size;
	uint32_t crc; /* masked */
};

MAKER void put_shape(struct text *out, unsigned field, const int64_t *dims, size_t rank)
{
	struct text shape = {0};
	for (size_t i = 0; i < rank; i++) {
		struct text dim = {0};
		put_number(&dim, 1, (uint64_t)dims[i]);
		put_message(&shape, 2, &dim);
	}
	put_message(out, field, &shape);
}

MAKER void put_entry(struct text *out, const struct made_entry *entry)
{
	put_number(out, 1, (uint64_t)entry->dtype);
	put_shape(out, 2, entry->dims, entry->rank);
	put_number(out, 3, entry->shard);
	put_number(out, 4, entry->offset);
	put_number(out, 5, entry->size);
	put_varint(out, 6 << 3 | 5);
	put_fixed32(out, entry->crc);
}

MAKER void add_entry(
	struct table_maker *maker, const void *key, size_t key_size, const struct made_entry *entry)
{
	struct text value = {0};
	put_entry(&value, entry);
	table_maker_add(maker, key, key_size, text_string(&value), value.size);
	text_release(&value);
}

#endif
