#include "base/stop.h"

#include <poll.h>

#include "base/signals.h"

static struct deadline limit;

int stop_check(struct fail *f)
{
	int asked = signals_asked();
	return asked == 0 ? 0 : fail_stopped(f, asked);
}

void stop_limit(struct deadline deadline)
{
	limit = deadline;
}

void stop_farewell(struct deadline deadline)
{
	signals_forget();
	limit = deadline;
}

int64_t stop_left(void)
{
	return deadline_left(limit);
}

int stop_or_late(struct fail *f)
{
	if (stop_check(f) != 0)
		return -1;
	if (deadline_left(limit) == 0)
		return fail_set(f, STATUS_LATER, "the deadline is over");
	return 0;
}

int stop_sleep(int64_t ms, struct fail *f)
{
	struct deadline end = deadline_in(ms);
	for (int64_t left = ms; left > 0 && signals_asked() == 0; left = deadline_left(end)) {
		struct pollfd wait = {.fd = signals_fd(), .events = POLLIN};
		poll(&wait, 1, left > 60000 ? 60000 : (int)left);
	}
	return stop_check(f);
}
