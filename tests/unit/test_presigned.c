#include <string.h>

#include "base/text.h"
#include "packaging/json/json.h"
#include "store/etag.h"
#include "store/mlflow/multipart.h"
#include "store/mlflow/presigned.h"
#include "unit.h"

static struct fail f;

static int read_answer(
	const char *json, unsigned parts, char **id, struct proxy_addresses **addresses)
{
	struct text body = {0};
	text_add_string(&body, json);
	int result = proxy_addresses_read(&body, parts, id, addresses, &f);
	text_release(&body);
	return result;
}

static const char *packed_at(const struct proxy_addresses *addresses, unsigned part)
{
	return (const char *)addresses + addresses->at[part];
}

static void every_part_has_its_address_and_what_goes_along(void **state)
{
	struct proxy_addresses *addresses;
	struct presigned to;
	char *id;
	(void)state;
	assert_int_equal(
		read_answer("{\"upload_id\":\"u 1\",\"credentials\":["
			    "{\"url\":\"https://s3/b/k?partNumber=1\",\"part_number\":1,"
			    "\"headers\":{\"x-a\":\"1\",\"Content-Type\":\"text/plain\","
			    "\"x-b\":\"\"}},"
			    "{\"url\":\"https://s3/b/k?partNumber=2\",\"part_number\":2}]}",
			2, &id, &addresses),
		0);
	assert_string_equal(id, "u 1");
	assert_false(addresses->is_azure);
	presigned_unpack(packed_at(addresses, 0), &to);
	assert_string_equal(to.url, "https://s3/b/k?partNumber=1");
	assert_string_equal(to.content_type, "text/plain");
	assert_string_equal(to.headers[0], "x-a: 1");
	assert_string_equal(to.headers[1], "x-b: ");
	assert_null(to.headers[2]);
	presigned_unpack(packed_at(addresses, 1), &to);
	assert_string_equal(to.url, "https://s3/b/k?partNumber=2");
	assert_null(to.content_type);
	assert_null(to.headers[0]);
	free(id);
	free(addresses);
}

static void an_address_with_a_block_is_azures(void **state)
{
	struct proxy_addresses *addresses;
	char *id;
	(void)state;
	assert_int_equal(read_answer("{\"upload_id\":null,\"credentials\":[{\"part_number\":1,"
				     "\"url\":\"https://a/c/"
				     "k?comp=block&blockid=bWw%3D&sig=x\",\"headers\":{}}]}",
				 1, &id, &addresses),
		0);
	assert_true(addresses->is_azure);
	assert_string_equal(id, "");
	free(id);
	free(addresses);
}

#define ONE(members) "{\"upload_id\":\"u\",\"credentials\":[{" members "}]}"

static void what_is_no_begun_upload_is_not_taken_for_one(void **state)
{
	static const struct {
		const char *json, *said;
	} rows[] = {
		{"", "mlflow-artifacts/mpu/create"},
		{"[]", "credentials"},
		{"{\"upload_id\":1,\"credentials\":[]}", "upload_id"},
		{"{\"upload_id\":\"u\"}", "credentials"},
		{"{\"upload_id\":\"u\",\"credentials\":[]}", "0 parts instead of 1"},
		{ONE("\"part_number\":2,\"url\":\"http://a\""), "part_number"},
		{ONE("\"part_number\":\"1\",\"url\":\"http://a\""), "part_number"},
		{ONE("\"part_number\":1"), "url"},
		{ONE("\"part_number\":1,\"url\":\"file:///etc/passwd\""), "not an address"},
		{ONE("\"part_number\":1,\"url\":\"http://a/\\nb\""), "not an address"},
		{ONE("\"part_number\":1,\"url\":\"http://a\",\"headers\":{\"x\":\"a\\r\\nb\"}"),
			"not a header"},
		{ONE("\"part_number\":1,\"url\":\"http://a\",\"headers\":{\"x y\":\"a\"}"),
			"not a header"},
		{ONE("\"part_number\":1,\"url\":\"http://a\",\"headers\":[1]"), "headers"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct proxy_addresses *addresses;
		char *id;
		int result = read_answer(rows[i].json, 1, &id, &addresses);
		assert_row(result == -1, rows[i].json);
		assert_row(f.status == STATUS_NOT_A_REGISTRY, rows[i].json);
		assert_contains(f.text, rows[i].said);
		assert_null(addresses);
		free(id);
	}
}

static void an_etag_is_an_md5_with_its_quotes_or_without(void **state)
{
	static const uint8_t md5[16] = {0x0c, 0xc1, 0x75, 0xb9, 0xc0, 0xf1, 0xb6, 0xa8, 0x31, 0xc3,
		0x99, 0xe2, 0x69, 0x77, 0x26, 0x61};
	(void)state;
	assert_true(etag_is_md5("\"0cc175b9c0f1b6a831c399e269772661\"", md5));
	assert_true(etag_is_md5("0cc175b9c0f1b6a831c399e269772661", md5));
	static const char *const others[] = {NULL, "", "\"", "\"\"",
		"\"0cc175b9c0f1b6a831c399e269772662\"", "\"0cc175b9c0f1b6a831c399e269772661",
		"0cc175b9c0f1b6a831c399e269772661-1", "\"0cc175b9c0f1b6a831c399e269772661-2\""};
	for (size_t i = 0; i < COUNT(others); i++)
		assert_false(etag_is_md5(others[i], md5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_part_has_its_address_and_what_goes_along),
		cmocka_unit_test(an_address_with_a_block_is_azures),
		cmocka_unit_test(what_is_no_begun_upload_is_not_taken_for_one),
		cmocka_unit_test(an_etag_is_an_md5_with_its_quotes_or_without),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
