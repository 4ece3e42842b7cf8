#include "served/prove.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/console.h"
#include "base/stop.h"
#include "base/text.h"
#include "served/identity.h"
#include "served/replay.h"
#include "served/round.h"
#include "served/server.h"

void served_report_release(struct served_report *report)
{
	served_samples_release(&report->waiting);
	served_samples_release(&report->agreed);
}

/* struct proof - one that goes on */
struct proof {
	const struct served *served;
	const struct served_call *call;
	struct served_report *report;
	struct deadline deadline; /* after which no round begins */
	int64_t agreed;		  /* rounds in a row */
	char *problem;		  /* of the last round, with its replica; owned, or NULL */
	bool is_final;
	bool is_unknown;
};

/* How fast the API server of a cluster answers says nothing of the service. */
static void take_samples(
	const struct proof *proof, const struct served_round *round, struct served_samples *samples)
{
	if (proof->served->server->look != NULL)
		return;
	for (size_t i = 0; i < round->count; i++)
		served_samples_add(samples, round->items[i].ms, round->items[i].failed);
}

/* What was seen by rounds that agreed, until one did not, belongs to the time of waiting. */
static void begin_again(struct served_report *report)
{
	for (size_t i = 0; i < report->agreed.count; i++)
		served_samples_add(&report->waiting, report->agreed.ms[i], false);
	report->waiting.errors += report->agreed.errors;
	served_samples_clear(&report->agreed);
}

static void note_problem(struct proof *proof, const struct served_seen *seen)
{
	char *problem = text_format("%s: %s", seen->replica, seen->problem);
	if (!text_equal(problem, proof->problem))
		console_say("served   version %lld: not yet: %s",
			(long long)proof->call->deploy.model->version, problem);
	free(proof->problem);
	proof->problem = problem;
	proof->is_final = seen->is_final;
	proof->is_unknown = seen->is_unknown;
}

static int ask_round(struct proof *proof, struct fail *f)
{
	struct served_round round;
	if (served_round_ask(proof->served, proof->call, &round, f) != 0) {
		served_round_release(&round);
		return -1;
	}
	struct served_report *report = proof->report;
	const struct served_seen *problem = served_round_problem(&round);
	report->rounds++;
	report->replicas = proof->served->server->look != NULL ? 0 : round.count;
	if (problem == NULL) {
		proof->agreed++;
		take_samples(proof, &round, &report->agreed);
	} else {
		proof->agreed = 0;
		begin_again(report);
		take_samples(proof, &round, &report->waiting);
		note_problem(proof, problem);
	}
	served_round_release(&round);
	return 0;
}

static int fail_not_served(const struct proof *proof, int64_t started, struct fail *f)
{
	long long version = (long long)proof->call->deploy.model->version;
	const char *problem = proof->problem != NULL ? proof->problem : "it was not asked in time";
	if (!proof->is_final && deadline_left(proof->call->deploy.deadline) == 0)
		return fail_set(f, STATUS_LATER,
			"the deadline was over before version %lld was seen served: %s", version,
			problem);
	if (proof->is_unknown)
		return fail_set(f, STATUS_LATER,
			"whether version %lld is served is not known after %.1f s: %s", version,
			(double)(clock_monotonic_ms() - started) / 1000, problem);
	return fail_set(f, STATUS_NOT_SERVED, "version %lld is not served after %.1f s: %s",
		version, (double)(clock_monotonic_ms() - started) / 1000, problem);
}

/* Where a version does not have what the service tells, no answer could be a proof. */
static int check_identity(
	const struct served *served, const struct served_call *call, struct fail *f)
{
	char number[24];
	if (served->server->is_silent ||
		served_identity_of(call->deploy.model, served->identity, number) != NULL)
		return 0;
	fail_set(f, STATUS_NOT_SERVED, "version %lld has no %s to compare with what is served",
		(long long)call->deploy.model->version, served_identity_words[served->identity]);
	return fail_hint(f, "another \"identity\" of \"served\" can prove it");
}

static int pause_between(const struct proof *proof, struct fail *f)
{
	int64_t left = deadline_left(proof->deadline);
	int64_t ms = proof->served->interval_ms;
	return stop_sleep(ms < left ? ms : left, f);
}

/* Every replica has said that it serves the version: now its answers. */
static int ask_golden(struct proof *proof, struct fail *f)
{
	struct text why = {0};
	int result = served_replay(proof->served, proof->call, &proof->report->agreed, &why, f);
	if (result == 0 && why.size > 0) {
		struct served_seen seen = {.replica = (char *)"golden", .problem = why.data};
		proof->agreed = 0;
		begin_again(proof->report);
		note_problem(proof, &seen);
	}
	text_release(&why);
	return result;
}

static int prove(struct proof *proof, int64_t started, struct fail *f)
{
	for (;;) {
		if (ask_round(proof, f) != 0)
			return -1;
		if (proof->agreed >= proof->served->rounds) {
			if (proof->call->golden != NULL && ask_golden(proof, f) != 0)
				return -1;
			if (proof->agreed > 0)
				break;
		}
		if (proof->is_final || deadline_left(proof->deadline) == 0)
			return fail_not_served(proof, started, f);
		if (pause_between(proof, f) != 0)
			return -1;
	}
	proof->report->at_ms = clock_now_ms();
	return 0;
}

int served_prove(const struct served *served, const struct served_call *call,
	struct served_report *report, struct fail *f)
{
	struct proof proof = {
		.served = served,
		.call = call,
		.report = report,
		.deadline = deadline_within(call->deploy.deadline, served->timeout_ms),
	};
	*report = (struct served_report){0};
	if (check_identity(served, call, f) != 0)
		return -1;
	int result = prove(&proof, clock_monotonic_ms(), f);
	free(proof.problem);
	return result;
}

int served_is_proven(
	const struct served *served, const struct served_call *call, bool *proven, struct fail *f)
{
	*proven = false;
	/* two models may give the same answers: what says nothing else is reloaded */
	if (served->server->is_silent)
		return 0;
	for (int64_t i = 0; i < served->rounds; i++) {
		struct served_round round;
		int result = served_round_ask(served, call, &round, f);
		bool agrees = result == 0 && served_round_problem(&round) == NULL;
		served_round_release(&round);
		if (result != 0 || !agrees)
			return result;
	}
	*proven = true;
	return 0;
}
