#include "deploy/kinds.h"

const struct deploy_kind *const deploy_kinds[] = {
	&deploy_kind_command,
	&deploy_kind_directory,
	&deploy_kind_mlserver,
	&deploy_kind_triton,
	&deploy_kind_webhook,
	NULL,
};
