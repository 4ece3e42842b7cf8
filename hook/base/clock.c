#include "base/clock.h"

#include <ctype.h>
#include <errno.h>
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

/* timegm moves what no calendar has (February 30) to another day. */
static bool is_date(const struct tm *t)
{
	struct tm copy = {.tm_year = t->tm_year, .tm_mon = t->tm_mon, .tm_mday = t->tm_mday};
	timegm(&copy);
	return t->tm_mon >= 0 && copy.tm_mday == t->tm_mday && copy.tm_mon == t->tm_mon &&
	       t->tm_hour < 24 && t->tm_min < 60 && t->tm_sec <= 60;
}

/* A leap second ends a month in UTC (RFC 3339, section 5.7); it is counted as the second after. */
static bool may_be_leap_second(int64_t seconds_after)
{
	time_t seconds = (time_t)seconds_after;
	struct tm t;
	gmtime_r(&seconds, &t);
	return t.tm_mday == 1 && t.tm_hour == 0 && t.tm_min == 0 && t.tm_sec == 0;
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
	if (!is_date(&t))
		return false;
	bool leap = t.tm_sec == 60;
	int64_t seconds = (int64_t)timegm(&t) - (int64_t)offset * 60;
	if (leap && !may_be_leap_second(seconds))
		return false;
	*ms = seconds * 1000 + fraction;
	return true;
}

/* What four digits of a year can say; a server may send any number. */
static int64_t clamp_to_years(int64_t ms)
{
	const int64_t first = -62167219200000, last = 253402300799999;
	return ms < first ? first : ms > last ? last : ms;
}

void clock_format_rfc3339(char out[32], int64_t at)
{
	int64_t ms = clamp_to_years(at);
	int fraction = (int)((ms % 1000 + 1000) % 1000);
	time_t seconds = (time_t)((ms - fraction) / 1000);
	struct tm t;
	gmtime_r(&seconds, &t);
	/* not strftime: how many digits it gives to a year before 1000 differs between C libraries
	 */
	int used = snprintf(out, 32, "%04d", t.tm_year + 1900);
	used += (int)strftime(out + used, 32 - (size_t)used, "-%m-%dT%H:%M:%S", &t);
	if (fraction != 0)
		used += snprintf(out + used, 32 - (size_t)used, ".%03d", fraction);
	snprintf(out + used, 32 - (size_t)used, "Z");
}

const char *clock_cut_to_minute(char *time)
{
	time[10] = ' ';
	time[16] = '\0';
	return time;
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
		errno = 0;
		long long count = strtoll(at, &end, 10);
		at = end;
		int64_t unit = unit_ms(&at);
		int64_t part;
		if (errno != 0 || unit == 0 || __builtin_mul_overflow(count, unit, &part) ||
			__builtin_add_overflow(*ms, part, ms))
			return false;
	}
	return true;
}

struct deadline deadline_in(int64_t ms)
{
	int64_t at;
	if (__builtin_add_overflow(clock_monotonic_ms(), ms, &at))
		at = CLOCK_FOREVER;
	return (struct deadline){.at = at};
}

struct deadline deadline_within(struct deadline deadline, int64_t ms)
{
	if (ms < deadline_left(deadline))
		deadline.at = deadline_in(ms).at;
	return deadline;
}

int64_t deadline_left(struct deadline deadline)
{
	if (deadline.cancelled != NULL && atomic_load(deadline.cancelled))
		return 0;
	if (deadline.at == 0)
		return CLOCK_FOREVER;
	int64_t left = deadline.at - clock_monotonic_ms();
	return left > 0 ? left : 0;
}
