#include "base/status.h"

#include <string.h>

const char *status_word(enum status status)
{
	switch (status) {
#define STATUS_WORD(name, number, word, action, when)                                              \
	case STATUS_##name:                                                                        \
		return word;
		STATUS_LIST(STATUS_WORD)
#undef STATUS_WORD
	}
	return "defect";
}

bool status_is_retryable(enum status status)
{
	switch (status) {
#define STATUS_RETRY(name, number, word, action, when)                                             \
	case STATUS_##name:                                                                        \
		return strcmp(action, "retry") == 0;
		STATUS_LIST(STATUS_RETRY)
#undef STATUS_RETRY
	}
	return false;
}

bool status_is_stop(enum status status)
{
	return status == STATUS_INTERRUPTED || status == STATUS_TERMINATED;
}
