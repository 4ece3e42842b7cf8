/* replicas_parse - "replicas" of "served": who is asked, and how many there have to be.
 *
 *   {"urls": ["http://10.0.0.3:8080/model", ...], "count": 3}
 *   {"dns": "fish-api-headless", "port": 8080, "kubernetes": {"deployment": "fish-api"}}
 *   {"kubernetes": {"namespace": "ml-inference", "deployment": "fish-api"}, "port": 8080,
 *    "through": "proxy"}
 *
 * "kubernetes" names a workload as an entry of "deploy" does. It says how many replicas there have
 * to be; without "urls" and "dns" its pods are asked, at their addresses or through the proxy of
 * the API server.
 */
#ifndef MODELHOOK_SERVED_REPLICAS_PARSE_H
#define MODELHOOK_SERVED_REPLICAS_PARSE_H

#include "base/fail.h"
#include "packaging/json/json.h"
#include "served/types.h"

/* served_replicas_parse - the key of object, where it is there, into served->replicas; its service
 * was read before. UNACCEPTABLE by key. */
MUST_CHECK int served_replicas_parse(
	const struct json_at *object, const char *folder, struct served *served, struct fail *f);

void served_replicas_settings_release(struct served_replicas *replicas);

#endif
