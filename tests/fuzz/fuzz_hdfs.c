/* Fuzzes what a cluster says, by the first byte: Hadoop's configuration files, file checksums (two
 * lines, the algorithm and the bytes), credentials. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"
#include "store/hdfs/checksum.h"
#include "store/hdfs/site.h"
#include "store/hdfs/token.h"

/* A trap, so that the fuzzer keeps the input. */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_site(const uint8_t *data, size_t size)
{
	static const char *const uris[] = {"hdfs:///a", "hdfs://pair/a", "webhdfs://main:1/a"};
	struct hdfs_site site = {0};
	struct hdfs_where where;
	struct fail f;
	if (hdfs_site_add(&site, data, size, &f) == 0)
		for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++)
			if (hdfs_where_find(&where, &site, NULL, uris[i], &f) == 0) {
				MUST(where.node_count > 0);
				hdfs_where_release(&where);
			}
	hdfs_site_release(&site);
}

static void read_checksum(const uint8_t *data, size_t size)
{
	char *text = text_format("%.*s", (int)size, (const char *)data);
	char *bytes = strchr(text, '\n');
	struct hdfs_checksum checksum;
	struct hdfs_sum sum;
	if (bytes != NULL) {
		*bytes++ = '\0';
		if (hdfs_checksum_parse(text, bytes, &checksum)) {
			hdfs_sum_init(&sum, 1024, 512);
			hdfs_sum_add(&sum, data, size);
			MUST(!hdfs_sum_is(&sum, &checksum) || hdfs_sum_fits(&sum, &checksum));
			hdfs_sum_release(&sum);
		}
	}
	free(text);
}

static void read_tokens(const uint8_t *data, size_t size)
{
	char *token;
	struct fail f;
	if (hdfs_token_find(data, size, "pair", &token, &f) != 0)
		MUST(token == NULL);
	free(token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] % 3 == 0)
		read_site(data + 1, size - 1);
	else if (data[0] % 3 == 1)
		read_checksum(data + 1, size - 1);
	else
		read_tokens(data + 1, size - 1);
	return 0;
}
