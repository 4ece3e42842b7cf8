/* watch - beside a service: keeps a directory filled with the version in Production, and tells the
 * service.
 *
 * Each round asks one small question (watch/change.h). If the answer changed, and every few minutes
 * in any case, the state of the model is read, and the version in Production is published as
 * deploy/publish.h says: its files are fetched beside those that are served, every byte is compared
 * with what was registered, and the complete directory takes its name by one rename. Then the
 * service is told (watch/tell.h). A version that cannot be verified is never published.
 *
 * There is no state but the directory. A watch that was killed, or that runs beside another one on
 * the same directory, finds what is published and only tells its service, which is told at least
 * once of each version and once at the start. What failed is tried again, less and less often until
 * the registry changes; what is published stays meanwhile.
 */
#ifndef MODELHOOK_WATCH_WATCH_H
#define MODELHOOK_WATCH_WATCH_H

#include "base/fail.h"
#include "invocation/invocation.h"

/* watch_run - with the settings of call, which are read; runs until a stop is asked for
 * (TERMINATED, INTERRUPTED), with --once until the service was told. CONFIGURATION and USAGE end it
 * before the first version was published; afterwards, as any other failure, they are warnings,
 * except with
 * --once. Each round has the command's deadline. */
MUST_CHECK int watch_run(struct invocation *call, const char *model, struct fail *f);

#endif
