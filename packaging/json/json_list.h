/* json_list - a server's JSON object with one long list in it, read from its bytes as they come.
 *
 * The items of the list are objects; each is parsed alone, given out and forgotten, so that memory
 * is that of one item, whatever the length of the list. What stands around the list is kept, and
 * read at the end as any answer. NOT_A_REGISTRY where an item or the rest is not JSON, is too large
 * (an item 256 KiB), or the key of the list is given twice or written with escapes.
 *
 * struct json_list owns its two texts. The fields on top are the caller's.
 */
#ifndef MODELHOOK_PACKAGING_JSON_JSON_LIST_H
#define MODELHOOK_PACKAGING_JSON_JSON_LIST_H

#include "base/fail.h"
#include "base/text.h"
#include "packaging/json/lenient.h"

/* -1 with f filled ends the reading; a value of a wrong type is noted in answer, and ends it too */
typedef int json_list_function(void *context, struct json_lenient *answer,
	const struct json_lenient_value *item, struct fail *f);

struct json_list {
	const char *key; /* of the list */
	int depth;	 /* of the object that it is a member of: 1, the outermost */
	size_t rest_max; /* bytes around the list; 0: 64 KiB */
	json_list_function *take;
	void *context;

	struct text rest; /* the answer without the items */
	struct text item; /* so far */
	size_t count;	  /* items so far */
	int level;	  /* brackets open */
	int inside;	  /* the level of the list while in it, else 0 */
	bool in_string;
	bool escaped;
	bool separated; /* an item may begin */
	bool is_key;	/* the string that ended last is the key, and only ':' followed */
	bool had;	/* the list stood there before */
	bool ended;	/* the whole value is closed: nothing but blanks may follow */
	size_t name;	/* where that string began in rest */
};

MUST_CHECK int json_list_add(
	struct json_list *list, const void *bytes, size_t size, struct fail *f);

/* json_list_end - no more follows: the rest, as json_lenient_parse gives it; release it whatever
 * the result */
MUST_CHECK int json_list_end(struct json_list *list, struct json_lenient *rest, struct fail *f);

/* json_list_restart - begin again with the first byte */
void json_list_restart(struct json_list *list);
void json_list_release(struct json_list *list);

#endif
