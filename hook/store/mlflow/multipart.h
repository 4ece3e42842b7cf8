/* multipart - large artifacts in parts past the MLflow server, by its multipart API.
 *
 * The server begins an upload in its own store and signs an address for each part, good for an
 * hour; the parts go straight there, and the server makes the object of them. Whether it can is
 * asked as MLflow's client asks: MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD, else what server-info says;
 * from MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE on, in parts of MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE
 * (5 MiB at least, which is what S3 takes, and unless set). Where it cannot, where the addresses
 * cannot be reached from here, or ran out, the artifact is put in one.
 *
 * A server that was started with --artifacts-presigned-only (MLflow 3.18) refuses what is to go
 * through it and says so: then all that is sent goes this way, an empty file as one empty part.
 *
 * Nobody can list the server's open uploads, nor the parts that are there: an upload that breaks
 * off is ended and begun anew. So that a killed one is ended too, its name stands in a tag of the
 * run from its begin to its end (modelhook.upload.*); what was killed before it had the server's
 * answer to the begin is left to the bucket's own rule for incomplete uploads.
 */
#ifndef MODELHOOK_STORE_MLFLOW_MULTIPART_H
#define MODELHOOK_STORE_MLFLOW_MULTIPART_H

#include "base/fail.h"
#include "base/text.h"
#include "http/types.h"
#include "store/store.h"

/* proxy_parts_open - store->part_size and state->minimum, from the environment */
MUST_CHECK int proxy_parts_open(struct store *s, struct fail *f);

MUST_CHECK int proxy_begin(struct store *s, struct store_upload *upload, struct fail *f);
MUST_CHECK int proxy_put_part(struct store *s, struct store_upload *upload,
	const struct store_part *part, bool *kept, struct fail *f);
MUST_CHECK int proxy_finish(struct store *s, struct store_upload *upload, struct fail *f);
MUST_CHECK int proxy_abandon(struct store *s, struct store_upload *upload, struct fail *f);
/* proxy_ask_server - once: whether its store takes parts, whether that is the only way, and whether
 * it signs addresses to read from; what a variable says stays */
MUST_CHECK int proxy_ask_server(struct store *s, struct fail *f);

/* proxy_put_presigned - for a server that wants that: an artifact as the one part of an upload,
 * whatever its size */
MUST_CHECK int proxy_put_presigned(struct store *s, const struct store_content *content,
	const struct http_body *body, bool *verified, struct fail *f);
bool proxy_has_another_way(struct store *s);
MUST_CHECK int proxy_sweep(struct store *s, const char *folder, struct fail *f);

/* proxy_addresses - what a begun upload's answer says: its name ("" where it has none; the caller
 * frees it), and a block of memory with an address for each part */
struct proxy_addresses {
	bool is_azure;
	bool is_uneven; /* Azure's block IDs are of several lengths, which it refuses */
	size_t at[];	/* of each part, from the start of the block; see presigned_unpack */
};
MUST_CHECK int proxy_addresses_read(const struct text *body, unsigned parts, char **id,
	struct proxy_addresses **addresses, struct fail *f);

#endif
