/* width - how many columns of a terminal a character takes: 0, 1 or 2. Pure.
 */
#ifndef MODELHOOK_BASE_WIDTH_H
#define MODELHOOK_BASE_WIDTH_H

#include <stdint.h>

/* width_of - of one printable character (a code point): 2 for East Asian wide ones and emoji, 0 for
 * combining marks and joiners */
unsigned width_of(uint32_t character);

#endif
