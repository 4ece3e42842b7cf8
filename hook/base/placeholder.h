/* placeholder - words such as "{version}" in a string of the settings, and what stands for them.
 */
#ifndef MODELHOOK_BASE_PLACEHOLDER_H
#define MODELHOOK_BASE_PLACEHOLDER_H

/* struct placeholder - the last of a list has a NULL name; borrowed strings */
struct placeholder {
	const char *name; /* "{version}" */
	const char *value;
};

/* placeholder_fill - the pattern with every placeholder of the list replaced by its value; other
 * braces stay as they are. The caller frees it. */
char *placeholder_fill(const char *pattern, const struct placeholder *list);

#endif
