/* store - blobs of a container of Azure Storage.
 */
#ifndef MODELHOOK_STORE_AZURE_STORE_H
#define MODELHOOK_STORE_AZURE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fail.h"
#include "base/text.h"
#include "store/store.h"

/* azure_page - one page of a list of blobs. next is the caller's to free, whatever the result. */
struct azure_page {
	const char *below; /* names begin with it */
	struct store_listing *listing;
	char *name;
	char *sha256; /* kept with it */
	uint64_t size;
	bool is_folder; /* of a hierarchical namespace: not a blob that anybody made */
	char *next;
	bool has_blobs;
};
MUST_CHECK int azure_page_read(const struct text *body, struct azure_page *page, struct fail *f);

extern const struct store_kind store_azure;

#endif
