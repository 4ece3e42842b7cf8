/* Tests of which proxy is used. The rows were tried on Python's requests 2.34
 * (should_bypass_proxies and get_environ_proxies), which MLflow's client uses. */
#include "unit.h"

#include "base/text.h"
#include "http/proxy.h"

static void no_proxy_is_read_as_requests_reads_it(void **state)
{
	static const struct {
		const char *host, *port, *list;
		bool bypassed;
	} rows[] = {
		{"mlflow.corp", "", "mlflow.corp", true},
		{"mlflow.corp", "", "corp", true},
		{"mlflow.corp", "", ".corp", true},
		{"mlflow.corp", "", "..corp", true},
		{"mlflow.corp", "", "MLFLOW.Corp", true},
		{"mlflow.corp", "", "orp", false},
		{"mlflow.corp", "", "low.corp", false},
		{"mlflow.corp", "", "a, b ,mlflow.corp", true},
		{"mlflow.corp", "", "*", true},
		{"mlflow.corp", "", "*,other", false},
		{"mlflow.corp", "", "*.corp", false},
		{"mlflow.corp", "", "", false},
		{"mlflow.corp", "", ",,", false},
		{"mlflow.corp", "", ".", false},
		{"mlflow.corp", "5000", "mlflow.corp:5000", true},
		{"mlflow.corp", "5000", ".corp:5000", true},
		{"mlflow.corp", "5000", "mlflow.corp:5001", false},
		{"mlflow.corp", "5000", "mlflow.corp", true},
		{"mlflow.corp", "", "mlflow.corp:443", false},
		{"10.1.2.3", "", "10.1.2.3", true},
		{"10.1.2.3", "5000", "10.1.2.3:5000", false},
		{"10.1.2.3", "", "10.0.0.0/8", true},
		{"10.1.2.3", "", "10.1.2.0/24", true},
		{"10.1.2.3", "", "10.1.3.0/24", false},
		{"10.1.2.3", "", "10.1.2.3/32", true},
		{"10.1.2.3", "", "0.0.0.0/0", false},
		{"10.1.2.3", "", "10.0.0.0/33", false},
		{"10.1.2.3", "", "10.0.0.0/", false},
		{"10.1.2.3", "", "10.0.0.0/8/8", false},
		{"10.1.2.3", "", "2.3", true},
		{"mlflow.corp", "", "10.0.0.0/8", false},
		{"::1", "5000", "::1", true},
		{"::1", "", "localhost", false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (http_proxy_is_bypassed(rows[i].host, rows[i].port, rows[i].list) !=
			rows[i].bypassed)
			fail_msg(
				"%s:%s with NO_PROXY=%s", rows[i].host, rows[i].port, rows[i].list);
}

static const struct {
	const char *name[3], *value[3];
	const char *url;
	const char *proxy, *shown, *variable; /* NULL: none */
} environments[] = {
	{{NULL}, {NULL}, "http://h", NULL, NULL, NULL},
	{{"HTTP_PROXY"}, {"http://p:3128"}, "http://h", "http://p:3128", "http://p:3128",
		"HTTP_PROXY"},
	{{"HTTP_PROXY"}, {"http://p:3128"}, "https://h", NULL, NULL, NULL},
	{{"https_proxy", "HTTPS_PROXY"}, {"http://low:1", "http://up:2"}, "https://h",
		"http://low:1", "http://low:1", "https_proxy"},
	{{"https_proxy", "HTTPS_PROXY"}, {"", "http://up:2"}, "https://h", NULL, NULL, NULL},
	{{"ALL_PROXY"}, {"socks5h://p"}, "https://h", "socks5h://p", "socks5h://p", "ALL_PROXY"},
	{{"HTTP_PROXY", "ALL_PROXY"}, {"p:3128", "q:1"}, "http://h", "http://p:3128",
		"http://p:3128", "HTTP_PROXY"},
	{{"HTTP_PROXY"}, {"http://user:hidden@p"}, "http://h", "http://user:hidden@p:80",
		"http://p:80", "HTTP_PROXY"},
	{{"HTTP_PROXY"}, {"http://[::1]/"}, "http://h", "http://[::1]:80", "http://[::1]:80",
		"HTTP_PROXY"},
	{{"HTTP_PROXY", "NO_PROXY"}, {"http://p:1", "h:5000"}, "http://h:5000", NULL, NULL, NULL},
	{{"HTTP_PROXY", "NO_PROXY", "no_proxy"}, {"http://p:1", "h", "other"}, "http://h",
		"http://p:1", "http://p:1", "HTTP_PROXY"},
	{{"HTTP_PROXY", "NO_PROXY"}, {"http://p:1", "::1"}, "http://[::1]:5000/x", NULL, NULL,
		NULL},
	{{"HTTP_PROXY", "REQUEST_METHOD"}, {"http://p:1", "GET"}, "http://h", NULL, NULL, NULL},
	{{"http_proxy", "REQUEST_METHOD"}, {"http://p:1", "GET"}, "http://h", "http://p:1",
		"http://p:1", "http_proxy"},
};

static void the_environment_chooses_a_proxy(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(environments); i++) {
		struct http_proxy proxy;
		clearenv();
		for (size_t k = 0; k < 3 && environments[i].name[k] != NULL; k++)
			setenv(environments[i].name[k], environments[i].value[k], 1);
		http_proxy_find(environments[i].url, &proxy);
		if (!text_equal(proxy.url, environments[i].proxy) ||
			!text_equal(proxy.shown, environments[i].shown) ||
			!text_equal(proxy.variable, environments[i].variable))
			fail_msg("row %zu: %s, shown as %s, by %s", i, proxy.url, proxy.shown,
				proxy.variable);
		http_proxy_release(&proxy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_proxy_is_read_as_requests_reads_it),
		cmocka_unit_test(the_environment_chooses_a_proxy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
