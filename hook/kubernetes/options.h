/* options - how a cluster is reached and where in it to look, as modelhook.json says.
 *
 *   {"namespace": "ml-inference", "kubeconfig": "deploy.kubeconfig", "context": "production",
 *    "allow_exec": true, "environment": ["AWS_PROFILE"]}
 *
 * All of it may be left out: kubernetes/access.h says what is looked for then.
 */
#ifndef MODELHOOK_KUBERNETES_OPTIONS_H
#define MODELHOOK_KUBERNETES_OPTIONS_H

#include <stdbool.h>

#include "base/fail.h"
#include "packaging/json/json.h"

/* struct kubernetes_options - owns its strings; a zeroed one is empty */
struct kubernetes_options {
	char *namespace;
	char *kubeconfig; /* a path, or several with ':' between them */
	char *context;
	bool allow_exec;    /* a kubeconfig may run its credential plugin */
	char **environment; /* names of variables that the plugin gets, NULL-terminated; or NULL */
};

#define KUBERNETES_OPTION_KEYS "namespace", "kubeconfig", "context", "allow_exec", "environment"

/* kubernetes_options_parse - those keys of object; a relative "kubeconfig" is below folder.
 * UNACCEPTABLE by key. May be released whatever the result. */
MUST_CHECK int kubernetes_options_parse(const struct json_at *object, const char *folder,
	struct kubernetes_options *options, struct fail *f);
void kubernetes_options_release(struct kubernetes_options *options);

/* kubernetes_options_are_same - whether both surely lead to one namespace of one cluster: they were
 * written alike */
bool kubernetes_options_are_same(
	const struct kubernetes_options *a, const struct kubernetes_options *b);

#endif
