/* Tests of URLs: origins decide who sees credentials, and what is shown holds none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"
#include "http/http.h"
#include "http/url.h"

static void check(char *got, const char *wanted)
{
	if (wanted == NULL)
		assert_null(got);
	else
		assert_string_equal(got, wanted);
	free(got);
}

static void an_origin_has_scheme_host_and_port(void **state)
{
	(void)state;
	check(http_url_origin("http://Host/x"), "http://host:80");
	check(http_url_origin("HTTPS://a.b:443/"), "https://a.b:443");
	check(http_url_origin("https://a.b"), "https://a.b:443");
	check(http_url_origin("http://[::1]:5000/ml"), "http://[::1]:5000");
	check(http_url_origin("http://u:p@h:5000"), "http://h:5000");
	check(http_url_origin("ftp://h/"), NULL);
	check(http_url_origin("sqlite:///mlflow.db"), NULL);
	check(http_url_origin("h:5000"), NULL);
	check(http_url_origin("http:/h/x"), NULL);
	check(http_url_origin("http:///h/x"), NULL);
	check(http_url_origin("http://u@[::1%25@x]/"), NULL);
	check(http_url_origin(""), NULL);
	assert_true(http_url_same_origin("http://h/a", "http://H:80/b?c"));
	assert_false(http_url_same_origin("http://h/a", "https://h/a"));
	assert_false(http_url_same_origin("http://h/", "http://h:8080/"));
	assert_false(http_url_same_origin("http://h@evil/", "http://h/"));
	assert_false(http_url_same_origin("nonsense", "nonsense"));
	check(http_url_host("http://[FE80::1]:5000/"), "fe80::1");
	check(http_url_host("http://u:p@Name:1/"), "name");
}

static void user_information_is_cut_out(void **state)
{
	(void)state;
	static const struct {
		const char *url;
		const char *left;
		const char *user;
		const char *password;
	} rows[] = {
		{"http://u:p@h:5000/ml", "http://h:5000/ml", "u", "p"},
		{"https://a%40b:c%3Ad%2F@h", "https://h", "a@b", "c:d/"},
		{"http://token@h/", "http://h/", "token", NULL},
		{"http://h/x@y", "http://h/x@y", NULL, NULL},
		{"http://u:p@[::1]:5000", "http://[::1]:5000", "u", "p"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *url = text_copy(rows[i].url), *user, *password;
		assert_true(http_url_cut_user(&url, &user, &password));
		check(url, rows[i].left);
		check(user, rows[i].user);
		check(password, rows[i].password);
	}
	char *other = text_copy("file:///x"), *user, *password;
	assert_false(http_url_cut_user(&other, &user, &password));
	free(other);
}

static void what_is_shown_holds_no_secret(void **state)
{
	(void)state;
	check(http_url_show("https://u:p@h:1/a/b?sig=x#y"), "https://h:1/a/b");
	check(http_url_show("http://h/\033[2J"), "http://h/\\x1b[2J");
	check(http_url_tail("http://h/api/2.0/mlflow/runs/get?run_id=1"), "…/runs/get");
	check(http_url_tail("http://h/version"), "/version");
	check(http_url_tail("http://h/a/b"), "/a/b");
	check(http_url_tail("http://h"), "/");
}

static void names_are_escaped(void **state)
{
	(void)state;
	check(http_escape_path("a b/ü#?%.txt"), "a%20b/%C3%BC%23%3F%25.txt");
	check(http_escape_query("name='a/b'&c=d+e"), "name%3D%27a%2Fb%27%26c%3Dd%2Be");
	check(http_escape_path("AZaz09-_.~/"), "AZaz09-_.~/");
	check(http_escape_query(""), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_origin_has_scheme_host_and_port),
		cmocka_unit_test(user_information_is_cut_out),
		cmocka_unit_test(what_is_shown_holds_no_secret),
		cmocka_unit_test(names_are_escaped),
	};
	return cmocka_run_group_tests_name("http_url", tests, NULL, NULL);
}
