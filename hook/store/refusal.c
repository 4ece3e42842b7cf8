#include "store/refusal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

int refusal_fail(const struct refusal *refusal, struct fail *f, const char *format, ...)
{
	char who[sizeof(f->text)];
	va_list list;
	va_start(list, format);
	(void)vsnprintf(who, sizeof(who), format, list);
	va_end(list);
	fail_set(f, refusal->status, "%s: answers %ld%s%s%s%s", who, refusal->http,
		refusal->code[0] != '\0' ? " " : "", refusal->code,
		refusal->message[0] != '\0' ? ": " : "", refusal->message);
	f->http = refusal->http;
	return -1;
}

enum status refusal_status(long http)
{
	if (http == 401 || http == 403)
		return STATUS_DENIED;
	if (http == 408 || http == 429 || (http >= 500 && http != 501 && http != 507))
		return STATUS_LATER;
	return http < 300 ? STATUS_NOT_A_REGISTRY : STATUS_REFUSED;
}

bool refusal_is_one_of(const char *code, const char *const *codes)
{
	for (; *codes != NULL; codes++)
		if (strcmp(code, *codes) == 0)
			return true;
	return false;
}

int refusal_hint_clocks(int64_t store_ms, struct fail *f)
{
	char ours[32], theirs[32];
	clock_format_rfc3339(ours, clock_now_ms());
	clock_format_rfc3339(theirs, store_ms);
	return fail_hint(f, "this machine's clock says %s, the store's %s", ours, theirs);
}
