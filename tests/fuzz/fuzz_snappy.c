/* A raw Snappy stream: it decodes to no more than it may, or to nothing; and what it decodes to
 * comes back from a stream of one literal.
 */
#include <stdlib.h>
#include <string.h>

#include "../unit/table_maker.h"
#include "base/panic.h"
#include "packaging/savedmodel/snappy.h"

#define MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const uint8_t *decoded, size_t size)
{
	struct text stream = {0};
	uint8_t *again;
	size_t again_size;
	put_varint(&stream, size);
	if (size > 0) {
		put_byte(&stream, 63 << 2);
		put_fixed32(&stream, (uint32_t)size - 1);
		text_add(&stream, decoded, size);
	}
	INVARIANT(snappy_decode((const uint8_t *)text_string(&stream), stream.size, MAX, &again,
			  &again_size) == NULL);
	INVARIANT(again_size == size && memcmp(again, decoded, size) == 0);
	free(again);
	text_release(&stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *decoded;
	size_t decoded_size;
	const char *error = snappy_decode(data, size, MAX, &decoded, &decoded_size);
	INVARIANT((error == NULL) == (decoded != NULL) && decoded_size <= MAX);
	if (error == NULL)
		check_again(decoded, decoded_size);
	free(decoded);
	return 0;
}
