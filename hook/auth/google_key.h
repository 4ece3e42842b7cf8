/* google_key - a credential file of Google's: a service account's key, or a person's login as
 * gcloud keeps it; and what is sent to its token endpoint for an access token.
 *
 * A service account signs a JSON Web Token (RFC 7519) with its RSA key, SHA-256 (RS256, RFC 7518
 * section 3.3), and exchanges it as an authorization grant (RFC 7523 section 2.1). A login
 * exchanges its refresh token (RFC 6749 section 6). Other kinds of file are named and refused.
 */
#ifndef MODELHOOK_AUTH_GOOGLE_KEY_H
#define MODELHOOK_AUTH_GOOGLE_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"

/* struct google_key - owned secrets, wiped on release */
struct google_key {
	char *email; /* of a service account, with the next two; else NULL */
	char *private_key;
	char *private_key_id; /* or NULL */
	char *client_id;      /* of a login, with the next two; else NULL */
	char *client_secret;
	char *refresh_token;
	char *token_uri;
	char *quota_project; /* whom a login's requests are counted for, or NULL */
};

/* google_key_parse - the text of such a file; CONFIGURATION where it is none */
MUST_CHECK int google_key_parse(
	const char *text, size_t size, struct google_key *key, struct fail *f);

/* google_key_form - the form that token_uri takes, from now_ms on for an hour. It holds a secret:
 * the caller gives it to fetch_wipe. CONFIGURATION where the private key is none. */
MUST_CHECK int google_key_form(
	const struct google_key *key, int64_t now_ms, char **form, struct fail *f);

void google_key_release(struct google_key *key);

#endif
