#include "unit.h"

#include "base/text.h"
#include "packaging/xml/xml.h"

static struct fail f;

/* "path=text;" of each element; refuses one that is called Refused */
static int note(void *context, const char *path, const char *text, struct fail *fail)
{
	text_printf(context, "%s=%s;", path, text);
	return text_ends_with(path, "Refused") ? fail_set(fail, STATUS_LATER, "not this one") : 0;
}

static int read_all(const char *xml, struct text *told)
{
	*told = (struct text){0};
	return xml_read(xml, strlen(xml), note, told, &f);
}

static void elements_are_told_by_their_paths_innermost_first(void **state)
{
	static const struct {
		const char *xml, *told;
	} rows[] = {
		{"<a/>", "a=;"},
		{"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a>x</a>", "a=x;"},
		{"<a><b>1</b><b>2</b></a>", "a/b=1;a/b=2;a=;"},
		{"<a xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><b c=\"d\">x</b></a>",
			"a/b=x;a=;"},
		{"<s3:a xmlns:s3=\"u\"><s3:b>x</s3:b></s3:a>", "a/b=x;a=;"},
		{"<a>&quot;&amp;&lt;&#x41;<![CDATA[<b>]]></a>", "a=\"&<A<b>;"},
		{"<a> x <b>y</b> z </a>", "a/b=y;a= z ;"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct text told;
		assert_row(read_all(rows[i].xml, &told) == 0, rows[i].xml);
		assert_row(strcmp(text_string(&told), rows[i].told) == 0, text_string(&told));
		text_release(&told);
	}
}

static void what_is_no_such_document_is_no_answer(void **state)
{
	static const struct {
		const char *xml, *said;
	} rows[] = {
		{"", "is no XML"},
		{"<html>", "is no XML"},
		{"{\"error\": 1}", "is no XML"},
		{"<a></b>", "is no XML"},
		{"<:/>", "without a name"},
		{"<a>&b;</a>", "is no XML"},
		{"<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "document type"},
		{"<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>", "document type"},
		{"<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>", "nested too deep"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct text told;
		assert_failure(
			read_all(rows[i].xml, &told), f, STATUS_NOT_A_REGISTRY, rows[i].said);
		text_release(&told);
	}
}

static void an_element_is_bounded(void **state)
{
	struct text xml = {0}, told;
	(void)state;
	text_add_string(&xml, "<a>");
	for (int i = 0; i < (64 << 10) + 1; i++)
		text_add_string(&xml, "x");
	text_add_string(&xml, "</a>");
	assert_failure(read_all(text_string(&xml), &told), f, STATUS_NOT_A_REGISTRY, "too long");
	text_release(&told);
	text_release(&xml);
}

static void whoever_is_told_may_end_the_reading(void **state)
{
	struct text told;
	(void)state;
	assert_failure(read_all("<a><Refused/><b/></a>", &told), f, STATUS_LATER, "not this one");
	assert_string_equal(text_string(&told), "a/Refused=;");
	text_release(&told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(elements_are_told_by_their_paths_innermost_first),
		cmocka_unit_test(what_is_no_such_document_is_no_answer),
		cmocka_unit_test(an_element_is_bounded),
		cmocka_unit_test(whoever_is_told_may_end_the_reading),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
