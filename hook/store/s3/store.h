/* store - objects of an S3 bucket: Amazon's, Yandex's, MinIO's, versitygw's, Ceph's.
 */
#ifndef MODELHOOK_STORE_S3_STORE_H
#define MODELHOOK_STORE_S3_STORE_H

#include "base/fail.h"
#include "base/text.h"
#include "store/store.h"

/* s3_page - one page of a list of objects; owns key and next until s3_page_release */
struct s3_page {
	const char *below; /* keys begin with it */
	struct store_listing *listing;
	char *key;  /* the last one read */
	char *etag; /* of the object at hand; an MD5, where that is its form and nobody's key
		       encrypts */
	uint64_t size;
	char *next; /* continuation token */
	bool truncated;
};
MUST_CHECK int s3_page_read(const struct text *body, struct s3_page *page, struct fail *f);
void s3_page_release(struct s3_page *page);

extern const struct store_kind store_s3;

#endif
