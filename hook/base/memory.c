#include "base/memory.h"

#include <stdlib.h>

#include "base/panic.h"

void *memory_get(size_t count, size_t size)
{
	void *memory = calloc(count > 0 ? count : 1, size);
	if (memory == NULL)
		panic_out_of_memory();
	return memory;
}

void *memory_grow(void *old, size_t count, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(count, size, &bytes))
		panic_out_of_memory();
	void *memory = realloc(old, bytes > 0 ? bytes : 1);
	if (memory == NULL)
		panic_out_of_memory();
	return memory;
}
