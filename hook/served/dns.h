/* dns - every address of a name: the replicas behind a headless Service.
 *
 * Asked over TCP, since an answer by UDP may be cut and musl's resolver stops at 48 addresses. The
 * name servers, search domains and ndots are those of /etc/resolv.conf (resolv.conf(5)), unless one
 * is named. A name that no name server knows is looked up as every program does it, which finds
 * /etc/hosts. An address stands for itself.
 */
#ifndef MODELHOOK_SERVED_DNS_H
#define MODELHOOK_SERVED_DNS_H

#include "base/clock.h"
#include "base/fail.h"
#include "served/dns_message.h"

/* dns_lookup - nameserver: "ADDRESS:PORT", or NULL. LATER where no name server answers in time, or
 * the name is not known. */
MUST_CHECK int dns_lookup(const char *name, const char *nameserver, struct deadline deadline,
	struct dns_addresses *addresses, struct fail *f);

#endif
