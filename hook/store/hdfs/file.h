/* file - the questions about a file or a folder of HDFS that the rest is made of. */
#ifndef MODELHOOK_STORE_HDFS_FILE_H
#define MODELHOOK_STORE_HDFS_FILE_H

#include "base/entry.h"
#include "base/fail.h"
#include "packaging/json/lenient.h"
#include "store/hdfs/call.h"
#include "store/hdfs/checksum.h"
#include "store/store.h"

#define HDFS_TEMPORARY_END ".modelhook"

/* hdfs_ask_json - a question to the NameNode whose answer, with status 200, is JSON; reply and
 * answer are the caller's to release, whatever the result */
MUST_CHECK int hdfs_ask_json(struct store *store, const struct hdfs_operation *operation,
	struct hdfs_reply *reply, struct json_lenient *answer, struct fail *f);

/* hdfs_list_folder - a folder that is not there is an empty one. While it runs the store may not be
 * asked anything else. */
MUST_CHECK int hdfs_list_folder(
	struct store *store, const char *folder, const struct entry_taker *taker, struct fail *f);

/* hdfs_read_entries - what a NameNode says of a folder, all at once; for tests of the reader */
MUST_CHECK int hdfs_read_entries(
	const void *bytes, size_t size, const struct entry_taker *taker, struct fail *f);

/* hdfs_is_temporary - a name that a file of ours has only on its way */
bool hdfs_is_temporary(const char *name);

/* hdfs_below - folder/name, where folder may be ""; the caller frees it */
char *hdfs_below(const char *folder, const char *name);

MUST_CHECK int hdfs_read_size(
	struct store *store, const char *path, uint64_t *size, bool *found, struct fail *f);

/* hdfs_read_checksum - *known false: it gives none that can be compared */
MUST_CHECK int hdfs_read_checksum(struct store *store, const char *path,
	struct hdfs_checksum *checksum, bool *known, struct fail *f);

/* hdfs_remove - a file, or a folder with what is in it; not being there is fine */
MUST_CHECK int hdfs_remove(struct store *store, const char *path, struct fail *f);

#endif
