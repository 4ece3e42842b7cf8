/* env - the process environment: the one door to it, and who and where we are.
 */
#ifndef MODELHOOK_BASE_ENV_H
#define MODELHOOK_BASE_ENV_H

#include <stdbool.h>

#include "base/variables.h"

/* ENV_AWS_PROFILE and so on: a name that is not in the list does not compile */
enum env_variable {
#define VARIABLE_ENUM(name, secrecy, meaning) ENV_##name,
	VARIABLE_LIST(VARIABLE_ENUM)
#undef VARIABLE_ENUM
};

/* env_get - the value of a variable, or NULL where it is unset or empty. Borrowed from the
 * environment. */
const char *env_get(enum env_variable variable);

/* env_named - the same by name, for the table of the settings and what a setting names */
const char *env_named(const char *name);

/* env_name - the name of a variable, for messages; a literal */
const char *env_name(enum env_variable variable);

/* env_is_there - whether a variable is set, be it to nothing */
bool env_is_there(enum env_variable variable);

/* env_is_true - MLflow's reading of a boolean variable: "true" or "1", any case; unset is false */
bool env_is_true(enum env_variable variable);

/* env_register_secrets - the secrets of the list, what stands in other variables that are named
 * like a secret, and the user information of every URL are never shown from now on (base/secret.h)
 */
void env_register_secrets(void);

/* env_home - the home directory: HOME, else the password file's; NULL where neither knows */
const char *env_home(void);

/* env_user - the name of the user of this process: the password file's, else USER, else "" */
const char *env_user(void);

/* env_for_command - the environment for a command that is not ours: what an interpreter and
 * TensorFlow need (PATH, the locale, TZ, Python's, CUDA's and TensorFlow's own), what is in named
 * (NULL-terminated, or NULL), temp_dir as HOME and TMPDIR unless those are named, and the variables
 * "NAME=value" of `more` (NULL-terminated, or NULL), which come before ours of the same name.
 * NULL-terminated; given to env_release. */
char **env_for_command(char *const *named, char *const *more, const char *temp_dir);

/* env_release - wipe and free such a list, or any other of strings; NULL is nothing */
void env_release(char **environment);

#endif
