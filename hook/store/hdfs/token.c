#include "store/hdfs/token.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "packaging/digest/base64.h"
#include "store/checksum.h"

#define MAGIC "HDTS"
#define TOKENS_MAX 1000

/* struct reading - what is left of the file; broken once something does not fit */
struct reading {
	const uint8_t *at, *end;
	bool broken;
};

/* struct span - bytes of the file */
struct span {
	const uint8_t *bytes;
	size_t size;
};

/* org.apache.hadoop.io.WritableUtils.readVInt; nothing here may be negative */
static size_t read_number(struct reading *r)
{
	size_t value = 0;
	if (r->broken || r->at == r->end) {
		r->broken = true;
		return 0;
	}
	int first = *r->at++;
	if (first < 128)
		return (size_t)first;
	int more = 256 - first - 112; /* -113 is one byte more, -116 four */
	r->broken = more < 1 || more > 4 || r->end - r->at < more;
	for (; !r->broken && more > 0; more--)
		value = value << 8 | *r->at++;
	return value;
}

static struct span read_field(struct reading *r)
{
	size_t size = read_number(r);
	struct span field = {r->at, size};
	if (r->broken || size > (size_t)(r->end - r->at)) {
		r->broken = true;
		return (struct span){0};
	}
	r->at += size;
	return field;
}

static bool span_is(const struct span *span, const char *string)
{
	return span->size == strlen(string) && memcmp(span->bytes, string, span->size) == 0;
}

static bool is_for_hdfs(const struct span *kind)
{
	return span_is(kind, "HDFS_DELEGATION_TOKEN") || span_is(kind, "WEBHDFS delegation") ||
	       span_is(kind, "SWEBHDFS delegation");
}

static bool is_of(const struct span *service, const char *authority)
{
	char *high = text_format("ha-hdfs:%s", authority);
	bool is = span_is(service, authority) || span_is(service, high);
	free(high);
	return is;
}

/* One token; *found is changed where it is a better one. */
static void take_token(struct reading *r, const char *authority, struct span *found)
{
	read_field(r); /* the alias */
	const uint8_t *start = r->at;
	read_field(r); /* identifier */
	read_field(r); /* password */
	struct span kind = read_field(r), service = read_field(r);
	if (r->broken || !is_for_hdfs(&kind))
		return;
	if (found->bytes == NULL || is_of(&service, authority))
		*found = (struct span){start, (size_t)(r->at - start)};
}

int hdfs_token_find(
	const void *bytes, size_t size, const char *authority, char **token, struct fail *f)
{
	struct reading r = {.at = bytes, .end = (const uint8_t *)bytes + size};
	struct span found = {0};
	*token = NULL;
	if (size <= strlen(MAGIC) || memcmp(bytes, MAGIC, strlen(MAGIC)) != 0)
		return fail_set(f, STATUS_CONFIGURATION, "it holds no credentials of Hadoop");
	r.at += strlen(MAGIC);
	if (*r.at++ != 0) {
		fail_set(f, STATUS_CONFIGURATION, "it is not in the form that is read here");
		return fail_hint(f, "write it with -format java, as YARN does");
	}
	size_t count = read_number(&r);
	for (size_t i = 0; i < count && i < TOKENS_MAX && !r.broken; i++)
		take_token(&r, authority, &found);
	if (r.broken)
		return fail_set(f, STATUS_CONFIGURATION, "its credentials end too early");
	if (found.bytes != NULL)
		*token = base64_encode_url(found.bytes, found.size);
	return 0;
}
