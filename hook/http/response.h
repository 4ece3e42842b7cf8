/* response - what is asked of a response that came.
 */
#ifndef MODELHOOK_HTTP_RESPONSE_H
#define MODELHOOK_HTTP_RESPONSE_H

#include "http/types.h"

/* http_response_header - the value of a header of the response, or NULL; the caller frees it */
char *http_response_header(const struct http_response *response, const char *name);

void http_response_release(struct http_response *response);

#endif
