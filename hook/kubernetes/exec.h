/* exec - credentials that a program prints, as the kubeconfigs of most managed clusters have it.
 *
 * The program gets KUBERNETES_EXEC_INFO and prints an ExecCredential
 * (client.authentication.k8s.io/v1 and v1beta1 in k8s.io/client-go/pkg/apis/clientauthentication).
 * It runs in the sandbox (sandbox/sandbox.h) with HOME, the variables that the kubeconfig gives it
 * and those that "environment" names, and no other of ours.
 */
#ifndef MODELHOOK_KUBERNETES_EXEC_H
#define MODELHOOK_KUBERNETES_EXEC_H

#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "kubernetes/types.h"

/* struct kubernetes_credential - secrets, owned; NULL where there is none */
struct kubernetes_credential {
	char *token;
	char *cert_pem;
	char *key_pem;
	int64_t expires_ms; /* since 1970; 0: not told */
};

/* kubernetes_exec_read - the text of an ExecCredential; CONFIGURATION where it is none, or holds
 * neither a token nor a certificate with its key */
MUST_CHECK int kubernetes_exec_read(
	const char *text, size_t size, struct kubernetes_credential *credential, struct fail *f);

/* kubernetes_exec_run - run access->exec, at most a minute. CONFIGURATION where it cannot be run,
 * DENIED where it fails; as stop_or_late. */
MUST_CHECK int kubernetes_exec_run(const struct kubernetes_access *access, char *const *environment,
	struct kubernetes_credential *credential, struct fail *f);

void kubernetes_credential_release(struct kubernetes_credential *credential);

#endif
