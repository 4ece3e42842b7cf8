#include "http/html.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/escape.h"

struct reader {
	const char *at;
	const char *end;
};

static bool begins(const struct reader *r, const char *what)
{
	size_t size = strlen(what);
	return (size_t)(r->end - r->at) >= size && strncasecmp(r->at, what, size) == 0;
}

/* The place of `what`, whatever its case, or the end. */
static const char *find(const char *at, const char *end, const char *what)
{
	size_t size = strlen(what);
	for (; (size_t)(end - at) >= size; at++)
		if (strncasecmp(at, what, size) == 0)
			return at;
	return end;
}

static void skip_past(struct reader *r, const char *what)
{
	const char *found = find(r->at, r->end, what);
	r->at = found == r->end ? r->end : found + strlen(what);
}

/* At "<": a comment, a script or a style with all that is in it, or one tag. */
static void skip_tag(struct reader *r)
{
	if (begins(r, "<!--"))
		skip_past(r, "-->");
	else {
		if (begins(r, "<script"))
			skip_past(r, "</script");
		else if (begins(r, "<style"))
			skip_past(r, "</style");
		skip_past(r, ">");
	}
}

/* At "&": the character that an entity stands for, or the "&" itself. */
static char take_entity(struct reader *r)
{
	static const struct {
		const char *name;
		char is;
	} entities[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'},
		{"&#39;", '\''}, {"&#x27;", '\''}, {"&apos;", '\''}, {"&nbsp;", ' '}};
	for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
		if (!begins(r, entities[i].name))
			continue;
		r->at += strlen(entities[i].name);
		return entities[i].is;
	}
	return *r->at++;
}

/* The text up to the next tag, white space drawn together; at most so much of it. */
static size_t take_text(struct reader *r, char *text, size_t room)
{
	size_t size = 0;
	while (r->at < r->end && *r->at != '<') {
		char c = *r->at == '&' ? take_entity(r) : *r->at++;
		bool space = isspace((unsigned char)c) != 0;
		if (size >= room || (space && (size == 0 || text[size - 1] == ' ')))
			continue;
		text[size++] = space ? ' ' : c;
	}
	return size > 0 && text[size - 1] == ' ' ? size - 1 : size;
}

void html_first_line(const char *page, size_t size, char *line, size_t line_size)
{
	struct reader r = {page, page + size};
	char text[512];
	size_t taken = 0;
	while (r.at < r.end && taken == 0) {
		if (*r.at == '<')
			skip_tag(&r);
		else
			taken = take_text(&r, text, sizeof(text));
	}
	escape_into(line, line_size, text, taken);
}

static bool is_named_like_login(const char *text, size_t size)
{
	static const char *const words[] = {"login", "logon", "signin", "sign-in", "sign_in",
		"oauth", "openid", "authorize", "/sso", "sso.", "saml", "/auth/", "/realms/",
		"accounts.google.com", "cloudflareaccess.com"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (find(text, text + size, words[i]) != text + size)
			return true;
	return false;
}

bool html_is_login_url(const char *url)
{
	return is_named_like_login(url, strcspn(url, "?#"));
}

/* <meta http-equiv="refresh" content="0; url=..."> */
static bool sends_to_login(const char *tag, size_t size)
{
	const char *end = tag + size;
	return find(tag, end, "refresh") != end && find(tag, end, "url") != end &&
	       is_named_like_login(tag, size);
}

static bool asks_for_password(const char *tag, size_t size)
{
	const char *end = tag + size;
	return find(tag, end, "type=\"password\"") != end ||
	       find(tag, end, "type=password") != end || find(tag, end, "type='password'") != end;
}

bool html_asks_for_login(const char *page, size_t size)
{
	struct reader r = {page, page + size};
	while ((r.at = find(r.at, r.end, "<")) < r.end) {
		const char *start = r.at;
		bool meta = begins(&r, "<meta"), input = begins(&r, "<input");
		skip_tag(&r);
		size_t length = (size_t)(r.at - start);
		if ((meta && sends_to_login(start, length)) ||
			(input && asks_for_password(start, length)))
			return true;
	}
	return false;
}
