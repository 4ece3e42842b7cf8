#include "auth/aws_profile.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#define FILE_MAX ((size_t)1 << 20)

/* What has been read of one file. */
struct reading {
	struct aws_profile *profile;
	bool is_config;
	bool inside;	 /* the section that was asked for */
	bool has_option; /* which a deeper line would continue */
	size_t indent;	 /* of the last line that continued none */
};

/* 'profile "my own"' is a name too */
static void strip_quotes(char *name)
{
	size_t size = strlen(name);
	if (size < 2 || (name[0] != '"' && name[0] != '\'') || name[size - 1] != name[0])
		return;
	memmove(name, name + 1, size - 2);
	name[size - 2] = '\0';
}

static bool is_section(const struct reading *r, const char *text, size_t size)
{
	static const char prefix[] = "profile";
	char *name = text_trimmed(text, size);
	bool same = false;
	if (r->is_config && text_starts_with(name, prefix) &&
		strchr(" \t", name[sizeof(prefix) - 1]) != NULL) {
		char *inner =
			text_trimmed(name + sizeof(prefix) - 1, strlen(name + sizeof(prefix) - 1));
		strip_quotes(inner);
		same = strcmp(inner, r->profile->name) == 0;
		free(inner);
	} else if (!r->is_config || strcmp(name, "default") == 0) {
		same = strcmp(name, r->profile->name) == 0;
	}
	free(name);
	return same;
}

static void take_option(struct reading *r, const char *line, size_t size)
{
	struct aws_profile *profile = r->profile;
	size_t at = 0;
	while (at < size && line[at] != '=' && line[at] != ':')
		at++;
	r->has_option = at < size;
	if (at == size || !r->inside)
		return;
	char *key = text_trimmed(line, at);
	for (char *c = key; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	if (aws_profile_get_from(profile, r->is_config, key) != NULL) {
		free(key);
		return;
	}
	profile->items = memory_grow(profile->items, profile->count + 1, sizeof(*profile->items));
	profile->items[profile->count++] =
		(struct pair_text){key, text_trimmed(line + at + 1, size - at - 1), r->is_config};
}

static void take_line(struct reading *r, const char *line, size_t size)
{
	size_t indent = 0;
	while (indent < size && isspace((unsigned char)line[indent]))
		indent++;
	if (indent == size || line[indent] == '#' || line[indent] == ';')
		return;
	if (r->has_option && indent > r->indent)
		return;
	r->indent = indent;
	const char *text = line + indent, *end = memchr(text, ']', size - indent);
	if (text[0] == '[' && end != NULL) {
		r->inside = is_section(r, text + 1, (size_t)(end - text - 1));
		r->has_option = false;
		r->profile->found = r->profile->found || r->inside;
	} else {
		take_option(r, text, size - indent);
	}
}

void aws_profile_parse(struct aws_profile *profile, const char *text, size_t size, bool is_config)
{
	struct reading r = {.profile = profile, .is_config = is_config};
	for (const char *line = text, *end = text + size; line < end;) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		size_t length = (size_t)((newline != NULL ? newline : end) - line);
		take_line(&r, line, length);
		line += length + 1;
	}
}

static int read_one(struct aws_profile *profile, enum env_variable variable, const char *usual,
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
	const char *name = env_get(ENV_AWS_DEFAULT_PROFILE);
	if (name == NULL)
		name = env_get(ENV_AWS_PROFILE);
	*profile = (struct aws_profile){
		.name = text_copy(name != NULL ? name : "default"), .named = name != NULL};
	int result =
		read_one(profile, ENV_AWS_SHARED_CREDENTIALS_FILE, ".aws/credentials", false, f);
	if (result == 0)
		result = read_one(profile, ENV_AWS_CONFIG_FILE, ".aws/config", true, f);
	if (result != 0) {
		f->status = STATUS_CONFIGURATION;
	} else if (profile->named && !profile->found) {
		result = fail_set(f, STATUS_CONFIGURATION,
			"AWS profile %.60s is neither in AWS's credentials file nor in its config",
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

const char *aws_profile_get_from(const struct aws_profile *profile, bool config, const char *key)
{
	for (size_t i = 0; i < profile->count; i++)
		if (profile->items[i].in_config == config &&
			strcmp(profile->items[i].key, key) == 0)
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
