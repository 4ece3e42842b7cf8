#include "base/secret_forms.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define BASE64_LEAST 8 /* characters: fewer stand in any text */
#define BRANCHES_MAX 64

static void base64(const unsigned char *bytes, size_t size, const char *last, struct text *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	for (size_t bit = 0; bit < 8 * size; bit += 6) {
		size_t at = bit / 8, shift = bit % 8;
		unsigned pair = (unsigned)bytes[at] << 8 | (at + 1 < size ? bytes[at + 1] : 0);
		unsigned digit = pair >> (10 - shift) & 63;
		text_add(out, digit < 62 ? &digits[digit] : &last[digit - 62], 1);
	}
}

/* The digits that the secret alone decides, where `before` bytes modulo 3 stand in front of it. */
static void base64_inside(
	const char *secret, size_t size, size_t before, const char *last, struct text *out)
{
	unsigned char *padded = memory_get(size + 2, 1);
	struct text whole = {0};
	memcpy(padded + before, secret, size);
	base64(padded, size + before, last, &whole);
	size_t from = before == 0 ? 0 : before + 1, to = (size + before) * 8 / 6;
	if (to > from && to - from >= BASE64_LEAST)
		text_add(out, whole.data + from, to - from);
	explicit_bzero(padded, size + 2);
	explicit_bzero(whole.data, whole.size);
	text_release(&whole);
	free(padded);
}

static void give(struct text *form, secret_form_function *take)
{
	if (form->size >= BASE64_LEAST)
		take(form->data, form->size);
	if (form->size > 0)
		explicit_bzero(form->data, form->size);
	text_release(form);
}

static void give_base64(
	const char *secret, size_t size, const char *last, secret_form_function *take)
{
	struct text form = {0};
	for (size_t before = 0; before < 3; before++) {
		base64_inside(secret, size, before, last, &form);
		give(&form, take);
	}
	base64((const unsigned char *)secret, size, last, &form);
	while (form.size % 4 != 0)
		text_add(&form, "=", 1);
	give(&form, take);
}

void secret_forms(const char *secret, size_t size, secret_form_function *take)
{
	take(secret, size);
	give_base64(secret, size, "+/", take);
	give_base64(secret, size, "-_", take);
}

/* One character as text writes it: a code point, or a byte. */
struct escape {
	size_t size; /* in the text; 0: none */
	uint32_t code;
	bool is_byte;
};

static bool read_hex(const char *at, size_t size, size_t digits, uint32_t *code)
{
	*code = 0;
	if (size < digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		unsigned char c = (unsigned char)at[i];
		if (!isxdigit(c))
			return false;
		*code = *code << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
	}
	return true;
}

/* Beyond U+FFFF in a pair (RFC 8259, section 7). */
static struct escape read_utf16(const char *at, size_t size)
{
	uint32_t high, low;
	if (!read_hex(at + 2, size - 2, 4, &high))
		return (struct escape){0};
	if (high < 0xd800 || high > 0xdbff || size < 12 || at[6] != '\\' || at[7] != 'u' ||
		!read_hex(at + 8, size - 8, 4, &low))
		return (struct escape){.size = 6, .code = high};
	return (struct escape){.size = 12, .code = ((high - 0xd7c0) << 10) + (low & 0x3ff)};
}

static struct escape read_backslash(const char *at, size_t size)
{
	static const char names[] = "nrtbf0", meant[] = "\n\r\t\b\f";
	uint32_t code;
	if (size < 2)
		return (struct escape){0};
	if (at[1] == 'u')
		return read_utf16(at, size);
	if (at[1] == 'x')
		return read_hex(at + 2, size - 2, 2, &code)
			       ? (struct escape){.size = 4, .code = code, .is_byte = true}
			       : (struct escape){0};
	const char *name = memchr(names, at[1], sizeof(names) - 1);
	return (struct escape){.size = 2,
		.code = name != NULL ? (unsigned char)meant[name - names] : (unsigned char)at[1],
		.is_byte = true};
}

static struct escape read_entity(const char *at, size_t size)
{
	static const struct {
		const char *name;
		char meant;
	} entities[] = {
		{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
	for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
		size_t length = strlen(entities[i].name);
		if (size >= length && memcmp(at, entities[i].name, length) == 0)
			return (struct escape){
				.size = length, .code = (unsigned char)entities[i].meant};
	}
	const char *end = memchr(at, ';', size < 12 ? size : 12);
	if (end == NULL || end - at < 3 || at[1] != '#')
		return (struct escape){0};
	bool is_hex = (at[2] | 32) == 'x';
	uint32_t code = (uint32_t)strtoul(at + 2 + is_hex, NULL, is_hex ? 16 : 10);
	return (struct escape){.size = (size_t)(end + 1 - at), .code = code};
}

static struct escape read_escape(const char *at, size_t size)
{
	uint32_t code;
	switch (at[0]) {
	case '%':
		if (read_hex(at + 1, size - 1, 2, &code))
			return (struct escape){.size = 3, .code = code, .is_byte = true};
		return (struct escape){0};
	case '+':
		return (struct escape){.size = 1, .code = ' '};
	case '\\':
		return read_backslash(at, size);
	case '&':
		return read_entity(at, size);
	default:
		return (struct escape){0};
	}
}

/* As UTF-8 (RFC 3629, section 3). */
static size_t put_code(const struct escape *escape, char out[4])
{
	uint32_t code = escape->code;
	size_t more = escape->is_byte || code < 0x80 ? 0
		      : code < 0x800		     ? 1
		      : code < 0x10000		     ? 2
						     : 3;
	static const unsigned char first[] = {0, 0xc0, 0xe0, 0xf0};
	out[0] = (char)(first[more] | code >> (6 * more));
	for (size_t i = 1; i <= more; i++)
		out[i] = (char)(0x80 | (code >> (6 * (more - i)) & 63));
	return more + 1;
}

/* struct pair - how far the form is written down in the text */
struct pair {
	const char *form, *text;
	size_t form_size, text_size;
	size_t form_best, text_best;
	unsigned branches;
};

/* Bytes of the form that the escape at this place of the text stands for; 0: none. */
static size_t escaped_at(const struct pair *p, size_t in_form, size_t in_text, size_t *taken)
{
	char bytes[4];
	struct escape escape = read_escape(p->text + in_text, p->text_size - in_text);
	*taken = escape.size;
	if (escape.size == 0)
		return 0;
	size_t size = put_code(&escape, bytes);
	bool same = size <= p->form_size - in_form && memcmp(bytes, p->form + in_form, size) == 0;
	return same ? size : 0;
}

/* What looks like an escape may stand in the secret itself: both ways are gone. */
static bool follow(struct pair *p, size_t in_form, size_t in_text)
{
	for (;;) {
		if (in_form > p->form_best) {
			p->form_best = in_form;
			p->text_best = in_text;
		}
		if (in_form == p->form_size || in_text == p->text_size)
			return in_form == p->form_size;
		size_t taken, escaped = escaped_at(p, in_form, in_text, &taken);
		bool same = p->form[in_form] == p->text[in_text];
		if (escaped > 0 && same && p->branches++ < BRANCHES_MAX &&
			follow(p, in_form + escaped, in_text + taken))
			return true;
		if (!same && escaped == 0)
			return false;
		in_form += same ? 1 : escaped;
		in_text += same ? 1 : taken;
	}
}

size_t secret_match(
	const char *form, size_t form_size, const char *text, size_t text_size, size_t *matched)
{
	struct pair p = {
		.form = form, .form_size = form_size, .text = text, .text_size = text_size};
	(void)!follow(&p, 0, 0);
	*matched = p.form_best;
	return p.text_best;
}
