/* clock - times, durations and the deadline of the whole command.
 *
 * Instants are milliseconds since 1970-01-01T00:00:00Z (MLflow's own unit); the deadline counts on
 * the monotonic clock, so that a corrected system clock neither ends a command nor prolongs it.
 */
#ifndef MODELHOOK_BASE_CLOCK_H
#define MODELHOOK_BASE_CLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define CLOCK_FOREVER INT64_MAX

int64_t clock_now_ms(void);	  /* since 1970, UTC */
int64_t clock_monotonic_ms(void); /* since some fixed point */

/* clock_parse_rfc3339 - "2026-11-22T20:03:17.891Z" or with an offset, to ms since 1970. Returns
 * false where it is not RFC 3339 section 5.6 (a zone is required; fractions past the millisecond
 * are cut off; a leap second is the second after it). */
bool clock_parse_rfc3339(const char *string, int64_t *ms);

/* clock_format_rfc3339 - UTC with milliseconds, "2026-11-22T20:03:17.891Z"; milliseconds left out
 * when 0; what lies outside the years 0000 to 9999 is shown as their end */
void clock_format_rfc3339(char out[32], int64_t ms);

/* clock_cut_to_minute - what clock_format_rfc3339 gave, for a table: "2026-11-22 20:03". Returns
 * it.
 */
const char *clock_cut_to_minute(char *time);

/* clock_parse_duration - "500ms", "90s", "2m", "36h", "7d" or sums ("1h30m") to ms. False: not a
 * duration. */
bool clock_parse_duration(const char *string, int64_t *ms);

/* deadline - when the whole command must have ended; {0} is none */
struct deadline {
	int64_t at;		      /* on the monotonic clock, 0 = none */
	const atomic_bool *cancelled; /* or NULL; once true, it is over */
};

struct deadline deadline_in(int64_t ms);
/* deadline_within - as the deadline, but in ms at the latest */
struct deadline deadline_within(struct deadline deadline, int64_t ms);
int64_t deadline_left(struct deadline deadline); /* ms, 0 when over, CLOCK_FOREVER for none */

#endif
