#include "base/amount.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void amount_add_count(struct text *out, uint64_t count)
{
	char digits[24];
	snprintf(digits, sizeof(digits), "%" PRIu64, count);
	size_t size = strlen(digits);
	for (size_t i = 0; i < size; i++) {
		if (i > 0 && (size - i) % 3 == 0)
			text_add(out, ",", 1);
		text_add(out, &digits[i], 1);
	}
}

void amount_add_counted(struct text *out, uint64_t count, const char *noun)
{
	amount_add_count(out, count);
	text_printf(out, " %s%s", noun, count == 1 ? "" : "s");
}

void amount_add_bytes(struct text *out, uint64_t bytes)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
	double value = (double)bytes / 1024;
	size_t unit = 0;
	if (bytes < 1024) {
		amount_add_counted(out, bytes, "byte");
		return;
	}
	for (; value >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
		value /= 1024;
	text_printf(out, "%.1f %s", value, units[unit]);
}
