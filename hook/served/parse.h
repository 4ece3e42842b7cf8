/* parse - "served" in modelhook.json.
 */
#ifndef MODELHOOK_SERVED_PARSE_H
#define MODELHOOK_SERVED_PARSE_H

#include "base/fail.h"
#include "packaging/json/json.h"
#include "served/types.h"

/* served_parse - the value of "served" in the modelhook.json of folder into *served, which is owned
 * and given to served_release; UNACCEPTABLE by key */
MUST_CHECK int served_parse(
	const struct json_at *at, const char *folder, struct served **served, struct fail *f);

void served_release(struct served *served);

#endif
