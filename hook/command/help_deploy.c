#include "command/help_deploy.h"

#define COMMENT_START                                                                              \
	"# \"deploy\" in modelhook.json: how the service is reloaded after a promotion.\n"         \
	"#\n"                                                                                      \
	"#   {\"kubernetes\": {\"namespace\": \"ml-inference\", \"deployment\": \"fish-api\"}}\n"  \
	"#       restart it (or a \"statefulset\", a \"daemonset\") and wait until no old pod is " \
	"left\n"                                                                                   \
	"#   {\"rollout\": {\"name\": \"fish-api\"}}           Argo Rollouts: spec.restartAt\n"    \
	"#   {\"canary\": {\"name\": \"fish-api\"}}            Flagger: restart the target, wait " \
	"for the analysis\n"                                                                       \
	"#   {\"inferenceservice\": {\"name\": \"fish-api\", \"storage_uri\": "                    \
	"\"s3://models/{version}\"}}   KServe\n"                                                   \
	"#   {\"directory\": {\"path\": \"/models/fish\"}}   a directory that a server polls, "    \
	"such as TensorFlow Serving\n"                                                             \
	"#   {\"triton\": {\"url\": \"http://triton:8000\", \"model\": \"fish\", \"repository\": " \
	"\"/models\"}}\n"                                                                          \
	"#   {\"mlserver\": {\"url\": \"http://mlserver:8080\", \"model\": \"fish\", "             \
	"\"repository\": \"/models\"}}\n"                                                          \
	"#   {\"webhook\": {\"url\": \"http://fish-api/hooks\", \"secret_file\": "                 \
	"\"hook-secret\"}}   as MLflow calls them\n"                                               \
	"#   {\"command\": [\"./reload.sh\", \"{version}\"]}   any program\n"                      \
	"#\n"                                                                                      \
	"# Each takes \"name\" and \"timeout\" (5m); those in Kubernetes \"namespace\", "          \
	"\"kubeconfig\",\n"                                                                        \
	"# \"context\", \"allow_exec\" (run the credential plugin of the kubeconfig), "            \
	"\"environment\"\n"                                                                        \
	"# (variables that the plugin gets) and \"field_manager\" (kubectl-rollout).\n"            \
	"# What has a \"url\" also takes \"headers\", \"secret_file\" or \"secret_variable\", "    \
	"and \"ca_file\".\n"                                                                       \
	"# Credentials in Kubernetes: \"kubeconfig\", KUBECONFIG, ~/.kube/config, or the service " \
	"account of "                                                                              \
	"the pod.\n"                                                                               \
	"#\n"                                                                                      \
	"# \"replicas\" of \"served\" names the same workload, so that each of its pods is "       \
	"asked:\n"                                                                                 \
	"#   {\"kubernetes\": {\"namespace\": \"ml-inference\", \"deployment\": "                  \
	"\"fish-api\"}, \"port\": 8080}\n"                                                         \
	"#       at their addresses, by Role 2; with \"through\": \"proxy\" through the API "      \
	"server, by Role 3\n"                                                                      \
	"#   {\"dns\": \"fish-api-headless\", \"port\": 8080, \"kubernetes\": {...}}\n"            \
	"#       the addresses of a headless Service, as many as the workload wants, by Role 1\n"  \
	"# Where they serve the version already, the workload is not restarted.\n"                 \
	"#\n"                                                                                      \
	"# This text is YAML. Keep the Roles that are needed, change the names, and apply it.\n"

#define ROLE(name)                                                                                 \
	"---\n"                                                                                    \
	"apiVersion: rbac.authorization.k8s.io/v1\n"                                               \
	"kind: Role\n"                                                                             \
	"metadata: {name: " name ", namespace: ml-inference}\n"                                    \
	"rules:\n"

#define RULE(group, resource, names, verbs)                                                        \
	"- apiGroups: [\"" group "\"]\n"                                                           \
	"  resources: [" resource "]\n" names "  verbs: [" verbs "]\n"

#define FISH_API "  resourceNames: [fish-api]\n"
#define RESTART RULE("apps", "deployments", FISH_API, "get, patch")
#define PODS RULE("", "pods", "", "list")

static const char text[] =
	COMMENT_START "#\n# 1. Restart one workload and wait. Old pods are waited for where the "
		      "Deployment counts\n"
		      "#    them (Kubernetes 1.35 and later); a pod that cannot start is found at "
		      "the timeout.\n" ROLE("modelhook-1-restart") RESTART
	"#\n# 2. The same, and see the pods: old ones are waited for on every version, a pod that\n"
	"#    cannot start ends the wait at once, with its reason. (list cannot be limited to "
	"names.)\n" ROLE("modelhook-2-pods") RESTART PODS
	"#\n# 3. The same, and ask each pod through the API server which version it serves, where "
	"the\n"
	"#    pods' addresses cannot be reached. It allows any request to any pod of the "
	"namespace.\n" ROLE("modelhook-3-proxy") RESTART PODS RULE("", "pods/proxy", "",
		"get, create") "#\n# Argo Rollouts; with the pods as above\n" ROLE("modelhook-"
										   "rollout")
		RULE("argoproj.io", "rollouts", FISH_API, "get, patch") PODS
	"#\n# Flagger: the Canary is read, its target restarted\n" ROLE("modelhook-canary")
		RULE("flagger.app", "canaries", FISH_API, "get") RESTART
	"#\n# KServe\n" ROLE("modelhook-inferenceservice")
		RULE("serving.kserve.io", "inferenceservices", FISH_API, "get, patch");

const char *help_deploy_text(void)
{
	return text;
}
