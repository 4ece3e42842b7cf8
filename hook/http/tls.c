#include "http/tls.h"

#include <curl/curl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/console.h"
#include "base/env.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/input.h"
#include "base/text.h"

/* Debian, Ubuntu, Alpine; RHEL and CentOS 7 and later; older ones; SUSE; Alpine and the BSDs. */
static const char *const distribution_bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/ssl/cert.pem",
};

static const enum env_variable bundle_variables[] = {
	ENV_CURL_CA_BUNDLE,
	ENV_SSL_CERT_FILE,
	ENV_REQUESTS_CA_BUNDLE,
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int check_readable(const char *what, const char *path, struct fail *f)
{
	int fd;
	if (file_is_directory(path))
		return 0;
	if (input_open(path, path, &fd, f) != 0) {
		f->status = STATUS_CONFIGURATION;
		return fail_wrap(f, "%s", what);
	}
	close(fd);
	return 0;
}

/* A path that somebody named must be there: trusting others instead would be a surprise. */
static int take_named(struct http *http, const char *what, const char *path, struct fail *f)
{
	if (check_readable(what, path, f) != 0)
		return -1;
	if (file_is_directory(path))
		http->ca_folder = text_copy(path);
	else
		http->ca_file = text_copy(path);
	return 0;
}

static int find_authorities(struct http *http, struct fail *f)
{
	const char *folder = env_get(ENV_SSL_CERT_DIR);
	if (http->trust.ca_bundle != NULL)
		return take_named(http, http->trust.ca_setting, http->trust.ca_bundle, f);
	for (size_t i = 0; i < COUNT(bundle_variables); i++)
		if (env_get(bundle_variables[i]) != NULL)
			return take_named(http, env_name(bundle_variables[i]),
				env_get(bundle_variables[i]), f);
	for (size_t i = 0; i < COUNT(distribution_bundles) && http->ca_file == NULL; i++)
		if (access(distribution_bundles[i], R_OK) == 0)
			http->ca_file = text_copy(distribution_bundles[i]);
	if (folder != NULL && file_is_directory(folder))
		http->ca_folder = text_copy(folder);
	return 0;
}

int http_tls_prepare(struct http *http, struct fail *f)
{
	struct http_trust *trust = &http->trust;
	if (http->trust_known)
		return 0;
	if (trust->insecure && trust->ca_bundle != NULL)
		return fail_set(f, STATUS_CONFIGURATION,
			"%s and %s contradict each other: set one of them", trust->insecure_setting,
			trust->ca_setting);
	if (trust->client_cert != NULL &&
		check_readable("client certificate (MLFLOW_TRACKING_CLIENT_CERT_PATH)",
			trust->client_cert, f) != 0)
		return -1;
	if (trust->insecure && !trust->warned)
		console_warn(
			"%s is set: the server's certificate is not checked, anyone in between "
			"can read and change everything",
			trust->insecure_setting);
	trust->warned = true;
	if (!trust->insecure && trust->ca_pem == NULL && find_authorities(http, f) != 0)
		return -1;
	http->trust_known = true;
	return 0;
}

/* The bytes stay where they are until the transfer ends. */
static void set_pem(void *easy, CURLoption option, const char *pem)
{
	struct curl_blob blob = {(void *)(uintptr_t)pem, strlen(pem), CURL_BLOB_NOCOPY};
	curl_easy_setopt(easy, option, &blob);
}

static void set_client_cert(const struct http_trust *trust, void *easy)
{
	if (trust->client_cert_pem != NULL) {
		set_pem(easy, CURLOPT_SSLCERT_BLOB, trust->client_cert_pem);
		set_pem(easy, CURLOPT_SSLKEY_BLOB, trust->client_key_pem);
	} else if (trust->client_cert != NULL) {
		curl_easy_setopt(easy, CURLOPT_SSLCERT, trust->client_cert);
		curl_easy_setopt(easy, CURLOPT_SSLKEY, trust->client_cert);
	}
}

void http_tls_apply(const struct http *http, bool at_origin, void *easy)
{
	const struct http_trust *trust = &http->trust;
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, trust->insecure ? 0L : 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, trust->insecure ? 0L : 2L);
	/* A library built on Debian knows Debian's bundle by itself; what was found here decides.
	 */
	curl_easy_setopt(easy, CURLOPT_CAINFO, http->ca_file);
	curl_easy_setopt(easy, CURLOPT_CAPATH, http->ca_folder);
	if (trust->ca_pem != NULL)
		set_pem(easy, CURLOPT_CAINFO_BLOB, trust->ca_pem);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (at_origin)
		set_client_cert(trust, easy);
}
