/* aws_profile - one section of AWS's two files, ~/.aws/credentials and ~/.aws/config.
 *
 * Read as botocore reads them, that is by Python's configparser: "[name]" in the first, "[profile
 * name]" or "[default]" in the second; "key = value" or "key: value", keys in any case. A line that
 * is indented deeper than the one before continues its value, and is left out; so are # and ;
 * comments. Values may be secrets: they are wiped on release.
 */
#ifndef MODELHOOK_AUTH_AWS_PROFILE_H
#define MODELHOOK_AUTH_AWS_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fail.h"

struct aws_profile {
	struct pair_text {
		char *key; /* in lower case */
		char *value;
		bool in_config; /* in the second file */
	} * items;
	size_t count;
	char *name; /* the one that was asked for */
	bool found; /* in either file */
	bool named; /* a variable names it */
};

/* aws_profile_read - AWS_DEFAULT_PROFILE, else AWS_PROFILE, else "default", in
 * AWS_SHARED_CREDENTIALS_FILE, then in AWS_CONFIG_FILE: what the first says counts. CONFIGURATION
 * where a file cannot be read, or a profile that was named is in neither. */
MUST_CHECK int aws_profile_read(struct aws_profile *profile, struct fail *f);

/* aws_profile_parse - the lines of one file; is_config: sections are "profile NAME" */
void aws_profile_parse(struct aws_profile *profile, const char *text, size_t size, bool is_config);

/* aws_profile_get - or NULL; borrowed */
const char *aws_profile_get(const struct aws_profile *profile, const char *key);

/* aws_profile_get_from - of one of the files only */
const char *aws_profile_get_from(const struct aws_profile *profile, bool config, const char *key);

void aws_profile_release(struct aws_profile *profile);

#endif
