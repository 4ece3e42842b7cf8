#include "unit.h"

#include "deploy/cluster.h"
#include "deploy/kinds.h"
#include "served/covers.h"

static char fish_api[] = "fish-api", other[] = "other", fish[] = "fish", kubeconfig[] = "/a";

/* A workload of the settings, as both sides name one. */
struct named {
	char *name;
	enum workload_kind kind;
	struct kubernetes_options at;
};

static const struct named same = {fish_api, WORKLOAD_DEPLOYMENT, {.namespace = fish}};

static void a_workload_is_covered_where_its_own_pods_are_asked(void **state)
{
	static const struct {
		const char *name;
		struct named asked;
		bool covers;
	} rows[] = {
		{"the same", {fish_api, WORKLOAD_DEPLOYMENT, {.namespace = fish}}, true},
		{"a URL alone", {0}, false},
		{"another name", {other, WORKLOAD_DEPLOYMENT, {.namespace = fish}}, false},
		{"another kind", {fish_api, WORKLOAD_STATEFULSET, {.namespace = fish}}, false},
		{"another namespace", {fish_api, WORKLOAD_DEPLOYMENT, {.namespace = other}}, false},
		{"a namespace that is not told", {fish_api, WORKLOAD_DEPLOYMENT, {0}}, false},
		{"another cluster",
			{fish_api, WORKLOAD_DEPLOYMENT,
				{.namespace = fish, .kubeconfig = kubeconfig}},
			false},
		{"another context",
			{fish_api, WORKLOAD_DEPLOYMENT, {.namespace = fish, .context = other}},
			false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct cluster_options options = {
			.at = same.at, .name = same.name, .kind = same.kind};
		struct deploy_target target = {
			.kind = &deploy_kind_kubernetes, .options = &options};
		struct served served = {.replicas.workload = {.at = rows[i].asked.at,
						.kind = rows[i].asked.kind,
						.name = rows[i].asked.name}};
		assert_row(served_covers(&served, &target) == rows[i].covers, rows[i].name);
	}
}

static void other_kinds_are_covered_where_they_have_no_replicas_of_their_own(void **state)
{
	static const struct {
		const struct deploy_kind *kind;
		bool covers;
	} rows[] = {
		{&deploy_kind_rollout, false},
		{&deploy_kind_canary, false},
		{&deploy_kind_command, true},
		{&deploy_kind_webhook, true},
		{&deploy_kind_directory, true},
		{&deploy_kind_triton, true},
		{&deploy_kind_mlserver, true},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct cluster_options options = {.at = same.at, .name = same.name};
		struct deploy_target target = {.kind = rows[i].kind, .options = &options};
		struct served served = {.replicas.workload = {.at = same.at, .name = same.name}};
		assert_row(served_covers(&served, &target) == rows[i].covers, rows[i].kind->key);
	}
}

static void an_inference_service_is_covered_by_its_own_status(void **state)
{
	static char one[] = "s3://a/{version}", two[] = "s3://b/{version}";
	static const struct {
		const char *name;
		char *service, *uri;
		bool covers;
	} rows[] = {
		{"the same", fish_api, one, true},
		{"another", other, one, false},
		{"from another place", fish_api, two, false},
		{"from the version's source", fish_api, NULL, false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct cluster_options options = {.name = fish_api, .storage_uri = one};
		struct deploy_target target = {
			.kind = &deploy_kind_inferenceservice, .options = &options};
		struct served served = {
			.inference_service = {.name = rows[i].service, .storage_uri = rows[i].uri}};
		assert_row(served_covers(&served, &target) == rows[i].covers, rows[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_workload_is_covered_where_its_own_pods_are_asked),
		cmocka_unit_test(an_inference_service_is_covered_by_its_own_status),
		cmocka_unit_test(other_kinds_are_covered_where_they_have_no_replicas_of_their_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
