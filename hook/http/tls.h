/* tls - whom a TLS connection trusts, and which certificate it shows.
 *
 * Authorities come from the first of these that is set: the settings (MLflow's own variable),
 * CURL_CA_BUNDLE, SSL_CERT_FILE, REQUESTS_CA_BUNDLE; else from where the distributions keep theirs.
 * A folder is taken too (hashed names, as c_rehash makes them), and SSL_CERT_DIR adds one.
 */
#ifndef MODELHOOK_HTTP_TLS_H
#define MODELHOOK_HTTP_TLS_H

#include "base/fail.h"
#include "http/types.h"

/* http_tls_prepare - before a request to an https URL: look for the authorities once, warn once
 * where certificates are not to be checked. CONFIGURATION names what cannot be read. */
MUST_CHECK int http_tls_prepare(struct http *http, struct fail *f);

/* http_tls_apply - set them on a libcurl handle; at_origin: it asks the server that the request
 * was made for, and no other to which a redirect led: only that one is shown the certificate */
void http_tls_apply(const struct http *http, bool at_origin, void *easy);

#endif
