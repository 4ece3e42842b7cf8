/* credentials_file - the two files that logins are kept in: .netrc and MLflow's credentials.
 *
 * Parsing only; the caller reads the files, and wipes what it read. A login's strings are secrets:
 * login_release wipes them.
 */
#ifndef MODELHOOK_MLFLOW_CREDENTIALS_FILE_H
#define MODELHOOK_MLFLOW_CREDENTIALS_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fail.h"

struct login {
	char *user; /* or NULL */
	char *password;
};

void login_release(struct login *login);

/* credentials_wipe - overwrite and free a secret string; NULL is fine */
void credentials_wipe(char *secret);

/* credentials_parse_netrc - the login of the host, else that of "default", read as Python's netrc
 * module does: the last entry of a host counts, names and values may be quoted, # begins a comment
 * between entries. *found false: neither is there. */
MUST_CHECK int credentials_parse_netrc(const char *text, size_t size, const char *host,
	struct login *login, bool *found, struct fail *f);

/* credentials_parse_ini - mlflow_tracking_username and _password of section [mlflow], as Python's
 * configparser reads them, but each on one line and % taken as it is (%% is one) */
MUST_CHECK int credentials_parse_ini(
	const char *text, size_t size, struct login *login, struct fail *f);

#endif
