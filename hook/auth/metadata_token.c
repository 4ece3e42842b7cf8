#include "auth/metadata_token.h"

#include <stdlib.h>

#include "auth/fetch.h"
#include "base/env.h"
#include "base/fail.h"
#include "base/text.h"
#include "http/response.h"
#include "http/types.h"

int metadata_token_fetch(
	const struct http *like, struct bearer *bearer, bool *found, struct fail *f)
{
	const char *named = env_get(ENV_GCE_METADATA_HOST);
	struct fetch fetch;
	struct http_response response;
	struct fail ignored;
	int result = 0;
	*found = false;
	if (fetch_open(&fetch, like, true, f) != 0)
		return -1;
	char *url =
		text_format("http://%s/computeMetadata/v1/instance/service-accounts/default/token",
			named != NULL ? named : "169.254.169.254");
	if (fetch_ask(&fetch, "GET", url, "Metadata-Flavor: Google", &response, &ignored) == 0 &&
		response.status == 200) {
		*found = true;
		result = bearer_read(&response, bearer, f);
	}
	http_response_release(&response);
	fetch_release(&fetch);
	free(url);
	return result == 0 ? 0 : fail_wrap(f, "token of the service account");
}
