/* memory - allocation that does not fail: without memory the process ends (base/panic.h), since
 * every interruption can be replayed. The caller frees it.
 */
#ifndef MODELHOOK_BASE_MEMORY_H
#define MODELHOOK_BASE_MEMORY_H

#include <stddef.h>

void *memory_get(size_t count, size_t size); /* zeroed */
void *memory_grow(void *old, size_t count, size_t size);

#endif
