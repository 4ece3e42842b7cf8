#include "packaging/package/handoff_read.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/text.h"
#include "packaging/json/json.h"
#include "packaging/package/handoff_json.h"

int handoff_parse(
	const char *text, size_t size, const char *folder, struct handoff *handoff, struct fail *f)
{
	struct cJSON *root;
	*handoff = (struct handoff){0};
	if (size > HANDOFF_BYTES)
		return fail_set(f, STATUS_UNACCEPTABLE, "more than %d bytes", HANDOFF_BYTES);
	if (json_parse(text, size, &root, f) != 0)
		return -1;
	struct json_at at = json_root(root);
	int result = handoff_from_json(&at, folder, handoff, f);
	json_release(root);
	return result;
}

int handoff_read(const char *path, struct handoff *handoff, struct fail *f)
{
	struct text text = {0};
	*handoff = (struct handoff){0};
	if (file_read(path, HANDOFF_BYTES, &text, f) != 0) {
		text_release(&text);
		return fail_wrap(f, "handoff");
	}
	char *folder = file_folder(path);
	int result = handoff_parse(text_string(&text), text.size, folder, handoff, f);
	if (result != 0)
		fail_wrap(f, "handoff %s", path);
	free(folder);
	text_release(&text);
	return result;
}
