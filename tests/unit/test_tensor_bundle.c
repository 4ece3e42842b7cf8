/* Tensor bundles: entries that agree with themselves and with their shard, and each that does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fail.h"
#include "packaging/savedmodel/dtype.h"
#include "packaging/savedmodel/shard.h"
#include "packaging/savedmodel/slice_key.h"
#include "packaging/savedmodel/tensor_bundle.h"
#include "table_maker.h"

#define NAN_BITS 0x7fc00000u

/* A bundle of one shard with these tensors, and the findings of reading both. */
struct case_of {
	const struct made_entry *entries;
	size_t count;
	uint64_t shards; /* that the header says */
	const void *shard;
	size_t size;
};

static void read_case(const struct case_of *c, struct findings *findings, struct shard_count *count)
{
	struct table_maker maker = {0};
	struct tensor_bundle bundle;
	struct fail f;
	add_header(&maker, c->shards);
	for (size_t i = 0; i < c->count; i++) {
		char key[2] = {(char)('a' + i), '\0'};
		add_entry(&maker, key, 1, &c->entries[i]);
	}
	table_maker_finish(&maker);
	if (tensor_bundle_read(
		    &bundle, (uint8_t *)maker.file.data, maker.file.size, "index", findings)) {
		struct file_reader reader;
		file_reader_of_memory(&reader, c->shard, c->size);
		assert_int_equal(
			shard_read(&reader, c->size, "shard", &bundle, 0, count, findings, &f), 0);
		file_reader_release(&reader);
	}
	tensor_bundle_release(&bundle);
	text_release(&maker.file);
}

static void expect(const struct case_of *c, const char *file, int64_t offset, const char *tensor,
	const char *text)
{
	struct findings findings = {0};
	struct shard_count count = {0};
	read_case(c, &findings, &count);
	assert_int_equal(findings.count, 1);
	assert_string_equal(findings.list[0].file, file);
	if (offset >= 0)
		assert_int_equal(findings.list[0].offset, offset);
	if (tensor == NULL)
		assert_null(findings.list[0].tensor);
	else
		assert_string_equal(findings.list[0].tensor, tensor);
	assert_non_null(strstr(findings.list[0].text, text));
	findings_release(&findings);
}

static uint32_t masked(const void *bytes, size_t size)
{
	return crc32c_mask(crc32c_add(0, bytes, size));
}

/* Two tensors of four and two floats that fill 24 bytes; the tests change one thing each. */
static void make(struct made_entry entries[2], float shard[6])
{
	for (int i = 0; i < 6; i++)
		shard[i] = (float)i;
	entries[0] = (struct made_entry){.dtype = DTYPE_FLOAT,
		.dims = {2, 2},
		.rank = 2,
		.size = 16,
		.crc = masked(shard, 16)};
	entries[1] = (struct made_entry){.dtype = DTYPE_FLOAT,
		.dims = {2},
		.rank = 1,
		.offset = 16,
		.size = 8,
		.crc = masked(shard + 4, 8)};
}

static void a_sound_bundle_has_no_findings(void **state)
{
	struct made_entry entries[2];
	struct findings findings = {0};
	struct shard_count count = {0};
	float shard[6];
	(void)state;
	make(entries, shard);
	read_case(&(struct case_of){entries, 2, 1, shard, sizeof(shard)}, &findings, &count);
	assert_int_equal(findings.count, 0);
	assert_int_equal(count.nan + count.inf, 0);
}

static void a_changed_bit_names_its_tensor(void **state)
{
	struct made_entry entries[2];
	float shard[6];
	(void)state;
	make(entries, shard);
	((uint8_t *)shard)[20] ^= 1;
	expect(&(struct case_of){entries, 2, 1, shard, sizeof(shard)}, "shard", 16, "b",
		"CRC32C is 0x");
}

static void a_short_shard_says_what_is_missing(void **state)
{
	struct made_entry entries[2];
	float shard[6];
	(void)state;
	make(entries, shard);
	expect(&(struct case_of){entries, 2, 1, shard, 21}, "shard", 16, "b",
		"3 of its 8 bytes are missing");
	expect(&(struct case_of){entries, 2, 1, shard, 16}, "shard", 16, "b",
		"8 of its 8 bytes are missing");
}

static void bytes_of_no_tensor_are_found(void **state)
{
	struct made_entry entries[2];
	float shard[6];
	(void)state;
	make(entries, shard);
	expect(&(struct case_of){entries, 1, 1, shard, 17}, "shard", 16, NULL,
		"1 byte that belongs to no tensor");
	expect(&(struct case_of){entries + 1, 1, 1, shard, 24}, "shard", 0, NULL,
		"16 bytes that belong to no tensor");
}

static void tensors_that_overlap_are_found(void **state)
{
	struct made_entry entries[2];
	float shard[6];
	(void)state;
	make(entries, shard);
	entries[1].offset = 12;
	expect(&(struct case_of){entries, 2, 1, shard, 20}, "shard", 12, "b", "overlaps");
}

static void entries_that_contradict_themselves_are_found(void **state)
{
	struct made_entry entries[2];
	float shard[6];
	struct case_of c = {entries, 2, 1, shard, sizeof(shard)};
	(void)state;
	make(entries, shard);
	entries[1].size = 12;
	expect(&c, "index", -1, "b", "2 elements of 4 bytes, but a size of 12");
	make(entries, shard);
	entries[1].dims[0] = -1;
	expect(&c, "index", -1, "b", "a shape that cannot be");
	make(entries, shard);
	entries[0].dims[0] = entries[0].dims[1] = INT64_MAX;
	expect(&c, "index", -1, "a", "a shape that cannot be");
	make(entries, shard);
	entries[0].dims[0] = INT64_MAX / 2;
	entries[0].dims[1] = 2;
	expect(&c, "index", -1, "a", "elements of 4 bytes");
	make(entries, shard);
	entries[1].shard = 1;
	expect(&c, "index", -1, "b", "a shard that does not exist");
	make(entries, shard);
	entries[1].offset = UINT64_MAX - 3;
	expect(&c, "index", -1, "b", "an offset or a size that cannot be");
	make(entries, shard);
	entries[1].dtype = 0;
	expect(&c, "index", -1, "b", "it has no dtype");
}

static void a_header_that_cannot_be_is_found(void **state)
{
	struct made_entry entries[2];
	float shard[6];
	(void)state;
	make(entries, shard);
	expect(&(struct case_of){entries, 2, 0, shard, 24}, "index", -1, NULL, "number of shards");
	expect(&(struct case_of){entries, 2, 100000, shard, 24}, "index", -1, NULL,
		"number of shards");
}

static void nan_is_named_with_its_place(void **state)
{
	struct made_entry entries[2];
	struct findings findings = {0};
	struct shard_count count = {0};
	uint32_t bits[6] = {0, 0, 0, 0, 0, NAN_BITS};
	float shard[6];
	(void)state;
	make(entries, shard);
	memcpy(shard, bits, sizeof(bits));
	entries[0].crc = masked(shard, 16);
	entries[1].crc = masked(shard + 4, 8);
	read_case(&(struct case_of){entries, 2, 1, shard, sizeof(shard)}, &findings, &count);
	assert_int_equal(findings.count, 1);
	assert_int_equal(findings.list[0].weight, FINDING_NONFINITE);
	assert_int_equal(findings.list[0].offset, 20);
	assert_string_equal(findings.list[0].tensor, "b");
	assert_int_equal(count.nan, 1);
	findings_release(&findings);
}

/* A matrix of 4 by 2 in two slices of rows; `missing` of them left out, `extra` in the shape. */
static bool read_slices(int missing, int64_t extra, struct findings *findings)
{
	struct table_maker maker = {0};
	struct text value = {0};
	struct tensor_bundle bundle;
	struct made_entry whole = {.dtype = DTYPE_FLOAT, .dims = {4 + extra, 2}, .rank = 2};
	add_header(&maker, 1);
	for (int i = 0; i < 2 - missing; i++) {
		struct made_entry part = {.dtype = DTYPE_FLOAT,
			.dims = {2, 2},
			.rank = 2,
			.offset = (uint64_t)i * 16,
			.size = 16};
		struct text key = {0};
		slice_key_begin(&key, "m", 1, 2);
		slice_key_add(&key, i * 2, 2);
		slice_key_add(&key, 0, -1);
		add_entry(&maker, key.data, key.size, &part);
		text_release(&key);
	}
	put_entry(&value, &whole);
	for (int i = 0; i < 2; i++) {
		struct text slice = {0}, rows = {0}, columns = {0};
		put_number(&rows, 1, (uint64_t)i * 2);
		put_number(&rows, 2, 2);
		put_message(&slice, 1, &rows);
		put_message(&slice, 1, &columns);
		put_message(&value, 7, &slice);
	}
	table_maker_add(&maker, "m", 1, value.data, value.size);
	table_maker_finish(&maker);
	bool whole_bundle = tensor_bundle_read(
		&bundle, (uint8_t *)maker.file.data, maker.file.size, "index", findings);
	tensor_bundle_release(&bundle);
	text_release(&maker.file);
	text_release(&value);
	return whole_bundle;
}

static void slices_are_found_by_their_keys(void **state)
{
	struct findings findings = {0};
	(void)state;
	assert_true(read_slices(0, 0, &findings));
	assert_int_equal(findings.count, 0);
}

static void a_missing_slice_is_found(void **state)
{
	struct findings findings = {0};
	(void)state;
	assert_false(read_slices(1, 0, &findings));
	assert_string_equal(findings.list[0].text, "one of its slices is not there");
	assert_string_equal(findings.list[0].tensor, "m");
	findings_release(&findings);
}

static void slices_that_leave_a_hole_are_found(void **state)
{
	struct findings findings = {0};
	(void)state;
	assert_false(read_slices(0, 1, &findings));
	assert_string_equal(findings.list[0].text, "its slices do not add up to its shape");
	findings_release(&findings);
}

static void names_from_outside_are_escaped(void **state)
{
	struct findings findings = {0};
	struct made_entry entry = {.dtype = DTYPE_FLOAT, .size = 5};
	struct table_maker maker = {0};
	struct tensor_bundle bundle;
	(void)state;
	add_header(&maker, 1);
	add_entry(&maker, "\x1b[2J\n", 5, &entry);
	table_maker_finish(&maker);
	assert_false(tensor_bundle_read(
		&bundle, (uint8_t *)maker.file.data, maker.file.size, "index", &findings));
	assert_string_equal(findings.list[0].tensor, "\\x1b[2J\\x0a");
	tensor_bundle_release(&bundle);
	text_release(&maker.file);
	findings_release(&findings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_bundle_has_no_findings),
		cmocka_unit_test(a_changed_bit_names_its_tensor),
		cmocka_unit_test(a_short_shard_says_what_is_missing),
		cmocka_unit_test(bytes_of_no_tensor_are_found),
		cmocka_unit_test(tensors_that_overlap_are_found),
		cmocka_unit_test(entries_that_contradict_themselves_are_found),
		cmocka_unit_test(a_header_that_cannot_be_is_found),
		cmocka_unit_test(nan_is_named_with_its_place),
		cmocka_unit_test(slices_are_found_by_their_keys),
		cmocka_unit_test(a_missing_slice_is_found),
		cmocka_unit_test(slices_that_leave_a_hole_are_found),
		cmocka_unit_test(names_from_outside_are_escaped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
