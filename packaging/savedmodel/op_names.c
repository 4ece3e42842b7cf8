#include "packaging/savedmodel/op_names.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "packaging/savedmodel/op_names.inc"

#define STRING(number) #number
#define VERSION(major, minor) STRING(major) "." STRING(minor)

static int compare_names(const void *name, const void *row)
{
	return strcmp(name, *(const char *const *)row);
}

static bool is_among(const char *name, const char *const *rows, size_t count)
{
	return bsearch(name, rows, count, sizeof(*rows), compare_names) != NULL;
}

/* EagerPyFunc is tf.py_function; numpy_function and Dataset.from_generator come to the others. */
static bool is_python(const char *name)
{
	return text_equal(name, "EagerPyFunc") || text_equal(name, "PyFunc") ||
	       text_equal(name, "PyFuncStateless");
}

enum op_kind op_kind(const char *name)
{
	if (is_python(name))
		return OP_PYTHON;
	if (text_equal(name, "Placeholder") || text_equal(name, "PlaceholderV2"))
		return OP_PLACEHOLDER;
	if (is_among(name, current_ops, sizeof(current_ops) / sizeof(current_ops[0])))
		return OP_KNOWN;
	if (is_among(name, removed_ops, sizeof(removed_ops) / sizeof(removed_ops[0])))
		return OP_REMOVED;
	return OP_UNKNOWN;
}

bool op_table_is_older(const char *version)
{
	char *rest;
	if (version == NULL)
		return false;
	unsigned long major = strtoul(version, &rest, 10);
	unsigned long minor = *rest == '.' ? strtoul(rest + 1, NULL, 10) : 0;
	return major > OPS_MAJOR || (major == OPS_MAJOR && minor > OPS_MINOR);
}

const char *op_table_version(void)
{
	return VERSION(OPS_MAJOR, OPS_MINOR);
}
