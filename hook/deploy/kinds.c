#include "deploy/kinds.h"

const struct deploy_kind *const deploy_kinds[] = {
	&deploy_kind_command,
	NULL,
};
