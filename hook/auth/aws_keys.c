#include "auth/aws_keys.h"

#include "auth/fetch.h"
#include "base/text.h"

void aws_keys_release(struct aws_keys *keys)
{
	fetch_wipe(&keys->access_key);
	fetch_wipe(&keys->secret_key);
	fetch_wipe(&keys->session_token);
	fetch_wipe(&keys->bearer);
	*keys = (struct aws_keys){0};
}

void aws_keys_copy(const struct aws_keys *from, struct aws_keys *to)
{
	*to = *from;
	to->access_key = text_copy(from->access_key);
	to->secret_key = text_copy(from->secret_key);
	to->session_token = text_copy(from->session_token);
	to->bearer = text_copy(from->bearer);
}
