/* token - the delegation token for an HDFS in a file of Hadoop's credentials.
 *
 * YARN writes such a file for every container and names it in HADOOP_TOKEN_FILE_LOCATION. Its form
 * is that of org.apache.hadoop.security.Credentials, version 0: "HDTS", a zero byte, a number of
 * tokens, then for each its alias and its four fields, each field with its length in front. What
 * WebHDFS takes as a token is those four fields in base64. Version 1, in protocol buffers, is
 * refused by name.
 */
#ifndef MODELHOOK_STORE_HDFS_TOKEN_H
#define MODELHOOK_STORE_HDFS_TOKEN_H

#include <stddef.h>

#include "base/fail.h"

/* hdfs_token_find - *token: a secret, which the caller wipes and frees; NULL where the file has
 * none for HDFS. Of several that of `authority` ("host:port" or a name service), else the first.
 * CONFIGURATION where it is no such file. */
MUST_CHECK int hdfs_token_find(
	const void *bytes, size_t size, const char *authority, char **token, struct fail *f);

#endif
