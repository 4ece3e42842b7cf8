/* aws_profile - one section of AWS's two files, ~/.aws/credentials and ~/.aws/config.
 *
 * Read as botocore reads them: "[name]" in the first, "[profile name]" or "[default]" in the
 * second; "key = value" lines; lines that begin with white space continue a value and are left out,
 * as are # and ; comments. Values may be secrets: they are wiped on release.
 */
#ifndef MODELHOOK_STORE_AWS_PROFILE_H
#define MODELHOOK_STORE_AWS_PROFILE_H

#include <stdbool.h>

#include "base/text.h"

struct aws_profile {
	struct pair_text {
		char *key;
		char *value;
	} * items;
	size_t count;
	char *name; /* the one that was asked for */
	bool found; /* in either file */
	bool named; /* AWS_PROFILE names it */
};

/* aws_profile_read - AWS_PROFILE (else "default") in AWS_SHARED_CREDENTIALS_FILE, then in
 * AWS_CONFIG_FILE: what the first says counts. CONFIGURATION where a file cannot be read, or a
 * profile that was named is in neither. */
MUST_CHECK int aws_profile_read(struct aws_profile *profile, struct fail *f);

/* aws_profile_parse - the lines of one file; is_config: sections are "profile NAME" */
void aws_profile_parse(struct aws_profile *profile, const char *text, size_t size, bool is_config);

/* aws_profile_get - or NULL; borrowed */
const char *aws_profile_get(const struct aws_profile *profile, const char *key);

void aws_profile_release(struct aws_profile *profile);

#endif
