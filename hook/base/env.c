#include "base/env.h"

#include <pwd.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/secret.h"
#include "base/text.h"

static const struct {
	const char *name;
	enum { OPEN, SECRET } secrecy;
} variables[] = {
#define VARIABLE_ROW(name, secrecy, meaning) [ENV_##name] = {#name, secrecy},
	VARIABLE_LIST(VARIABLE_ROW)
#undef VARIABLE_ROW
};

enum { VARIABLE_COUNT = sizeof(variables) / sizeof(variables[0]) };

const char *env_named(const char *name)
{
	const char *value = getenv(name);
	return value != NULL && value[0] != '\0' ? value : NULL;
}

const char *env_name(enum env_variable variable)
{
	return variables[variable].name;
}

const char *env_get(enum env_variable variable)
{
	return env_named(env_name(variable));
}

bool env_is_there(enum env_variable variable)
{
	return getenv(env_name(variable)) != NULL;
}

bool env_is_true(enum env_variable variable)
{
	const char *value = env_get(variable);
	return value != NULL && (strcasecmp(value, "true") == 0 || strcmp(value, "1") == 0);
}

const char *env_home(void)
{
	const char *home = env_get(ENV_HOME);
	if (home != NULL)
		return home;
	const struct passwd *entry = getpwuid(geteuid());
	return entry != NULL ? entry->pw_dir : NULL;
}

const char *env_user(void)
{
	const struct passwd *entry = getpwuid(geteuid());
	const char *user = entry != NULL ? entry->pw_name : env_get(ENV_USER);
	return user != NULL ? user : "";
}

static bool named_secret(const char *name, size_t size)
{
	static const char *const parts[] = {
		"TOKEN", "PASSW", "SECRET", "CREDENTIAL", "CONNECTION_STRING"};
	char *upper = text_format("%.*s", (int)size, name);
	bool secret = false;
	for (size_t i = 0; i < size; i++)
		upper[i] = upper[i] >= 'a' && upper[i] <= 'z' ? (char)(upper[i] - 32) : upper[i];
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		secret = secret || strstr(upper, parts[i]) != NULL;
	secret = secret || text_ends_with(upper, "KEY");
	free(upper);
	return secret;
}

/* A name that ends in FILE or holds a path tells where a secret lies, and is none. */
static bool holds_secret(const char *variable, const char *value)
{
	size_t size = (size_t)(value - 1 - variable);
	return named_secret(variable, size) && strlen(value) >= SECRET_STRONG &&
	       strchr("/.~", value[0]) == NULL;
}

static void register_listed(void)
{
	for (size_t i = 0; i < VARIABLE_COUNT; i++) {
		const char *value = env_get((enum env_variable)i);
		if (variables[i].secrecy == SECRET && value != NULL &&
			strlen(value) >= SECRET_STRONG)
			secret_add(value);
	}
}

void env_register_secrets(void)
{
	register_listed();
	for (char **at = environ; *at != NULL; at++) {
		const char *value = strchr(*at, '=');
		if (value == NULL)
			continue;
		value++;
		if (holds_secret(*at, value))
			secret_add(value);
		for (const char *url = value; (url = strstr(url, "://")) != NULL; url += 3)
			secret_add_url(url);
	}
}

/* What an interpreter and TensorFlow need, and nothing that leads to a server. */
static bool is_harmless(const char *name)
{
	static const char *const names[] = {"PATH", "LANG", "LANGUAGE", "TZ", "USER", "LOGNAME",
		"SHELL", "TERM", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH",
		"PYTHONHOME", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED",
		"JAVA_HOME"};
	static const char *const starts[] = {"LC_", "CUDA_", "NVIDIA_", "TF_CPP_", "TF_ENABLE_",
		"TF_FORCE_GPU_", "TF_GPU_", "TF_NUM_", "TF_USE_", "TF_XLA_", "TF_DETERMINISTIC_",
		"XLA_", "OMP_", "KMP_", "MKL_", "OPENBLAS_", "KERAS_BACKEND"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (text_starts_with(name, starts[i]))
			return !named_secret(name, strlen(name));
	return false;
}

static bool is_named(const char *name, char *const *named)
{
	for (; named != NULL && *named != NULL; named++)
		if (strcmp(name, *named) == 0)
			return true;
	return false;
}

static bool is_passed(const char *variable, char *const *named)
{
	char *name = text_format("%.*s", (int)strcspn(variable, "="), variable);
	bool temp_dir = strcmp(name, "HOME") == 0 || strcmp(name, "TMPDIR") == 0;
	bool passed = is_named(name, named) || (!temp_dir && is_harmless(name));
	free(name);
	return passed;
}

static size_t count_of(char *const *list)
{
	size_t count = 0;
	while (list != NULL && list[count] != NULL)
		count++;
	return count;
}

/* Whether a variable "NAME=value" is given in the list. */
static bool is_given(const char *variable, char *const *list)
{
	size_t size = strcspn(variable, "=") + 1;
	for (; list != NULL && *list != NULL; list++)
		if (strncmp(*list, variable, size) == 0)
			return true;
	return false;
}

char **env_for_command(char *const *named, char *const *more, const char *temp_dir)
{
	size_t count = count_of(environ), given = count_of(more), kept = 0;
	char **passed = memory_get(count + given + 3, sizeof(*passed));
	for (size_t i = 0; i < count; i++)
		if (is_passed(environ[i], named) && !is_given(environ[i], more))
			passed[kept++] = text_copy(environ[i]);
	for (size_t i = 0; i < given; i++)
		passed[kept++] = text_copy(more[i]);
	if (!is_named("HOME", named) && !is_given("HOME=", more))
		passed[kept++] = text_format("HOME=%s", temp_dir);
	if (!is_named("TMPDIR", named) && !is_given("TMPDIR=", more))
		passed[kept++] = text_format("TMPDIR=%s", temp_dir);
	return passed;
}

void env_release(char **environment)
{
	for (char **at = environment; at != NULL && *at != NULL; at++) {
		explicit_bzero(*at, strlen(*at));
		free(*at);
	}
	free(environment);
}
