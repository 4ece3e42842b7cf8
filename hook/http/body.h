/* body - what a request sends, sent again.
 */
#ifndef MODELHOOK_HTTP_BODY_H
#define MODELHOOK_HTTP_BODY_H

#include "base/fail.h"
#include "http/types.h"

/* http_body_rewind - back to the first byte, before the body is sent again; bytes in memory, and
 * no body, need nothing */
MUST_CHECK int http_body_rewind(const struct http_body *body, struct fail *f);

#endif
