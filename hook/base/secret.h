/* secret - the secrets of this call, so that none of them is ever shown.
 *
 * A server may put what it was sent into what it answers, and answers end up in messages, results
 * and tags. So a secret is registered where it is loaded or sent, and everything that is printed or
 * kept passes through here (by escape_into, escape_add and secret_redact). A secret is known
 * as it is, percent-encoded, as JSON and HTML write it, in base64 wherever it begins there, and by
 * its first characters where the rest was cut off. Of every URL the user information is left out,
 * and the signatures that stand in its query are hidden, whoever made them.
 *
 * Fewer than SECRET_LEAST bytes are no secret: hiding them would hide everything. Up to
 * SECRET_STRONG bytes it is hidden only where no letter or digit stands beside it. Several threads
 * may register and hide.
 */
#ifndef MODELHOOK_BASE_SECRET_H
#define MODELHOOK_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

#define SECRET_LEAST 4
#define SECRET_STRONG 8

struct text;

/* secret_add - NULL is nothing; a copy is kept until secret_wipe */
void secret_add(const char *secret);

/* secret_add_header - the value of a header line that carries a secret by its name (Authorization,
 * Cookie, ...token, ...key), and what stands behind its scheme */
void secret_add_header(const char *line);

/* secret_add_named - a value that is a secret if what it is called says so */
void secret_add_named(const char *name, const char *value);

/* secret_add_url - the user information of a URL, as written and decoded */
void secret_add_url(const char *url);

/* secret_redact - add bytes to text without secrets. all: also those that are short or a plain
 * word, which is too much where words of ours stand, such as the keys of a result. */
void secret_redact(struct text *text, const char *bytes, size_t size, bool all);

/* secret_wipe - forget all, at the end */
void secret_wipe(void);

/* For text.c: between secret_look and secret_looked, secret_at is how many of the bytes at `at` are
 * not shown (0: none), and *shown what stands in their place. */
void secret_look(void);
size_t secret_at(const char *bytes, size_t size, size_t at, bool all, const char **shown);
void secret_looked(void);

#endif
