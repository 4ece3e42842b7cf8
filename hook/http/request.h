/* request - a libcurl handle for one hop of a transfer: its options and its callbacks.
 */
#ifndef MODELHOOK_HTTP_REQUEST_H
#define MODELHOOK_HTTP_REQUEST_H

#include "base/attributes.h"
#include "http/transfer_types.h"

/* http_request_make - t->easy and t->headers, ready to be sent; -1: the login cannot be made */
MUST_CHECK int http_request_make(struct http_transfer *t);

/* http_request_was_sent - whether any byte of the request went out; t->easy is there */
bool http_request_was_sent(const struct http_transfer *t);

/* http_request_release - free the handle and wipe its headers */
void http_request_release(struct http_transfer *t);

/* http_on_header, http_on_body - what libcurl calls with a line of the head, and with bytes of the
 * body, as its manual says; context: the transfer, whose easy handle is there */
size_t http_on_header(char *line, size_t one, size_t size, void *context);
size_t http_on_body(char *bytes, size_t one, size_t size, void *context);

#endif
