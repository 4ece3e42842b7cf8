/* covers - whether what is asked which model it serves is all of what a target of "deploy" reloads.
 *
 * A URL in front of several replicas answers for one of them at a time. So a workload is covered
 * where "replicas" names the same one, and an InferenceService where the proof is its own status.
 * Of a Rollout and a Canary nothing here knows the pods. A service that a program, a webhook or a
 * model server's own API reloads is the one that is asked.
 */
#ifndef MODELHOOK_SERVED_COVERS_H
#define MODELHOOK_SERVED_COVERS_H

#include "deploy/types.h"
#include "served/types.h"

bool served_covers(const struct served *served, const struct deploy_target *target);

#endif
