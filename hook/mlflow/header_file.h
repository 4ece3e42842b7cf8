/* header_file - header lines for the tracking server that come from outside, such as the token of
 * an identity proxy: a file of lines "Name: value".
 *
 * Empty lines and lines that begin with # are left out. A name is a token of RFC 9110; a value
 * holds no control character but tabs. Headers that this program makes itself (Host, Content-Type,
 * X-MLFLOW-WORKSPACE and the like) and names that come twice are refused. Values are secrets: they
 * are in no message.
 */
#ifndef MODELHOOK_MLFLOW_HEADER_FILE_H
#define MODELHOOK_MLFLOW_HEADER_FILE_H

#include <stdbool.h>

#include "base/fail.h"
#include "http/login.h"

#define HEADER_FILE_LINES_MAX 24

/* header_file_parse - add the lines of the text; has_login: there is an Authorization already, so
 * that the file must not bring another. CONFIGURATION names the line. */
MUST_CHECK int header_file_parse(
	const char *text, size_t size, bool has_login, struct http_lines *lines, struct fail *f);

/* header_file_read - the same of a file; CONFIGURATION where it cannot be read */
MUST_CHECK int header_file_read(
	const char *path, bool has_login, struct http_lines *lines, struct fail *f);

#endif
