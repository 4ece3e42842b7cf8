/* site - where a file system answers to HTTP (WebHDFS): a URI names another port, or none.
 *
 * hdfs://HOST:PORT/ is the NameNode's RPC address, hdfs://NAME/ may be a name service, hdfs:/// the
 * file system that Hadoop's clients take by default. webhdfs:// and swebhdfs:// name the HTTP port
 * itself. In this order: the setting webhdfs_url; core-site.xml and hdfs-site.xml in
 * HADOOP_CONF_DIR (else HADOOP_HOME/etc/hadoop, else /etc/hadoop/conf); the usual ports, 9870 and,
 * with TLS, 9871.
 */
#ifndef MODELHOOK_STORE_HDFS_SITE_H
#define MODELHOOK_STORE_HDFS_SITE_H

#include <stddef.h>

#include "base/fail.h"

/* struct hdfs_site - the properties of Hadoop's configuration files; the last one of a name counts
 */
struct hdfs_site {
	struct hdfs_property {
		char *name;
		char *value;
	} * properties;
	size_t count;
};

/* hdfs_site_add - those of one file's text; CONFIGURATION where it is no such file */
MUST_CHECK int hdfs_site_add(
	struct hdfs_site *site, const void *bytes, size_t size, struct fail *f);

/* hdfs_site_read - those of the files, which need not be there */
MUST_CHECK int hdfs_site_read(struct hdfs_site *site, struct fail *f);

/* hdfs_site_get - a value, or NULL; borrowed */
const char *hdfs_site_get(const struct hdfs_site *site, const char *name);
void hdfs_site_release(struct hdfs_site *site);

#define HDFS_NODES_MAX 8

/* struct hdfs_where - a file system and a folder in it */
struct hdfs_where {
	char *nodes[HDFS_NODES_MAX]; /* "https://host:port[/prefix]" of its NameNodes */
	size_t node_count;
	char *folder;	 /* absolute, no slash at its end: "" is the root */
	char *authority; /* what the file system is called: "host:port", a name service, or "" */
};

/* hdfs_where_find - webhdfs_url: the setting, or NULL; CONFIGURATION where nothing tells */
MUST_CHECK int hdfs_where_find(struct hdfs_where *where, const struct hdfs_site *site,
	const char *webhdfs_url, const char *uri, struct fail *f);
void hdfs_where_release(struct hdfs_where *where);

#endif
