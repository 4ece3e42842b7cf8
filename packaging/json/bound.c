#include "packaging/json/bound.h"

#include "base/stop.h"

/* What an allocator takes for a node of cJSON's and the pointer that sorts it among its like; and
 * for a string beyond its characters. */
#define NODE_BYTES 96
#define STRING_BYTES 32

/* A value stands at the start, after each comma and after each opening bracket. */
static size_t bytes_before(char c)
{
	if (c == '"')
		return STRING_BYTES;
	return c == ',' || c == '[' || c == '{' ? NODE_BYTES : 0;
}

bool json_fits(const char *text, size_t size)
{
	size_t bytes = NODE_BYTES;
	bool in_string = false;
	for (size_t i = 0; i < size && bytes <= JSON_TREE_MAX; i++) {
		if (!in_string) {
			bytes += bytes_before(text[i]);
			in_string = text[i] == '"';
			continue;
		}
		bytes++;
		if (text[i] == '\\')
			i++;
		else if (text[i] == '"')
			in_string = false;
	}
	return bytes <= JSON_TREE_MAX;
}

int json_bound(const char *text, size_t size, struct fail *f)
{
	if (stop_or_late(f) != 0)
		return -1;
	if (json_fits(text, size))
		return 0;
	return fail_set(f, STATUS_UNACCEPTABLE,
		"JSON of too many values: as a tree it takes more than %zu MiB",
		JSON_TREE_MAX >> 20);
}
