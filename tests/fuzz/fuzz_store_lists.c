/* Fuzzes what object stores say of what they hold, by the first byte: lists of Google Cloud
 * Storage, S3, Azure and HDFS, parts of open uploads, errors. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"
#include "http/types.h"
#include "store/azure/call.h"
#include "store/azure/multipart.h"
#include "store/azure/store.h"
#include "store/gs/call.h"
#include "store/gs/object.h"
#include "store/hdfs/call.h"
#include "store/hdfs/file.h"
#include "store/s3/call.h"
#include "store/s3/multipart.h"
#include "store/s3/store.h"
#include "store/s3/types.h"
#include "store/store.h"

/* A trap, so that the fuzzer keeps the input. */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take_object(void *context, const struct gs_object *object, struct fail *f)
{
	(void)f;
	MUST(object->name != NULL);
	++*(size_t *)context;
	return 0;
}

static void read_gs(const struct text *body)
{
	struct http_response answer = {.status = 200, .body = *body};
	struct gs_object object;
	struct fail f;
	size_t count = 0;
	char *next, said[64];
	if (gs_page_read(&answer, take_object, &count, &next, &f) != 0)
		MUST(f.status == STATUS_NOT_A_REGISTRY);
	free(next);
	if (gs_object_read(&answer, &object, &f) == 0)
		gs_object_release(&object);
	gs_message_read(&answer, said, sizeof(said));
	MUST(strlen(said) < sizeof(said));
}

static void check_listing(struct store_listing *listing)
{
	for (size_t i = 0; i < listing->count; i++)
		MUST(listing->objects[i].path[0] != '\0');
	store_listing_release(listing);
}

static void read_s3(const struct text *body)
{
	struct store_listing listing = {0};
	struct s3_page page = {.below = "p/", .listing = &listing};
	struct s3_reply reply = {.http = {.status = 400, .body = *body}};
	struct fail f;
	(void)!s3_page_read(body, &page, &f);
	s3_page_release(&page);
	check_listing(&listing);
	s3_reply_read(&reply, false);
	MUST(strlen(reply.message) < sizeof(reply.message));
}

static void read_azure(const struct text *body)
{
	struct store_listing listing = {0};
	struct azure_page page = {.below = "p/", .listing = &listing};
	struct azure_reply reply = {.http = {.status = 400, .body = *body}};
	struct fail f;
	(void)!azure_page_read(body, &page, &f);
	free(page.next);
	check_listing(&listing);
	azure_error_read(&reply);
	MUST(strlen(reply.message) < sizeof(reply.message));
}

static int take_entry(void *context, const struct entry *entry, struct fail *f)
{
	(void)context;
	(void)f;
	MUST(entry->name[0] != '\0');
	return 0;
}

static void restart(void *context)
{
	(void)context;
}

static void read_hdfs(const struct text *body)
{
	struct entry_taker taker = {take_entry, restart, NULL};
	struct hdfs_reply reply = {.http = {.status = 400, .body = *body}};
	struct fail f;
	(void)!hdfs_read_entries(text_string(body), body->size, &taker, &f);
	hdfs_exception_read(&reply);
	MUST(strlen(reply.message) < sizeof(reply.message));
}

static void read_parts(const struct text *body, bool of_s3)
{
	char *marks[4] = {0};
	struct store_upload upload = {.content = {.path = "a", .size = 35},
		.part_size = 10,
		.part_count = 4,
		.receipts = marks};
	struct s3_parts parts = {.upload = &upload, .fits = true};
	struct fail f;
	bool foreign;
	if (of_s3)
		(void)!s3_parts_read(body, &parts, &f);
	else
		(void)!azure_blocks_read(body, &upload, &foreign, &f);
	s3_parts_release(&parts);
	store_clear_receipts(&upload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text body = {0};
	if (size == 0)
		return 0;
	text_add(&body, data + 1, size - 1);
	switch (data[0] % 6) {
	case 0:
		read_gs(&body);
		break;
	case 1:
		read_s3(&body);
		break;
	case 2:
		read_azure(&body);
		break;
	case 3:
		read_hdfs(&body);
		break;
	default:
		read_parts(&body, data[0] % 6 == 4);
	}
	text_release(&body);
	return 0;
}
