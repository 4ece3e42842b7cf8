/* refusal - a response of a store that is not the one expected, as an error: what is the same for
 * stores of every kind.
 */
#ifndef MODELHOOK_STORE_REFUSAL_H
#define MODELHOOK_STORE_REFUSAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/fail.h"

/* struct refusal - all borrowed */
struct refusal {
	enum status status;
	long http;
	const char *code; /* the error's name, or what the store sends instead of one; "": none */
	const char *message; /* "": none; printable, as code is */
};

/* refusal_fail - fill f with "WHO: answers HTTP CODE: MESSAGE", WHO by the format; returns -1 */
int refusal_fail(const struct refusal *refusal, struct fail *f, const char *format, ...)
	PRINTF_LIKE(3, 4);

/* refusal_status - what an HTTP status means where no code of the store says more: DENIED, LATER,
 * NOT_A_REGISTRY for a status below 300, else REFUSED. Of 5xx, 501 and 507 are permanent. */
enum status refusal_status(long http);

/* refusal_is_one_of - whether the code is in the list, which NULL ends */
bool refusal_is_one_of(const char *code, const char *const *codes);

/* refusal_hint_clocks - the hint that the clocks differ: this machine's and the store's; returns -1
 */
int refusal_hint_clocks(int64_t store_ms, struct fail *f);

#endif
