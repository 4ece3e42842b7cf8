/* random - numbers that two processes do not share, for pauses and temporary names; not for
 * secrets.
 */
#ifndef MODELHOOK_BASE_RANDOM_H
#define MODELHOOK_BASE_RANDOM_H

#include <stdint.h>

/* random_below - from 0 to limit - 1; limit must not be 0 */
uint32_t random_below(uint32_t limit);

#endif
