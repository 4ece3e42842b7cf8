/* identity - which model a service says it serves, and which one it should.
 */
#ifndef MODELHOOK_SERVED_IDENTITY_H
#define MODELHOOK_SERVED_IDENTITY_H

#include "http/types.h"
#include "served/types.h"

/* served_identity_words - by enum served_identity, NULL behind the last */
extern const char *const served_identity_words[];

/* served_identity_of - what a service tells that serves this version; NULL: it is not known of the
 * version. number holds a version's digits. */
const char *served_identity_of(
	const struct deploy_model *model, enum served_identity identity, char number[24]);

/* served_identity_read - the text at the pointer, in the header, or that the pattern matches; the
 * caller frees it. NULL where it is not there. */
char *served_identity_read(const struct served *served, const struct http_response *response);

/* served_identity_judge - seen->said (owned, or NULL) against the version that is expected:
 * seen->problem is set where they differ, or where nothing was said */
void served_identity_judge(const struct served *served, const struct deploy_model *model,
	char *said, struct served_seen *seen);

#endif
