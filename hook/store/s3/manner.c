#include "store/s3/manner.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/console.h"
#include "base/env.h"
#include "base/fail.h"
#include "http/url.h"

static const struct {
	enum env_variable variable;
	const char *key; /* of the profile */
	enum s3_manner manner;
} settings_of_aws[] = {
	{ENV_AWS_REQUEST_CHECKSUM_CALCULATION, "request_checksum_calculation", S3_PLAIN_WRITES},
	{ENV_AWS_RESPONSE_CHECKSUM_VALIDATION, "response_checksum_validation", S3_PLAIN_READS},
};

int s3_manner_open(struct s3 *s3, struct fail *f)
{
	for (size_t i = 0; i < sizeof(settings_of_aws) / sizeof(settings_of_aws[0]); i++) {
		enum env_variable variable = settings_of_aws[i].variable;
		const char *key = settings_of_aws[i].key;
		bool in_environment = env_get(variable) != NULL;
		const char *value =
			in_environment ? env_get(variable) : aws_profile_get(&s3->profile, key);
		if (value == NULL || strcasecmp(value, "when_supported") == 0)
			continue;
		if (strcasecmp(value, "when_required") != 0) {
			fail_set(f, STATUS_CONFIGURATION,
				"%s: neither when_supported nor when_required",
				in_environment ? env_name(variable) : key);
			return -1;
		}
		atomic_fetch_or(&s3->manner, settings_of_aws[i].manner);
	}
	return 0;
}

bool s3_manner_is_refused(const struct s3_reply *reply)
{
	static const char *const names[] = {"NotImplemented", "XNotImplemented", "InvalidRequest",
		"InvalidArgument", "InvalidHeader", "UnsupportedHeader", "UnsupportedArgument",
		"UnsupportedOperation", "UnsupportedSignature", "MalformedXML",
		"XAmzContentSHA256Mismatch", "SignatureDoesNotMatch", NULL};
	long status = reply->http.status;
	if (status == 501)
		return true;
	if (status != 400 && status != 403)
		return false;
	if (reply->code[0] == '\0') /* of a HEAD, or of a server before the store */
		return true;
	for (const char *const *name = names; *name != NULL; name++)
		if (strcmp(reply->code, *name) == 0)
			return true;
	return false;
}

unsigned s3_manner_choices(const struct s3 *s3, const struct s3_request *request, unsigned manner)
{
	const struct http_body *body = &request->body;
	bool again = body->bytes != NULL || body->size == 0 || body->rewind != NULL;
	unsigned choices = 0;
	if (!again)
		return 0;
	if (request->checksum != NULL)
		choices |= S3_PLAIN_WRITES;
	if (request->asks_checksum)
		choices |= S3_PLAIN_READS;
	if (request->sha256 == NULL && body->size > 0 && !s3->is_unsigned)
		choices |= S3_SIGNED_PAYLOAD;
	return choices & ~manner;
}

bool s3_manner_next(unsigned choices, const struct s3_reply *reply, unsigned *manner)
{
	if (choices == 0 || !s3_manner_is_refused(reply))
		return false;
	unsigned fixed = *manner & ~choices,
		 next = ((*manner | ~choices) + 1) & choices; /* the next subset of them */
	*manner = fixed | next;
	return next != 0;
}

void s3_manner_keep(struct s3 *s3, unsigned manner, const struct s3_reply *refusal)
{
	unsigned learnt = manner & ~atomic_fetch_or(&s3->manner, manner);
	if ((learnt & (S3_PLAIN_WRITES | S3_SIGNED_PAYLOAD)) == 0)
		return;
	char *shown = http_url_show(s3->endpoint);
	console_say("S3 at %.100s: HTTP %ld%s%s; accepted %s, and so are later requests sent",
		shown, refusal->http.status, refusal->code[0] != '\0' ? " " : "", refusal->code,
		(learnt & S3_PLAIN_WRITES) == 0	    ? "with a signed payload"
		: (learnt & S3_SIGNED_PAYLOAD) == 0 ? "without additional checksums"
						    : "signed and without additional checksums");
	free(shown);
}
