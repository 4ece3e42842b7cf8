#include "deploy/kinds.h"

const struct deploy_kind *const deploy_kinds[] = {
	&deploy_kind_kubernetes,
	&deploy_kind_rollout,
	&deploy_kind_canary,
	&deploy_kind_inferenceservice,
	&deploy_kind_command,
	&deploy_kind_directory,
	&deploy_kind_mlserver,
	&deploy_kind_triton,
	&deploy_kind_webhook,
	NULL,
};
