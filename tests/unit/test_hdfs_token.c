/* Delegation tokens: the file, and the tokens as WebHDFS takes them, were made by Hadoop 3.4.2. */
#include "unit.h"

#include "store/hdfs/token.h"

/* two tokens for HDFS, of the NameNode 10.0.0.5:8020 and of the name service "pair", and YARN's */
#define FILE_OF_HADOOP TEST_DATA "/hadoop-credentials"
#define IDENTIFIER "HAAEYW5uYQR5YXJuAIoBohSrekCKAaI4t_5ABwIUdHdlbnR5LWJ5dGVzLW9m"

static uint8_t bytes[4096];
static size_t size;
static char *token;
static struct fail f;

static int set_up(void **state)
{
	FILE *file = fopen(FILE_OF_HADOOP, "rb");
	(void)state;
	if (file == NULL)
		return -1;
	size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	return size > 300 ? 0 : -1;
}

static void the_token_of_the_file_system_is_found(void **state)
{
	static const struct {
		const char *authority, *token;
	} rows[] = {
		{"pair", IDENTIFIER "LWhhISEVSERGU19ERUxFR0FUSU9OX1RPS0VODGhhLWhkZnM6cGFpcg"},
		{"10.0.0.5:8020",
			IDENTIFIER "LWtleSEVSERGU19ERUxFR0FUSU9OX1RPS0VODTEwLjAuMC41OjgwMjA"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(hdfs_token_find(bytes, size, rows[i].authority, &token, &f), 0);
		assert_string_equal(token, rows[i].token);
		free(token);
	}
	assert_int_equal(hdfs_token_find(bytes, size, "namenode:8020", &token, &f), 0);
	assert_non_null(token); /* a host by another name: any of them */
	free(token);
}

static void a_file_without_one_for_hdfs_gives_none(void **state)
{
	static const uint8_t none[] = "HDTS\0\0\0", other[] = "HDTS\0\1\1a\1i\1p\4KIND\1s";
	(void)state;
	assert_int_equal(hdfs_token_find(none, sizeof(none) - 1, "pair", &token, &f), 0);
	assert_null(token);
	assert_int_equal(hdfs_token_find(other, sizeof(other) - 1, "pair", &token, &f), 0);
	assert_null(token);
}

static void what_is_cut_short_is_refused(void **state)
{
	(void)state;
	for (size_t cut = 0; cut < 300; cut += 7) {
		assert_int_equal(hdfs_token_find(bytes, cut, "pair", &token, &f), -1);
		assert_int_equal(f.status, STATUS_CONFIGURATION);
		assert_null(token);
	}
}

static void what_is_no_such_file_is_refused(void **state)
{
	static const uint8_t newer[] = "HDTS\1\2", negative[] = "HDTS\0\1\x87\xff";
	(void)state;
	assert_failure(hdfs_token_find("nothing", 7, "pair", &token, &f), f, STATUS_CONFIGURATION,
		"no credentials of Hadoop");
	assert_failure(hdfs_token_find(newer, sizeof(newer) - 1, "pair", &token, &f), f,
		STATUS_CONFIGURATION, "not in the form");
	assert_failure(hdfs_token_find(negative, sizeof(negative) - 1, "pair", &token, &f), f,
		STATUS_CONFIGURATION, "end too early");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_token_of_the_file_system_is_found),
		cmocka_unit_test(a_file_without_one_for_hdfs_gives_none),
		cmocka_unit_test(what_is_cut_short_is_refused),
		cmocka_unit_test(what_is_no_such_file_is_refused),
	};
	return cmocka_run_group_tests(tests, set_up, NULL);
}
