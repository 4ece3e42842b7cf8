#include "base/env.h"

#include <pwd.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

const char *env_get(const char *name)
{
	const char *value = getenv(name);
	return value != NULL && value[0] != '\0' ? value : NULL;
}

bool env_is_true(const char *name)
{
	const char *value = env_get(name);
	return value != NULL && (strcasecmp(value, "true") == 0 || strcmp(value, "1") == 0);
}

const char *env_home(void)
{
	const char *home = env_get("HOME");
	if (home != NULL)
		return home;
	const struct passwd *entry = getpwuid(geteuid());
	return entry != NULL ? entry->pw_dir : NULL;
}
