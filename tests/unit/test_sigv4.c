/* The examples of AWS's "Signature Calculations for the Authorization Header: Transferring Payload
 * in a Single Chunk", and what is left to servers to refuse: order, white space, session tokens. */
#include "unit.h"

#include "auth/sigv4.h"
#include "base/clock.h"
#include "packaging/digest/sha256.h"

static const struct sigv4_keys keys = {
	"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", NULL};

static struct sigv4_scope scope_at(const char *when)
{
	struct sigv4_scope scope = {.region = "us-east-1", .service = "s3"};
	assert_true(clock_parse_rfc3339(when, &scope.now_ms));
	return scope;
}

/* The last line, which is the authorization. */
static const char *authorization(const struct sigv4_lines *lines)
{
	return lines->lines[lines->count - 1];
}

static void published_examples_are_signed_as_published(void **state)
{
	static const struct {
		const char *name, *method, *url;
		const char *headers[3];
		const char *body;
		const char *names, *signature;
	} rows[] = {
		{"get an object", "GET", "https://examplebucket.s3.amazonaws.com/test.txt",
			{"range: bytes=0-9"}, "", "host;range;x-amz-content-sha256;x-amz-date",
			"f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
		{"put an object", "PUT", "https://examplebucket.s3.amazonaws.com/test%24file.text",
			{"date: Fri, 24 May 2013 00:00:00 GMT",
				"x-amz-storage-class: REDUCED_REDUNDANCY"},
			"Welcome to Amazon S3.",
			"date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
			"98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
		{"a query without a value", "GET",
			"https://examplebucket.s3.amazonaws.com/?lifecycle=", {NULL}, "",
			"host;x-amz-content-sha256;x-amz-date",
			"fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
		{"list objects", "GET",
			"https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J", {NULL}, "",
			"host;x-amz-content-sha256;x-amz-date",
			"34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
	};
	struct sigv4_scope scope = scope_at("2013-05-24T00:00:00Z");
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char payload[SHA256_HEX], wanted[512];
		struct sigv4_lines lines;
		sha256_of(rows[i].body, strlen(rows[i].body), payload);
		struct sigv4_request request = {
			rows[i].method, rows[i].url, rows[i].headers, payload};
		sigv4_sign(&keys, &scope, &request, &lines);
		snprintf(wanted, sizeof(wanted),
			"authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/"
			"us-east-1/s3/aws4_request, SignedHeaders=%s, Signature=%s",
			rows[i].names, rows[i].signature);
		assert_row(strcmp(authorization(&lines), wanted) == 0, rows[i].name);
		assert_string_equal(lines.lines[0], "x-amz-date: 20130524T000000Z");
		sigv4_lines_release(&lines);
	}
}

/* By their names, not by their lines: ":" comes behind "-". */
static void headers_are_sorted_by_name(void **state)
{
	static const char *const headers[] = {
		"x-amz-meta-a-b: 1", "x-amz-meta-a: 2", "content-md5: 3", NULL};
	struct sigv4_request request = {"PUT", "http://h:9000/b/k", headers, SIGV4_UNSIGNED};
	struct sigv4_scope scope = scope_at("2026-11-22T20:03:17Z");
	struct sigv4_lines lines;
	(void)state;
	sigv4_sign(&keys, &scope, &request, &lines);
	assert_contains(authorization(&lines),
		"SignedHeaders=content-md5;host;x-amz-content-sha256;x-amz-date;x-amz-meta-a;"
		"x-amz-meta-a-b,");
	sigv4_lines_release(&lines);
}

static void white_space_around_a_value_does_not_count(void **state)
{
	static const char *const tidy[] = {"x-amz-acl: private", NULL};
	static const char *const untidy[] = {"x-amz-acl:   private  ", NULL};
	struct sigv4_request request = {"PUT", "http://h/b/k", tidy, SIGV4_UNSIGNED};
	struct sigv4_scope scope = scope_at("2026-11-22T20:03:17Z");
	struct sigv4_lines first, second;
	(void)state;
	sigv4_sign(&keys, &scope, &request, &first);
	request.headers = untidy;
	sigv4_sign(&keys, &scope, &request, &second);
	assert_string_equal(authorization(&first), authorization(&second));
	sigv4_lines_release(&first);
	sigv4_lines_release(&second);
}

static void a_session_token_goes_along_and_is_signed(void **state)
{
	struct sigv4_keys temporary = {keys.access_key, keys.secret_key, "token/+="};
	struct sigv4_request request = {"GET", "http://h", NULL, SIGV4_UNSIGNED};
	struct sigv4_scope scope = scope_at("2026-11-22T20:03:17Z");
	struct sigv4_lines lines;
	(void)state;
	sigv4_sign(&temporary, &scope, &request, &lines);
	assert_int_equal(lines.count, 4);
	assert_string_equal(lines.lines[2], "x-amz-security-token: token/+=");
	assert_contains(authorization(&lines), "x-amz-date;x-amz-security-token,");
	sigv4_lines_release(&lines);
	assert_int_equal(lines.count, 0);
	sigv4_lines_release(&lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_examples_are_signed_as_published),
		cmocka_unit_test(headers_are_sorted_by_name),
		cmocka_unit_test(white_space_around_a_value_does_not_count),
		cmocka_unit_test(a_session_token_goes_along_and_is_signed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
