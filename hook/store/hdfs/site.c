#include "store/hdfs/site.h"

#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/file.h"
#include "base/text.h"
#include "http/url.h"
#include "packaging/xml/xml.h"

#define FILE_MAX ((size_t)4 << 20)
#define API "/webhdfs/v1"

/* The files. */

struct reading {
	struct hdfs_site *site;
	char *name, *value;
};

static void drop_read(struct reading *r)
{
	free(r->name);
	free(r->value);
	r->name = r->value = NULL;
}

static int take_property(void *context, const char *path, const char *text, struct fail *f)
{
	struct reading *r = context;
	struct hdfs_site *site = r->site;
	(void)f;
	if (strcmp(path, "configuration/property/name") == 0) {
		free(r->name);
		r->name = text_trimmed(text, strlen(text));
	} else if (strcmp(path, "configuration/property/value") == 0) {
		free(r->value);
		r->value = text_trimmed(text, strlen(text));
	} else if (strcmp(path, "configuration/property") == 0) {
		if (r->name != NULL && r->value != NULL) {
			site->properties = memory_grow(
				site->properties, site->count + 1, sizeof(*site->properties));
			site->properties[site->count++] = (struct hdfs_property){r->name, r->value};
			r->name = r->value = NULL;
		}
		drop_read(r);
	}
	return 0;
}

int hdfs_site_add(struct hdfs_site *site, const void *bytes, size_t size, struct fail *f)
{
	struct reading r = {.site = site};
	int result = xml_read(bytes, size, take_property, &r, f);
	drop_read(&r);
	if (result != 0)
		f->status = STATUS_CONFIGURATION;
	return result;
}

static char *conf_folder(void)
{
	const char *conf = env_get("HADOOP_CONF_DIR"), *home = env_get("HADOOP_HOME");
	if (conf != NULL)
		return text_copy(conf);
	return home != NULL ? file_join(home, "etc/hadoop") : text_copy("/etc/hadoop/conf");
}

static int read_file(struct hdfs_site *site, const char *path, struct fail *f)
{
	struct text text = {0};
	int result = file_read(path, FILE_MAX, &text, f);
	if (result == 0)
		result = hdfs_site_add(site, text_string(&text), text.size, f);
	text_release(&text);
	if (result == 0)
		return 0;
	f->status = STATUS_CONFIGURATION;
	return fail_wrap(f, "%.200s", path);
}

int hdfs_site_read(struct hdfs_site *site, struct fail *f)
{
	static const char *const names[] = {"core-site.xml", "hdfs-site.xml"};
	char *folder = conf_folder();
	int result = 0;
	*site = (struct hdfs_site){0};
	for (size_t i = 0; result == 0 && i < sizeof(names) / sizeof(names[0]); i++) {
		char *path = file_join(folder, names[i]);
		if (file_is_there(path))
			result = read_file(site, path, f);
		free(path);
	}
	free(folder);
	if (result != 0)
		hdfs_site_release(site);
	return result;
}

const char *hdfs_site_get(const struct hdfs_site *site, const char *name)
{
	for (size_t i = site->count; i-- > 0;)
		if (strcmp(site->properties[i].name, name) == 0)
			return site->properties[i].value;
	return NULL;
}

void hdfs_site_release(struct hdfs_site *site)
{
	for (size_t i = 0; i < site->count; i++) {
		free(site->properties[i].name);
		free(site->properties[i].value);
	}
	free(site->properties);
	*site = (struct hdfs_site){0};
}

/* Where. */

/* struct named - what a URI says, and how its file system is asked */
struct named {
	const struct hdfs_site *site;
	char *authority; /* "host:port", "host", or a name service */
	bool is_http;	 /* the authority is that of HTTP */
	bool secure;
};

static int add_node(struct hdfs_where *where, char *url, struct fail *f)
{
	size_t size = strlen(url);
	while (size > 0 && url[size - 1] == '/')
		url[--size] = '\0';
	if (text_ends_with(url, API))
		url[size - strlen(API)] = '\0';
	char *origin = http_url_origin(url);
	bool fine =
		origin != NULL && strpbrk(url, "?#@") == NULL && where->node_count < HDFS_NODES_MAX;
	free(origin);
	if (fine) {
		where->nodes[where->node_count++] = url;
		return 0;
	}
	char *shown = http_url_show(url);
	fail_set(f, STATUS_CONFIGURATION, "no address of a NameNode: %.120s", shown);
	free(shown);
	free(url);
	return -1;
}

static int add_set(struct hdfs_where *where, const char *urls, struct fail *f)
{
	for (const char *at = urls; *at != '\0';) {
		size_t size = strcspn(at, ",");
		char *url = text_trimmed(at, size);
		if (add_node(where, url, f) != 0)
			return fail_wrap(f, "webhdfs_url");
		at += size + (at[size] == ',');
	}
	return 0;
}

/* An address that is for listening on is one of the machine that the URI names. */
static int add_address(
	struct hdfs_where *where, const struct named *named, const char *address, struct fail *f)
{
	const char *scheme = named->secure ? "https" : "http";
	const char *port = strrchr(address, ':');
	if (strstr(address, "${") != NULL) {
		fail_set(f, STATUS_CONFIGURATION, "the NameNode's address is %.120s", address);
		return fail_hint(f, "variables are not looked up: set MODELHOOK_WEBHDFS_URL");
	}
	if (!text_starts_with(address, "0.0.0.0:"))
		return add_node(where, text_format("%s://%s", scheme, address), f);
	int host = (int)strcspn(named->authority, ":");
	return add_node(where, text_format("%s://%.*s%s", scheme, host, named->authority, port), f);
}

/* The NameNode whose keys end so: "", ".NAMESERVICE", ".NAMESERVICE.NN1". */
static int add_known(struct hdfs_where *where, const struct named *named, const char *end,
	bool *known, struct fail *f)
{
	char *key = text_format("dfs.namenode.%s-address%s", named->secure ? "https" : "http", end);
	const char *address = hdfs_site_get(named->site, key);
	free(key);
	*known = address != NULL;
	return *known ? add_address(where, named, address, f) : 0;
}

/* The NameNodes of a name service, or its only one. */
static int add_service(struct hdfs_where *where, const struct named *named, struct fail *f)
{
	bool known;
	char *key = text_format("dfs.ha.namenodes.%s", named->authority);
	const char *ids = hdfs_site_get(named->site, key);
	int result = 0;
	free(key);
	for (const char *at = ids; result == 0 && at != NULL && *at != '\0';) {
		size_t size = strcspn(at, ",");
		char *id = text_trimmed(at, size);
		char *end = text_format(".%s.%s", named->authority, id);
		result = add_known(where, named, end, &known, f);
		free(end);
		free(id);
		at += size + (at[size] == ',');
	}
	if (result == 0 && where->node_count == 0) {
		char *end = text_format(".%s", named->authority);
		result = add_known(where, named, end, &known, f);
		free(end);
	}
	return result;
}

/* The NameNode whose RPC address it is. */
static int add_by_rpc(struct hdfs_where *where, const struct named *named, struct fail *f)
{
	static const char start[] = "dfs.namenode.rpc-address";
	const struct hdfs_site *site = named->site;
	bool known = false;
	int result = 0;
	for (size_t i = 0; result == 0 && !known && i < site->count; i++) {
		const struct hdfs_property *property = &site->properties[i];
		if (text_starts_with(property->name, start) &&
			strcmp(property->value, named->authority) == 0)
			result = add_known(where, named, property->name + strlen(start), &known, f);
	}
	const char *usual = hdfs_site_get(site, "fs.defaultFS");
	if (result == 0 && !known && usual != NULL && text_starts_with(usual, "hdfs://")) {
		usual += strlen("hdfs://");
		size_t size = strcspn(usual, "/");
		if (size == strlen(named->authority) && strncmp(usual, named->authority, size) == 0)
			result = add_known(where, named, "", &known, f);
	}
	return result;
}

static int add_usual(struct hdfs_where *where, const struct named *named, struct fail *f)
{
	const char *scheme = named->secure ? "https" : "http";
	int host = (int)strcspn(named->authority, ":");
	if (named->is_http && named->authority[host] == ':')
		return add_node(where, text_format("%s://%s", scheme, named->authority), f);
	return add_node(where,
		text_format("%s://%.*s:%s", scheme, host, named->authority,
			named->secure ? "9871" : "9870"),
		f);
}

static int add_nodes(struct hdfs_where *where, const struct named *named, struct fail *f)
{
	if (add_service(where, named, f) != 0)
		return -1;
	if (where->node_count == 0 && !named->is_http && add_by_rpc(where, named, f) != 0)
		return -1;
	return where->node_count > 0 ? 0 : add_usual(where, named, f);
}

static const char *authority_of(const char *uri, size_t *size)
{
	const char *authority = strchr(uri, ':') + 1;
	authority += text_starts_with(authority, "//") ? 2 : 0;
	bool has_one = authority[-1] == '/' && authority[0] != '/';
	*size = has_one ? strcspn(authority, "/") : 0;
	return authority;
}

static int name_system(struct named *named, const char *uri, bool is_set, struct fail *f)
{
	const char *policy = hdfs_site_get(named->site, "dfs.http.policy");
	const char *usual = hdfs_site_get(named->site, "fs.defaultFS");
	size_t size;
	const char *authority = authority_of(uri, &size);
	if (size == 0 && usual != NULL && strstr(usual, "hdfs://") != NULL) {
		uri = usual;
		authority = authority_of(uri, &size);
	}
	named->is_http = strstr(uri, "webhdfs:") != NULL;
	named->secure = text_starts_with(uri, "swebhdfs:") ||
			(!named->is_http && text_equal(policy, "HTTPS_ONLY"));
	named->authority = text_format("%.*s", (int)size, authority);
	if (strchr(named->authority, '@') != NULL)
		return fail_set(f, STATUS_CONFIGURATION,
			"an HDFS takes no user in its URI: set HADOOP_USER_NAME");
	if (size > 0 || is_set)
		return 0;
	fail_set(f, STATUS_CONFIGURATION, "%.120s names no file system", uri);
	return fail_hint(f,
		"set HADOOP_CONF_DIR to where core-site.xml tells fs.defaultFS, or name "
		"the NameNode: hdfs://HOST:PORT/...");
}

static char *folder_of(const char *uri)
{
	size_t size;
	const char *path = authority_of(uri, &size) + size;
	size = strlen(path);
	while (size > 0 && path[size - 1] == '/')
		size--;
	return text_format("%.*s", (int)size, path);
}

int hdfs_where_find(struct hdfs_where *where, const struct hdfs_site *site, const char *webhdfs_url,
	const char *uri, struct fail *f)
{
	struct named named = {.site = site};
	*where = (struct hdfs_where){.folder = folder_of(uri)};
	int result = name_system(&named, uri, webhdfs_url != NULL, f);
	if (result == 0)
		result = webhdfs_url != NULL ? add_set(where, webhdfs_url, f)
					     : add_nodes(where, &named, f);
	where->authority = named.authority;
	if (result != 0)
		hdfs_where_release(where);
	return result;
}

void hdfs_where_release(struct hdfs_where *where)
{
	for (size_t i = 0; i < where->node_count; i++)
		free(where->nodes[i]);
	free(where->folder);
	free(where->authority);
	*where = (struct hdfs_where){0};
}
