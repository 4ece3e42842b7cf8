/* dns_message - questions and answers of the Domain Name System (RFC 1035 section 4), as bytes.
 */
#ifndef MODELHOOK_SERVED_DNS_MESSAGE_H
#define MODELHOOK_SERVED_DNS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* struct dns_addresses - as text, IPv6 without brackets; sorted, each once; owns its strings */
struct dns_addresses {
	char **items;
	size_t count;
};

void dns_addresses_release(struct dns_addresses *addresses);

/* dns_addresses_add - an address of AF_INET or AF_INET6, as bytes in network order */
void dns_addresses_add(struct dns_addresses *addresses, int family, const void *bytes);

enum dns_type {
	DNS_A = 1,
	DNS_AAAA = 28,
};

enum dns_code {
	DNS_FOUND = 0,
	DNS_UNKNOWN = 3, /* NXDOMAIN: there is no such name */
	DNS_BROKEN = -1,
};

/* dns_question - as TCP carries it: two bytes of length in front. False where the name is none. */
bool dns_question(const char *name, enum dns_type type, uint16_t id, struct text *message);

/* dns_answer - the addresses of that type are added; the response's code, or DNS_BROKEN where it is
 * no whole answer to that question */
int dns_answer(const uint8_t *bytes, size_t size, uint16_t id, struct dns_addresses *addresses);

#endif
