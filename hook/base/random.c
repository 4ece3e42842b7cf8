#include "base/random.h"

#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"

uint32_t random_below(uint32_t limit)
{
	uint32_t value;
	if (getrandom(&value, sizeof(value), GRND_NONBLOCK) != (ssize_t)sizeof(value))
		value = (uint32_t)clock_monotonic_ms() * 2654435761u + (uint32_t)getpid();
	return value % limit;
}
