/* answer_list - a server's JSON object with one long list in it, read from its bytes as they come.
 *
 * The items of the list are objects; each is parsed alone, given out and forgotten, so that memory
 * is that of one item, whatever the length of the list. What stands around the list is kept, and
 * read at the end as any answer. NOT_A_REGISTRY where an item or the rest is not JSON, is too large
 * (an item 256 KiB), or the list stands there twice.
 *
 * struct answer_list owns its two texts. The fields on top are the caller's.
 */
#ifndef MODELHOOK_PACKAGING_JSON_ANSWER_LIST_H
#define MODELHOOK_PACKAGING_JSON_ANSWER_LIST_H

#include "packaging/json/lenient.h"

/* -1 with f filled ends the reading; a value of a wrong type is noted in answer, and ends it too */
typedef int answer_item_function(
	void *context, struct answer *answer, const struct answer_value *item, struct fail *f);

struct answer_list {
	const char *key; /* of the list */
	int depth;	 /* of the object that it is a member of: 1, the outermost */
	size_t rest_max; /* bytes around the list; 0: 64 KiB */
	answer_item_function *take;
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
	size_t name;	/* where that string began in rest */
};

MUST_CHECK int answer_list_add(
	struct answer_list *list, const void *bytes, size_t size, struct fail *f);

/* answer_list_end - no more follows: the rest, as answer_parse gives it; release it whatever the
 * result */
MUST_CHECK int answer_list_end(struct answer_list *list, struct answer *rest, struct fail *f);

/* answer_list_restart - begin again with the first byte */
void answer_list_restart(struct answer_list *list);
void answer_list_release(struct answer_list *list);

#endif
