#include "base/secret_forms.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define BASE64_LEAST 8 /* characters: fewer stand in any text */

struct taker {
	secret_form_function *take;
	void *context;
};

static void give(const struct taker *taker, struct text *form)
{
	if (form->size > 0) {
		taker->take(taker->context, form->data, form->size);
		explicit_bzero(form->data, form->size);
	}
	text_release(form);
}

static void percent(
	const char *secret, size_t size, const char *format, const char *kept, struct text *out)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)secret[i];
		char coded[4];
		bool plain = (c < 0x80 && isalnum(c)) || (c != '\0' && strchr(kept, c) != NULL);
		int length = plain		? 1
			     : format[0] == 'X' ? snprintf(coded, 4, "%%%02X", c)
						: snprintf(coded, 4, "%%%02x", c);
		text_add(out, plain ? secret + i : coded, (size_t)length);
	}
}

/* Each character by its replacement in pairs {"\"", "\\\""}, NULL-terminated. */
static void replace(const char *secret, size_t size, const char *const pairs[][2], struct text *out)
{
	for (size_t i = 0; i < size; i++) {
		size_t row = 0;
		while (pairs[row][0] != NULL && pairs[row][0][0] != secret[i])
			row++;
		if (pairs[row][0] != NULL)
			text_add_string(out, pairs[row][1]);
		else
			text_add(out, secret + i, 1);
	}
}

static const char *const json[][2] = {
	{"\"", "\\\""}, {"\\", "\\\\"}, {"\n", "\\n"}, {"\t", "\\t"}, {"\r", "\\r"}, {NULL, NULL}};
static const char *const json_slash[][2] = {{"\"", "\\\""}, {"\\", "\\\\"}, {"/", "\\/"},
	{"\n", "\\n"}, {"\t", "\\t"}, {"\r", "\\r"}, {NULL, NULL}};
static const char *const json_html[][2] = {{"\"", "\\\""}, {"\\", "\\\\"}, {"<", "\\u003c"},
	{">", "\\u003e"}, {"&", "\\u0026"}, {NULL, NULL}};
static const char *const html[][2] = {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"},
	{"\"", "&quot;"}, {"'", "&#39;"}, {NULL, NULL}};
static const char *const html_numbers[][2] = {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"},
	{"\"", "&#34;"}, {"'", "&#x27;"}, {NULL, NULL}};

/* JSON in ASCII: what is not is written as UTF-16, in pairs beyond U+FFFF. */
static void json_ascii(const char *secret, size_t size, struct text *out)
{
	const unsigned char *at = (const unsigned char *)secret, *end = at + size;
	while (at < end) {
		size_t more = *at >= 0xf0 ? 3 : *at >= 0xe0 ? 2 : *at >= 0xc0 ? 1 : 0;
		uint32_t code = more == 3 ? *at & 7U : more == 2 ? *at & 15U : *at & 31U;
		if (more == 0 || more >= (size_t)(end - at)) {
			replace((const char *)at++, 1, json, out);
			continue;
		}
		for (size_t i = 1; i <= more; i++)
			code = code << 6 | (at[i] & 63U);
		at += more + 1;
		if (code > 0xffff)
			text_printf(out, "\\u%04x\\u%04x", 0xd7c0 + (code >> 10),
				0xdc00 + (code & 0x3ff));
		else
			text_printf(out, "\\u%04x", code);
	}
}

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

static void give_base64(
	const char *secret, size_t size, const char *last, const struct taker *taker)
{
	struct text form = {0};
	for (size_t before = 0; before < 3; before++) {
		base64_inside(secret, size, before, last, &form);
		give(taker, &form);
	}
	base64((const unsigned char *)secret, size, last, &form);
	while (form.size % 4 != 0)
		text_add(&form, "=", 1);
	if (form.size < BASE64_LEAST)
		text_release(&form);
	give(taker, &form);
}

void secret_forms(const char *secret, size_t size, secret_form_function *take, void *context)
{
	const struct taker taker = {take, context};
	static const char *const(*const tables[])[2] = {
		json, json_slash, json_html, html, html_numbers};
	static const char *const kept[] = {"-_.~", "-_.~/", "-_.", "-_.~/:@!$&'()*+,;="};
	struct text form = {0};
	take(context, secret, size);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		replace(secret, size, tables[i], &form);
		give(&taker, &form);
	}
	json_ascii(secret, size, &form);
	give(&taker, &form);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		percent(secret, size, "X", kept[i], &form);
		give(&taker, &form);
		percent(secret, size, "x", kept[i], &form);
		give(&taker, &form);
	}
	give_base64(secret, size, "+/", &taker);
	give_base64(secret, size, "-_", &taker);
}
