#include "packaging/package/libraries.h"

#include <string.h>

/* "tensorflow_cpu >= 2" begins with "tensorflow-cpu"; its name ends where this returns (PEP 508).
 */
static size_t name_size(const char *requirement)
{
	return strspn(requirement, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				   "0123456789._-");
}

/* Names are equal without case, and with any of "-", "_" and "." for another (PEP 503). */
static bool is_named(const char *requirement, const char *name)
{
	size_t size = name_size(requirement);
	if (size != strlen(name))
		return false;
	for (size_t i = 0; i < size; i++) {
		char c = requirement[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c == '_' || c == '.')
			c = '-';
		if (c != name[i])
			return false;
	}
	return true;
}

static bool brings_ops(const char *requirement)
{
	static const char *const without[] = {"tensorflow", "tensorflow-cpu", "tensorflow-gpu",
		"tensorflow-intel", "tensorflow-macos", "tensorflow-cpu-aws", "tf-nightly",
		"tf-nightly-cpu", "keras", "tf-keras", "mlflow", "mlflow-skinny", "numpy",
		"pandas"};
	if (name_size(requirement) == 0 || requirement[0] == '-' || requirement[0] == '.')
		return false; /* an option of pip, or a file */
	for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++)
		if (is_named(requirement, without[i]))
			return false;
	return true;
}

bool libraries_are_named(const struct handoff *handoff)
{
	for (size_t i = 0; i < handoff->requirement_count; i++)
		if (brings_ops(handoff->requirements[i]))
			return true;
	return false;
}
