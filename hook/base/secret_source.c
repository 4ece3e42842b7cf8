#include "base/secret_source.h"

#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/text.h"

#define SECRET_BYTES_MAX ((size_t)64 << 10)

static int read_file(const char *path, char **secret, struct fail *f)
{
	struct text text = {0};
	int result = file_read(path, SECRET_BYTES_MAX, &text, f);
	if (result == 0)
		*secret = text_take(&text);
	else
		f->status = STATUS_CONFIGURATION;
	text_release(&text);
	return result;
}

static void cut_end(char *secret)
{
	size_t size = strlen(secret);
	while (size > 0 && strchr(" \t\r\n", secret[size - 1]) != NULL)
		secret[--size] = '\0';
}

int secret_source_read(const struct secret_source *source, char **secret, struct fail *f)
{
	*secret = NULL;
	if (source->file != NULL && read_file(source->file, secret, f) != 0)
		return -1;
	if (source->variable != NULL) {
		const char *value = env_named(source->variable);
		*secret = text_copy(value != NULL ? value : "");
	}
	if (*secret == NULL)
		return 0;
	cut_end(*secret);
	if ((*secret)[0] != '\0') {
		secret_add(*secret);
		return 0;
	}
	secret_source_wipe(*secret);
	*secret = NULL;
	if (source->file != NULL)
		return fail_set(f, STATUS_CONFIGURATION, "%s: is empty", source->file);
	return fail_set(f, STATUS_CONFIGURATION, "the environment variable %s is not set",
		source->variable);
}

void secret_source_wipe(char *secret)
{
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void secret_source_release(struct secret_source *source)
{
	free(source->file);
	free(source->variable);
	*source = (struct secret_source){0};
}
