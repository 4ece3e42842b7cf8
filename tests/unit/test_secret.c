/* Secrets: in what forms they are hidden, and what is left as it is. */
#include "unit.h"

#include "base/escape.h"
#include "base/secret.h"
#include "base/text.h"

#define PASSWORD "p@ss/w\"rd+1 \xc3\xa9"

static int forget(void **state)
{
	(void)state;
	secret_wipe();
	return 0;
}

static void assert_shown(const char *said, const char *shown)
{
	struct text text = {0};
	escape_add(&text, said, strlen(said));
	assert_string_equal(text_string(&text), shown);
	text_release(&text);
}

static void a_secret_is_hidden_however_it_is_written_down(void **state)
{
	static const char *const forms[] = {
		"p@ss/w\"rd+1 \xc3\xa9",	/* as it is */
		"p%40ss%2Fw%22rd%2B1%20%C3%A9", /* in a query */
		"p%40ss%2fw%22rd%2b1%20%c3%a9", /* in small letters */
		"p%40ss/w%22rd%2B1%20%C3%A9",	/* in a path */
		"p@ss/w\\\"rd+1 \xc3\xa9",	/* in JSON */
		"p@ss\\/w\\\"rd+1 \xc3\xa9",	/* in JSON as PHP writes it */
		"p@ss/w\\\"rd+1 \\u00e9",	/* in JSON as Python writes it */
		"p@ss/w&quot;rd+1 \xc3\xa9",	/* in HTML */
		"p@ss/w&#34;rd+1 \xc3\xa9", "cEBzcy93InJkKzEgw6k=", /* base64 */
		"cEBzcy93InJkKzEgw6k",				    /* base64 without its end */
	};
	(void)state;
	secret_add(PASSWORD);
	for (size_t i = 0; i < COUNT(forms); i++) {
		char *said = text_format("invalid: <%s>", forms[i]);
		struct text text = {0};
		escape_add(&text, said, strlen(said));
		assert_contains(text_string(&text), "invalid: <[redacted]");
		assert_lacks(text_string(&text), "rd");
		assert_lacks(text_string(&text), "cEBz");
		text_release(&text);
		free(said);
	}
}

/* "a:", "ab:" and "abc:" before it: base64 of a login does not begin where the password does. */
static void it_is_hidden_wherever_it_begins_in_base64(void **state)
{
	static const char *const logins[] = {"YTpodW50ZXIyLWh1bnRlcjI=", "YWI6aHVudGVyMi1odW50ZXIy",
		"YWJjOmh1bnRlcjItaHVudGVyMg=="};
	(void)state;
	secret_add("hunter2-hunter2");
	for (size_t i = 0; i < COUNT(logins); i++) {
		char buffer[64];
		escape_into(buffer, sizeof(buffer), logins[i], strlen(logins[i]));
		assert_contains(buffer, "[redacted]");
		assert_true(strlen(buffer) < 20);
	}
}

static void a_secret_that_was_cut_is_hidden_as_far_as_it_goes(void **state)
{
	(void)state;
	secret_add("0123456789abcdef0123456789abcdef");
	assert_shown("bad token 0123456789abcdef: no", "bad token [redacted]: no");
	assert_shown("bad token 0123456789abcdef0123", "bad token [redacted]");
	assert_shown("version 0123", "version 0123");
}

static void a_short_secret_hides_no_part_of_a_word(void **state)
{
	(void)state;
	secret_add("abc");
	secret_add("fish");
	assert_shown("abc abc", "abc abc");
	assert_shown("fishing for fish, not fisher", "fishing for [redacted], not fisher");
	struct text text = {0};
	secret_redact(&text, "{\"fish\":1}", 10, false);
	assert_string_equal(text_string(&text), "{\"fish\":1}");
	text_release(&text);
}

static void a_url_is_shown_without_who_asks(void **state)
{
	static const char *const rows[][2] = {
		{"cannot reach http://u:p@host/a", "cannot reach http://host/a"},
		{"http://u:p@ss@host:80/a", "http://host:80/a"},
		{"http://u:p@ss/w@host:80/a", "http://host:80/a"},
		{"http://u:p/a?s#s@host/x", "http://host/x"},
		{"git+https://token@host/x.git", "git+https://host/x.git"},
		{"\"http://a@b\",\"c@d\"", "\"http://b\",\"c@d\""},
		{"http://host/a@b", "http://host/a@b"},
		{"http://[::1]:80/a@b", "http://[::1]:80/a@b"},
		{"wasbs://fish@acct.blob.core.windows.net/m",
			"wasbs://fish@acct.blob.core.windows.net/m"},
		{"s3://b/k?X-Amz-Signature=abc&x=1", "s3://b/k?X-Amz-Signature=[redacted]&x=1"},
		{"https://a/b?sv=1&sig=a%2Fb", "https://a/b?sv=1&sig=[redacted]"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_shown(rows[i][0], rows[i][1]);
}

static void what_is_sent_in_a_header_is_a_secret_by_its_name(void **state)
{
	(void)state;
	secret_add_header("Authorization: Bearer abcdefgh-token");
	secret_add_header("Cookie: session=sessionvalue; theme=dark");
	secret_add_header("X-Goog-Token: googletoken");
	secret_add_header("Accept: application/json");
	secret_add_header("Authorization: AWS4-HMAC-SHA256 Credential=x, Signature=0123");
	assert_shown("got 'abcdefgh-token'", "got '[redacted]'");
	assert_shown("got sessionvalue and googletoken", "got [redacted] and [redacted]");
	assert_shown("application/json", "application/json");
	assert_shown("Credential=x, Signature=0123", "Credential=x, Signature=[redacted]");
}

static void the_password_of_a_url_is_a_secret_as_written_and_decoded(void **state)
{
	(void)state;
	secret_add_url("https://fish:hunter%40two@proxy:3128");
	assert_shown("hunter%40two or hunter@two", "[redacted] or [redacted]");
	secret_wipe();
	assert_shown("hunter@two", "hunter@two");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_secret_is_hidden_however_it_is_written_down, forget),
		cmocka_unit_test_teardown(it_is_hidden_wherever_it_begins_in_base64, forget),
		cmocka_unit_test_teardown(
			a_secret_that_was_cut_is_hidden_as_far_as_it_goes, forget),
		cmocka_unit_test_teardown(a_short_secret_hides_no_part_of_a_word, forget),
		cmocka_unit_test_teardown(a_url_is_shown_without_who_asks, forget),
		cmocka_unit_test_teardown(what_is_sent_in_a_header_is_a_secret_by_its_name, forget),
		cmocka_unit_test_teardown(
			the_password_of_a_url_is_a_secret_as_written_and_decoded, forget),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
