#include "packaging/package/mlmodel_architecture.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Families of image models by the names that their papers and keras.applications use. */
static const char *const families[] = {"alexnet", "convnext", "darknet", "deit", "densenet",
	"efficientnet", "efficientnetv2", "inception", "mnasnet", "mobilenet", "mobilenetv2",
	"mobilenetv3", "mobilevit", "nasnet", "regnet", "resnet", "resnetv2", "resnext",
	"shufflenet", "squeezenet", "swin", "vgg", "vit", "xception", "yolo"};

/* What may follow a family as a part of its own: efficientnet-B4, mobilenet-v3-LARGE. */
static const char *const variants[] = {"tiny", "small", "base", "large", "xlarge", "mobile", "huge",
	"nano", "lite", "s", "m", "l", "x", "xl"};

static bool is_one_of(const char *part, size_t size, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(list[i]) == size && strncmp(list[i], part, size) == 0)
			return true;
	return false;
}

/* Digits with at most one letter in front: "50", "b4", "v2". */
static bool is_number(const char *part, size_t size)
{
	size_t letters = size > 0 && strchr("bvxlmst", part[0]) != NULL ? 1 : 0;
	return size > letters && strspn(part + letters, "0123456789") >= size - letters;
}

static bool is_variant(const char *part, size_t size)
{
	return is_number(part, size) ||
	       is_one_of(part, size, variants, sizeof(variants) / sizeof(variants[0]));
}

/* A family, or one with its number written on: "resnet50". */
static bool is_family(const char *part, size_t size)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		size_t length = strlen(families[i]);
		if (size < length || strncmp(part, families[i], length) != 0)
			continue;
		if (size == length || is_number(part + length, size - length))
			return true;
	}
	return false;
}

static const char separators[] = "-_. ";

static char *lower(const char *string)
{
	char *copy = text_copy(string);
	for (char *at = copy; *at != '\0'; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at += 'a' - 'A';
	return copy;
}

/* From a family to the last of the variants behind it, or NULL. */
static char *family_in(const char *name)
{
	for (const char *part = name; *part != '\0';) {
		size_t size = strcspn(part, separators);
		if (is_family(part, size)) {
			const char *end = part + size;
			while (*end != '\0' && is_variant(end + 1, strcspn(end + 1, separators)))
				end += 1 + strcspn(end + 1, separators);
			return text_format("%.*s", (int)(end - part), part);
		}
		part += size;
		part += strspn(part, separators);
	}
	return NULL;
}

char *mlmodel_architecture(const struct handoff *handoff)
{
	const char *said = handoff_said(handoff, "architecture");
	if (said != NULL && said[0] != '\0')
		return text_copy(said);
	char *name = lower(handoff->model);
	char *family = family_in(name);
	free(name);
	return family;
}
