/* call - one operation of WebHDFS: which NameNode is asked, which DataNode the bytes go to or
 * come from, what its refusals mean.
 *
 * A NameNode holds no bytes: it names a DataNode for each transfer (asked for with noredirect=true,
 * so that a body is never sent to the NameNode), and that URL carries whatever the DataNode wants
 * to know. What fails for now is tried again as often as any request; a standby NameNode is left
 * for the next one, a DataNode that does not answer is left out of the next choice.
 *
 * Who asks is told by HADOOP_USER_NAME, else it is the user of this process; a cluster with
 * Kerberos wants more than that.
 */
#ifndef MODELHOOK_STORE_HDFS_CALL_H
#define MODELHOOK_STORE_HDFS_CALL_H

#include <pthread.h>

#include "base/fail.h"
#include "http/types.h"
#include "store/hdfs/site.h"
#include "store/store.h"

/* struct hdfs - what a store's threads share; each lock guards what follows it */
struct hdfs {
	struct hdfs_where where;
	char *user;
	char *identity; /* "user.name=NAME", with "&delegation=TOKEN" a secret: in every query */
	bool has_token;
	pthread_mutex_t choosing;
	size_t node;		  /* of where.nodes: the one that answered last */
	pthread_mutex_t learning; /* held while the NameNode is asked */
	uint64_t block;		  /* what a file gets unless told otherwise; 0: not asked for yet */
	uint32_t chunk;
	char **swept; /* folders without leftovers of earlier calls */
	size_t swept_count;
	bool closing; /* nothing is tried twice any more; set when no thread is left */
};

MUST_CHECK int hdfs_open(struct store *store, const char *uri, struct fail *f);
void hdfs_close(struct store *store);

/* hdfs_operation - more: further parameters "&name=value", or NULL. Body and sink are for those
 * that a DataNode carries out. */
struct hdfs_operation {
	const char *method;
	const char *name; /* "GETFILESTATUS" */
	const char *path; /* below the store's folder */
	const char *more;
	struct http_body body;
	const struct http_sink *sink;
};

/* hdfs_reply - an answer, and what an error in it is called */
struct hdfs_reply {
	struct http_response http;
	char exception[64]; /* "AccessControlException"; "" */
	char message[240];
};

/* hdfs_ask - of the NameNode. Any response that is not retryable is a reply (0). */
MUST_CHECK int hdfs_ask(struct store *store, const struct hdfs_operation *operation,
	struct hdfs_reply *reply, struct fail *f);

/* hdfs_transfer - by the DataNode that the NameNode names. What the body is to be sent once more
 * for must be safe to repeat. */
MUST_CHECK int hdfs_transfer(struct store *store, const struct hdfs_operation *operation,
	struct hdfs_reply *reply, struct fail *f);

/* hdfs_exception_read - what an answer that is no success says */
void hdfs_exception_read(struct hdfs_reply *reply);

/* hdfs_expect - 0 for a 2xx, else the failure */
MUST_CHECK int hdfs_expect(struct store *store, const struct hdfs_reply *reply, struct fail *f);

/* hdfs_is_missing - the file is not there, as the NameNode says it */
bool hdfs_is_missing(const struct hdfs_reply *reply);

void hdfs_reply_release(struct hdfs_reply *reply);

/* hdfs_path - a path of the store as an absolute one, not escaped; the caller frees it */
char *hdfs_path(const struct hdfs *hdfs, const char *path);

#endif
