/* variables.index as a table. The first byte chooses: 0, a file as it is; else the size of a data
 * block, what follows it being the index block, both given checksums that hold, so that what lies
 * behind the checksums is reached.
 */
#include "../unit/table_maker.h"
#include "base/panic.h"
#include "packaging/savedmodel/leveldb_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool add_up(const struct leveldb_table_entry *entry, void *context)
{
	unsigned *sum = context;
	for (size_t i = 0; i < entry->key_size; i++)
		*sum += entry->key[i];
	for (size_t i = 0; i < entry->value_size; i++)
		*sum += entry->value[i];
	return true;
}

static void walk(const void *bytes, size_t size)
{
	struct findings findings = {0};
	unsigned sum = 0;
	bool whole = leveldb_table_walk(bytes, size, "index", add_up, &sum, &findings);
	INVARIANT(whole == (findings.count == 0));
	findings_release(&findings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	size_t first = data[0];
	if (first == 0 || first > size - 1) {
		walk(data + 1, size - 1);
		return 0;
	}
	struct text file = {0}, block = {0}, index = {0};
	text_add(&block, data + 1, first);
	text_add(&index, data + 1 + first, size - 1 - first);
	put_block(&file, &block, 0);
	put_table_end(&file, &index);
	walk(file.data, file.size);
	text_release(&file);
	text_release(&block);
	text_release(&index);
	return 0;
}
