/* kinds - every way to reload a service.
 */
#ifndef MODELHOOK_DEPLOY_KINDS_H
#define MODELHOOK_DEPLOY_KINDS_H

#include "deploy/kind.h"

extern const struct deploy_kind deploy_kind_canary;
extern const struct deploy_kind deploy_kind_command;
extern const struct deploy_kind deploy_kind_directory;
extern const struct deploy_kind deploy_kind_inferenceservice;
extern const struct deploy_kind deploy_kind_kubernetes;
extern const struct deploy_kind deploy_kind_mlserver;
extern const struct deploy_kind deploy_kind_rollout;
extern const struct deploy_kind deploy_kind_triton;
extern const struct deploy_kind deploy_kind_webhook;

/* deploy_kinds - all of them, NULL behind the last */
extern const struct deploy_kind *const deploy_kinds[];

#endif
