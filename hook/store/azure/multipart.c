#include "store/azure/multipart.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"
#include "http/response.h"
#include "packaging/digest/base64.h"
#include "packaging/xml/xml.h"
#include "store/azure/call.h"
#include "store/checksum.h"
#include "store/store.h"

#define MD5_HEX (2 * MD5_BYTES + 1)
#define ID_SIZE (5 + 1 + 2 * MD5_BYTES) /* "00007-" and the MD5 in hex */
#define ID_BASE64 52			/* its length in base64: that of every ID of a blob */

/* A receipt is "MD5 SIZE": of a block that the store has. */
static char *mark_of(const char *md5, uint64_t size)
{
	return text_format("%.32s %" PRIu64, md5, size);
}

static char *id_of(unsigned index, const char *receipt)
{
	char id[ID_SIZE + 8];
	snprintf(id, sizeof(id), "%05u-%.32s", index, receipt);
	return base64_encode(id, ID_SIZE);
}

/* Blocks that an earlier call left. */

struct blocks {
	struct store_upload *upload;
	char id[ID_BASE64 / 4 * 3 + 1];
	bool foreign; /* an ID of another length, beside which the server takes none of ours */
};

static void take_id(struct blocks *blocks, const char *text)
{
	blocks->id[0] = '\0';
	if (strlen(text) != ID_BASE64)
		blocks->foreign = true;
	else if (base64_decode(text, (uint8_t *)blocks->id))
		blocks->id[ID_SIZE] = '\0';
}

static int take_block(void *context, const char *path, const char *text, struct fail *f)
{
	struct blocks *blocks = context;
	unsigned index;
	char md5[MD5_HEX];
	(void)f;
	if (strcmp(path, "BlockList/UncommittedBlocks/Block/Name") == 0)
		take_id(blocks, text);
	else if (strcmp(path, "BlockList/UncommittedBlocks/Block/Size") == 0 &&
		 sscanf(blocks->id, "%5u-%32[0-9a-f]", &index, md5) == 2 &&
		 index < blocks->upload->part_count)
		store_set_receipt(blocks->upload, index, mark_of(md5, strtoull(text, NULL, 10)));
	return 0;
}

int azure_blocks_read(
	const struct text *body, struct store_upload *upload, bool *foreign, struct fail *f)
{
	struct blocks blocks = {.upload = upload};
	int result = xml_read(body->data, body->size, take_block, &blocks, f);
	*foreign = blocks.foreign;
	return result;
}

int azure_begin(struct store *s, struct store_upload *upload, struct fail *f)
{
	struct azure_reply reply;
	bool foreign = false;
	upload->id = azure_name(s->state, upload->content.path);
	struct azure_request request = {
		.method = "GET",
		.name = upload->id,
		.parameters = {{"blocklisttype", "uncommitted"}, {"comp", "blocklist"}},
	};
	int result = azure_send(s, &request, &reply, f);
	if (result == 0 && !azure_is_missing(&reply)) {
		result = azure_expect(s, &reply, f);
		if (result == 0)
			result = azure_blocks_read(&reply.http.body, upload, &foreign, f);
	}
	azure_reply_release(&reply);
	upload->whole = result == 0 && foreign;
	return result;
}

/* Sending one. */

static int send_block(struct store *s, const struct store_upload *upload,
	const struct store_part *part, const uint8_t md5[MD5_BYTES], const char *receipt,
	struct fail *f)
{
	struct azure_reply reply;
	char *id = id_of(part->index, receipt);
	char *sum = base64_encode(md5, MD5_BYTES);
	char *header = text_format("content-md5: %s", sum);
	struct azure_request request = {
		.method = "PUT",
		.name = upload->id,
		.parameters = {{"blockid", id}, {"comp", "block"}},
		.headers = {header},
		.content_type = "application/octet-stream",
		.body = {.bytes = part->bytes, .size = part->size},
	};
	int result = azure_send(s, &request, &reply, f);
	if (result == 0)
		result = azure_expect(s, &reply, f);
	azure_reply_release(&reply);
	free(header);
	free(sum);
	free(id);
	return result;
}

int azure_put_part(struct store *s, struct store_upload *upload, const struct store_part *part,
	bool *kept, struct fail *f)
{
	uint8_t md5[MD5_BYTES];
	char hex[MD5_HEX];
	checksum_md5(part->bytes, part->size, md5);
	text_hex(hex, md5, sizeof(md5));
	char *receipt = mark_of(hex, part->size);
	*kept = strcmp(store_receipt(upload, part->index), receipt) == 0;
	int result = *kept ? 0 : send_block(s, upload, part, md5, receipt, f);
	if (result == 0)
		store_set_receipt(upload, part->index, receipt);
	else
		free(receipt);
	return result;
}

/* Making a blob of them. */

static char *block_list(const struct store_upload *upload)
{
	struct text text = {0};
	text_add_string(&text, "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>");
	for (unsigned i = 0; i < upload->part_count; i++) {
		char *id = id_of(i, store_receipt(upload, i));
		text_printf(&text, "<Latest>%s</Latest>", id);
		free(id);
	}
	text_add_string(&text, "</BlockList>");
	return text_take(&text);
}

/* Some block is gone: another caller may have made the blob, of these or of other bytes. */
static int ask_blob(struct store *s, const struct store_upload *upload, struct fail *f)
{
	enum store_has has;
	if (store_has_content(s, &upload->content, &has, f) != 0)
		return -1;
	return has == STORE_HAS_SAME
		       ? 0
		       : fail_set(f, STATUS_LATER,
				 "its blocks were taken away, and the blob is not there");
}

int azure_finish(struct store *s, struct store_upload *upload, struct fail *f)
{
	struct azure_reply reply;
	char *list = block_list(upload);
	char *meta = text_format("x-ms-meta-sha256: %s", upload->content.sha256);
	struct azure_request request = {
		.method = "PUT",
		.name = upload->id,
		.parameters = {{"comp", "blocklist"}},
		.headers = {meta, "x-ms-blob-content-type: application/octet-stream"},
		.content_type = "application/xml",
		.body = {.bytes = list, .size = strlen(list)},
	};
	int result = azure_send(s, &request, &reply, f);
	if (result == 0 && strcmp(reply.code, "InvalidBlockList") == 0)
		result = ask_blob(s, upload, f);
	else if (result == 0)
		result = azure_expect(s, &reply, f);
	upload->verified = result == 0;
	azure_reply_release(&reply);
	free(meta);
	free(list);
	return result;
}

/* Blocks go only with a blob of that name: an empty one is made where none is, and taken away. */
int azure_abandon(struct store *s, struct store_upload *upload, struct fail *f)
{
	struct azure_reply reply;
	struct azure_request make = {
		.method = "PUT",
		.name = upload->id,
		.headers = {"if-none-match: *", "x-ms-blob-type: BlockBlob"},
		.content_type = "application/octet-stream",
		.body = {.bytes = "", .size = 0},
	};
	int result = azure_send(s, &make, &reply, f);
	bool there = result == 0 && (reply.http.status == 409 || reply.http.status == 412);
	char *etag = result == 0 ? http_response_header(&reply.http, "ETag") : NULL;
	if (result == 0 && !there)
		result = azure_expect(s, &reply, f);
	azure_reply_release(&reply);
	if (result == 0 && !there && etag != NULL) {
		char *only_ours = text_format("if-match: %s", etag);
		struct azure_request take = {
			.method = "DELETE", .name = upload->id, .headers = {only_ours}};
		result = azure_send(s, &take, &reply, f);
		if (result == 0 && reply.http.status != 412 && !azure_is_missing(&reply))
			result = azure_expect(s, &reply, f);
		azure_reply_release(&reply);
		free(only_ours);
	}
	free(etag);
	return result;
}
