/* failure - what it means that no response came.
 */
#ifndef MODELHOOK_HTTP_FAILURE_H
#define MODELHOOK_HTTP_FAILURE_H

#include "base/fail.h"
#include "http/transfer_types.h"

/* http_failure_read - fill f from a CURLcode; true where another try may help. Called while
 * t->easy is still there. */
bool http_failure_read(const struct http_transfer *t, int code, struct fail *f);

#endif
