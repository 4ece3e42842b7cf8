/* Tests of the store in Azure: addresses, signatures, and what no emulator does. */
#include "base/memory.h"
#include "base/text.h"
#include "http_fixture.h"
#include "packaging/digest/base64.h"
#include "store/azure/account.h"
#include "store/azure/key.h"
#include "store/checksum.h"
#include "store/options.h"
#include "store/store.h"
#include "stores/open.h"

#define XML(body) "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<?xml version=\"1.0\"?>" body, CLOSE
#define STATUS(line, body) "HTTP/1.1 " line "\r\nConnection: close\r\n\r\n" body, CLOSE

static struct store store;
static const struct store_options store_options;
static const struct store_reach reach = {&options, &store_options, {0}};

static void a_uri_names_a_container_an_account_and_a_prefix(void **state)
{
	static const struct {
		const char *uri;
		const char *endpoint; /* NULL: refused */
		const char *prefix;
	} rows[] = {
		{"wasbs://c@acc.blob.core.windows.net/p//q/", "https://acc.blob.core.windows.net",
			"p//q"},
		{"abfss://f@acc.dfs.core.windows.net", "https://acc.blob.core.windows.net", ""},
		{"wasbs://c@acc.blob.core.chinacloudapi.cn/p",
			"https://acc.blob.core.chinacloudapi.cn", "p"},
		{"wasbs://c@acc.blob.core.usgovcloudapi.net/p",
			"https://acc.blob.core.usgovcloudapi.net", "p"},
		{"abfss://w@onelake.dfs.fabric.microsoft.com/x.Lakehouse/Files",
			"https://onelake.blob.fabric.microsoft.com", "x.Lakehouse/Files"},
		{"wasbs://c@acc.blob.core.windows.net.example.com/p", NULL, NULL},
		{"wasbs://c@evil.example.com/x.blob.core.windows.net", NULL, NULL},
		{"wasbs://c@acc.queue.core.windows.net/p", NULL, NULL},
		{"wasbs://c@.blob.core.windows.net/p", NULL, NULL},
		{"wasbs://c@d@acc.blob.core.windows.net/p", NULL, NULL},
		{"wasbs://@acc.blob.core.windows.net/p", NULL, NULL},
		{"wasbs://acc.blob.core.windows.net/c@p", NULL, NULL},
		{"wasbs:c@acc.blob.core.windows.net/p?sig=x", NULL, NULL},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct azure_account account;
		int result = azure_account_read(rows[i].uri, NULL, &account, &f);
		assert_row((result == 0) == (rows[i].endpoint != NULL), rows[i].uri);
		assert_row(result == 0 || f.status == STATUS_CONFIGURATION, rows[i].uri);
		assert_row(result != 0 || (strcmp(account.endpoint, rows[i].endpoint) == 0 &&
						  strcmp(account.prefix, rows[i].prefix) == 0),
			rows[i].uri);
		azure_account_release(&account);
	}
}

static void a_connection_string_says_where_and_with_what(void **state)
{
	static const struct {
		const char *connection;
		const char *endpoint; /* NULL: refused */
		const char *name;
		const char *key;
	} rows[] = {
		{"DefaultEndpointsProtocol=https;AccountName=a;AccountKey=a2V5==;"
		 "EndpointSuffix=core.windows.net",
			"https://a.blob.core.windows.net", "a", "a2V5=="},
		{"AccountName=a;BlobEndpoint=http://127.0.0.1:10000/a/", "http://127.0.0.1:10000/a",
			"a", NULL},
		{";;blobendpoint=https://x.example;", "https://x.example", "acc", NULL},
		{"UseDevelopmentStorage=true", "http://127.0.0.1:10000/devstoreaccount1",
			"devstoreaccount1",
			"Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/"
			"K1SZFPTOtr/KBHBeksoGMGw=="},
		{"", "https://acc.blob.core.windows.net", "acc", NULL},
		{"BlobEndpoint=ftp://x.example", NULL, NULL, NULL},
		{"BlobEndpoint=https://user@x.example", NULL, NULL, NULL},
		{"BlobEndpoint=https://x.example?sig=y", NULL, NULL, NULL},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *row = rows[i].connection;
		struct azure_account account;
		int result = azure_account_read(
			"wasbs://c@acc.blob.core.windows.net/p", row, &account, &f);
		assert_row((result == 0) == (rows[i].endpoint != NULL), row);
		if (result != 0)
			continue;
		assert_row(strcmp(account.endpoint, rows[i].endpoint) == 0, row);
		assert_row(text_equal(account.name, rows[i].name), row);
		assert_row(text_equal(account.key, rows[i].key), row);
		azure_account_release(&account);
	}
}

#define DATE "x-ms-date: Wed, 25 Nov 2026 22:03:17 GMT"
#define VERSION "x-ms-version: 2021-12-02"

/* What Azure's own Python client 12.31.1 makes of the same requests, with the emulator's key. */
static void requests_are_signed_as_azures_client_signs_them(void **state)
{
	static const char key_text[] =
		"Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6"
		"tq/K1SZFPTOtr/KBHBeksoGMGw==";
	static const struct {
		const char *account;
		const char *method;
		const char *path;
		struct azure_parameter parameters[AZURE_QUERY_MAX];
		const char *headers[8];
		const char *content_type;
		uint64_t size;
		const char *value;
	} rows[] = {
		{"acc", "GET", "/c",
			{{"comp", "list"}, {"marker", "a/b c"}, {"prefix", "r/m/"},
				{"restype", "container"}},
			{VERSION, DATE}, NULL, 0,
			"SharedKey acc:PVdHeUWvEqjXmDOkiKYHTBTyAnAko/aHKjiXufypxec="},
		{"devstoreaccount1", "PUT", "/devstoreaccount1/c/a%20b/x", {{NULL}},
			{"x-ms-meta-sha256: 2cf24dba", "x-ms-blob-type: BlockBlob",
				"content-md5: XUFAKrxLKna5cZ2REBfFkg==", DATE, VERSION},
			"application/octet-stream", 5,
			"SharedKey devstoreaccount1:L8+xWDsJODNywUIfFJALuh7QQR83iym+0cTvId7mTBE="},
		{"acc", "DELETE", "/c/x", {{NULL}},
			{"if-match: \"0x8D\"", "x-ms-delete-snapshots: include", DATE, VERSION},
			NULL, 0, "SharedKey acc:QjCSl3DmhMRbsF+MICo2FHUZK7sXVB2nHMw8rteKjfE="},
		{"acc", "PUT", "/c/x", {{NULL}},
			{"if-none-match: *", "x-ms-blob-type: BlockBlob", DATE, VERSION},
			"application/octet-stream", 0,
			"SharedKey acc:jQVFpHlk4KOdiAUb1mIihIs54A7ItNP2z75IMPNp6fs="},
	};
	uint8_t key[sizeof(key_text)];
	(void)state;
	assert_true(base64_decode(key_text, key));
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct azure_to_sign request = {rows[i].method, rows[i].path, rows[i].parameters,
			rows[i].headers, rows[i].content_type, rows[i].size};
		char *value = azure_key_sign(rows[i].account, key, 64, &request);
		assert_string_equal(value, rows[i].value);
		free(value);
	}
}

/* With a signature that a scripted server does not look at. */
static void open_store(void)
{
	char *connection = text_format(
		"BlobEndpoint=http://127.0.0.1:%d/a;SharedAccessSignature=sv=1&sig=s", server.port);
	setenv("AZURE_STORAGE_CONNECTION_STRING", connection, 1);
	free(connection);
	options.max_retries = 0;
	assert_int_equal(
		store_open_apart(&store, &reach, "wasbs://c@a.blob.core.windows.net/p/", &f), 0);
	assert_string_equal(store.root, "wasbs://c@a.blob.core.windows.net/p");
}

static void close_store(void)
{
	store_release(&store);
	end();
}

#define BLOB(name, more)                                                                           \
	"<Blob><Name>" name "</Name><Properties><Content-Length>7</Content-Length>" more           \
	"</Properties></Blob>"

#define SHA256_EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define DIGESTED(name, digest)                                                                     \
	"<Blob><Name>" name "</Name><Properties><Content-Length>7</Content-Length></Properties>"   \
	"<Metadata><sha256>" digest "</sha256></Metadata></Blob>"

static void a_list_goes_on_where_a_page_ends_and_leaves_folders_out(void **state)
{
	struct store_listing listing;
	(void)state;
	BEGIN({XML("<EnumerationResults><Blobs>" DIGESTED("p/m/b", SHA256_EMPTY) BLOB(
		      "p/m/d", "<ResourceType>directory</ResourceType>") BLOB("p/m/d/c",
		      "<ResourceType>file</ResourceType>") "</Blobs><NextMarker>"
							   "m&amp;n</NextMarker></"
							   "EnumerationResults>")},
		{XML("<EnumerationResults><Blobs>" BLOB("p/m/a", "") "</Blobs><NextMarker/>"
								     "</EnumerationResults>")});
	open_store();
	assert_int_equal(store_list(&store, "m", &listing, &f), 0);
	assert_int_equal(listing.count, 3);
	assert_string_equal(listing.objects[0].path, "a");
	assert_string_equal(listing.objects[1].path, "b");
	assert_string_equal(listing.objects[2].path, "d/c");
	assert_true(head_has(&server, 0,
		"GET /a/c?comp=list&include=metadata&prefix=p%2Fm%2F&restype=container&sv=1&sig=s "
		"HTTP"));
	assert_true(
		head_has(&server, 1, "?comp=list&include=metadata&marker=m%26n&prefix=p%2Fm%2F&"));
	assert_null(listing.objects[0].digest);
	assert_string_equal(listing.objects[1].digest, SHA256_EMPTY);
	assert_null(listing.objects[2].digest);
	store_listing_release(&listing);
	close_store();
}

static void blocks_that_somebody_else_left_are_not_joined(void **state)
{
	struct store_upload upload = {
		.content = {"x", 10, "2cf24dba"}, .part_size = 5, .part_count = 2};
	(void)state;
	BEGIN({XML("<BlockList><CommittedBlocks/><UncommittedBlocks>"
		   "<Block><Name>bWxmbG93X2Jsb2NrXzE=</Name><Size>5</Size></Block>"
		   "</UncommittedBlocks></BlockList>")});
	open_store();
	upload.receipts = memory_get(2, sizeof(*upload.receipts));
	assert_int_equal(store.kind->begin(&store, &upload, &f), 0);
	assert_true(upload.whole);
	assert_string_equal(store_receipt(&upload, 0), "");
	store_upload_release(&upload);
	close_store();
}

static void a_block_that_is_there_is_not_sent_again_and_damaged_ones_are_no_part_of_it(void **state)
{
	struct store_upload upload = {
		.content = {"x", 10, "2cf24dba"}, .part_size = 5, .part_count = 2};
	static const struct store_part parts[] = {{0, 0, "hello", 5}, {1, 5, "world", 5}};
	bool kept;
	(void)state;
	BEGIN({XML("<BlockList><UncommittedBlocks><Block>"
		   "<Name>MDAwMDAtNWQ0MTQwMmFiYzRiMmE3NmI5NzE5ZDkxMTAxN2M1OTI=</Name>"
		   "<Size>5</Size></Block></UncommittedBlocks></BlockList>")},
		{STATUS("400 Bad", "<Error><Code>Md5Mismatch</Code><Message>no\nRequestId:1</"
				   "Message></Error>")});
	open_store();
	upload.receipts = memory_get(2, sizeof(*upload.receipts));
	assert_int_equal(store.kind->begin(&store, &upload, &f), 0);
	assert_false(upload.whole);
	assert_int_equal(store.kind->put_part(&store, &upload, &parts[0], &kept, &f), 0);
	assert_true(kept);
	assert_failure(store.kind->put_part(&store, &upload, &parts[1], &kept, &f), f, STATUS_LATER,
		"answers 400 Md5Mismatch: no");
	assert_lacks(f.text, "RequestId");
	assert_string_equal(store_receipt(&upload, 1), "");
	assert_true(head_has(&server, 1, "Content-MD5: fXkwN6B2AYZXSwKC8vQ15w=="));
	store_upload_release(&upload);
	close_store();
}

static void a_token_that_is_refused_is_fetched_anew_once(void **state)
{
	struct store_listing listing;
	(void)state;
	BEGIN({"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"access_token\":\"first\"}", CLOSE},
		{STATUS("401 Unauthorized", "")},
		{"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"access_token\":\"second\"}",
			CLOSE},
		{STATUS("401 Unauthorized", "")});
	char *address = text_format("http://127.0.0.1:%d", server.port);
	char *connection = text_format("BlobEndpoint=%s/a", address);
	setenv("AZURE_STORAGE_CONNECTION_STRING", connection, 1);
	setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", address, 1);
	options.max_retries = 0;
	assert_int_equal(
		store_open_apart(&store, &reach, "wasbs://c@a.blob.core.windows.net", &f), 0);
	assert_failure(store_list(&store, "m", &listing, &f), f, STATUS_DENIED, "answers 401");
	assert_true(head_has(&server, 0, "GET /metadata/identity/oauth2/token?"));
	assert_true(head_has(&server, 1, "authorization: Bearer first"));
	assert_true(head_has(&server, 3, "authorization: Bearer second"));
	assert_int_equal(server.seen, 4);
	unsetenv("AZURE_POD_IDENTITY_AUTHORITY_HOST");
	free(connection);
	free(address);
	close_store();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_uri_names_a_container_an_account_and_a_prefix),
		cmocka_unit_test(a_connection_string_says_where_and_with_what),
		cmocka_unit_test(requests_are_signed_as_azures_client_signs_them),
		cmocka_unit_test(a_list_goes_on_where_a_page_ends_and_leaves_folders_out),
		cmocka_unit_test(blocks_that_somebody_else_left_are_not_joined),
		cmocka_unit_test(
			a_block_that_is_there_is_not_sent_again_and_damaged_ones_are_no_part_of_it),
		cmocka_unit_test(a_token_that_is_refused_is_fetched_anew_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
