/* multipart - large S3 objects, by its multipart API.
 *
 * An upload that an earlier call left open is gone on with: its parts are listed, and those whose
 * checksum (CRC-32C, else the MD5 in the ETag) is that of the bytes at hand are not sent again.
 * Each part goes with its CRC-32C, which the server compares and echoes; where it echoes none, the
 * ETag is compared with the part's MD5. The object's SHA-256 is kept with it from the start, and is
 * told of it only once it is whole: s3_finish is called when the whole stream had that digest.
 *
 * Where the store does not tell of open uploads (a right of its own, and not every server's), each
 * call begins anew, and what an earlier one left open stays open.
 *
 * A repeated completion is answered with 200 (Amazon, versitygw) or with NoSuchUpload (MinIO,
 * Yandex): then the object itself is looked at. So it is for a part, when another caller has
 * completed the same object meanwhile.
 */
#ifndef MODELHOOK_STORE_S3_MULTIPART_H
#define MODELHOOK_STORE_S3_MULTIPART_H

#include "base/fail.h"
#include "base/text.h"
#include "packaging/xml/xml.h"
#include "store/store.h"

MUST_CHECK int s3_begin(struct store *s, struct store_upload *upload, struct fail *f);
MUST_CHECK int s3_put_part(struct store *s, struct store_upload *upload,
	const struct store_part *part, bool *kept, struct fail *f);
MUST_CHECK int s3_finish(struct store *s, struct store_upload *upload, struct fail *f);
MUST_CHECK int s3_abandon(struct store *s, struct store_upload *upload, struct fail *f);

/* s3_parts - which parts of an open upload the store says it has; they go into upload->receipts.
 * Owns what it keeps of the part at hand, which s3_parts_release frees. */
struct s3_parts {
	struct store_upload *upload;
	unsigned long number;
	unsigned long long size;
	char *etag;   /* of the part at hand, owned */
	char *crc32c; /* as well */
	bool fits;    /* every part so far is one of ours by its size */
	bool truncated;
	unsigned long next;
};
MUST_CHECK int s3_parts_read(const struct text *body, struct s3_parts *parts, struct fail *f);
void s3_parts_release(struct s3_parts *parts);

#endif
