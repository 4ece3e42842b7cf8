#include "base/env.h"

#include <pwd.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/text.h"

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

const char *env_user(void)
{
	const struct passwd *entry = getpwuid(geteuid());
	const char *user = entry != NULL ? entry->pw_name : env_get("USER");
	return user != NULL ? user : "";
}

static bool is_secret(const char *name, size_t size)
{
	static const char *const starts[] = {"MLFLOW_", "_MLFLOW_", "MODELHOOK_", "AWS_", "AZURE_",
		"GOOGLE_", "DATABRICKS_", "AIRFLOW_CONN_", "AIRFLOW__"};
	static const char *const parts[] = {"TOKEN", "PASSW", "SECRET", "CREDENTIAL"};
	char *upper = text_format("%.*s", (int)size, name);
	bool secret = false;
	for (size_t i = 0; i < size; i++)
		upper[i] = upper[i] >= 'a' && upper[i] <= 'z' ? (char)(upper[i] - 32) : upper[i];
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		secret = secret || text_starts_with(upper, starts[i]);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		secret = secret || strstr(upper, parts[i]) != NULL;
	secret = secret || text_ends_with(upper, "KEY");
	free(upper);
	return secret;
}

char **env_without_secrets(void)
{
	size_t count = 0, kept = 0;
	while (environ[count] != NULL)
		count++;
	char **all = memory_get(count + 1, sizeof(*all));
	for (size_t i = 0; i < count; i++)
		if (!is_secret(environ[i], strcspn(environ[i], "=")))
			all[kept++] = environ[i];
	return all;
}
