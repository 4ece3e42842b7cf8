/* secret_source - where a secret of modelhook.json is kept: the file names a place, never the
 * secret itself.
 */
#ifndef MODELHOOK_BASE_SECRET_SOURCE_H
#define MODELHOOK_BASE_SECRET_SOURCE_H

#include "base/fail.h"

/* struct secret_source - one of them, or none; owns both */
struct secret_source {
	char *file;	/* path */
	char *variable; /* name of an environment variable */
};

/* secret_source_read - the secret as it is now: a mounted file may have been renewed. White space
 * at its end is no part of it. *secret is NULL where there is no source; the caller gives it to
 * secret_source_wipe. It is never shown from now on (base/secret.h). CONFIGURATION where it cannot
 * be read or is empty. */
MUST_CHECK int secret_source_read(
	const struct secret_source *source, char **secret, struct fail *f);
void secret_source_wipe(char *secret);

void secret_source_release(struct secret_source *source);

#endif
