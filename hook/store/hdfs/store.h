/* store - files of an HDFS, over WebHDFS.
 */
#ifndef MODELHOOK_STORE_HDFS_STORE_H
#define MODELHOOK_STORE_HDFS_STORE_H

#include "store/store.h"

extern const struct store_kind store_hdfs;

#endif
