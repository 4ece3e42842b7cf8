#include "store/aws_profile.h"

#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/file.h"

#define FILE_MAX ((size_t)1 << 20)

static bool is_section(
	const struct aws_profile *profile, const char *line, size_t size, bool is_config)
{
	const char *end = memchr(line, ']', size);
	if (end == NULL)
		return false;
	char *section = text_trimmed(line + 1, (size_t)(end - line - 1));
	const char *name = section;
	bool is_default = strcmp(profile->name, "default") == 0;
	if (is_config && text_starts_with(section, "profile"))
		name = section + strlen("profile") + strspn(section + strlen("profile"), " \t");
	else if (is_config && !(is_default && strcmp(section, "default") == 0))
		name = "";
	bool same = strcmp(name, profile->name) == 0;
	free(section);
	return same;
}

static void take_line(struct aws_profile *profile, const char *line, size_t size)
{
	const char *equals = memchr(line, '=', size);
	if (equals == NULL || strchr("#; \t", line[0]) != NULL)
		return;
	char *key = text_trimmed(line, (size_t)(equals - line));
	if (aws_profile_get(profile, key) != NULL) {
		free(key);
		return;
	}
	profile->items = memory_grow(profile->items, profile->count + 1, sizeof(*profile->items));
	profile->items[profile->count++] = (struct pair_text){
		key, text_trimmed(equals + 1, size - (size_t)(equals + 1 - line))};
}

void aws_profile_parse(struct aws_profile *profile, const char *text, size_t size, bool is_config)
{
	bool inside = false;
	for (const char *line = text, *end = text + size; line < end;) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		size_t length = (size_t)((newline != NULL ? newline : end) - line);
		if (length > 0 && line[0] == '[') {
			inside = is_section(profile, line, length, is_config);
			profile->found = profile->found || inside;
		} else if (length > 0 && inside) {
			take_line(profile, line, length);
		}
		line += length + 1;
	}
}

static int read_one(struct aws_profile *profile, const char *variable, const char *usual,
	bool is_config, struct fail *f)
{
	struct text text = {0};
	const char *named = env_get(variable), *home = env_home();
	char *path = named != NULL  ? text_copy(named)
		     : home != NULL ? file_join(home, usual)
				    : NULL;
	int result = 0;
	if (path != NULL && file_is_there(path))
		result = file_read(path, FILE_MAX, &text, f);
	if (result == 0 && text.data != NULL)
		aws_profile_parse(profile, text.data, text.size, is_config);
	if (text.data != NULL)
		explicit_bzero(text.data, text.capacity);
	text_release(&text);
	free(path);
	return result;
}

int aws_profile_read(struct aws_profile *profile, struct fail *f)
{
	const char *name = env_get("AWS_PROFILE");
	*profile = (struct aws_profile){
		.name = text_copy(name != NULL ? name : "default"), .named = name != NULL};
	int result = read_one(profile, "AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials", false, f);
	if (result == 0)
		result = read_one(profile, "AWS_CONFIG_FILE", ".aws/config", true, f);
	if (result != 0) {
		f->status = STATUS_CONFIGURATION;
	} else if (profile->named && !profile->found) {
		result = fail_set(f, STATUS_CONFIGURATION,
			"AWS_PROFILE %.60s is neither in AWS's credentials file nor in its config",
			profile->name);
	}
	if (result != 0)
		aws_profile_release(profile);
	return result;
}

const char *aws_profile_get(const struct aws_profile *profile, const char *key)
{
	for (size_t i = 0; i < profile->count; i++)
		if (strcmp(profile->items[i].key, key) == 0)
			return profile->items[i].value;
	return NULL;
}

void aws_profile_release(struct aws_profile *profile)
{
	for (size_t i = 0; i < profile->count; i++) {
		free(profile->items[i].key);
		explicit_bzero(profile->items[i].value, strlen(profile->items[i].value));
		free(profile->items[i].value);
	}
	free(profile->items);
	free(profile->name);
	*profile = (struct aws_profile){0};
}
