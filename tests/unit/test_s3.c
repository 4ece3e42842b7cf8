/* Tests of S3 servers that are not Amazon's: what they refuse, what they answer otherwise, and what
 * is remembered of it. */
#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "http/types.h"
#include "http_fixture.h"
#include "packaging/digest/sha256.h"
#include "store/etag.h"
#include "store/options.h"
#include "store/s3/manner.h"
#include "store/s3/types.h"
#include "store/store.h"
#include "stores/open.h"

#define HEAD(line, more) "HTTP/1.1 " line "\r\nConnection: close\r\n" more "\r\n"
#define STATUS(line, body) HEAD(line, "") body, CLOSE
#define ERROR(line, code) STATUS(line, "<Error><Code>" code "</Code><Message>no</Message></Error>")
#define DONE(more) HEAD("200 OK", more), CLOSE
#define SHA256 "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define HELLO "5d41402abc4b2a76b9719d911017c592" /* its MD5 */

static struct store store;
static const struct store_options store_options;
static const struct store_reach reach = {.http = &options, .store = &store_options};

static void open_store(void)
{
	char *endpoint = text_format("http://127.0.0.1:%d", server.port);
	setenv("MLFLOW_S3_ENDPOINT_URL", endpoint, 1);
	setenv("AWS_ACCESS_KEY_ID", "key", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
	free(endpoint);
	options.max_retries = 0;
	if (store_open_apart(&store, &reach, "s3://b/p", &f) != 0)
		fail_msg("%s", f.text);
}

static void close_store(void)
{
	store_release(&store);
	end();
}

static int put_hello(const char *path, bool *verified)
{
	char sha256[SHA256_HEX];
	sha256_of("hello", 5, sha256);
	struct store_content content = {path, 5, sha256};
	struct http_body body = {.bytes = "hello", .size = 5};
	return store.kind->put(&store, &content, &body, verified, &f);
}

static void checksums_that_are_refused_are_left_out_from_then_on(void **state)
{
	bool verified;
	(void)state;
	BEGIN({ERROR("501 Not Implemented", "NotImplemented")}, {DONE("ETag: \"" HELLO "\"\r\n")},
		{DONE("ETag: W/\"" HELLO "\"\r\n")}, {DONE("ETag: \"opaque\"\r\n")});
	open_store();
	assert_int_equal(put_hello("x", &verified), 0);
	assert_true(verified);
	assert_int_equal(put_hello("y", &verified), 0);
	assert_true(verified); /* by an ETag that a proxy has weakened */
	assert_int_equal(put_hello("z", &verified), 0);
	assert_false(verified);
	assert_int_equal(server.seen, 4);
	assert_true(head_has(&server, 0, "x-amz-checksum-sha256:"));
	for (size_t i = 1; i < 4; i++) {
		assert_false(head_has(&server, i, "x-amz-checksum"));
		assert_true(head_has(&server, i, "content-md5: XUFAKrxLKna5cZ2REBfFkg=="));
		assert_true(head_has(&server, i, "x-amz-meta-sha256: 2cf24dba"));
	}
	close_store();
}

static void a_checksum_that_differs_is_no_matter_of_the_manner(void **state)
{
	static const char *const codes[] = {"BadDigest", "XAmzContentChecksumMismatch",
		"AccessDenied", "EntityTooLarge", "InvalidAccessKeyId"};
	(void)state;
	for (size_t i = 0; i < COUNT(codes); i++) {
		struct s3_reply reply = {.http.status = 400};
		snprintf(reply.code, sizeof(reply.code), "%s", codes[i]);
		assert_row(!s3_manner_is_refused(&reply), codes[i]);
	}
	struct s3_reply later = {.http.status = 503};
	assert_false(s3_manner_is_refused(&later));
}

static void what_no_other_manner_helps_is_told_as_it_was_and_not_remembered(void **state)
{
	bool verified;
	(void)state;
	BEGIN({ERROR("400 Bad Request", "InvalidArgument")},
		{ERROR("400 Bad Request", "InvalidArgument")},
		{DONE("x-amz-checksum-sha256: LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=\r\n")});
	open_store();
	assert_failure(
		put_hello("x", &verified), f, STATUS_REFUSED, "answers 400 InvalidArgument: no");
	assert_int_equal(server.seen, 2);
	assert_int_equal(put_hello("y", &verified), 0);
	assert_true(verified);
	assert_true(head_has(&server, 2, "x-amz-checksum-sha256:"));
	close_store();
}

static int put_part(struct store_upload *upload, bool *kept)
{
	static const struct store_part part = {0, 0, "hello", 5};
	return store.kind->put_part(&store, upload, &part, kept, &f);
}

static struct store_upload upload_of_one(void)
{
	return (struct store_upload){
		.content = {"x", 5, SHA256},
		.part_size = 5,
		.part_count = 1,
		.receipts = memory_get(1, sizeof(char *)),
		.id = text_copy("id"),
	};
}

static void a_payload_that_must_be_signed_is_signed_from_then_on(void **state)
{
	static const char sha256[] = "x-amz-content-sha256: " SHA256;
	struct store_upload upload = upload_of_one();
	bool kept;
	(void)state;
	BEGIN({ERROR("400 Bad Request", "XAmzContentSHA256Mismatch")},
		{ERROR("400 Bad Request", "XAmzContentSHA256Mismatch")},
		{DONE("ETag: \"" HELLO "\"\r\n")}, {DONE("ETag: \"" HELLO "\"\r\n")});
	open_store();
	assert_int_equal(put_part(&upload, &kept), 0);
	store_clear_receipts(&upload);
	assert_int_equal(put_part(&upload, &kept), 0);
	assert_int_equal(server.seen, 4);
	assert_true(head_has(&server, 0, "x-amz-content-sha256: UNSIGNED-PAYLOAD"));
	assert_true(head_has(&server, 1, "x-amz-content-sha256: UNSIGNED-PAYLOAD"));
	assert_true(head_has(&server, 2, sha256));
	assert_true(head_has(&server, 2, "x-amz-checksum-crc32c:")); /* nothing against it */
	assert_true(head_has(&server, 3, sha256));
	assert_string_equal(store_receipt(&upload, 0), "now - 5 " HELLO);
	store_upload_release(&upload);
	close_store();
}

static int read_stream(void *context, void *buffer, size_t size, size_t *got, struct fail *ignored)
{
	size_t *at = context;
	(void)ignored;
	*got = size < 5 - *at ? size : 5 - *at;
	memcpy(buffer, &"hello"[*at], *got);
	*at += *got;
	return 0;
}

static int rewind_stream(void *context, struct fail *ignored)
{
	(void)ignored;
	*(size_t *)context = 0;
	return 0;
}

static void a_stream_of_unknown_digest_is_read_for_it_and_sent_from_its_start(void **state)
{
	size_t at = 0;
	bool verified;
	struct store_content content = {"x", 5, NULL};
	struct http_body body = {
		.size = 5, .read = read_stream, .rewind = rewind_stream, .context = &at};
	(void)state;
	BEGIN({ERROR("501 Not Implemented", "NotImplemented")}, {DONE("ETag: \"e\"\r\n")});
	open_store();
	assert_int_equal(store.kind->put(&store, &content, &body, &verified, &f), 0);
	assert_false(verified);
	assert_int_equal(server.bodies[1], 5);
	assert_true(head_has(&server, 1, "x-amz-content-sha256: 2cf24dba5fb0a30e26e83b2ac5b9e29e"));
	close_store();
}

static void the_settings_of_awss_clients_leave_checksums_out(void **state)
{
	enum store_has has;
	bool verified;
	struct store_content content = {"x", 5, SHA256};
	(void)state;
	BEGIN({DONE("ETag: \"" HELLO "\"\r\n")}, {DONE("Content-Length: 5\r\n")});
	setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "WHEN_REQUIRED", 1);
	setenv("AWS_RESPONSE_CHECKSUM_VALIDATION", "when_required", 1);
	open_store();
	assert_int_equal(put_hello("x", &verified), 0);
	assert_int_equal(store.kind->has(&store, &content, &has, &f), 0);
	assert_false(head_has(&server, 0, "x-amz-checksum"));
	assert_false(head_has(&server, 1, "x-amz-checksum"));
	setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "sometimes", 1);
	struct store wrong;
	assert_failure(store_open_apart(&wrong, &reach, "s3://b/p", &f), f, STATUS_CONFIGURATION,
		"AWS_REQUEST_CHECKSUM_CALCULATION: neither when_supported nor when_required");
	store_release(&wrong);
	unsetenv("AWS_REQUEST_CHECKSUM_CALCULATION");
	unsetenv("AWS_RESPONSE_CHECKSUM_VALIDATION");
	close_store();
}

#define SUM "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="
#define LENGTH "Content-Length: 5\r\n"

static void what_the_store_computed_outranks_what_was_kept_with_the_object(void **state)
{
	static const enum store_has wanted[] = {STORE_HAS_SAME, STORE_HAS_OTHER, STORE_HAS_SAME,
		STORE_HAS_SOME, STORE_HAS_OTHER, STORE_HAS_SOME};
	struct store_content content = {"x", 5, SHA256};
	(void)state;
	BEGIN({DONE(LENGTH "x-amz-checksum-sha256: " SUM "\r\n")},
		{DONE(LENGTH "x-amz-checksum-sha256: " SUM "\r\nx-amz-meta-sha256: 2cf24dba\r\n")},
		{DONE(LENGTH "x-amz-checksum-sha256: " SUM "-3\r\nx-amz-meta-sha256: " SHA256
			     "\r\n")},
		{DONE(LENGTH)}, {DONE("Content-Length: 6\r\n")}, {DONE(LENGTH)});
	open_store();
	for (size_t i = 0; i < COUNT(wanted); i++) {
		enum store_has has;
		content.sha256 =
			i == 1 ? "0000000000000000000000000000000000000000000000000000000000000000"
			       : SHA256;
		assert_int_equal(store.kind->has(&store, &content, &has, &f), 0);
		assert_int_equal(has, wanted[i]);
		assert_true(head_has(&server, i, "x-amz-checksum-mode: ENABLED"));
	}
	close_store();
}

static void a_store_that_does_not_answer_with_its_checksums_is_asked_without(void **state)
{
	enum store_has has;
	struct store_content content = {"x", 5, SHA256};
	(void)state;
	BEGIN({HEAD("403 Forbidden", ""), CLOSE}, {DONE(LENGTH "x-amz-meta-sha256: 2cf24dba\r\n")},
		{DONE(LENGTH)});
	open_store();
	assert_int_equal(store.kind->has(&store, &content, &has, &f), 0);
	assert_int_equal(has, STORE_HAS_SOME);
	assert_int_equal(store.kind->has(&store, &content, &has, &f), 0);
	assert_false(head_has(&server, 2, "x-amz-checksum-mode"));
	close_store();
}

static char *long_etag(size_t size)
{
	char *etag = memory_get(size + 1, 1);
	memset(etag, 'e', size);
	return etag;
}

static void an_etag_of_any_length_goes_back_as_it_came_and_is_no_proof(void **state)
{
	static char reply[1000];
	char *etag = long_etag(220);
	struct store_upload upload = upload_of_one();
	bool kept;
	(void)state;
	snprintf(reply, sizeof(reply), HEAD("200 OK", "ETag: \"%s<&\"\r\n"), etag);
	const struct reply replies[] = {{reply, CLOSE}, {STATUS("200 OK", "")},
		{STATUS("200 OK", "<ListMultipartUploadsResult/>")}};
	begin(replies, COUNT(replies));
	open_store();
	assert_int_equal(put_part(&upload, &kept), 0);
	assert_true(text_starts_with(store_receipt(&upload, 0), "unsure - 5 eee"));
	assert_int_equal(store.kind->finish(&store, &upload, &f), 0);
	assert_false(upload.verified);
	assert_int_equal(server.bodies[1],
		strlen("<CompleteMultipartUpload><Part><ETag>&quot;&lt;&amp;&quot;</ETag>"
		       "<PartNumber>1</PartNumber></Part></CompleteMultipartUpload>") +
			220);
	store_upload_release(&upload);
	free(etag);
	close_store();
}

static void an_etag_that_is_too_long_is_refused_by_name(void **state)
{
	char *etag = long_etag(ETAG_MAX + 1);
	(void)state;
	assert_failure(etag_check(etag, &f), f, STATUS_NOT_A_REGISTRY,
		"the store answers with an ETag of 2049 bytes, more than 2048");
	etag[ETAG_MAX] = '\0';
	assert_int_equal(etag_check(etag, &f), 0);
	assert_failure(etag_check(NULL, &f), f, STATUS_NOT_A_REGISTRY, "without an ETag");
	assert_failure(etag_check("a\tb", &f), f, STATUS_NOT_A_REGISTRY, "control character");
	free(etag);
}

static void an_etag_is_read_whatever_it_is_wrapped_in(void **state)
{
	static const struct {
		const char *etag, *strong, *bare;
	} rows[] = {
		{"\"a\"", "\"a\"", "a"},
		{"a", "a", "a"},
		{"W/\"a\"", "\"a\"", "a"},
		{"w/\"a\"", "\"a\"", "a"},
		{"W/a", "W/a", "W/a"},
		{"\"", "\"", "\""},
		{"\"\"", "\"\"", ""},
		{"", "", ""},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *strong = etag_strong(rows[i].etag), *bare = etag_bare(rows[i].etag);
		assert_string_equal(strong, rows[i].strong);
		assert_string_equal(bare, rows[i].bare);
		free(strong);
		free(bare);
	}
	assert_null(etag_bare(NULL));
}

static void an_upload_whose_id_is_too_long_is_refused_by_name(void **state)
{
	static char reply[8000];
	char *id = long_etag(4097);
	struct store_upload upload = upload_of_one();
	(void)state;
	snprintf(reply, sizeof(reply),
		HEAD("200 OK", "") "<InitiateMultipartUploadResult><UploadId>%s</UploadId>"
				   "</InitiateMultipartUploadResult>",
		id);
	const struct reply replies[] = {{ERROR("404 Not Found", "NoSuchKey")}, {reply, CLOSE}};
	free(upload.id);
	upload.id = NULL;
	begin(replies, COUNT(replies));
	open_store();
	assert_failure(store.kind->begin(&store, &upload, &f), f, STATUS_NOT_A_REGISTRY,
		"an ID of 4097 bytes, more than 4096");
	store_upload_release(&upload);
	free(id);
	close_store();
}

#define LISTED(key, more)                                                                          \
	STATUS("200 OK", "<ListBucketResult>" more "<Contents><Key>p/" key                         \
			 "</Key><Size>1</Size></Contents></ListBucketResult>")
#define MORE "<IsTruncated>true</IsTruncated>"

static void a_list_without_tokens_goes_on_behind_its_last_key(void **state)
{
	struct store_listing listing;
	(void)state;
	BEGIN({LISTED("a", MORE)}, {LISTED("b c", MORE)}, {LISTED("d", "")});
	open_store();
	assert_int_equal(store_list(&store, "", &listing, &f), 0);
	assert_int_equal(listing.count, 3);
	assert_null(listing.objects[0].digest);
	assert_true(head_has(&server, 1, "list-type=2&marker=p%2Fa&prefix=p%2F&start-after=p%2Fa"));
	assert_true(head_has(&server, 2, "start-after=p%2Fb%20c"));
	store_listing_release(&listing);
	close_store();
}

static void a_list_tells_md5s_but_no_sums_of_parts(void **state)
{
	struct store_listing listing;
	(void)state;
	BEGIN({STATUS("200 OK",
		"<ListBucketResult>"
		"<Contents><Key>p/a</Key><ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag>"
		"<Size>0</Size></Contents>"
		"<Contents><Key>p/b</Key><Size>0</Size></Contents>"
		"<Contents><Key>p/c</Key><ETag>&quot;d41d8cd98f00b204e9800998ecf8427e-2&quot;</"
		"ETag>"
		"<Size>0</Size></Contents></ListBucketResult>")});
	open_store();
	assert_int_equal(store_list(&store, "", &listing, &f), 0);
	assert_int_equal(listing.count, 3);
	assert_string_equal(listing.objects[0].digest, "d41d8cd98f00b204e9800998ecf8427e");
	assert_null(listing.objects[1].digest);
	assert_null(listing.objects[2].digest);
	store_listing_release(&listing);
	close_store();
}

static void a_list_that_never_ends_is_ended(void **state)
{
	struct store_listing listing;
	(void)state;
	BEGIN({LISTED("a", MORE)}, {LISTED("a", MORE)}, {LISTED("a", MORE)});
	open_store();
	assert_failure(store_list(&store, "", &listing, &f), f, STATUS_NOT_A_REGISTRY,
		"the pages of the list do not end: one came again");
	assert_int_equal(server.seen, 2);
	close_store();
}

static void an_error_in_a_200_is_an_error_whatever_its_namespace(void **state)
{
	bool verified;
	(void)state;
	BEGIN({STATUS("200 OK", "<?xml version=\"1.0\"?><Error "
				"xmlns=\"http://s3.example/\"><Code>InternalError</Code>"
				"<Message>late</Message></Error>")});
	open_store();
	assert_failure(
		put_hello("x", &verified), f, STATUS_LATER, "answers 200 InternalError: late");
	close_store();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksums_that_are_refused_are_left_out_from_then_on),
		cmocka_unit_test(a_checksum_that_differs_is_no_matter_of_the_manner),
		cmocka_unit_test(what_no_other_manner_helps_is_told_as_it_was_and_not_remembered),
		cmocka_unit_test(a_payload_that_must_be_signed_is_signed_from_then_on),
		cmocka_unit_test(a_stream_of_unknown_digest_is_read_for_it_and_sent_from_its_start),
		cmocka_unit_test(the_settings_of_awss_clients_leave_checksums_out),
		cmocka_unit_test(what_the_store_computed_outranks_what_was_kept_with_the_object),
		cmocka_unit_test(a_store_that_does_not_answer_with_its_checksums_is_asked_without),
		cmocka_unit_test(an_etag_of_any_length_goes_back_as_it_came_and_is_no_proof),
		cmocka_unit_test(an_etag_that_is_too_long_is_refused_by_name),
		cmocka_unit_test(an_etag_is_read_whatever_it_is_wrapped_in),
		cmocka_unit_test(an_upload_whose_id_is_too_long_is_refused_by_name),
		cmocka_unit_test(a_list_without_tokens_goes_on_behind_its_last_key),
		cmocka_unit_test(a_list_tells_md5s_but_no_sums_of_parts),
		cmocka_unit_test(a_list_that_never_ends_is_ended),
		cmocka_unit_test(an_error_in_a_200_is_an_error_whatever_its_namespace),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
