#include "packaging/xml/xml.h"

#include <expat.h>
#include <string.h>

#include "base/panic.h"
#include "base/text.h"

#define DEPTH_MAX 16
#define PATH_SIZE 512
#define TEXT_MAX ((size_t)64 << 10)

struct reading {
	XML_Parser parser;
	xml_function *each;
	void *context;
	struct fail *f;
	bool failed;
	char path[PATH_SIZE];
	size_t used;
	size_t starts[DEPTH_MAX]; /* where each name begins in path */
	int depth;
	struct text text; /* of the innermost element since it began, or since a child ended */
};

static void stop(struct reading *r)
{
	r->failed = true;
	XML_StopParser(r->parser, XML_FALSE);
}

static void refuse(struct reading *r, const char *why)
{
	fail_set(r->f, STATUS_NOT_A_REGISTRY, "the answer's XML %s", why);
	stop(r);
}

static void XMLCALL on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
	struct reading *r = context;
	const char *local = strrchr(name, ':');
	local = local != NULL ? local + 1 : name;
	size_t size = strlen(local);
	(void)attributes;
	if (r->failed)
		return;
	if (r->depth == DEPTH_MAX || r->used + size + 2 > PATH_SIZE) {
		refuse(r, "is nested too deep");
		return;
	}
	if (size == 0) {
		refuse(r, "has an element without a name");
		return;
	}
	r->starts[r->depth++] = r->used;
	if (r->used > 0)
		r->path[r->used++] = '/';
	memcpy(r->path + r->used, local, size + 1);
	r->used += size;
	text_clear(&r->text);
}

static void XMLCALL on_text(void *context, const XML_Char *bytes, int size)
{
	struct reading *r = context;
	if (r->failed)
		return;
	if (r->text.size + (size_t)size > TEXT_MAX)
		refuse(r, "has an element that is too long");
	else
		text_add(&r->text, bytes, (size_t)size);
}

static void XMLCALL on_end(void *context, const XML_Char *name)
{
	struct reading *r = context;
	(void)name;
	if (r->failed)
		return;
	if (r->each(r->context, r->path, text_string(&r->text), r->f) != 0) {
		stop(r);
		return;
	}
	r->used = r->starts[--r->depth];
	r->path[r->used] = '\0';
	text_clear(&r->text);
}

static void XMLCALL on_doctype(void *context, const XML_Char *name, const XML_Char *system,
	const XML_Char *public, int has_subset)
{
	(void)name;
	(void)system;
	(void)public;
	(void)has_subset;
	refuse(context, "brings a document type");
}

void xml_add_escaped(struct text *text, const char *string)
{
	for (const char *c = string; *c != '\0'; c++) {
		const char *entity = *c == '&'	 ? "&amp;"
				     : *c == '<' ? "&lt;"
				     : *c == '>' ? "&gt;"
				     : *c == '"' ? "&quot;"
						 : NULL;
		if (entity != NULL)
			text_add_string(text, entity);
		else
			text_add(text, c, 1);
	}
}

int xml_read(const void *bytes, size_t size, xml_function *each, void *context, struct fail *f)
{
	struct reading r = {.each = each, .context = context, .f = f};
	r.parser = XML_ParserCreate(NULL);
	if (r.parser == NULL)
		panic_out_of_memory();
	XML_SetUserData(r.parser, &r);
	XML_SetElementHandler(r.parser, on_start, on_end);
	XML_SetCharacterDataHandler(r.parser, on_text);
	XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
	INVARIANT(size <= INT32_MAX);
	bool fine = XML_Parse(r.parser, bytes, (int)size, 1) == XML_STATUS_OK;
	if (!fine && !r.failed)
		fail_set(f, STATUS_NOT_A_REGISTRY, "the answer is no XML: %s",
			XML_ErrorString(XML_GetErrorCode(r.parser)));
	XML_ParserFree(r.parser);
	text_release(&r.text);
	return fine && !r.failed ? 0 : -1;
}
