/* A tensor bundle: header, entries and slices, and a shard read by them. The input is a row of
 * (size of key, size of value, key, value), which becomes a table that holds; what is left after a
 * size of 255 is the shard.
 */
#include "../unit/table_maker.h"
#include "base/fail.h"
#include "base/panic.h"
#include "packaging/savedmodel/shard.h"
#include "packaging/savedmodel/tensor_bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t make_table(struct table_maker *maker, const uint8_t *data, size_t size)
{
	size_t at = 0;
	while (size - at >= 2 && data[at] != 255) {
		size_t key = data[at], value = data[at + 1];
		at += 2;
		if (key + value > size - at)
			return size;
		table_maker_add(maker, data + at, key, data + at + key, value);
		at += key + value;
	}
	return size - at > 0 ? at + 1 : at;
}

static void read_shard(const struct tensor_bundle *bundle, const uint8_t *data, size_t size)
{
	struct findings findings = {0};
	struct shard_count count = {0};
	struct file_reader reader;
	struct fail f;
	file_reader_of_memory(&reader, data, size);
	INVARIANT(shard_read(&reader, size, "shard", bundle, 0, &count, &findings, &f) == 0);
	INVARIANT(reader.offset <= size);
	findings_release(&findings);
	file_reader_release(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct table_maker maker = {.block_entries = 4};
	struct findings findings = {0};
	struct tensor_bundle bundle;
	size_t at = make_table(&maker, data, size);
	table_maker_finish(&maker);
	bool whole = tensor_bundle_read(
		&bundle, (uint8_t *)maker.file.data, maker.file.size, "index", &findings);
	INVARIANT(whole || findings.count > 0);
	if (whole)
		read_shard(&bundle, data + at, size - at);
	tensor_bundle_release(&bundle);
	text_release(&maker.file);
	findings_release(&findings);
	return 0;
}
