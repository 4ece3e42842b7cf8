/* controllers - how far others' controllers are, by the status that they write on their own kinds:
 * Argo Rollouts, Flagger, KServe. Decisions only, no network.
 */
#ifndef MODELHOOK_KUBERNETES_CONTROLLERS_H
#define MODELHOOK_KUBERNETES_CONTROLLERS_H

#include <stdint.h>

#include "kubernetes/observed.h"
#include "kubernetes/resource.h"
#include "packaging/json/json.h"

/* Argo Rollouts: argoproj.io/v1alpha1 Rollout. spec.restartAt asks for the restart of all pods that
 * are older; status.restartedAt is that time once it was done. */
extern const struct kubernetes_resource rollout_resource;

/* rollout_refusal - why a restart cannot be waited for, a literal; NULL: it can */
const char *rollout_refusal(const struct json_at *object);

/* rollout_progress - since spec.restartAt was set to this time */
struct observed rollout_progress(const struct json_at *object, const char *restart_at);

/* Flagger: flagger.app/v1beta1 Canary. A change of its target's template starts an analysis, at
 * whose end the template is copied to NAME-primary, which serves meanwhile. */
extern const struct kubernetes_resource canary_resource;

const char *canary_refusal(const struct json_at *object);

/* canary_applied - the mark of the template that was analysed last; the caller frees it */
char *canary_applied(const struct json_at *object);

/* canary_progress - since its target was changed, where the mark before was `applied` */
struct observed canary_progress(const struct json_at *object, const char *applied);

/* KServe: serving.kserve.io/v1beta1 InferenceService. Its predictor loads what storageUri names. */
extern const struct kubernetes_resource inference_service_resource;

const char *inference_service_refusal(const struct json_at *object);

/* inference_service_uri - the storageUri of its predictor, or NULL; the caller frees it */
char *inference_service_uri(const struct json_at *object);

/* inference_service_patch - a merge patch that sets it where it stands now; the caller frees it;
 * NULL: the predictor has none */
char *inference_service_patch(const struct json_at *object, const char *uri);

/* inference_service_progress - since the patch that gave this generation */
struct observed inference_service_progress(const struct json_at *object, int64_t generation);

/* inference_service_serves - whether it has loaded what is at this URI, and nothing else answers */
struct observed inference_service_serves(const struct json_at *object, const char *uri);

#endif
