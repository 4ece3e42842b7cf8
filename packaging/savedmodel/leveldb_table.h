/* leveldb_table - a LevelDB table in memory (leveldb/doc/leveldb_table_format.md): sorted keys with
 * values, in checked blocks.
 *
 * The index block's handles are followed; every block's checksum, its restart points, the order of
 * the keys and the cover of the file by blocks are checked. Blocks may be compressed with Snappy,
 * as TensorFlow 1.14 to 2.14 wrote them; one block at a time is held decoded, besides the index
 * block.
 */
#ifndef MODELHOOK_PACKAGING_SAVEDMODEL_LEVELDB_TABLE_H
#define MODELHOOK_PACKAGING_SAVEDMODEL_LEVELDB_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packaging/savedmodel/findings.h"

#define TABLE_KEY_MAX 65536
#define TABLE_DECODED_MAX ((size_t)12 << 20) /* bytes of all compressed blocks, decoded */

/* struct leveldb_table_entry - borrowed, valid while the visitor runs */
struct leveldb_table_entry {
	const uint8_t *key;
	size_t key_size;
	const uint8_t *value;
	size_t value_size;
	uint64_t offset; /* of the value in the file; of its block where that is compressed */
};

/* leveldb_table_visitor - is given every entry in key order; false ends the walk (it has said why)
 */
typedef bool leveldb_table_visitor(const struct leveldb_table_entry *entry, void *context);

/* leveldb_table_walk - visit all entries. False where the table is damaged, with findings that name
 * `file`, or where the visitor ended it. */
bool leveldb_table_walk(const uint8_t *bytes, size_t size, const char *file,
	leveldb_table_visitor *visitor, void *context, struct findings *findings);

#endif
