/* Fuzzes golden requests, and the answers that they are compared with: the bytes are a file of
 * them; where their checksums do not hold, they are the message of one record that is made around
 * them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "packaging/digest/crc32c.h"
#include "packaging/golden/golden.h"
#include "served/golden.h"

/* A trap, so that the fuzzer keeps the input. */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_little(struct text *text, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++, value >>= 8) {
		char byte = (char)(value & 0xff);
		text_add(text, &byte, 1);
	}
}

/* The outputs as a server would say them are those that were recorded. */
static void answer_as_recorded(const struct golden_request *request)
{
	const struct served_golden v1 = {.protocol = GOLDEN_V1};
	struct text answer = {0}, why = {0}, body = {0};
	served_golden_body(&v1, request, &body);
	text_add_string(&answer, "{\"outputs\":{");
	for (size_t i = 0; i < request->outputs.count; i++) {
		text_add_string(&answer, i > 0 ? ",\"o\":" : "\"o\":");
		golden_tensor_print_nested(&request->outputs.items[i], &answer);
	}
	text_add_string(&answer, "}}");
	(void)served_golden_judge(&v1, 0, request, &answer, &why);
	text_release(&answer);
	text_release(&why);
	text_release(&body);
}

static void read_all(struct text *bytes)
{
	struct golden golden;
	struct fail f;
	if (golden_open(bytes, &golden, &f) == 0)
		MUST(golden.count > 0);
	else
		golden.count = golden.count > 0 ? golden.count - 1 : 0;
	for (size_t i = 0; i < golden.count; i++) {
		struct golden_request request;
		if (golden_request(&golden, i, &request, &f) == 0)
			answer_as_recorded(&request);
		golden_request_release(&request);
	}
	golden_release(&golden);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text file = {0}, made = {0};
	if (size > 4096)
		return 0;
	text_add(&file, data, size);
	read_all(&file);
	add_little(&made, size, 8);
	add_little(&made, crc32c_mask(crc32c_add(0, made.data, 8)), 4);
	text_add(&made, data, size);
	add_little(&made, crc32c_mask(crc32c_add(0, data, size)), 4);
	read_all(&made);
	return 0;
}
