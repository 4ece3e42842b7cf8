/* Tests of pages that come instead of an answer: their first line, and whether they want a login.
 */
#include "unit.h"

#include "http/html.h"

static void the_first_line_is_text_without_tags(void **state)
{
	static const struct {
		const char *page, *line;
	} rows[] = {
		{"<html><head><title>403 Forbidden</title></head><body>x</body></html>",
			"403 Forbidden"},
		{"<!DOCTYPE html><!-- <p>not this</p> --><style>p{}</style>\n"
		 "<script>var a = '<b>';</script>\n  <h1>\n Access\t to the  page <b>denied",
			"Access to the page"},
		{"<p> </p><p>&nbsp;</p><p>a &amp; b &lt;c&gt; &unknown;</p>",
			"a & b <c> &unknown;"},
		{"<p>\x1b[2J\r\nnext", "\\x1b[2J next"},
		{"no tags", "no tags"},
		{"<unclosed", ""},
		{"<!-- unclosed <p>x</p>", ""},
		{"", ""},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char line[60];
		html_first_line(rows[i].page, strlen(rows[i].page), line, sizeof(line));
		assert_string_equal(line, rows[i].line);
	}
}

static void a_long_line_is_cut(void **state)
{
	char page[2000], line[20];
	(void)state;
	memset(page, 'x', sizeof(page));
	html_first_line(page, sizeof(page), line, sizeof(line));
	assert_true(strlen(line) < sizeof(line));
	assert_memory_equal(line, "xxxx", 4);
}

static void a_login_is_known_by_its_form_or_where_it_leads(void **state)
{
	static const struct {
		const char *page;
		bool is;
	} rows[] = {
		{"<form><input name=p type=\"password\"></form>", true},
		{"<INPUT TYPE='password'>", true},
		{"<input id=a type=password >", true},
		{"<meta http-equiv=\"refresh\" content=\"0; URL=https://idp.corp/login?x\">", true},
		{"<META HTTP-EQUIV=refresh CONTENT='0;url=/oauth2/start'>", true},
		{"<meta http-equiv=\"refresh\" content=\"5; url=/#/experiments\">", false},
		{"<meta name=description content=login>", false},
		{"<!-- <input type=password> --><p>fine", false},
		{"<html>please log in</html>", false},
		{"{}", false},
		{"", false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (html_asks_for_login(rows[i].page, strlen(rows[i].page)) != rows[i].is)
			fail_msg("%s", rows[i].page);
}

static void an_address_may_be_called_like_a_login(void **state)
{
	(void)state;
	assert_true(html_is_login_url("https://h/login"));
	assert_true(html_is_login_url("https://h/oauth2/sign_in"));
	assert_true(html_is_login_url("https://keycloak.corp/realms/x/protocol"));
	assert_true(html_is_login_url("https://login.microsoftonline.com/x"));
	assert_false(html_is_login_url("https://h/api/2.0/mlflow/runs/get?next=/login"));
	assert_false(html_is_login_url("https://mlflow.corp/"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_line_is_text_without_tags),
		cmocka_unit_test(a_long_line_is_cut),
		cmocka_unit_test(a_login_is_known_by_its_form_or_where_it_leads),
		cmocka_unit_test(an_address_may_be_called_like_a_login),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
