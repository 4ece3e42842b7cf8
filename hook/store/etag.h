/* etag - what a store calls a version of an object (RFC 9110 section 8.8.3).
 *
 * It is opaque: Amazon's is an MD5 unless a key of somebody's encrypts, Cloudflare's has more than
 * two hundred characters, a proxy may have marked it as weak, and some stores leave the quotes out.
 * It is kept whole; what is longer than ETAG_MAX is refused by name, never cut.
 */
#ifndef MODELHOOK_STORE_ETAG_H
#define MODELHOOK_STORE_ETAG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fail.h"

#define ETAG_MAX 2048

/* etag_strong - without "W/", its quotes as they came: what the store itself gave out before a
 * proxy compressed an answer. NULL gives NULL; the caller frees it. */
char *etag_strong(const char *etag);

/* etag_bare - without "W/" and quotes; NULL gives NULL; the caller frees it */
char *etag_bare(const char *etag);

/* etag_is_md5 - whether it is this MD5 and nothing else, quoted or not; NULL is none */
bool etag_is_md5(const char *etag, const uint8_t md5[16]);

/* etag_looks_like_md5 - whether it has the form of one */
bool etag_looks_like_md5(const char *etag);

/* etag_check - NOT_A_REGISTRY where there is none, or it is too long, or holds a control */
MUST_CHECK int etag_check(const char *etag, struct fail *f);

#endif
