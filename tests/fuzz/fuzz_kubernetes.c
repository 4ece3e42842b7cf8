/* Fuzzes what the API server and credential plugins answer: the first byte chooses which. */
#include <stdint.h>
#include <stdlib.h>

#include "base/fail.h"
#include "kubernetes/client.h"
#include "kubernetes/controllers.h"
#include "kubernetes/exec.h"
#include "kubernetes/pods.h"
#include "kubernetes/workload.h"

/* A trap, so that the fuzzer keeps the input. */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_credential(const char *text, size_t size)
{
	struct kubernetes_credential credential;
	struct fail f;
	if (kubernetes_exec_read(text, size, &credential, &f) == 0)
		MUST(credential.token != NULL || credential.key_pem != NULL);
	kubernetes_credential_release(&credential);
}

static void read_workloads(const struct json_at *object)
{
	for (enum workload_kind kind = 0; kind < WORKLOAD_KINDS; kind++) {
		struct workload workload;
		char at[32];
		workload_read(object, kind, &workload);
		(void)workload_refusal(&workload);
		workload_restart_time(&workload, 1000, at);
		MUST(workload_progress(&workload, 1).text[0] != '\0');
		workload_release(&workload);
	}
}

static void read_pods(const struct json_at *object)
{
	struct kubernetes_owner owner = {.kind = "Deployment", .name = "a"};
	struct kubernetes_restart made = {.restarted_at = "b"};
	struct kubernetes_pods pods = {0};
	size_t count;
	kubernetes_pods_read(object, &owner, &pods);
	(void)kubernetes_pods_broken(&pods, &made);
	(void)kubernetes_pods_pending(&pods, &made);
	MUST((kubernetes_pods_old(&pods, &made, &count) == NULL) == (count == 0));
	kubernetes_pods_release(&pods);
}

static void read_controllers(const struct json_at *object)
{
	(void)rollout_refusal(object);
	(void)canary_refusal(object);
	(void)inference_service_refusal(object);
	MUST(rollout_progress(object, "2026-11-29T10:00:00Z").text[0] != '\0');
	MUST(canary_progress(object, "a").text[0] != '\0');
	MUST(inference_service_progress(object, 1).text[0] != '\0');
	char *uri = inference_service_uri(object), *patch = inference_service_patch(object, "a");
	MUST(uri == NULL || patch != NULL);
	free(uri);
	free(patch);
}

static void read_object(const char *text, size_t size)
{
	struct cJSON *tree;
	struct fail f;
	if (json_parse(text, size, &tree, &f) != 0)
		return;
	struct json_at root = json_root(tree);
	read_workloads(&root);
	read_pods(&root);
	read_controllers(&root);
	json_release(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	const char *text = (const char *)data + 1;
	if (data[0] % 3 == 0)
		read_credential(text, size - 1);
	else if (data[0] % 3 == 1)
		free(kubernetes_message(text, size - 1));
	else
		read_object(text, size - 1);
	return 0;
}
