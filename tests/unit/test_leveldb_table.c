/* LevelDB tables: what is written comes back, and no byte can change unseen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "packaging/savedmodel/leveldb_table.h"
#include "table_maker.h"

#define ENTRIES 20

static void make_entries(struct table_maker *maker)
{
	for (int i = 0; i < ENTRIES; i++) {
		char key[32], value[32];
		snprintf(key, sizeof(key), "layer/%02d/kernel", i);
		snprintf(value, sizeof(value), "value %d", i * i);
		table_maker_add(maker, key, strlen(key), value, strlen(value));
	}
	table_maker_finish(maker);
}

static void make(struct table_maker *maker)
{
	*maker = (struct table_maker){.block_entries = 8};
	make_entries(maker);
}

static bool compare(const struct leveldb_table_entry *entry, void *context)
{
	int *count = context;
	char key[32], value[32];
	snprintf(key, sizeof(key), "layer/%02d/kernel", *count);
	snprintf(value, sizeof(value), "value %d", *count * *count);
	(*count)++;
	assert_int_equal(entry->key_size, strlen(key));
	assert_memory_equal(entry->key, key, entry->key_size);
	assert_int_equal(entry->value_size, strlen(value));
	assert_memory_equal(entry->value, value, entry->value_size);
	return true;
}

static bool pass(const struct leveldb_table_entry *entry, void *context)
{
	(void)entry;
	(void)context;
	return true;
}

/* Walks a copy of exactly that size, so that a read beyond it is seen; gives the first finding. */
static bool walk(const void *bytes, size_t size, char *text, size_t text_size, int64_t *offset)
{
	struct findings findings = {0};
	uint8_t *copy = memory_get(size + 1, 1);
	memcpy(copy + 1, bytes, size);
	bool whole = leveldb_table_walk(copy + 1, size, "index", pass, NULL, &findings);
	assert_int_equal(findings.count, whole ? 0 : 1);
	if (!whole) {
		snprintf(text, text_size, "%s", findings.list[0].text);
		*offset = findings.list[0].offset;
		assert_in_range(*offset, 0, size);
	}
	findings_release(&findings);
	free(copy);
	return whole;
}

static void entries_come_back_in_order(void **state)
{
	struct findings findings = {0};
	struct table_maker maker;
	int count = 0;
	(void)state;
	make(&maker);
	assert_true(leveldb_table_walk(
		(uint8_t *)maker.file.data, maker.file.size, "index", compare, &count, &findings));
	assert_int_equal(count, ENTRIES);
	assert_int_equal(findings.count, 0);
	text_release(&maker.file);
}

static void every_changed_byte_is_seen(void **state)
{
	struct table_maker maker;
	char text[256];
	int64_t offset;
	(void)state;
	make(&maker);
	for (size_t at = 0; at < maker.file.size; at++)
		for (int bit = 0; bit < 8; bit++) {
			maker.file.data[at] ^= (char)(1 << bit);
			assert_false(walk(
				maker.file.data, maker.file.size, text, sizeof(text), &offset));
			maker.file.data[at] ^= (char)(1 << bit);
		}
	assert_true(walk(maker.file.data, maker.file.size, text, sizeof(text), &offset));
	text_release(&maker.file);
}

static void every_cut_and_every_addition_is_seen(void **state)
{
	struct table_maker maker;
	char text[256];
	int64_t offset;
	(void)state;
	make(&maker);
	for (size_t size = 0; size < maker.file.size; size++)
		assert_false(walk(maker.file.data, size, text, sizeof(text), &offset));
	put_byte(&maker.file, 0);
	assert_false(walk(maker.file.data, maker.file.size, text, sizeof(text), &offset));
	text_release(&maker.file);
}

/* A literal of all of it: the least that a Snappy stream can be. */
static void put_snappy(struct text *out, const struct text *block)
{
	put_varint(out, block->size);
	put_byte(out, 61 << 2);
	put_byte(out, (block->size - 1) & 0xff);
	put_byte(out, (unsigned)((block->size - 1) >> 8));
	text_add(out, text_string(block), block->size);
}

static void blocks_compressed_with_snappy_are_read_and_every_change_seen(void **state)
{
	struct findings findings = {0};
	struct table_maker maker = {.block_entries = 8, .compress = put_snappy};
	char text[256];
	int64_t offset;
	int count = 0;
	(void)state;
	make_entries(&maker);
	assert_true(leveldb_table_walk(
		(uint8_t *)maker.file.data, maker.file.size, "index", compare, &count, &findings));
	assert_int_equal(count, ENTRIES);
	for (size_t at = 0; at < maker.file.size; at++) {
		maker.file.data[at] ^= 1;
		assert_false(walk(maker.file.data, maker.file.size, text, sizeof(text), &offset));
		maker.file.data[at] ^= 1;
	}
	text_release(&maker.file);
}

static void put_half(struct text *out, const struct text *block)
{
	struct text whole = {0};
	put_snappy(&whole, block);
	text_add(out, text_string(&whole), whole.size / 2);
	text_release(&whole);
}

static void put_double(struct text *out, const struct text *block)
{
	put_snappy(out, block);
	put_snappy(out, block);
}

static void put_huge(struct text *out, const struct text *block)
{
	(void)block;
	put_varint(out, UINT32_MAX);
}

static void put_none(struct text *out, const struct text *block)
{
	(void)block;
	put_varint(out, 0);
}

/* The checksums hold: it is what they cover that cannot be. */
static void a_compressed_block_that_does_not_decode_is_damage(void **state)
{
	static const struct {
		void (*compress)(struct text *out, const struct text *block);
		const char *text;
	} rows[] = {
		{put_half, "a block compressed with Snappy does not decode: a literal that is cut "
			   "short"},
		{put_double, "a block compressed with Snappy does not decode: "},
		{put_huge, "a block compressed with Snappy does not decode: it is larger than is "
			   "read"},
		{put_none, "a block without restart points"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct table_maker maker = {.block_entries = 8, .compress = rows[i].compress};
		char text[256];
		int64_t offset;
		make_entries(&maker);
		assert_false(walk(maker.file.data, maker.file.size, text, sizeof(text), &offset));
		assert_int_equal(strncmp(text, rows[i].text, strlen(rows[i].text)), 0);
		assert_int_equal(offset, 0);
		text_release(&maker.file);
	}
}

static void a_block_of_unknown_compression_is_refused(void **state)
{
	struct table_maker maker = {.compression = 2};
	char text[256];
	int64_t offset;
	(void)state;
	make_entries(&maker);
	assert_false(walk(maker.file.data, maker.file.size, text, sizeof(text), &offset));
	assert_string_equal(text, "a block whose kind of compression is unknown");
	text_release(&maker.file);
}

static void keys_out_of_order_are_refused(void **state)
{
	static const char *const second[] = {"", "a", "ab", "b"}; /* after "b" */
	(void)state;
	for (size_t i = 0; i < 4; i++)
		for (size_t block_entries = 1; block_entries <= 2; block_entries++) {
			struct table_maker maker = {.block_entries = block_entries};
			char text[256];
			int64_t offset;
			table_maker_add(&maker, "b", 1, "", 0);
			table_maker_add(&maker, second[i], strlen(second[i]), "", 0);
			table_maker_finish(&maker);
			assert_false(walk(
				maker.file.data, maker.file.size, text, sizeof(text), &offset));
			text_release(&maker.file);
		}
}

/* Data blocks with right checksums around bytes that are none. */
static void entries_that_cannot_be_are_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		const char *text;
	} rows[] = {
		{"", 0, "a block without restart points"},
		{"\0\0\0\0\0\0\0\0", 8, "a block without restart points"},
		{"\0\1\1ab\xff\0\0\0\xff\xff\xff\x7f", 13, "a block without restart points"},
		{"\0\5\1ab\0\0\0\0\1\0\0\0", 13, "an entry that is cut short"},
		{"\0\1\5ab\0\0\0\0\1\0\0\0", 13, "an entry that is cut short"},
		{"\0\xff\0\0\0\0\1\0\0\0", 10, "an entry that is cut short"},
		{"\1\1\0a\0\0\0\0\1\0\0\0", 12, "a restart point whose key is not whole"},
		{"\0\1\0a\1\0\0\0\1\0\0\0", 12, "a restart point where no entry begins"},
		{"\0\1\0a\2\1\0b\0\0\0\0\1\0\0\0", 16, "an entry whose key cannot be"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text file = {0}, block = {0}, index = {0}, key = {0};
		char text[256] = "";
		int64_t offset;
		text_add(&block, rows[i].bytes, rows[i].size);
		text_add_string(&key, "z");
		put_index_entry(&index, &key, 0, block.size);
		put_fixed32(&index, 0);
		put_fixed32(&index, 1);
		put_block(&file, &block, 0);
		put_table_end(&file, &index);
		assert_false(walk(file.data, file.size, text, sizeof(text), &offset));
		assert_string_equal(text, rows[i].text);
		text_release(&file);
		text_release(&block);
		text_release(&index);
		text_release(&key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_come_back_in_order),
		cmocka_unit_test(every_changed_byte_is_seen),
		cmocka_unit_test(every_cut_and_every_addition_is_seen),
		cmocka_unit_test(blocks_compressed_with_snappy_are_read_and_every_change_seen),
		cmocka_unit_test(a_compressed_block_that_does_not_decode_is_damage),
		cmocka_unit_test(a_block_of_unknown_compression_is_refused),
		cmocka_unit_test(keys_out_of_order_are_refused),
		cmocka_unit_test(entries_that_cannot_be_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
