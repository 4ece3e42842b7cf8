/* Tests of Google's credential files, and of what is sent for them. */
#include "auth/google_key.h"
#include "base/text.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "auth/fetch.h"
#include "packaging/digest/base64.h"
#include "store/checksum.h"
#include "unit.h"

#define NOW_MS INT64_C(1795643000123)

static struct fail f;

static int parse(const char *text, struct google_key *key)
{
	return google_key_parse(text, strlen(text), key, &f);
}

static EVP_PKEY *new_key(void)
{
	static EVP_PKEY *key;
	if (key == NULL)
		key = EVP_RSA_gen(2048);
	assert_non_null(key);
	return key;
}

static char *pem_of(EVP_PKEY *key)
{
	char *data;
	BIO *bio = BIO_new(BIO_s_mem());
	assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
	long size = BIO_get_mem_data(bio, &data);
	char *pem = text_format("%.*s", (int)size, data);
	BIO_free(bio);
	return pem;
}

static struct google_key service_account(void)
{
	return (struct google_key){
		.email = text_copy("a@b.iam"),
		.private_key = pem_of(new_key()),
		.private_key_id = text_copy("k1"),
		.token_uri = text_copy("https://t.example/token"),
	};
}

static void what_is_no_credential_file_is_refused_and_why_is_said(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} rows[] = {
		{"", "line 1"},
		{"[]", "credentials of type \"\" are not followed here"},
		{"{\"type\":\"external_account\"}", "credentials of type \"external_account\""},
		{"{\"type\":\"service_account\",\"client_email\":\"a@b\"}",
			"lacks client_email or"},
		{"{\"type\":\"service_account\",\"client_email\":\"a@b\",\"private_key\":7}",
			"lacks client_email or private_key"},
		{"{\"type\":\"authorized_user\",\"client_id\":\"i\",\"client_secret\":\"s\"}",
			"lacks client_id, client_secret or refresh_token"},
		{"{\"type\":\"authorized_user\",\"client_id\":\"i\",\"client_secret\":\"s\","
		 "\"refresh_token\":\"r\",\"token_uri\":\"http://t.example/token\"}",
			"no https:// address"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct google_key key;
		assert_failure(parse(rows[i].text, &key), f, STATUS_CONFIGURATION, rows[i].why);
		assert_null(key.private_key);
		assert_null(key.refresh_token);
	}
}

static void a_login_sends_its_refresh_token_escaped(void **state)
{
	struct google_key key;
	char *form;
	(void)state;
	assert_int_equal(parse("{\"type\":\"authorized_user\",\"client_id\":\"i.apps\","
			       "\"client_secret\":\"s&t\",\"refresh_token\":\"1//x+y\","
			       "\"quota_project_id\":\"p\"}",
				 &key),
		0);
	assert_string_equal(key.token_uri, "https://oauth2.googleapis.com/token");
	assert_string_equal(key.quota_project, "p");
	assert_int_equal(google_key_form(&key, NOW_MS, &form, &f), 0);
	assert_string_equal(form, "grant_type=refresh_token&client_id=i.apps&client_secret=s%26t"
				  "&refresh_token=1%2F%2Fx%2By");
	fetch_wipe(&form);
	google_key_release(&key);
}

/* base64url without padding to bytes, as a string */
static size_t decode(const char *text, size_t size, unsigned char *out)
{
	char padded[2048];
	assert_true(size + 4 < sizeof(padded));
	memcpy(padded, text, size);
	for (size_t i = 0; i < size; i++)
		padded[i] = padded[i] == '-' ? '+' : padded[i] == '_' ? '/' : padded[i];
	size_t whole = size;
	while (whole % 4 != 0)
		padded[whole++] = '=';
	padded[whole] = '\0';
	assert_true(base64_decode(padded, out));
	size_t count = whole / 4 * 3 - (whole - size);
	out[count] = '\0';
	return count;
}

static bool is_signed(const char *text, size_t size, const unsigned char *signature, size_t length)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, new_key()) == 1 &&
		    EVP_DigestVerify(
			    context, signature, length, (const unsigned char *)text, size) == 1;
	EVP_MD_CTX_free(context);
	return good;
}

static void a_service_account_signs_who_asks_for_what_and_for_an_hour(void **state)
{
	static const char start[] =
		"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
	unsigned char bytes[2048];
	struct google_key key = service_account();
	char *form;
	(void)state;
	assert_int_equal(google_key_form(&key, NOW_MS, &form, &f), 0);
	assert_int_equal(strncmp(form, start, strlen(start)), 0);
	const char *head = form + strlen(start);
	const char *claims = strchr(head, '.') + 1, *signature = strchr(claims, '.') + 1;
	decode(head, (size_t)(claims - 1 - head), bytes);
	assert_string_equal((char *)bytes, "{\"alg\":\"RS256\",\"kid\":\"k1\",\"typ\":\"JWT\"}");
	decode(claims, (size_t)(signature - 1 - claims), bytes);
	assert_string_equal((char *)bytes,
		"{\"aud\":\"https://t.example/token\",\"exp\":1795646600,\"iat\":1795643000,"
		"\"iss\":\"a@b.iam\","
		"\"scope\":\"https://www.googleapis.com/auth/devstorage.read_write\"}");
	size_t length = decode(signature, strlen(signature), bytes);
	assert_true(is_signed(head, (size_t)(signature - 1 - head), bytes, length));
	assert_false(is_signed(head, (size_t)(signature - 2 - head), bytes, length));
	fetch_wipe(&form);
	google_key_release(&key);
}

static void a_private_key_that_is_none_is_refused_without_showing_it(void **state)
{
	static const char *const rows[] = {"", "a-secret-that-is-no-pem",
		"-----BEGIN PRIVATE KEY-----\nTm9uZQ==\n-----END PRIVATE KEY-----\n"};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct google_key key = service_account();
		char *form;
		fetch_wipe(&key.private_key);
		key.private_key = text_copy(rows[i]);
		assert_failure(google_key_form(&key, NOW_MS, &form, &f), f, STATUS_CONFIGURATION,
			"no RSA key in PEM");
		assert_lacks(f.text, "secret");
		google_key_release(&key);
	}
}

static void drop_key(void)
{
	EVP_PKEY_free(new_key());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_credential_file_is_refused_and_why_is_said),
		cmocka_unit_test(a_login_sends_its_refresh_token_escaped),
		cmocka_unit_test(a_service_account_signs_who_asks_for_what_and_for_an_hour),
		cmocka_unit_test(a_private_key_that_is_none_is_refused_without_showing_it),
	};
	atexit(drop_key);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
