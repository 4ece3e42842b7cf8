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

static void of_other_services_the_query_is_sorted_and_the_path_encoded_twice(void **state)
{
	static const char *const urls[] = {"http://h/a%20b/c?b=2&a=/x&a-b=1",
		"http://h/a%20b/c?a=%2Fx&a-b=1&b=2", "http://h/a%20b/c?b=2&a=%2Fx&a-b=1"};
	struct sigv4_scope scope = scope_at("2026-11-22T20:03:17Z");
	struct sigv4_lines lines[3], once;
	(void)state;
	for (size_t i = 0; i < COUNT(urls); i++) {
		struct sigv4_request request = {"GET", urls[i], NULL, SIGV4_UNSIGNED};
		scope.service = "execute-api";
		sigv4_sign(&keys, &scope, &request, &lines[i]);
		assert_string_equal(authorization(&lines[i]), authorization(&lines[0]));
	}
	struct sigv4_request twice = {
		"GET", "http://h/a%2520b/c?a=%2Fx&a-b=1&b=2", NULL, SIGV4_UNSIGNED};
	sigv4_sign(&keys, &scope, &twice, &once);
	assert_string_not_equal(authorization(&once), authorization(&lines[0]));
	sigv4_lines_release(&once);
	for (size_t i = 0; i < COUNT(urls); i++)
		sigv4_lines_release(&lines[i]);
}

/* A line of signed-requests.tsv (tests/support/record_signed.py says what is in it). */
struct recorded {
	char *region, *service, *method, *url, *body, *date, *authorization;
	const char *headers[SIGV4_HEADERS_MAX + 1];
};

/* What the signer adds by itself is left out. */
static void take_header(struct recorded *r, char *line, size_t *count)
{
	if (strncmp(line, "x-amz-date: ", 12) == 0)
		r->date = line + 12;
	else if (strncmp(line, "x-amz-", 6) != 0 && strncmp(line, "host:", 5) != 0)
		r->headers[(*count)++] = line;
}

static struct recorded read_recorded(char *line)
{
	struct recorded r = {0};
	size_t count = 0;
	char **fields[] = {&r.region, &r.service, &r.method, &r.url, &r.body};
	for (size_t i = 0; i < COUNT(fields); i++)
		*fields[i] = strsep(&line, "\t");
	for (char *field; (field = strsep(&line, "\t")) != NULL;)
		if (strncmp(field, "AWS4-", 5) == 0)
			r.authorization = field;
		else
			take_header(&r, field, &count);
	return r;
}

static void expect_recorded(const struct recorded *r)
{
	char when[32], payload[SHA256_HEX];
	struct sigv4_keys given = {keys.access_key, keys.secret_key, "session/token+example="};
	struct sigv4_request request = {r->method, r->url, r->headers, payload};
	struct sigv4_lines lines;
	snprintf(when, sizeof(when), "%.4s-%.2s-%.5s:%.2s:%.2sZ", r->date, r->date + 4, r->date + 6,
		r->date + 11, r->date + 13);
	struct sigv4_scope scope = scope_at(when);
	scope.region = r->region;
	scope.service = r->service;
	sha256_of(r->body, strlen(r->body), payload);
	sigv4_sign(&given, &scope, &request, &lines);
	assert_string_equal(authorization(&lines) + strlen("authorization: "), r->authorization);
	sigv4_lines_release(&lines);
}

/* The client of API Gateways signs "+" as it stands, where AWS reads a space; of ours none comes.
 */
static void requests_are_signed_as_mlflows_client_and_its_plugins_sign_them(void **state)
{
	static char text[64 << 10];
	size_t compared = 0;
	char *rest = text;
	(void)state;
	unit_read(TEST_DATA "/signed-requests.tsv", text, sizeof(text));
	for (char *line; (line = strsep(&rest, "\n")) != NULL && line[0] != '\0';) {
		struct recorded r = read_recorded(line);
		if (strcmp(r.service, "execute-api") == 0 && strchr(r.url, '+') != NULL)
			continue;
		expect_recorded(&r);
		compared++;
	}
	assert_int_equal(compared, 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_examples_are_signed_as_published),
		cmocka_unit_test(headers_are_sorted_by_name),
		cmocka_unit_test(white_space_around_a_value_does_not_count),
		cmocka_unit_test(a_session_token_goes_along_and_is_signed),
		cmocka_unit_test(of_other_services_the_query_is_sorted_and_the_path_encoded_twice),
		cmocka_unit_test(requests_are_signed_as_mlflows_client_and_its_plugins_sign_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
