/* help_deploy - what "modelhook help deploy" prints.
 */
#ifndef MODELHOOK_COMMAND_HELP_DEPLOY_H
#define MODELHOOK_COMMAND_HELP_DEPLOY_H

/* help_deploy_text - the kinds of "deploy" in Kubernetes and the Roles that they need: YAML, whose
 * words for people are comments, so that it can be applied as it is; a literal */
const char *help_deploy_text(void);

#endif
