#include "http/body.h"

int http_body_rewind(const struct http_body *body, struct fail *f)
{
	return body->bytes == NULL && body->rewind != NULL ? body->rewind(body->context, f) : 0;
}
