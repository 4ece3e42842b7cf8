/* HDFS's checksums: those of a real NameNode of Hadoop 3.4.2 for the same bytes, and what is none.
 */
#include "unit.h"

#include "store/hdfs/checksum.h"

#define SIZE 5000

static uint8_t content[SIZE];

static int fill(void **state)
{
	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		content[i] = (uint8_t)(i % 251);
	return 0;
}

static const struct row {
	const char *name;
	size_t size;
	uint64_t block;
	const char *algorithm;
	const char *bytes;
} rows[] = {
	{"five blocks", SIZE, 1024, "MD5-of-2MD5-of-512CRC32C",
		"0000020000000000000000022dda31ce8ffbb69839e22b05b864361700000000"},
	{"three blocks", SIZE, 2048, "MD5-of-4MD5-of-512CRC32C",
		"00000200000000000000000448804a454112b177052bc1afc458ef3200000000"},
	{"one block", SIZE, 134217728, "MD5-of-0MD5-of-512CRC32C",
		"000002000000000000000000760068f2d3da6750b8ffc8cf7dd1f93500000000"},
	{"one full block", 1024, 1024, "MD5-of-0MD5-of-512CRC32C",
		"00000200000000000000000050ff11bcb16278c91f4d4bdfcbaa2bab00000000"},
	{"two full blocks", 1024, 512, "MD5-of-1MD5-of-512CRC32C",
		"0000020000000000000000018de207ebfc9ce2e1b798c7321381081d00000000"},
	{"of the whole file", 9, 512, "COMPOSITE-CRC32C", "e3069283"},
};

static const void *bytes_of(const struct row *row)
{
	return row->size == 9 ? (const void *)"123456789" : content;
}

static void sum_of(struct hdfs_sum *sum, const struct row *row, size_t step)
{
	hdfs_sum_init(sum, row->block, 512);
	for (size_t at = 0; at < row->size; at += step)
		hdfs_sum_add(sum, (const uint8_t *)bytes_of(row) + at,
			row->size - at < step ? row->size - at : step);
}

static void what_a_real_namenode_says_is_what_is_computed(void **state)
{
	static const size_t steps[] = {1, 7, 511, 512, 513, 1024, SIZE};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t j = 0; j < COUNT(steps); j++) {
			struct hdfs_checksum told;
			struct hdfs_sum sum;
			assert_row(hdfs_checksum_parse(rows[i].algorithm, rows[i].bytes, &told),
				rows[i].name);
			sum_of(&sum, &rows[i], steps[j]);
			assert_row(hdfs_sum_fits(&sum, &told), rows[i].name);
			assert_row(hdfs_sum_is(&sum, &told), rows[i].name);
			assert_row(hdfs_sum_is(&sum, &told), rows[i].name);
			hdfs_sum_release(&sum);
		}
}

static void one_bit_makes_it_another(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hdfs_checksum told;
		struct hdfs_sum sum;
		uint8_t copy[SIZE];
		assert_true(hdfs_checksum_parse(rows[i].algorithm, rows[i].bytes, &told));
		memcpy(copy, bytes_of(&rows[i]), rows[i].size);
		copy[rows[i].size - 1] ^= 1;
		hdfs_sum_init(&sum, rows[i].block, 512);
		hdfs_sum_add(&sum, copy, rows[i].size);
		assert_row(!hdfs_sum_is(&sum, &told), rows[i].name);
		hdfs_sum_release(&sum);
	}
}

static void a_sum_of_other_blocks_does_not_fit(void **state)
{
	struct hdfs_checksum told;
	struct hdfs_sum sum;
	(void)state;
	assert_true(hdfs_checksum_parse(rows[0].algorithm, rows[0].bytes, &told));
	sum_of(&sum, &rows[1], SIZE);
	assert_false(hdfs_sum_fits(&sum, &told));
	assert_false(hdfs_sum_is(&sum, &told));
	hdfs_sum_release(&sum);
	assert_true(hdfs_checksum_parse(rows[2].algorithm, rows[2].bytes, &told));
	sum_of(&sum, &rows[0], SIZE); /* one block there, five here */
	assert_false(hdfs_sum_fits(&sum, &told));
	hdfs_sum_release(&sum);
}

static void what_is_no_such_checksum_is_not_taken(void **state)
{
	static const struct {
		const char *algorithm, *bytes;
	} wrong[] = {
		{"", ""},
		{"COMPOSITE-CRC32C", "e30692"},
		{"COMPOSITE-CRC32C", "e306928x"},
		{"COMPOSITE-CRC32", "e3069283"},
		{"MD5-of-0MD5-of-512CRC32",
			"000002000000000000000000760068f2d3da6750b8ffc8cf7dd1f935"},
		{"MD5-of-0MD5-of-0CRC32C",
			"000000000000000000000000760068f2d3da6750b8ffc8cf7dd1f935"},
		{"MD5-of-2MD5-of-512CRC32C",
			"000002000000000000000000760068f2d3da6750b8ffc8cf7dd1f935"},
		{"MD5-of-0MD5-of-512CRC32C", "0000020000"},
		{"MD5-of-18446744073709551615MD5-of-512CRC32C",
			"00000200ffffffffffffffff760068f2d3da6750b8ffc8cf7dd1f935"},
	};
	struct hdfs_checksum told;
	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_row(!hdfs_checksum_parse(wrong[i].algorithm, wrong[i].bytes, &told),
			wrong[i].algorithm);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_real_namenode_says_is_what_is_computed),
		cmocka_unit_test(one_bit_makes_it_another),
		cmocka_unit_test(a_sum_of_other_blocks_does_not_fit),
		cmocka_unit_test(what_is_no_such_checksum_is_not_taken),
	};
	return cmocka_run_group_tests(tests, fill, NULL);
}
