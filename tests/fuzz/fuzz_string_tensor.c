/* The bytes of a string tensor, its number of elements in the first two: in pieces it is what it is
 * as a whole.
 */
#include "base/panic.h"
#include "packaging/savedmodel/string_tensor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct string_tensor whole, pieces;
	if (size < 2)
		return 0;
	uint64_t elements = data[0] == 255 ? UINT64_MAX : data[0];
	size_t piece = data[1] % 17 + 1;
	string_tensor_begin(&whole, elements);
	string_tensor_add(&whole, data + 2, size - 2);
	string_tensor_begin(&pieces, elements);
	for (size_t at = 2; at < size; at += piece)
		string_tensor_add(&pieces, data + at, piece < size - at ? piece : size - at);
	const char *a = string_tensor_finish(&whole);
	const char *b = string_tensor_finish(&pieces);
	INVARIANT((a == NULL) == (b == NULL));
	INVARIANT(a != NULL || whole.crc == pieces.crc);
	return 0;
}
