/* env - the process environment: the one door to it, and who and where we are.
 */
#ifndef MODELHOOK_BASE_ENV_H
#define MODELHOOK_BASE_ENV_H

#include <stdbool.h>

/* env_get - the value of a variable, or NULL where it is unset or empty. Borrowed from the
 * environment. */
const char *env_get(const char *name);

/* env_is_true - MLflow's reading of a boolean variable: "true" or "1", any case; unset is false */
bool env_is_true(const char *name);

/* env_home - the home directory: HOME, else the password file's; NULL where neither knows */
const char *env_home(void);

/* env_user - the name of the user of this process: the password file's, else USER, else "" */
const char *env_user(void);

/* env_without_secrets - the environment for a command that is not ours: without the variables of
 * MLflow, of this program and of the clouds, and without whatever is named like a secret (TOKEN,
 * PASSWORD, SECRET, CREDENTIAL, a KEY at its end). NULL-terminated; the array is the caller's to
 * free, the strings are not. */
char **env_without_secrets(void);

#endif
