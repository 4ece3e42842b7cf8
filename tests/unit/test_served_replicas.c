#include "unit.h"

#include "base/text.h"
#include "http/options.h"
#include "scripted.h"
#include "served/cluster.h"
#include "served/replicas.h"

static struct http_options options = {.timeout_ms = 5000};
static char *folder;
static struct scripted server;
static struct served served;
static struct served_cluster cluster;
static char name[] = "fish-api", namespace[] = "fish";

static struct served_call call = {.deploy = {.http = &options}, .cluster = &cluster};

/* An API server that answers these JSON texts one after the other, ' for ". */
static void begin(const char *const texts[], size_t count)
{
	static struct reply replies[4];
	static char *bytes[4];
	for (size_t i = 0; i < count; i++) {
		free(bytes[i]);
		bytes[i] = text_format("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
				       "Content-Length: %zu\r\n\r\n%s",
			strlen(texts[i]), texts[i]);
		for (char *c = bytes[i]; *c != '\0'; c++)
			if (*c == '\'')
				*c = '"';
		replies[i] = (struct reply){bytes[i], KEEP, 0};
	}
	scripted_start(&server, replies, count);
	folder = unit_folder();
	char *config = text_format("{\"clusters\":[{\"name\":\"c\",\"cluster\":{\"server\":"
				   "\"http://127.0.0.1:%d\"}}],\"users\":[{\"name\":\"u\","
				   "\"user\":{\"token\":\"t\"}}],\"contexts\":[{\"name\":\"x\","
				   "\"context\":{\"cluster\":\"c\",\"user\":\"u\"}}],"
				   "\"current-context\":\"x\"}",
		server.port);
	unit_write(unit_path(folder, "kubeconfig"), config);
	free(config);
	served = (struct served){
		.request_timeout_ms = 5000,
		.replicas = {.port = 8080,
			.workload = {.name = name,
				.at = {.namespace = namespace,
					.kubeconfig = text_copy(unit_path(folder, "kubeconfig"))}}},
	};
}

static void end(void)
{
	served_cluster_close(&cluster);
	free(served.replicas.workload.at.kubeconfig);
	unit_folder_remove(folder);
	scripted_stop(&server);
}

#define WORKLOAD(replicas)                                                                         \
	"{'spec':{'replicas':" replicas ",'selector':{'matchLabels':{'app':'fish'}}}}"
#define OWNED(name, more)                                                                          \
	"{'metadata':{'name':'" name                                                               \
	"','ownerReferences':[{'kind':'ReplicaSet','name':'fish-api-7'}]" more "}"
#define POD(name, ip) OWNED(name, "") ",'status':{'podIP':'" ip "'}}"
#define ENDING(name, ip) OWNED(name, ",'deletionTimestamp':'x'") ",'status':{'podIP':'" ip "'}}"
#define ENDED(name, ip) OWNED(name, "") ",'status':{'phase':'Failed','podIP':'" ip "'}}"
#define PODS(items) "{'items':[" items "]}"

static void the_pods_are_asked_that_may_answer_and_counted_that_stay(void **state)
{
	static const struct {
		const char *name, *workload, *pods;
		size_t asked;
		const char *problem;
	} rows[] = {
		{"all", WORKLOAD("2"), PODS(POD("a", "10.0.0.1") "," POD("b", "10.0.0.2")), 2,
			NULL},
		{"one too few", WORKLOAD("2"), PODS(POD("a", "10.0.0.1")), 1,
			"there are 1, expected 2"},
		{"a new one beside the old", WORKLOAD("1"),
			PODS(POD("a", "10.0.0.1") "," POD("b", "10.0.0.2")), 2,
			"there are 2, expected 1"},
		{"one that ends is asked and not counted", WORKLOAD("1"),
			PODS(POD("a", "10.0.0.1") "," ENDING("b", "10.0.0.2")), 2, NULL},
		{"one that ended is neither", WORKLOAD("1"),
			PODS(POD("a", "10.0.0.1") "," ENDED("b", "10.0.0.2")), 1, NULL},
		{"one without an address", WORKLOAD("1"), PODS(OWNED("a", "") "}"), 0,
			"pod a has no address"},
		{"none, and none wanted", WORKLOAD("0"), PODS(""), 0, "there are none"},
		{"the pod of another", WORKLOAD("1"),
			PODS(POD("a", "10.0.0.1") ",{'metadata':{'name':'x','ownerReferences':"
						  "[{'kind':'ReplicaSet','name':'other-1'}]},"
						  "'status':{'podIP':'10.0.0.9'}}"),
			1, NULL},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *const texts[] = {rows[i].workload, rows[i].pods};
		struct served_replica_list list = {0};
		struct fail f;
		begin(texts, COUNT(texts));
		assert_row(
			served_replicas_find(&served, &call, "http://fish/model", &list, &f) == 0,
			rows[i].name);
		assert_row(list.count == rows[i].asked, rows[i].name);
		assert_row(text_equal(list.problem, rows[i].problem), rows[i].name);
		served_replicas_release(&list);
		end();
	}
}

static void a_pod_is_asked_at_its_address_or_behind_the_api_server(void **state)
{
	const char *const texts[] = {WORKLOAD("1"), PODS(POD("fish-api-1", "2001:db8::1"))};
	static const struct {
		const char *url, *proxied, *root;
	} rows[] = {
		{"http://fish/model?full=1", "/pods/fish-api-1:8080/proxy/model?full=1",
			"/pods/fish-api-1:8080/proxy"},
		{"https://fish:8443/", "/pods/https:fish-api-1:8080/proxy",
			"/pods/https:fish-api-1:8080/proxy"},
		{"http://fish", "/pods/fish-api-1:8080/proxy", "/pods/fish-api-1:8080/proxy"},
	};
	(void)state;
	for (size_t i = 0; i < 2 * COUNT(rows); i++) {
		struct served_replica_list list = {0};
		struct fail f;
		begin(texts, COUNT(texts));
		served.replicas.by_proxy = i % 2 == 1;
		assert_int_equal(
			served_replicas_find(&served, &call, rows[i / 2].url, &list, &f), 0);
		assert_int_equal(list.count, 1);
		const struct served_replica *replica = &list.items[0];
		assert_string_equal(replica->shown, "pod fish-api-1");
		if (served.replicas.by_proxy) {
			char *start = text_format(
				"http://127.0.0.1:%d/api/v1/namespaces/fish", server.port);
			assert_true(text_starts_with(replica->url, start));
			assert_string_equal(replica->url + strlen(start), rows[i / 2].proxied);
			assert_string_equal(replica->root + strlen(start), rows[i / 2].root);
			assert_null(replica->connect_to);
			free(start);
		} else {
			assert_string_equal(replica->connect_to, "[2001:db8::1]:8080");
			assert_true(text_starts_with(rows[i / 2].url, replica->url));
		}
		served_replicas_release(&list);
		end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_pods_are_asked_that_may_answer_and_counted_that_stay),
		cmocka_unit_test(a_pod_is_asked_at_its_address_or_behind_the_api_server),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
