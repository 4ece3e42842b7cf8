/* secret_forms - the ways in which a server may write down what it was sent.
 */
#ifndef MODELHOOK_BASE_SECRET_FORMS_H
#define MODELHOOK_BASE_SECRET_FORMS_H

#include <stddef.h>

typedef void secret_form_function(void *context, const char *bytes, size_t size);

/* secret_forms - each form of a secret (size > 0), itself among them, is given to take, which
 * copies it; forms that differ only for other secrets come more than once */
void secret_forms(const char *secret, size_t size, secret_form_function *take, void *context);

#endif
