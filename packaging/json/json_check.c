#include "packaging/json/json_check.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"

/* cJSON reads a number through a buffer of 64 bytes */
#define NUMBER_MAX 63

struct scan {
	const char *text;
	size_t size;
	size_t at;
	int depth;
	struct step { /* the way to where it is: a key, its quotes left out, or a number */
		size_t at, size, index;
	} way[JSON_DEPTH];
	struct fail *f;
};

static int check_value(struct scan *scan);

static int scan_fail(const struct scan *scan, const char *what)
{
	size_t line = 1, column = 1;
	for (size_t i = 0; i < scan->at && i < scan->size; i++, column++) {
		if (scan->text[i] == '\n') {
			line++;
			column = 0;
		}
	}
	return fail_set(scan->f, STATUS_UNACCEPTABLE, "not JSON: line %zu, column %zu: %s", line,
		column, what);
}

static void add_way(const struct scan *scan, struct text *text)
{
	for (int i = 0; i < scan->depth; i++) {
		const struct step *step = &scan->way[i];
		if (step->size == 0) {
			text_printf(text, "[%zu]", step->index);
			continue;
		}
		text_add_string(text, text->size > 0 ? "." : "");
		text_add(text, scan->text + step->at, step->size);
	}
}

/* What Python's json.dump writes, and JSON has not. */
static int nonfinite_fail(const struct scan *scan, const char *word)
{
	struct text where = {0};
	add_way(scan, &where);
	char *what = text_format("%.200s%s%s: a value was expected, and JSON has no %s",
		text_string(&where), where.size > 0 ? " is " : "", word, word);
	scan_fail(scan, what);
	free(what);
	text_release(&where);
	return fail_hint(scan->f, "write a finite number, or leave the key out; Python's "
				  "json.dump refuses such values with allow_nan=False");
}

/* The next byte, or -1 at the end. */
static int peek(const struct scan *scan)
{
	return scan->at < scan->size ? (unsigned char)scan->text[scan->at] : -1;
}

static void skip_space(struct scan *scan)
{
	while (scan->at < scan->size && strchr(" \t\r\n", scan->text[scan->at]) != NULL &&
		scan->text[scan->at] != '\0')
		scan->at++;
}

static bool take(struct scan *scan, char wanted)
{
	if (peek(scan) != (unsigned char)wanted)
		return false;
	scan->at++;
	return true;
}

static size_t take_digits(struct scan *scan)
{
	size_t start = scan->at;
	while (peek(scan) >= '0' && peek(scan) <= '9')
		scan->at++;
	return scan->at - start;
}

static int check_number(struct scan *scan)
{
	size_t start = scan->at;
	take(scan, '-');
	bool zero = peek(scan) == '0';
	size_t whole = take_digits(scan);
	if (whole == 0 || (zero && whole > 1))
		return scan_fail(scan, "not a number");
	if (take(scan, '.') && take_digits(scan) == 0)
		return scan_fail(scan, "a digit is missing behind the point");
	if (take(scan, 'e') || take(scan, 'E')) {
		if (!take(scan, '+'))
			take(scan, '-');
		if (take_digits(scan) == 0)
			return scan_fail(scan, "a digit is missing in the exponent");
	}
	if (scan->at - start > NUMBER_MAX)
		return scan_fail(scan, "a number of more than 63 characters");
	return 0;
}

/* Four hex digits after \u, or -1. */
static long take_hex4(struct scan *scan)
{
	long value = 0;
	for (int i = 0; i < 4; i++, scan->at++) {
		int byte = peek(scan);
		if (byte >= '0' && byte <= '9')
			value = value * 16 + byte - '0';
		else if ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f' && byte > 0)
			value = value * 16 + (byte | 0x20) - 'a' + 10;
		else
			return -1;
	}
	return value;
}

static int check_unicode_escape(struct scan *scan)
{
	long value = take_hex4(scan);
	if (value < 0)
		return scan_fail(scan, "four hex digits belong behind \\u");
	if (value == 0)
		return scan_fail(scan, "a NUL character");
	if (value >= 0xdc00 && value <= 0xdfff)
		return scan_fail(scan, "a lone surrogate");
	if (value < 0xd800 || value > 0xdbff)
		return 0;
	if (!take(scan, '\\') || !take(scan, 'u'))
		return scan_fail(scan, "a lone surrogate");
	value = take_hex4(scan);
	if (value < 0xdc00 || value > 0xdfff)
		return scan_fail(scan, "a lone surrogate");
	return 0;
}

static int check_string(struct scan *scan)
{
	scan->at++; /* the opening quote */
	for (;;) {
		int byte = peek(scan);
		if (byte < 0)
			return scan_fail(scan, "the text ends inside a string");
		if (byte < 0x20)
			return scan_fail(scan, "a control character in a string");
		scan->at++;
		if (byte == '"')
			return 0;
		if (byte != '\\')
			continue;
		byte = peek(scan);
		if (byte <= 0 || strchr("\"\\/bfnrtu", byte) == NULL)
			return scan_fail(scan, "an unknown escape");
		scan->at++;
		if (byte == 'u' && check_unicode_escape(scan) != 0)
			return -1;
	}
}

static int check_member(struct scan *scan, bool named, size_t index)
{
	struct step *step = &scan->way[scan->depth - 1];
	skip_space(scan);
	*step = (struct step){.at = scan->at + 1, .index = index};
	if (named) {
		if (peek(scan) != '"')
			return scan_fail(scan, "a key in quotes was expected");
		if (check_string(scan) != 0)
			return -1;
		step->size = scan->at - step->at - 1;
		skip_space(scan);
		if (!take(scan, ':'))
			return scan_fail(scan, "':' was expected");
	}
	return check_value(scan);
}

static int check_members(struct scan *scan, char close)
{
	scan->at++; /* the opening bracket */
	skip_space(scan);
	if (take(scan, close))
		return 0;
	size_t index = 0;
	do {
		if (check_member(scan, close == '}', index++) != 0)
			return -1;
		skip_space(scan);
	} while (take(scan, ','));
	if (!take(scan, close))
		return scan_fail(
			scan, close == '}' ? "',' or '}' was expected" : "',' or ']' was expected");
	return 0;
}

static int check_container(struct scan *scan, char close)
{
	if (scan->depth == JSON_DEPTH)
		return scan_fail(scan, "nested too deeply");
	scan->depth++;
	int result = check_members(scan, close);
	scan->depth--;
	return result;
}

static bool stands(const struct scan *scan, const char *word)
{
	size_t length = strlen(word);
	return scan->size - scan->at >= length && memcmp(scan->text + scan->at, word, length) == 0;
}

static int check_word(struct scan *scan)
{
	static const char *const words[] = {"true", "false", "null"};
	static const char *const nonfinite[] = {"NaN", "Infinity", "-Infinity"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (stands(scan, words[i])) {
			scan->at += strlen(words[i]);
			return 0;
		}
	}
	for (size_t i = 0; i < sizeof(nonfinite) / sizeof(nonfinite[0]); i++)
		if (stands(scan, nonfinite[i]))
			return nonfinite_fail(scan, nonfinite[i]);
	return scan_fail(scan, scan->at < scan->size ? "a value was expected" : "the text ends");
}

static int check_value(struct scan *scan)
{
	skip_space(scan);
	int byte = peek(scan);
	if (byte == '{')
		return check_container(scan, '}');
	if (byte == '[')
		return check_container(scan, ']');
	if (byte == '"')
		return check_string(scan);
	if ((byte == '-' && !stands(scan, "-Infinity")) || (byte >= '0' && byte <= '9'))
		return check_number(scan);
	return check_word(scan);
}

int json_check_text(const char *text, size_t size, struct fail *f)
{
	struct scan scan = {.text = text, .size = size, .f = f};
	if (!utf8_is_valid(text, size))
		return fail_set(f, STATUS_UNACCEPTABLE, "not JSON: not UTF-8");
	if (check_value(&scan) != 0)
		return -1;
	skip_space(&scan);
	return scan.at == size ? 0 : scan_fail(&scan, "something follows the value");
}
