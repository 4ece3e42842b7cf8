/* Where a NameNode answers to HTTP: from a URI, Hadoop's configuration files and the setting. */
#include "unit.h"

#include "base/text.h"
#include "store/hdfs/site.h"

static const char core[] =
	"<?xml version=\"1.0\"?><?xml-stylesheet type=\"text/xsl\" href=\"configuration.xsl\"?>\n"
	"<configuration><!-- ours --><property>\n <name>fs.defaultFS</name>\n"
	" <value> hdfs://main:8020/ </value><final>true</final></property></configuration>";

#define PROPERTY(name, value) "<property><name>" name "</name><value>" value "</value></property>"

static const char hdfs[] = "<configuration>" PROPERTY(
	"dfs.namenode.rpc-address", "main:8020") PROPERTY("dfs.namenode.http-address", "main:50070")
	PROPERTY("dfs.namenode.https-address", "main:50470") PROPERTY(
		"dfs.nameservices", "pair,lone") PROPERTY("dfs.ha.namenodes.pair", "nn1, nn2")
		PROPERTY("dfs.namenode.rpc-address.pair.nn1", "a:8020")
			PROPERTY("dfs.namenode.http-address.pair.nn1", "a:9870")
				PROPERTY("dfs.namenode.rpc-address.pair.nn2", "b:8020")
					PROPERTY("dfs.namenode.http-address.pair.nn2", "b:9870")
						PROPERTY("dfs.namenode.http-address.lone",
							"c:9870") "</configuration>";

static const char everywhere[] =
	"<configuration>" PROPERTY("dfs.namenode.http-address", "0.0.0.0:9999") "</configuration>";

static const char only_tls[] =
	"<configuration>" PROPERTY("dfs.http.policy", "HTTPS_ONLY") "</configuration>";

static const char variable[] =
	"<configuration>" PROPERTY("dfs.namenode.http-address", "${host}:9870") "</configuration>";

static const struct row {
	const char *uri, *set;
	const char *files[3];
	const char *nodes; /* with spaces between, or NULL: it fails */
	const char *folder;
	const char *fails;
} rows[] = {
	{"hdfs://nn:8020/a/b/", NULL, {NULL}, "http://nn:9870", "/a/b", NULL},
	{"hdfs://nn/", NULL, {NULL}, "http://nn:9870", "", NULL},
	{"hdfs://nn", NULL, {NULL}, "http://nn:9870", "", NULL},
	{"hdfs://main:8020/a", NULL, {core, hdfs}, "http://main:50070", "/a", NULL},
	{"hdfs://other:8020/a", NULL, {core, hdfs}, "http://other:9870", "/a", NULL},
	{"hdfs:///a", NULL, {core, hdfs}, "http://main:50070", "/a", NULL},
	{"hdfs:/a", NULL, {core, hdfs}, "http://main:50070", "/a", NULL},
	{"hdfs:///a", NULL, {core}, "http://main:9870", "/a", NULL},
	{"hdfs:///a", NULL, {core, everywhere}, "http://main:9999", "/a", NULL},
	{"hdfs:///a", NULL, {core, hdfs, only_tls}, "https://main:50470", "/a", NULL},
	{"hdfs://nn/a", NULL, {only_tls}, "https://nn:9871", "/a", NULL},
	{"hdfs://pair/a", NULL, {core, hdfs}, "http://a:9870 http://b:9870", "/a", NULL},
	{"hdfs://b:8020/a", NULL, {core, hdfs}, "http://b:9870", "/a", NULL},
	{"hdfs://lone/a", NULL, {core, hdfs}, "http://c:9870", "/a", NULL},
	{"webhdfs://nn:1234/a", NULL, {NULL}, "http://nn:1234", "/a", NULL},
	{"webhdfs://main:8020/a", NULL, {core, hdfs}, "http://main:8020", "/a", NULL},
	{"webhdfs://pair/a", NULL, {core, hdfs}, "http://a:9870 http://b:9870", "/a", NULL},
	{"swebhdfs://nn/a", NULL, {NULL}, "https://nn:9871", "/a", NULL},
	{"swebhdfs://nn:1234/a", NULL, {NULL}, "https://nn:1234", "/a", NULL},
	{"hdfs:///a", "http://x:1", {NULL}, "http://x:1", "/a", NULL},
	{"hdfs://pair/a", "http://x:1/, https://y:2/gate/webhdfs/v1/", {core, hdfs},
		"http://x:1 https://y:2/gate", "/a", NULL},
	{"hdfs:///a", NULL, {NULL}, NULL, NULL, "hdfs:///a names no file system"},
	{"hdfs:///a", NULL, {core, variable}, NULL, NULL, "the NameNode's address is ${host}:9870"},
	{"hdfs://me@nn/a", NULL, {NULL}, NULL, NULL, "takes no user in its URI"},
	{"hdfs://nn/a", "nn:9870", {NULL}, NULL, NULL, "webhdfs_url: no address of a NameNode"},
	{"hdfs://nn/a", "http://u:p@nn", {NULL}, NULL, NULL, "no address of a NameNode: http://nn"},
	{"hdfs://nn/a",
		"http://a,http://b,http://c,http://d,http://e,http://f,http://g,http://h,"
		"http://i",
		{NULL}, NULL, NULL, "no address of a NameNode: http://i"},
};

static void add_files(struct hdfs_site *site, const struct row *row)
{
	struct fail f;
	*site = (struct hdfs_site){0};
	for (size_t i = 0; i < COUNT(row->files) && row->files[i] != NULL; i++)
		assert_int_equal(hdfs_site_add(site, row->files[i], strlen(row->files[i]), &f), 0);
}

static char *joined(const struct hdfs_where *where)
{
	struct text text = {0};
	for (size_t i = 0; i < where->node_count; i++)
		text_printf(&text, "%s%s", i > 0 ? " " : "", where->nodes[i]);
	return text_take(&text);
}

static void a_uri_leads_to_its_namenodes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct hdfs_site site;
		struct hdfs_where where;
		struct fail f;
		add_files(&site, row);
		int result = hdfs_where_find(&where, &site, row->set, row->uri, &f);
		assert_row(result == (row->nodes != NULL ? 0 : -1), row->uri);
		if (result == 0) {
			char *nodes = joined(&where);
			assert_string_equal(nodes, row->nodes);
			assert_string_equal(where.folder, row->folder);
			free(nodes);
			hdfs_where_release(&where);
		} else {
			assert_failure(result, f, STATUS_CONFIGURATION, row->fails);
			assert_lacks(f.text, "u:p");
		}
		hdfs_site_release(&site);
	}
}

static void what_is_no_configuration_is_refused(void **state)
{
	static const char *const wrong[] = {"", "nothing", "<configuration>",
		"<!DOCTYPE c [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><c>&e;</c>"};
	struct hdfs_site site = {0};
	struct fail f;
	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_failure(hdfs_site_add(&site, wrong[i], strlen(wrong[i]), &f), f,
			STATUS_CONFIGURATION, "XML");
	hdfs_site_release(&site);
}

static void the_files_are_those_of_the_folder_that_is_set(void **state)
{
	char *folder = unit_folder();
	struct hdfs_site site;
	struct fail f;
	(void)state;
	setenv("HADOOP_CONF_DIR", folder, 1);
	assert_int_equal(hdfs_site_read(&site, &f), 0);
	assert_null(hdfs_site_get(&site, "fs.defaultFS"));
	hdfs_site_release(&site);

	unit_write(unit_path(folder, "core-site.xml"), core);
	unit_write(unit_path(folder, "hdfs-site.xml"), hdfs);
	assert_int_equal(hdfs_site_read(&site, &f), 0);
	assert_string_equal(hdfs_site_get(&site, "fs.defaultFS"), "hdfs://main:8020/");
	assert_string_equal(hdfs_site_get(&site, "dfs.ha.namenodes.pair"), "nn1, nn2");
	hdfs_site_release(&site);

	unit_write(unit_path(folder, "hdfs-site.xml"), "<configuration>");
	assert_failure(hdfs_site_read(&site, &f), f, STATUS_CONFIGURATION, "/hdfs-site.xml: ");
	unit_folder_remove(folder);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_uri_leads_to_its_namenodes),
		cmocka_unit_test(what_is_no_configuration_is_refused),
		cmocka_unit_test(the_files_are_those_of_the_folder_that_is_set),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
