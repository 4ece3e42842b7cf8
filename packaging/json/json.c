#include "packaging/json/json.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/panic.h"
#include "base/suggest.h"
#include "packaging/json/bound.h"
#include "packaging/json/json_check.h"

static int compare_keys(const void *a, const void *b)
{
	const cJSON *const *left = a;
	const cJSON *const *right = b;
	return strcmp((*left)->string, (*right)->string);
}

/* The members of an object sorted by key; the caller frees the list. */
static const cJSON **sorted_members(const cJSON *object, size_t *count)
{
	size_t size = (size_t)cJSON_GetArraySize(object), i = 0;
	const cJSON **members = memory_get(size, sizeof(*members));
	for (const cJSON *member = object->child; member != NULL; member = member->next)
		members[i++] = member;
	qsort(members, i, sizeof(*members), compare_keys);
	*count = i;
	return members;
}

static int check_keys_once(const struct json_at *at, struct fail *f)
{
	size_t count;
	const cJSON **members = sorted_members(at->value, &count);
	const char *twice = NULL;
	for (size_t i = 1; i < count && twice == NULL; i++)
		if (strcmp(members[i - 1]->string, members[i]->string) == 0)
			twice = members[i]->string;
	free(members);
	if (twice == NULL)
		return 0;
	struct json_at member = json_get(at, twice);
	return json_fail(&member, f, "given twice");
}

/* As deep as the text, which json_check_text has bounded. */
static int check_duplicates(const struct json_at *at, struct fail *f)
{
	if (cJSON_IsObject(at->value) && check_keys_once(at, f) != 0)
		return -1;
	for (struct json_at member = json_first(at); json_is_there(&member);
		member = json_next(&member))
		if (check_duplicates(&member, f) != 0)
			return -1;
	return 0;
}

int json_parse(const char *text, size_t size, struct cJSON **root, struct fail *f)
{
	*root = NULL;
	if (json_bound(text, size, f) != 0 || json_check_text(text, size, f) != 0)
		return -1;
	*root = cJSON_ParseWithLength(text, size);
	if (*root == NULL)
		return fail_set(f, STATUS_UNACCEPTABLE, "not JSON");
	struct json_at at = json_root(*root);
	if (check_duplicates(&at, f) == 0)
		return 0;
	json_release(*root);
	*root = NULL;
	return -1;
}

void json_release(struct cJSON *root)
{
	cJSON_Delete(root);
}

struct json_at json_root(const struct cJSON *root)
{
	return (struct json_at){.value = root};
}

struct json_at json_get(const struct json_at *object, const char *key)
{
	return (struct json_at){.value = cJSON_GetObjectItemCaseSensitive(object->value, key),
		.parent = object,
		.key = key};
}

bool json_is_there(const struct json_at *at)
{
	return at->value != NULL;
}

bool json_is_null(const struct json_at *at)
{
	return cJSON_IsNull(at->value) != 0;
}

static struct json_at member_at(
	const struct json_at *parent, const struct cJSON *value, size_t index)
{
	return (struct json_at){.value = value,
		.parent = parent,
		.key = value != NULL ? value->string : NULL,
		.index = index};
}

struct json_at json_first(const struct json_at *parent)
{
	return member_at(parent, parent->value->child, 0);
}

struct json_at json_next(const struct json_at *at)
{
	return member_at(at->parent, at->value->next, at->index + 1);
}

size_t json_count(const struct json_at *at)
{
	return (size_t)cJSON_GetArraySize(at->value);
}

static void add_path(const struct json_at *at, struct text *path)
{
	if (at->parent == NULL)
		return;
	add_path(at->parent, path);
	if (at->key == NULL) {
		text_printf(path, "[%zu]", at->index);
		return;
	}
	if (path->size > 0)
		text_add_string(path, ".");
	escape_add(path, at->key, strlen(at->key));
}

int json_fail(const struct json_at *at, struct fail *f, const char *format, ...)
{
	struct text path = {0};
	char what[256];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	add_path(at, &path);
	if (path.size > 0)
		text_add_string(&path, ": ");
	fail_set(f, STATUS_UNACCEPTABLE, "%.240s%s", text_string(&path), what);
	text_release(&path);
	return -1;
}

static int type_fail(const struct json_at *at, struct fail *f, const char *wanted)
{
	if (!json_is_there(at))
		return json_fail(at, f, "missing");
	return json_fail(at, f, "not %s", wanted);
}

int json_object(const struct json_at *at, struct fail *f)
{
	return cJSON_IsObject(at->value) ? 0 : type_fail(at, f, "an object");
}

int json_array(const struct json_at *at, struct fail *f)
{
	return cJSON_IsArray(at->value) ? 0 : type_fail(at, f, "an array");
}

static bool is_listed(const char *key, const char *const *keys, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(key, keys[i]) == 0)
			return true;
	return false;
}

static int unknown_key(
	const struct json_at *member, const char *const *keys, size_t count, struct fail *f)
{
	struct suggestion suggestion = suggest_for(member->key);
	for (size_t i = 0; i < count; i++)
		suggest_offer(&suggestion, keys[i]);
	json_fail(member, f, "unknown key");
	suggest_hint(&suggestion, f);
	return -1;
}

int json_known_keys(const struct json_at *at, const char *const *keys, size_t count, struct fail *f)
{
	if (json_object(at, f) != 0)
		return -1;
	for (struct json_at member = json_first(at); json_is_there(&member);
		member = json_next(&member))
		if (!is_listed(member.key, keys, count))
			return unknown_key(&member, keys, count, f);
	return 0;
}

int json_string(const struct json_at *at, char **out, struct fail *f)
{
	if (!cJSON_IsString(at->value))
		return type_fail(at, f, "a string");
	*out = text_copy(at->value->valuestring);
	return 0;
}

int json_number(const struct json_at *at, double *out, struct fail *f)
{
	if (!cJSON_IsNumber(at->value))
		return type_fail(at, f, "a number");
	if (!isfinite(at->value->valuedouble))
		return json_fail(at, f, "not a finite number");
	*out = at->value->valuedouble;
	return 0;
}

int json_integer(
	const struct json_at *at, int64_t least, int64_t most, int64_t *out, struct fail *f)
{
	double number;
	if (json_number(at, &number, f) != 0)
		return -1;
	if (fabs(number) > (double)JSON_INTEGER_MAX || number != floor(number))
		return json_fail(at, f, "not an integer");
	if ((int64_t)number < least || (int64_t)number > most)
		return json_fail(
			at, f, "not between %lld and %lld", (long long)least, (long long)most);
	*out = (int64_t)number;
	return 0;
}

int json_bool(const struct json_at *at, bool *out, struct fail *f)
{
	if (!cJSON_IsBool(at->value))
		return type_fail(at, f, "true or false");
	*out = cJSON_IsTrue(at->value) != 0;
	return 0;
}

static struct cJSON *made(struct cJSON *item)
{
	if (item == NULL)
		panic_out_of_memory();
	return item;
}

struct cJSON *json_new_object(void)
{
	return made(cJSON_CreateObject());
}

struct cJSON *json_new_array(void)
{
	return made(cJSON_CreateArray());
}

struct cJSON *json_new_string(const char *string)
{
	return made(cJSON_CreateString(string));
}

struct cJSON *json_new_number(double number)
{
	return made(cJSON_CreateNumber(number));
}

/* cJSON's numbers are doubles, which skip integers beyond 2^53. */
struct cJSON *json_new_count(uint64_t count)
{
	char digits[24];
	snprintf(digits, sizeof(digits), "%" PRIu64, count);
	return made(cJSON_CreateRaw(digits));
}

struct cJSON *json_new_bool(bool value)
{
	return made(cJSON_CreateBool(value));
}

struct cJSON *json_new_null(void)
{
	return made(cJSON_CreateNull());
}

struct cJSON *json_copy(const struct json_at *at)
{
	return made(cJSON_Duplicate(at->value, true));
}

void json_set(struct cJSON *object, const char *key, struct cJSON *item)
{
	if (!cJSON_AddItemToObject(object, key, item))
		panic_out_of_memory();
}

void json_set_string(struct cJSON *object, const char *key, const char *string)
{
	json_set(object, key, json_new_string(string));
}

void json_set_number(struct cJSON *object, const char *key, double number)
{
	json_set(object, key, json_new_number(number));
}

void json_set_string_or_null(struct cJSON *object, const char *key, const char *string)
{
	json_set(object, key, string != NULL ? json_new_string(string) : json_new_null());
}

void json_set_bool(struct cJSON *object, const char *key, bool value)
{
	json_set(object, key, json_new_bool(value));
}

void json_set_null(struct cJSON *object, const char *key)
{
	json_set(object, key, json_new_null());
}

void json_set_raw(struct cJSON *object, const char *key, const char *text)
{
	json_set(object, key, made(cJSON_CreateRaw(text)));
}

struct cJSON *json_set_object(struct cJSON *object, const char *key)
{
	struct cJSON *made = json_new_object();
	json_set(object, key, made);
	return made;
}

struct cJSON *json_set_array(struct cJSON *object, const char *key)
{
	struct cJSON *made = json_new_array();
	json_set(object, key, made);
	return made;
}

void json_append(struct cJSON *array, struct cJSON *item)
{
	INVARIANT(cJSON_AddItemToArray(array, item));
}

char *json_text(const struct cJSON *value)
{
	char *text = cJSON_PrintUnformatted(value);
	if (text == NULL)
		panic_out_of_memory();
	return text;
}

char *json_take_text(struct cJSON *value)
{
	char *text = json_text(value);
	json_release(value);
	return text;
}

/* The two-character escapes of RFC 8785, section 3.2.2.2, or 0. */
static char short_escape(unsigned char byte)
{
	static const char from[] = "\b\t\n\f\r\"\\", to[] = "btnfr\"\\";
	const char *found = byte != '\0' ? strchr(from, byte) : NULL;
	return found != NULL ? to[found - from] : '\0';
}

void json_print_string(const char *string, struct text *text)
{
	text_add_string(text, "\"");
	for (const char *at = string; *at != '\0'; at++) {
		unsigned char byte = (unsigned char)*at;
		char escape = short_escape(byte);
		if (escape != '\0')
			text_printf(text, "\\%c", escape);
		else if (byte < 0x20)
			text_printf(text, "\\u%04x", byte);
		else
			text_add(text, at, 1);
	}
	text_add_string(text, "\"");
}

/* The shortest decimal digits that read back as the number, and the exponent of the first one. The
 * locale's point is stepped over, whatever it is. */
static size_t shortest_digits(double number, char digits[24], int *exponent)
{
	char image[64];
	for (int precision = 0; precision < 17; precision++) {
		snprintf(image, sizeof(image), "%.*e", precision, number);
		if (strtod(image, NULL) == number)
			break;
	}
	size_t count = 0;
	const char *at = image;
	for (; *at != 'e'; at++)
		if (*at >= '0' && *at <= '9')
			digits[count++] = *at;
	*exponent = atoi(at + 1);
	return count;
}

/* ECMAScript's Number::toString, which RFC 8785 prescribes; `point` is where the point falls. */
static void print_digits(const char *digits, int count, int point, struct text *text)
{
	if (count <= point && point <= 21) {
		text_add(text, digits, (size_t)count);
		for (int i = count; i < point; i++)
			text_add_string(text, "0");
	} else if (0 < point && point <= 21) {
		text_printf(text, "%.*s.%.*s", point, digits, count - point, digits + point);
	} else if (-6 < point && point <= 0) {
		text_add_string(text, "0.");
		for (int i = point; i < 0; i++)
			text_add_string(text, "0");
		text_add(text, digits, (size_t)count);
	} else {
		text_add(text, digits, 1);
		if (count > 1)
			text_printf(text, ".%.*s", count - 1, digits + 1);
		text_printf(text, "e%+d", point - 1);
	}
}

void json_print_number(double number, struct text *text)
{
	char digits[24];
	int exponent;
	INVARIANT(isfinite(number));
	if (number == 0) {
		text_add_string(text, "0");
		return;
	}
	if (number < 0)
		text_add_string(text, "-");
	size_t count = shortest_digits(fabs(number), digits, &exponent);
	print_digits(digits, (int)count, exponent + 1, text);
}

static void print_object(const cJSON *object, struct text *text)
{
	size_t count;
	const cJSON **members = sorted_members(object, &count);
	text_add_string(text, "{");
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			text_add_string(text, ",");
		json_print_string(members[i]->string, text);
		text_add_string(text, ":");
		json_print(members[i], text);
	}
	text_add_string(text, "}");
	free(members);
}

static void print_array(const cJSON *array, struct text *text)
{
	text_add_string(text, "[");
	for (const cJSON *item = array->child; item != NULL; item = item->next) {
		if (item != array->child)
			text_add_string(text, ",");
		json_print(item, text);
	}
	text_add_string(text, "]");
}

void json_print(const struct cJSON *value, struct text *text)
{
	if (cJSON_IsObject(value))
		print_object(value, text);
	else if (cJSON_IsArray(value))
		print_array(value, text);
	else if (cJSON_IsString(value))
		json_print_string(value->valuestring, text);
	else if (cJSON_IsNumber(value))
		json_print_number(value->valuedouble, text);
	else if (cJSON_IsNull(value))
		text_add_string(text, "null");
	else
		text_add_string(text, cJSON_IsTrue(value) ? "true" : "false");
}

char *json_library_version(void)
{
	return text_format("cJSON %s", cJSON_Version());
}
