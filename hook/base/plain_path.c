#include "base/plain_path.h"

#include <string.h>

#include "base/utf8.h"

bool plain_path_has_control(const char *string)
{
	return !utf8_is_printable(string, strlen(string));
}

static const char *part_problem(const char *part, size_t size)
{
	if (size == 0)
		return "has an empty part";
	if (part[0] == '.' && (size == 1 || (size == 2 && part[1] == '.')))
		return size == 1 ? "has a part \".\"" : "has a part \"..\"";
	return NULL;
}

const char *plain_path_problem(const char *path)
{
	if (path[0] == '/')
		return "absolute";
	if (strlen(path) > PATH_PLAIN_MAX)
		return "too long";
	if (plain_path_has_control(path))
		return "has a control character or is not UTF-8";
	if (strchr(path, '\\') != NULL)
		return "has a backslash";
	for (const char *part = path;; part = strchr(part, '/') + 1) {
		size_t size = strcspn(part, "/");
		const char *problem = part_problem(part, size);
		if (problem != NULL)
			return problem;
		if (part[size] == '\0')
			return NULL;
	}
}
