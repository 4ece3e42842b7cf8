#include "unit.h"

#include "base/text.h"
#include "kubernetes/controllers.h"
#include "kubernetes/object.h"
#include "kubernetes/pods.h"
#include "kubernetes/workload.h"
#include "packaging/json/json.h"

static struct cJSON *tree(const char *text)
{
	struct cJSON *root;
	struct fail f;
	char *json = text_copy(text);
	for (char *c = json; *c != '\0'; c++) /* rows are easier to read with these */
		if (*c == '\'')
			*c = '"';
	if (json_parse(json, strlen(json), &root, &f) != 0)
		fail_msg("%s: %s", f.text, text);
	free(json);
	return root;
}

static void read_workload(const char *text, enum workload_kind kind, struct workload *workload)
{
	struct cJSON *root = tree(text);
	struct json_at at = json_root(root);
	workload_read(&at, kind, workload);
	json_release(root);
}

#define DEPLOYMENT(status)                                                                         \
	"{'metadata':{'generation':3},'spec':{'replicas':3},'status':{'observedGeneration':"       \
	"3," status "}}"
#define STATEFULSET(update, status)                                                                \
	"{'metadata':{'generation':3},'spec':{'replicas':3,'updateStrategy':{" update              \
	"}},'status':{'observedGeneration':3," status "}}"
#define DAEMONSET(status)                                                                          \
	"{'metadata':{'generation':3},'status':{'observedGeneration':3,"                           \
	"'desiredNumberScheduled':2," status "}}"

static void a_restart_is_done_when_kubectl_says_so(void **state)
{
	static const struct {
		const char *object, *text;
		enum workload_kind kind;
		int wanted;
	} rows[] = {
		{"{'metadata':{'generation':3},'spec':{'replicas':0},'status':{'observedGeneration'"
		 ":2}}",
			"has not seen the restart", WORKLOAD_DEPLOYMENT, OBSERVED_WAITING},
		{"{'metadata':{'generation':2},'spec':{'replicas':0},'status':{'observedGeneration'"
		 ":2}}",
			"has not seen the restart", WORKLOAD_DEPLOYMENT, OBSERVED_WAITING},
		{DEPLOYMENT("'replicas':3"), "0 of 3 replicas are updated", WORKLOAD_DEPLOYMENT,
			OBSERVED_WAITING},
		{DEPLOYMENT("'replicas':3,'updatedReplicas':1,'conditions':[{'type':"
			    "'ReplicaFailure','status':'True','message':'quota'}]"),
			"1 of 3 replicas are updated: quota", WORKLOAD_DEPLOYMENT,
			OBSERVED_WAITING},
		{DEPLOYMENT("'replicas':4,'updatedReplicas':3,'availableReplicas':3"),
			"1 old replicas are pending termination", WORKLOAD_DEPLOYMENT,
			OBSERVED_WAITING},
		{DEPLOYMENT("'replicas':3,'updatedReplicas':3,'availableReplicas':2"),
			"2 of 3 updated replicas are available", WORKLOAD_DEPLOYMENT,
			OBSERVED_WAITING},
		{DEPLOYMENT("'replicas':3,'updatedReplicas':3,'availableReplicas':3,"
			    "'terminatingReplicas':1"),
			"1 pods are terminating", WORKLOAD_DEPLOYMENT, OBSERVED_WAITING},
		{DEPLOYMENT("'replicas':3,'updatedReplicas':3,'availableReplicas':3"),
			"3 replicas updated", WORKLOAD_DEPLOYMENT, OBSERVED_DONE},
		{DEPLOYMENT("'replicas':3,'conditions':[{'type':'Progressing','reason':"
			    "'ProgressDeadlineExceeded','message':'timed out'}]"),
			"exceeded its progress deadline: timed out", WORKLOAD_DEPLOYMENT,
			OBSERVED_FAILED},
		{STATEFULSET("", "'readyReplicas':2,'updatedReplicas':3"), "2 of 3 pods are ready",
			WORKLOAD_STATEFULSET, OBSERVED_WAITING},
		{STATEFULSET("", "'readyReplicas':3,'updatedReplicas':2"),
			"2 of 3 pods are updated", WORKLOAD_STATEFULSET, OBSERVED_WAITING},
		{STATEFULSET("", "'readyReplicas':3,'updatedReplicas':3"), "3 pods updated",
			WORKLOAD_STATEFULSET, OBSERVED_DONE},
		{STATEFULSET("'rollingUpdate':{'partition':2}",
			 "'readyReplicas':3,'updatedReplicas':1"),
			"the partition 2 keeps the others old", WORKLOAD_STATEFULSET,
			OBSERVED_DONE},
		{DAEMONSET("'updatedNumberScheduled':1,'numberAvailable':2"),
			"1 of 2 pods are updated", WORKLOAD_DAEMONSET, OBSERVED_WAITING},
		{DAEMONSET("'updatedNumberScheduled':2,'numberAvailable':1"),
			"1 of 2 updated pods are available", WORKLOAD_DAEMONSET, OBSERVED_WAITING},
		{DAEMONSET("'updatedNumberScheduled':2,'numberAvailable':2"), "2 pods updated",
			WORKLOAD_DAEMONSET, OBSERVED_DONE},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct workload workload;
		read_workload(rows[i].object, rows[i].kind, &workload);
		struct observed progress = workload_progress(&workload, 3);
		assert_row((int)progress.state == rows[i].wanted, rows[i].object);
		assert_contains(progress.text, rows[i].text);
		workload_release(&workload);
	}
}

static void what_no_restart_changes_is_refused(void **state)
{
	static const struct {
		const char *object, *text;
		enum workload_kind kind;
	} rows[] = {
		{"{'spec':{'paused':true}}", "is paused", WORKLOAD_DEPLOYMENT},
		{"{'spec':{'updateStrategy':{'type':'OnDelete'}}}", "OnDelete",
			WORKLOAD_STATEFULSET},
		{"{'spec':{'updateStrategy':{'type':'OnDelete'}}}", "OnDelete", WORKLOAD_DAEMONSET},
		{"{'metadata':{'ownerReferences':[{'kind':'Canary','name':'a'}]}}",
			"Flagger Canary", WORKLOAD_DEPLOYMENT},
		{"{'spec':{'paused':false}}", NULL, WORKLOAD_DEPLOYMENT},
		{"{}", NULL, WORKLOAD_STATEFULSET},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct workload workload;
		read_workload(rows[i].object, rows[i].kind, &workload);
		const char *reason = workload_refusal(&workload);
		assert_row((reason == NULL) == (rows[i].text == NULL), rows[i].object);
		if (reason != NULL)
			assert_contains(reason, rows[i].text);
		workload_release(&workload);
	}
}

#define RESTARTED(time)                                                                            \
	"{'spec':{'template':{'metadata':{'annotations':{'kubectl.kubernetes.io/"                  \
	"restartedAt':'" time "'}}}}}"

static void two_restarts_within_a_second_are_two(void **state)
{
	static const struct {
		const char *object, *time;
	} rows[] = {
		{"{}", "1970-01-01T00:00:10Z"},
		{RESTARTED("1970-01-01T00:00:09Z"), "1970-01-01T00:00:10Z"},
		{RESTARTED("1970-01-01T02:00:10+02:00"), "1970-01-01T00:00:11Z"},
		{RESTARTED("no time"), "1970-01-01T00:00:10Z"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct workload workload;
		char at[32];
		read_workload(rows[i].object, WORKLOAD_DEPLOYMENT, &workload);
		workload_restart_time(&workload, 10999, at);
		assert_string_equal(at, rows[i].time);
		workload_release(&workload);
	}
}

static void a_restart_that_is_taken_back_is_seen(void **state)
{
	static const struct {
		const char *object;
		bool undone;
	} rows[] = {
		{RESTARTED("2026-11-29T10:00:00Z"), false},
		{RESTARTED("2026-11-29T12:00:00+02:00"), false},
		{RESTARTED("2026-11-29T10:00:05Z"), false},
		{RESTARTED("2026-11-28T10:00:00Z"), true},
		{"{}", true},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct workload workload;
		read_workload(rows[i].object, WORKLOAD_DEPLOYMENT, &workload);
		assert_row(workload_was_undone(&workload, "2026-11-29T10:00:00Z") == rows[i].undone,
			rows[i].object);
		workload_release(&workload);
	}
}

static void a_selector_is_written_as_a_query_has_it(void **state)
{
	static const struct {
		const char *selector, *query;
	} rows[] = {
		{"{'matchLabels':{'app':'fish','tier':'api'}}", "app=fish,tier=api"},
		{"{'matchLabels':{'app':'fish'},'matchExpressions':["
		 "{'key':'tier','operator':'In','values':['a','b']},"
		 "{'key':'zone','operator':'NotIn','values':['c']},"
		 "{'key':'live','operator':'Exists'},{'key':'old','operator':'DoesNotExist'}]}",
			"app=fish,tier in (a,b),zone notin (c),live,!old"},
		{"{}", NULL},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct cJSON *root = tree(rows[i].selector);
		struct json_at at = json_root(root);
		char *query = kubernetes_selector(&at);
		assert_row(text_equal(query, rows[i].query), rows[i].selector);
		free(query);
		json_release(root);
	}
}

#define POD(name, set, restarted, more)                                                            \
	"{'metadata':{'name':'" name "','ownerReferences':[{'kind':'ReplicaSet','name':'" set      \
	"'}],'annotations':{'kubectl.kubernetes.io/restartedAt':'" restarted "'}" more "}"

static void pods_tell_which_are_old_and_which_cannot_start(void **state)
{
	static const char list[] = "{'items':[" POD(
		"old", "fish-1", "before", "},'status':{'phase':'Running'}") "," POD("other",
		"cat-1", "before", "},'status':{'phase':'Running'}") "," POD("gone", "fish-1",
		"before", "},'status':{'phase':'Failed'}") "," POD("ending", "fish-1", "before",
		",'deletionTimestamp':'2026-11-29T10:00:00Z'},'status':{'"
		"phase':'Running'}") "," POD("bad-old", "fish-1", "before",
		"},'status':{'containerStatuses':[{'name':'a','state':{'"
		"waiting':"
		"{'reason':'ErrImagePull'}}}]}") "," POD("slow", "fish-2", "now",
		"},'status':{'conditions':[{'type':'PodScheduled','status':"
		"'False',"
		"'message':'no node'}]}") "," POD("crash", "fish-2", "now",
		"},'status':{'podIP':'10.0.0.7','containerStatuses':[{'"
		"name':'api','state':"
		"{'waiting':{'reason':'CrashLoopBackOff','message':'back-"
		"off 10s'}},"
		"'lastState':{'terminated':{'reason':'Error','exitCode':3}}"
		"}]}") "]}";
	struct kubernetes_owner owner = {.kind = "Deployment", .name = "fish", .selector = ""};
	struct kubernetes_restart made = {.restarted_at = "now"};
	struct kubernetes_pods pods = {0};
	struct cJSON *root = tree(list);
	struct json_at at = json_root(root);
	size_t count;
	(void)state;
	kubernetes_pods_read(&at, &owner, &pods);
	json_release(root);
	assert_int_equal(pods.count, 6);
	assert_string_equal(kubernetes_pods_old(&pods, &made, &count)->name, "old");
	assert_int_equal(count, 3);
	const struct kubernetes_pod *broken = kubernetes_pods_broken(&pods, &made);
	assert_string_equal(broken->name, "crash");
	assert_string_equal(broken->ip, "10.0.0.7");
	assert_string_equal(broken->broken,
		"container api: CrashLoopBackOff: back-off 10s (it ended "
		"before: Error, exit code 3)");
	const struct kubernetes_pod *pending = kubernetes_pods_pending(&pods, &made);
	assert_string_equal(pending->name, "slow");
	assert_string_equal(pending->pending, "not scheduled: no node");
	kubernetes_pods_release(&pods);
}

#define AT "2026-11-29T10:00:00Z"
#define ROLLOUT(status)                                                                            \
	"{'metadata':{'generation':3},'spec':{'restartAt':'" AT "'},'status':{" status "}}"
#define KSERVE(status)                                                                             \
	"{'status':{'observedGeneration':3,'conditions':[{'type':'Ready','status':'True'}]"        \
	"," status "}}"

static struct observed judge_rollout(const struct json_at *object)
{
	return rollout_progress(object, AT);
}

static struct observed judge_canary(const struct json_at *object)
{
	return canary_progress(object, "old");
}

static struct observed judge_inference_service(const struct json_at *object)
{
	return inference_service_progress(object, 3);
}

static void an_inference_service_serves_what_its_active_model_was_loaded_from(void **state)
{
#define SERVING(uri, more, status)                                                                 \
	"{'metadata':{'generation':3},'spec':{'predictor':{'model':{'storageUri':'" uri "'}" more  \
	"}},'status':{'observedGeneration':3,'conditions':[{'type':'Ready','status':'True'}],"     \
	"'modelStatus':{" status "}}}"
#define LOADED "'transitionStatus':'UpToDate','states':{'activeModelState':'Loaded'}"
	static const struct {
		const char *object, *text;
		int wanted;
	} rows[] = {
		{SERVING("s3://m/2", "", LOADED), "UpToDate", OBSERVED_DONE},
		{SERVING("s3://m/1", "", LOADED), "has the storageUri s3://m/1", OBSERVED_WAITING},
		{SERVING("s3://m/1", "", "'transitionStatus':'BlockedByFailedLoad'"),
			"has the storageUri s3://m/1", OBSERVED_WAITING},
		{SERVING("s3://m/2", "", "'transitionStatus':'UpToDate'"),
			"without an activeModelState", OBSERVED_WAITING},
		{SERVING("s3://m/2", "",
			 "'transitionStatus':'UpToDate','states':{'activeModelState':'Standby'}"),
			"its active model is Standby", OBSERVED_WAITING},
		{SERVING("s3://m/2", "",
			 "'transitionStatus':'InProgress','states':{'activeModelState':'Loaded',"
			 "'targetModelState':'Loading'}"),
			"the model is InProgress", OBSERVED_WAITING},
		{SERVING("s3://m/2", "",
			 "'transitionStatus':'BlockedByFailedLoad','states':{'activeModelState':"
			 "'Loaded'}"),
			"is BlockedByFailedLoad", OBSERVED_FAILED},
		{SERVING("s3://m/2", ",'canaryTrafficPercent':10", LOADED),
			"has a canaryTrafficPercent", OBSERVED_WAITING},
		{"{'spec':{'predictor':{}}}", "has the storageUri of nothing", OBSERVED_WAITING},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct cJSON *root = tree(rows[i].object);
		struct json_at at = json_root(root);
		struct observed serves = inference_service_serves(&at, "s3://m/2");
		assert_row((int)serves.state == rows[i].wanted, rows[i].object);
		assert_contains(serves.text, rows[i].text);
		json_release(root);
	}
}

static void other_controllers_are_read_by_their_own_words(void **state)
{
	static const struct {
		struct observed (*judge)(const struct json_at *object);
		const char *object, *text;
		int wanted;
	} rows[] = {
		{judge_rollout,
			ROLLOUT("'observedGeneration':'2','phase':'Healthy','restartedAt':'" AT
				"'"),
			"has not seen", OBSERVED_WAITING},
		{judge_rollout, ROLLOUT("'observedGeneration':'3','phase':'Healthy'"),
			"not all pods are restarted", OBSERVED_WAITING},
		{judge_rollout,
			ROLLOUT("'observedGeneration':'5f4d','phase':'Healthy','restartedAt':'" AT
				"','replicas':2"),
			"2 replicas restarted", OBSERVED_DONE},
		{judge_rollout,
			ROLLOUT("'observedGeneration':'3','phase':'Progressing','restartedAt':'" AT
				"','message':'more replicas need to be available'"),
			"is Progressing: more replicas", OBSERVED_WAITING},
		{judge_rollout,
			ROLLOUT("'observedGeneration':'3','phase':'Degraded','message':"
				"'ProgressDeadlineExceeded'"),
			"is Degraded: ProgressDeadlineExceeded", OBSERVED_FAILED},
		{judge_rollout, "{'spec':{}}", "took it back", OBSERVED_FAILED},
		{judge_canary, "{'status':{'phase':'Succeeded','lastAppliedSpec':'old'}}",
			"has not seen", OBSERVED_WAITING},
		{judge_canary, "{'status':{'phase':'Failed','lastAppliedSpec':'old'}}",
			"has not seen", OBSERVED_WAITING},
		{judge_canary,
			"{'status':{'phase':'Progressing','lastAppliedSpec':'new','canaryWeight':"
			"10,"
			"'failedChecks':1}}",
			"Progressing, weight 10, 1 failed", OBSERVED_WAITING},
		{judge_canary,
			"{'status':{'phase':'Succeeded','lastAppliedSpec':'new','lastPromotedSpec':"
			"'old'}}",
			"Succeeded", OBSERVED_WAITING},
		{judge_canary,
			"{'status':{'phase':'Succeeded','lastAppliedSpec':'new','lastPromotedSpec':"
			"'new'}}",
			"the primary is updated", OBSERVED_DONE},
		{judge_canary,
			"{'status':{'phase':'Failed','lastAppliedSpec':'new','conditions':[{'type':"
			"'Promoted','message':'scaled to zero'}]}}",
			"goes on with the old pods: scaled to zero", OBSERVED_FAILED},
		{judge_inference_service, "{'status':{'observedGeneration':2}}", "has not seen",
			OBSERVED_WAITING},
		{judge_inference_service, KSERVE("'modelStatus':{'transitionStatus':'InProgress'}"),
			"InProgress", OBSERVED_WAITING},
		{judge_inference_service,
			KSERVE("'modelStatus':{'transitionStatus':'BlockedByFailedLoad',"
			       "'lastFailureInfo':{'reason':'ModelLoadFailed','message':'no file',"
			       "'location':'pod-1'}}"),
			"BlockedByFailedLoad: ModelLoadFailed: no file (pod-1)", OBSERVED_FAILED},
		{judge_inference_service,
			KSERVE("'modelStatus':{'transitionStatus':'UpToDate'},'components':{"
			       "'predictor':{'latestCreatedRevision':'b','latestReadyRevision':'a',"
			       "'latestRolledoutRevision':'a'}}"),
			"latest revision is not rolled out", OBSERVED_WAITING},
		{judge_inference_service,
			"{'status':{'observedGeneration':3,'modelStatus':{'transitionStatus':"
			"'UpToDate'}}}",
			"is not Ready", OBSERVED_WAITING},
		{judge_inference_service, KSERVE("'modelStatus':{'transitionStatus':'UpToDate'}"),
			"UpToDate", OBSERVED_DONE},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct cJSON *root = tree(rows[i].object);
		struct json_at at = json_root(root);
		struct observed progress = rows[i].judge(&at);
		assert_row((int)progress.state == rows[i].wanted, rows[i].object);
		assert_contains(progress.text, rows[i].text);
		json_release(root);
	}
}

static void the_storage_uri_is_set_where_it_stands(void **state)
{
	static const struct {
		const char *object, *now, *patch;
	} rows[] = {
		{"{'spec':{'predictor':{'minReplicas':1,'model':{'storageUri':'s3://a'}}}}",
			"s3://a",
			"{\"spec\":{\"predictor\":{\"model\":{\"storageUri\":\"s3://b\"}}}}"},
		{"{'spec':{'predictor':{'tensorflow':{'storageUri':'s3://a'}}}}", "s3://a",
			"{\"spec\":{\"predictor\":{\"tensorflow\":{\"storageUri\":\"s3://b\"}}}}"},
		{"{'spec':{'predictor':{'containers':[{}]}}}", NULL, NULL},
		{"{}", NULL, NULL},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct cJSON *root = tree(rows[i].object);
		struct json_at at = json_root(root);
		char *now = inference_service_uri(&at);
		char *patch = inference_service_patch(&at, "s3://b");
		assert_row(text_equal(now, rows[i].now), rows[i].object);
		assert_row(text_equal(patch, rows[i].patch), rows[i].object);
		free(now);
		free(patch);
		json_release(root);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_restart_is_done_when_kubectl_says_so),
		cmocka_unit_test(what_no_restart_changes_is_refused),
		cmocka_unit_test(two_restarts_within_a_second_are_two),
		cmocka_unit_test(a_restart_that_is_taken_back_is_seen),
		cmocka_unit_test(a_selector_is_written_as_a_query_has_it),
		cmocka_unit_test(pods_tell_which_are_old_and_which_cannot_start),
		cmocka_unit_test(an_inference_service_serves_what_its_active_model_was_loaded_from),
		cmocka_unit_test(other_controllers_are_read_by_their_own_words),
		cmocka_unit_test(the_storage_uri_is_set_where_it_stands),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
