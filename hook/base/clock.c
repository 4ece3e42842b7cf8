#include "base/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t clock_read(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_now_ms(void)
{
	return clock_read(CLOCK_REALTIME);
}

int64_t clock_monotonic_ms(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

/* Exactly `count` decimal digits at *at, which is moved past them. */
static bool digits(const char **at, int count, int *value)
{
	*value = 0;
	for (int i = 0; i < count; i++, (*at)++) {
		if (!isdigit((unsigned char)**at))
			return false;
		*value = *value * 10 + (**at - '0');
	}
	return true;
}

static bool literal(const char **at, const char *one_of)
{
	if (**at == '\0' || strchr(one_of, **at) == NULL)
		return false;
	(*at)++;
	return true;
}

static bool parse_fraction(const char **at, int *ms)
{
	*ms = 0;
	if (!literal(at, "."))
		return true;
	if (!isdigit((unsigned char)**at))
		return false;
	for (int scale = 100; isdigit((unsigned char)**at); scale /= 10, (*at)++)
		*ms += scale * (**at - '0');
	return true;
}

static bool parse_offset(const char **at, int *minutes)
{
	int hour, minute;
	char sign = **at;
	*minutes = 0;
	if (literal(at, "Zz"))
		return true;
	if (!literal(at, "+-") || !digits(at, 2, &hour) || !literal(at, ":") ||
		!digits(at, 2, &minute))
		return false;
	*minutes = (sign == '-' ? -1 : 1) * (hour * 60 + minute);
	return hour < 24 && minute < 60;
}

static bool is_date(const struct tm *t)
{
	struct tm copy = *t;
	time_t when = timegm(&copy);
	return when != (time_t)-1 && copy.tm_mday == t->tm_mday && copy.tm_mon == t->tm_mon &&
	       t->tm_hour < 24 && t->tm_min < 60 && t->tm_sec <= 60;
}

bool clock_parse_rfc3339(const char *at, int64_t *ms)
{
	struct tm t = {0};
	int fraction, offset;
	bool read = digits(&at, 4, &t.tm_year) && literal(&at, "-") && digits(&at, 2, &t.tm_mon) &&
		    literal(&at, "-") && digits(&at, 2, &t.tm_mday) && literal(&at, "Tt ") &&
		    digits(&at, 2, &t.tm_hour) && literal(&at, ":") && digits(&at, 2, &t.tm_min) &&
		    literal(&at, ":") && digits(&at, 2, &t.tm_sec) &&
		    parse_fraction(&at, &fraction) && parse_offset(&at, &offset) && *at == '\0';
	if (!read)
		return false;
	t.tm_year -= 1900;
	t.tm_mon -= 1;
	if (t.tm_mon < 0 || !is_date(&t))
		return false;
	*ms = ((int64_t)timegm(&t) - (int64_t)offset * 60) * 1000 + fraction;
	return true;
}

void clock_format_rfc3339(char out[32], int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000 - (ms % 1000 < 0));
	int fraction = (int)((ms % 1000 + 1000) % 1000);
	struct tm t;
	gmtime_r(&seconds, &t);
	size_t used = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &t);
	if (fraction != 0)
		used += (size_t)snprintf(out + used, 32 - used, ".%03d", fraction);
	snprintf(out + used, 32 - used, "Z");
}

static int64_t unit_ms(const char **at)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t size = strlen(units[i].name);
		if (strncmp(*at, units[i].name, size) == 0) {
			*at += size;
			return units[i].ms;
		}
	}
	return 0;
}

bool clock_parse_duration(const char *at, int64_t *ms)
{
	*ms = 0;
	if (*at == '\0')
		return false;
	while (*at != '\0') {
		char *end;
		if (!isdigit((unsigned char)*at))
			return false;
		long long count = strtoll(at, &end, 10);
		at = end;
		int64_t unit = unit_ms(&at);
		int64_t part;
		if (unit == 0 || __builtin_mul_overflow(count, unit, &part) ||
			__builtin_add_overflow(*ms, part, ms))
			return false;
	}
	return true;
}

struct deadline deadline_in(int64_t ms)
{
	return (struct deadline){.at = clock_monotonic_ms() + ms};
}

int64_t deadline_left(struct deadline deadline)
{
	if (deadline.at == 0)
		return CLOCK_FOREVER;
	int64_t left = deadline.at - clock_monotonic_ms();
	return left > 0 ? left : 0;
}
