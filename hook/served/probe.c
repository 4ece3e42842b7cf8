#include "served/probe.h"

#include "base/clock.h"
#include "base/stop.h"
#include "base/thread.h"
#include "served/round.h"
#include "served/server.h"

enum {
	MEASURED = 20,
	MEASURE_MS = 2000,
	PAUSE_MS = 250,
	SLICE_MS = 50, /* so that the end of a probe is noticed soon */
};

static int ask(const struct served *served, const struct served_call *call,
	struct served_samples *samples, struct fail *f)
{
	struct served_round round;
	int result = served_round_ask(served, call, &round, f);
	for (size_t i = 0; result == 0 && i < round.count; i++)
		served_samples_add(samples, round.items[i].ms, round.items[i].failed);
	served_round_release(&round);
	return result;
}

int served_measure(const struct served *served, const struct served_call *call,
	struct served_samples *samples, struct fail *f)
{
	struct deadline end = deadline_within(call->deploy.deadline, MEASURE_MS);
	while (served->server->look == NULL && samples->total + samples->errors < MEASURED &&
		deadline_left(end) > 0)
		if (ask(served, call, samples, f) != 0)
			return -1;
	return 0;
}

static int pause(const struct served_probe *probe, struct fail *f)
{
	for (int ms = 0; ms < PAUSE_MS && !atomic_load(&probe->ended); ms += SLICE_MS)
		if (stop_sleep(SLICE_MS, f) != 0)
			return -1;
	return 0;
}

static void *run(void *context)
{
	struct served_probe *probe = context;
	struct fail ignored;
	while (!atomic_load(&probe->ended) && deadline_left(probe->call.deploy.deadline) > 0) {
		struct served_samples one = {0};
		int result = ask(probe->served, &probe->call, &one, &ignored);
		/* a request that the end cut off says nothing of the service */
		for (size_t i = 0; !atomic_load(&probe->ended) && i < one.count; i++)
			served_samples_add(&probe->samples, one.ms[i], false);
		if (!atomic_load(&probe->ended))
			probe->samples.errors += one.errors;
		served_samples_release(&one);
		if (result != 0 || pause(probe, &ignored) != 0)
			break;
	}
	return NULL;
}

void served_probe_start(
	struct served_probe *probe, const struct served *served, const struct served_call *call)
{
	struct fail ignored;
	if (served->server->look != NULL)
		return;
	probe->served = served;
	probe->call = *call;
	probe->call.cluster = &probe->cluster;
	probe->call.deploy.deadline.cancelled = &probe->ended;
	atomic_init(&probe->ended, false);
	probe->runs = thread_start(&probe->thread, run, probe, &ignored) == 0;
}

void served_probe_end(struct served_probe *probe)
{
	if (!probe->runs)
		return;
	atomic_store(&probe->ended, true);
	pthread_join(probe->thread, NULL);
	probe->runs = false;
}

void served_probe_release(struct served_probe *probe)
{
	served_probe_end(probe);
	served_cluster_close(&probe->cluster);
	served_samples_release(&probe->samples);
}
