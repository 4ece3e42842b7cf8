/* fingerprint.pb: any bytes are read or refused with one finding. */
#include "base/fail.h"
#include "base/panic.h"
#include "packaging/savedmodel/fingerprint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct findings findings = {0};
	struct fingerprint fingerprint;
	struct file_reader reader;
	struct fail f;
	bool found;
	uint64_t hash = size;
	file_reader_of_memory(&reader, data, size);
	INVARIANT(fingerprint_read(&reader, size, "fp", &fingerprint, &found, &findings, &f) == 0);
	INVARIANT(found == (findings.count == 0));
	if (found)
		fingerprint_check(&fingerprint, "fp", &hash, &findings);
	findings_release(&findings);
	file_reader_release(&reader);
	return 0;
}
