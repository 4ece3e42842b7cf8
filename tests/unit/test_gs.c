/* Tests of the store in Google Cloud Storage against a scripted server: what no emulator does. */

#include "base/memory.h"
#include "base/text.h"
#include "http/types.h"
#include "http_fixture.h"
#include "packaging/digest/crc32c.h"
#include "store/checksum.h"
#include "store/options.h"
#include "store/store.h"
#include "stores/open.h"

#define JSON(body) "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" body, CLOSE
#define STATUS(line, body) "HTTP/1.1 " line "\r\nConnection: close\r\n\r\n" body, CLOSE

static struct store store;
static const struct store_options store_options;
static const struct store_reach reach = {&options, &store_options, {0}};

/* The store in bucket b, below p, at the scripted server. */
static void open_store(const char *uri)
{
	char *address = text_format("http://127.0.0.1:%d/", server.port);
	setenv("STORAGE_EMULATOR_HOST", address, 1);
	free(address);
	options.max_retries = 0;
	assert_int_equal(store_open_apart(&store, &reach, uri, &f), 0);
}

static void close_store(void)
{
	store_release(&store);
	end();
}

static void a_uri_names_a_bucket_and_a_prefix(void **state)
{
	static const struct {
		const char *uri;
		const char *root; /* NULL: refused */
	} rows[] = {
		{"gs://b/p", "gs://b/p"},
		{"gs://b//p/q//", "gs://b/p/q"},
		{"gs://b", "gs://b"},
		{"gs://b/", "gs://b"},
		{"gs:///p", NULL},
		{"gs:b/p", NULL},
		{"gs://user@b/p", NULL},
		{"gs://b/p?x=1", NULL},
		{"gs://b/p#x", NULL},
	};
	(void)state;
	setenv("STORAGE_EMULATOR_HOST", "127.0.0.1:1", 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		int result = store_open_apart(&store, &reach, rows[i].uri, &f);
		assert_row((result == 0) == (rows[i].root != NULL), rows[i].uri);
		assert_row(result != 0 || strcmp(store.root, rows[i].root) == 0, rows[i].uri);
		assert_row(result == 0 || f.status == STATUS_CONFIGURATION, rows[i].uri);
		store_release(&store);
	}
}

#define SHA256_EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define LISTED_WITH(is, meant)                                                                     \
	"\"crc32c\":\"" is "\",\"metadata\":{\"sha256\":\"" SHA256_EMPTY "\",\"crc32c\":\"" meant  \
	"\"}"

static void a_list_goes_on_where_a_page_ends(void **state)
{
	struct store_listing listing;
	(void)state;
	BEGIN({JSON("{\"items\":[{\"name\":\"p/m/b\",\"size\":\"7\"," LISTED_WITH(
		      "AAAAAA==", "AAAAAA==") "},{\"name\":\"p/m/"
					      "\",\"size\":\"0\"}],\"nextPageToken\":\"t+1\"}")},
		{JSON("{\"items\":[{\"name\":\"p/m/a\",\"size\":\"6000000000\"," LISTED_WITH(
			"AAAAAA==", "AAAAAQ==") "}]}")});
	open_store("gs://b/p");
	assert_int_equal(store_list(&store, "m", &listing, &f), 0);
	assert_int_equal(listing.count, 2);
	assert_string_equal(listing.objects[0].path, "a");
	assert_true(listing.objects[0].size == UINT64_C(6000000000));
	assert_string_equal(listing.objects[1].path, "b");
	assert_null(listing.objects[0].digest); /* kept with it by one who meant other bytes */
	assert_string_equal(listing.objects[1].digest, SHA256_EMPTY);
	assert_true(head_has(&server, 0, "GET /storage/v1/b/b/o?prefix=p%2Fm%2F HTTP"));
	assert_true(head_has(&server, 1, "?prefix=p%2Fm%2F&pageToken=t%2B1 HTTP"));
	store_listing_release(&listing);
	close_store();
}

static void what_the_store_says_of_other_bytes_is_no_proof(void **state)
{
	static const struct store_content content = {"x", 5, "2cf24dba"};
	static const struct http_body body = {.bytes = "hello", .size = 5};
	bool verified;
	(void)state;
	BEGIN({JSON("{\"name\":\"p/x\",\"crc32c\":\"mnG7TA==\"}")},
		{JSON("{\"name\":\"p/x\",\"crc32c\":\"AAAAAA==\"}")}, {JSON("{}")});
	open_store("gs://b/p");
	assert_int_equal(store_put(&store, &content, &body, &verified, &f), 0);
	assert_true(verified);
	assert_int_equal(store_put(&store, &content, &body, &verified, &f), 0);
	assert_false(verified);
	assert_int_equal(store_put(&store, &content, &body, &verified, &f), 0);
	assert_false(verified);
	assert_true(head_has(&server, 0, "POST /upload/storage/v1/b/b/o?uploadType=multipart&"));
	close_store();
}

#define KEPT(kept_sha256, kept_crc32c)                                                             \
	JSON("{\"size\":\"5\",\"crc32c\":\"mnG7TA==\",\"metadata\":{\"sha256\":\"" kept_sha256     \
	     "\",\"crc32c\":\"" kept_crc32c "\"}}")

static void a_digest_that_is_kept_counts_where_the_checksum_is_the_one_it_was_kept_with(
	void **state)
{
	static const struct store_content content = {"x", 5, "2cf24dba"};
	static const struct {
		enum store_has has;
	} rows[] = {{STORE_HAS_SAME}, {STORE_HAS_SOME}, {STORE_HAS_SOME}, {STORE_HAS_SOME},
		{STORE_HAS_OTHER}, {STORE_HAS_NOT}};
	(void)state;
	BEGIN({KEPT("2cf24dba", "mnG7TA==")}, {KEPT("2cf24dba", "AAAAAA==")},
		{KEPT("ffffffff", "mnG7TA==")},
		{JSON("{\"size\":5,\"metadata\":{\"sha256\":\"2cf24dba\"}}")},
		{JSON("{\"size\":\"6\"}")}, {STATUS("404 Not Found", "No such object")});
	open_store("gs://b/p");
	for (size_t i = 0; i < COUNT(rows); i++) {
		enum store_has has;
		assert_int_equal(store.kind->has(&store, &content, &has, &f), 0);
		assert_int_equal(has, rows[i].has);
	}
	close_store();
}

/* An upload of so many parts of one byte, all of them there. */
static void take_parts(struct store_upload *upload, unsigned count)
{
	*upload =
		(struct store_upload){.content = {"m/x", count, "2cf24dba5fb0a30e26e83b2ac5b9e29e"},
			.part_size = 1,
			.part_count = count,
			.receipts = memory_get(count, sizeof(*upload->receipts))};
	assert_int_equal(store.kind->begin(&store, upload, &f), 0);
	for (unsigned i = 0; i < count; i++)
		store_set_receipt(upload, i, text_format("%08x 1", crc32c_add(0, "a", 1)));
}

static const char *composed(const char *crc32c)
{
	static char reply[200];
	snprintf(reply, sizeof(reply),
		"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"crc32c\":\"%s\"}", crc32c);
	return reply;
}

static void more_than_32_parts_are_composed_in_rounds(void **state)
{
	static const char parts[] = "p%2F.modelhook-parts%2Fm%2Fx%2F";
	char bytes[33], *crc32c;
	struct store_upload upload;
	(void)state;
	memset(bytes, 'a', sizeof(bytes));
	crc32c = checksum_crc32c(crc32c_add(0, bytes, sizeof(bytes)));
	struct reply replies[] = {{JSON("{}")}, {JSON("{}")}, {JSON("{}")},
		{composed(crc32c), CLOSE},
		{JSON("{\"items\":[{\"name\":\"p/.modelhook-parts/m/x/2cf24dba5fb0a30e/"
		      "00000\"}]}")},
		{STATUS("404 Not Found", "")}};
	begin(replies, COUNT(replies));
	open_store("gs://b/p");
	take_parts(&upload, 33);
	assert_int_equal(store.kind->finish(&store, &upload, &f), 0);
	assert_true(upload.verified);
	assert_int_equal(server.seen, 6);
	assert_true(head_has(&server, 0, parts));
	assert_true(head_has(&server, 1, "2cf24dba5fb0a30e%2Fcomposed%2F00000/compose HTTP"));
	assert_true(head_has(&server, 2, "2cf24dba5fb0a30e%2Fcomposed%2F00001/compose HTTP"));
	assert_true(head_has(&server, 3, "POST /storage/v1/b/b/o/p%2Fm%2Fx/compose HTTP"));
	assert_true(head_has(&server, 5, "DELETE /storage/v1/b/b/o/p%2F.modelhook-parts"));
	free(crc32c);
	store_upload_release(&upload);
	close_store();
}

static void what_is_composed_of_other_bytes_is_not_taken(void **state)
{
	struct store_upload upload;
	(void)state;
	BEGIN({JSON("{}")}, {JSON("{\"crc32c\":\"AAAAAA==\"}")});
	open_store("gs://b/p");
	take_parts(&upload, 2);
	assert_failure(store.kind->finish(&store, &upload, &f), f, STATUS_LATER,
		"composed with CRC-32C AAAAAA==");
	assert_false(upload.verified);
	store_upload_release(&upload);
	close_store();
}

static void parts_that_were_taken_away_are_fine_where_the_object_is_there(void **state)
{
	struct store_upload upload;
	(void)state;
	BEGIN({JSON("{}")}, {STATUS("404 Not Found", "")},
		{JSON("{\"size\":\"2\",\"crc32c\":\"mnG7TA==\",\"metadata\":{\"sha256\":"
		      "\"2cf24dba5fb0a30e26e83b2ac5b9e29e\",\"crc32c\":\"mnG7TA==\"}}")},
		{JSON("{}")}, {JSON("{}")}, {STATUS("404 Not Found", "")},
		{STATUS("404 Not Found", "")});
	open_store("gs://b/p");
	take_parts(&upload, 2);
	assert_int_equal(store.kind->finish(&store, &upload, &f), 0);
	assert_true(upload.verified);
	store_upload_release(&upload);
	take_parts(&upload, 2);
	assert_failure(store.kind->finish(&store, &upload, &f), f, STATUS_LATER,
		"its parts were taken away");
	store_upload_release(&upload);
	close_store();
}

static void a_refusal_says_what_it_is_about(void **state)
{
	static const struct {
		enum status status;
		const char *text;
	} rows[] = {
		{STATUS_DENIED, "bucket b: answers 403 no \\x1b access"},
		{STATUS_REFUSED, "answers 404"},
		{STATUS_LATER, "answers 503"},
		{STATUS_REFUSED, "answers 400"},
		{STATUS_NOT_A_REGISTRY, "list: not JSON: line 1"},
	};
	(void)state;
	BEGIN({STATUS("403 Forbidden", "{\"error\":{\"message\":\"no \\u001b access\"}}")},
		{STATUS("404 Not Found", "{\"error\":\"none\"}")}, {STATUS("503 Busy", "<html>")},
		{STATUS("400 Bad", "")}, {JSON("<html>")});
	open_store("gs://b/p");
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct store_listing listing;
		assert_failure(
			store_list(&store, "m", &listing, &f), f, rows[i].status, rows[i].text);
	}
	close_store();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_uri_names_a_bucket_and_a_prefix),
		cmocka_unit_test(a_list_goes_on_where_a_page_ends),
		cmocka_unit_test(what_the_store_says_of_other_bytes_is_no_proof),
		cmocka_unit_test(
			a_digest_that_is_kept_counts_where_the_checksum_is_the_one_it_was_kept_with),
		cmocka_unit_test(more_than_32_parts_are_composed_in_rounds),
		cmocka_unit_test(what_is_composed_of_other_bytes_is_not_taken),
		cmocka_unit_test(parts_that_were_taken_away_are_fine_where_the_object_is_there),
		cmocka_unit_test(a_refusal_says_what_it_is_about),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
