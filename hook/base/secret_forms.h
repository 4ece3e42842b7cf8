/* secret_forms - the ways in which a server may write down what it was sent.
 *
 * Base64 gives forms of their own. Percent-encoding, JSON, HTML and the escapes of a log write down
 * one character after another, each as it likes: they are followed while comparing.
 */
#ifndef MODELHOOK_BASE_SECRET_FORMS_H
#define MODELHOOK_BASE_SECRET_FORMS_H

#include <stddef.h>

typedef void secret_form_function(const char *bytes, size_t size);

/* secret_forms - a secret (size > 0) and its forms in base64, wherever it begins there, are given
 * to take, which copies them; some come more than once */
void secret_forms(const char *secret, size_t size, secret_form_function *take);

/* secret_match - how many bytes of text, from its beginning on, write down the form, or as much of
 * it as *matched tells */
size_t secret_match(
	const char *form, size_t form_size, const char *text, size_t text_size, size_t *matched);

#endif
