#include "mlflow/aws_signer.h"

#include <stdlib.h>
#include <string.h>

#include "auth/aws_credentials.h"
#include "auth/aws_keys.h"
#include "auth/sigv4.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "http/url.h"
#include "packaging/digest/sha256.h"

#define GATEWAY ".execute-api."
#define CHUNK (64 << 10)

struct aws_signer {
	struct aws_profile profile;
	struct aws_credentials credentials; /* has a lock of its own */
	char *region;
	const char *service;
	char *header; /* names the SageMaker resource; or NULL */
};

/* ID.execute-api.REGION.amazonaws.com */
static char *region_of_gateway(const char *url)
{
	char *host = http_url_host(url);
	char *at = host != NULL ? strstr(host, GATEWAY) : NULL;
	const char *region = at != NULL ? at + strlen(GATEWAY) : "";
	size_t size = strcspn(region, ".");
	char *copy = size > 0 ? text_format("%.*s", (int)size, region) : NULL;
	free(host);
	return copy;
}

static char *find_region(const struct aws_signer *signer, const char *url)
{
	const char *region = env_get(ENV_AWS_DEFAULT_REGION);
	if (region == NULL)
		region = aws_profile_get(&signer->profile, "region");
	if (region == NULL)
		region = env_get(
			ENV_AWS_REGION); /* which boto does not read, and other clients do */
	return region != NULL ? text_copy(region) : region_of_gateway(url);
}

static int fill(struct aws_signer *signer, const char *url, const struct sagemaker *sagemaker,
	struct fail *f)
{
	if (aws_profile_read(&signer->profile, f) != 0)
		return -1;
	signer->service = sagemaker != NULL ? sagemaker->service : "execute-api";
	signer->region =
		sagemaker != NULL ? text_copy(sagemaker->region) : find_region(signer, url);
	signer->header = sagemaker != NULL ? text_copy(sagemaker->header) : NULL;
	signer->credentials.region = signer->region;
	signer->credentials.what = "AWS";
	if (signer->region != NULL)
		return 0;
	fail_set(f, STATUS_CONFIGURATION,
		"MLFLOW_TRACKING_AWS_SIGV4 is set: the region to sign for is not known");
	return fail_hint(f, "set AWS_DEFAULT_REGION");
}

int aws_signer_open(const char *url, const struct sagemaker *sagemaker, struct aws_signer **signer,
	struct fail *f)
{
	*signer = memory_get(1, sizeof(**signer));
	aws_credentials_open(&(*signer)->credentials, &(*signer)->profile);
	if (fill(*signer, url, sagemaker, f) == 0)
		return 0;
	aws_signer_release(*signer);
	*signer = NULL;
	return -1;
}

void aws_signer_release(struct aws_signer *signer)
{
	if (signer == NULL)
		return;
	aws_credentials_release(&signer->credentials);
	aws_profile_release(&signer->profile);
	free(signer->region);
	free(signer->header);
	free(signer);
}

/* The service hashes the body: a stream is read twice. */
static int digest_of_stream(const struct http_body *body, char digest[SHA256_HEX], struct fail *f)
{
	struct sha256 sha;
	char *chunk = memory_get(CHUNK, 1);
	size_t got = 1;
	int result = 0;
	sha256_init(&sha);
	for (uint64_t left = body->size; left > 0 && got > 0 && result == 0; left -= got) {
		size_t wanted = left < CHUNK ? (size_t)left : CHUNK;
		result = body->read(body->context, chunk, wanted, &got, f);
		if (result == 0)
			sha256_add(&sha, chunk, got);
		else
			got = 0;
	}
	sha256_finish(&sha, digest);
	free(chunk);
	return result == 0 ? body->rewind(body->context, f) : -1;
}

static int digest_of_body(const struct http_body *body, char digest[SHA256_HEX], struct fail *f)
{
	if (body->bytes != NULL || body->read == NULL) {
		sha256_of(body->bytes != NULL ? body->bytes : "", body->size, digest);
		return 0;
	}
	if (body->rewind != NULL)
		return digest_of_stream(body, digest, f);
	return fail_set(f, STATUS_CONFIGURATION,
		"AWS signatures cover the whole body, and this one can be read only once");
}

static void sign(const struct aws_signer *signer, const struct aws_keys *keys,
	const struct http_request *request, const char *url, const char *digest,
	struct http_lines *lines)
{
	const struct sigv4_keys secrets = {keys->access_key, keys->secret_key, keys->session_token};
	const struct sigv4_scope scope = {signer->region, signer->service, clock_now_ms()};
	char *type = request->content_type != NULL
			     ? text_format("content-type: %s", request->content_type)
			     : NULL;
	const char *headers[3] = {NULL};
	size_t count = 0;
	if (signer->header != NULL)
		headers[count++] = signer->header;
	if (type != NULL)
		headers[count++] = type;
	struct sigv4_request what = {request->method, url, headers, digest};
	struct sigv4_lines signed_lines;
	sigv4_sign(&secrets, &scope, &what, &signed_lines);
	if (signer->header != NULL)
		http_lines_add(lines, text_copy(signer->header));
	for (size_t i = 0; i < signed_lines.count; i++)
		http_lines_add(lines, text_copy(signed_lines.lines[i]));
	sigv4_lines_release(&signed_lines);
	free(type);
}

int aws_signer_sign(struct aws_signer *signer, struct http *http,
	const struct http_request *request, const char *url, struct http_lines *lines,
	struct fail *f)
{
	char digest[SHA256_HEX];
	struct aws_keys keys = {0};
	int result = digest_of_body(&request->body, digest, f);
	if (result == 0)
		result = aws_credentials_get(&signer->credentials, http, &keys, f);
	if (result == 0)
		sign(signer, &keys, request, url, digest, lines);
	aws_keys_release(&keys);
	return result;
}
