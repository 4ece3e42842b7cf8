/* Tests of header lines from a file: what they may be, and that no value is told. */
#include "unit.h"

#include "base/text.h"
#include "http/login.h"
#include "mlflow/header_file.h"

static void lines_become_headers(void **state)
{
	static const char text[] = "# of the proxy\r\n\r\nCF-Access-Client-Id:  id \n"
				   "Proxy-Authorization: Bearer a:b\tc\nX-Last: \xc3\xa9";
	static const char *const wanted[] = {"CF-Access-Client-Id: id",
		"Proxy-Authorization: Bearer a:b\tc", "X-Last: \xc3\xa9"};
	struct http_lines lines = {0};
	struct fail f;
	(void)state;
	assert_int_equal(header_file_parse(text, sizeof(text) - 1, true, &lines, &f), 0);
	assert_int_equal(lines.count, COUNT(wanted));
	for (size_t i = 0; i < COUNT(wanted); i++)
		assert_string_equal(lines.lines[i], wanted[i]);
	http_lines_release(&lines);
}

static void what_is_no_header_is_refused_without_its_value(void **state)
{
	static const struct {
		const char *text, *error;
		bool has_login;
	} rows[] = {
		{"hidden", "line 1: not a line \"Name: value\"", false},
		{"# x\n: hidden", "line 2: not a line", false},
		{"X Y: hidden", "not a line", false},
		{"X-Y : hidden", "not a line", false},
		{" X: hidden", "not a line", false},
		{"X-Y:  ", "line 1: X-Y has no value", false},
		{"X-Y: hidden\rX-Admin: 1", "control character", false},
		{"X-Y: hidden\x1b", "control character", false},
		{"host: hidden", "host is not to be set here", false},
		{"X-MLFLOW-Workspace: hidden", "is not to be set here", false},
		{"Transfer-Encoding: hidden", "is not to be set here", false},
		{"X-Y: hidden\nx-y: hidden", "line 2: x-y is there twice", false},
		{"Authorization: hidden", "Authorization is there, and other credentials", true},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct http_lines lines = {0};
		struct fail f;
		int result = header_file_parse(
			rows[i].text, strlen(rows[i].text), rows[i].has_login, &lines, &f);
		assert_failure(result, f, STATUS_CONFIGURATION, rows[i].error);
		assert_lacks(f.text, "hidden");
		http_lines_release(&lines);
	}
}

static void an_authorization_may_come_from_the_file_alone(void **state)
{
	static const char text[] = "Authorization: Bearer x";
	struct http_lines lines = {0};
	struct fail f;
	(void)state;
	assert_int_equal(header_file_parse(text, strlen(text), false, &lines, &f), 0);
	assert_int_equal(lines.count, 1);
	http_lines_release(&lines);
}

static void there_is_an_end_to_headers(void **state)
{
	struct http_lines lines = {0};
	struct text text = {0};
	struct fail f;
	(void)state;
	for (int i = 0; i <= HEADER_FILE_LINES_MAX; i++)
		text_printf(&text, "X-%d: 1\n", i);
	assert_failure(header_file_parse(text_string(&text), text.size, false, &lines, &f), f,
		STATUS_CONFIGURATION, "line 25: more than 24 headers");
	http_lines_release(&lines);
	text_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_become_headers),
		cmocka_unit_test(what_is_no_header_is_refused_without_its_value),
		cmocka_unit_test(an_authorization_may_come_from_the_file_alone),
		cmocka_unit_test(there_is_an_end_to_headers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
