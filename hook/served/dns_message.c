#include "served/dns_message.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum {
	HEADER = 12,
	LABEL_MAX = 63,
	NAME_MAX_BYTES = 253,
	RECORD = 10, /* behind its name: type, class, time, length */
	ADDRESSES_MAX = 10000,
};

static void add_short(struct text *text, unsigned value)
{
	const char bytes[] = {(char)(value >> 8 & 0xff), (char)(value & 0xff)};
	text_add(text, bytes, sizeof(bytes));
}

static bool add_name(struct text *message, const char *name)
{
	if (name[0] == '\0' || strlen(name) > NAME_MAX_BYTES)
		return false;
	while (*name != '\0') {
		size_t size = strcspn(name, ".");
		char length = (char)size;
		if (size == 0 || size > LABEL_MAX)
			return false;
		text_add(message, &length, 1);
		text_add(message, name, size);
		name += size + (name[size] == '.');
	}
	text_add(message, "", 1);
	return true;
}

bool dns_question(const char *name, enum dns_type type, uint16_t id, struct text *message)
{
	struct text body = {0};
	add_short(&body, id);
	add_short(&body, 0x0100); /* recursion desired */
	add_short(&body, 1);
	for (int i = 0; i < 3; i++)
		add_short(&body, 0);
	bool valid = add_name(&body, name);
	add_short(&body, type);
	add_short(&body, 1); /* Internet */
	if (valid) {
		add_short(message, (unsigned)body.size);
		text_add(message, body.data, body.size);
	}
	text_release(&body);
	return valid;
}

static unsigned read_short(const uint8_t *bytes)
{
	return (unsigned)bytes[0] << 8 | bytes[1];
}

/* Past a name, whose end may be a pointer to an earlier one; 0 where it does not fit. */
static size_t skip_name(const uint8_t *bytes, size_t size, size_t at)
{
	while (at < size) {
		uint8_t length = bytes[at];
		if (length == 0)
			return at + 1;
		if ((length & 0xc0) == 0xc0)
			return at + 2 <= size ? at + 2 : 0;
		at += 1 + (size_t)length;
	}
	return 0;
}

void dns_addresses_add(struct dns_addresses *addresses, int family, const void *bytes)
{
	char text[INET6_ADDRSTRLEN];
	if (inet_ntop(family, bytes, text, sizeof(text)) == NULL ||
		addresses->count >= ADDRESSES_MAX)
		return;
	addresses->items =
		memory_grow(addresses->items, addresses->count + 1, sizeof(*addresses->items));
	addresses->items[addresses->count++] = text_copy(text);
}

void dns_addresses_release(struct dns_addresses *addresses)
{
	for (size_t i = 0; i < addresses->count; i++)
		free(addresses->items[i]);
	free(addresses->items);
	*addresses = (struct dns_addresses){0};
}

/* One record; where the next begins, or 0. */
static size_t take_record(
	const uint8_t *bytes, size_t size, size_t at, struct dns_addresses *addresses)
{
	at = skip_name(bytes, size, at);
	if (at == 0 || size - at < RECORD)
		return 0;
	unsigned type = read_short(bytes + at), length = read_short(bytes + at + RECORD - 2);
	at += RECORD;
	if (size - at < length)
		return 0;
	if (type == DNS_A && length == 4)
		dns_addresses_add(addresses, AF_INET, bytes + at);
	else if (type == DNS_AAAA && length == 16)
		dns_addresses_add(addresses, AF_INET6, bytes + at);
	return at + length;
}

int dns_answer(const uint8_t *bytes, size_t size, uint16_t id, struct dns_addresses *addresses)
{
	if (size < HEADER || read_short(bytes) != id || (bytes[2] & 0x80) == 0)
		return DNS_BROKEN;
	size_t at = HEADER;
	for (unsigned i = 0; i < read_short(bytes + 4); i++) {
		at = skip_name(bytes, size, at);
		if (at == 0 || size - at < 4)
			return DNS_BROKEN;
		at += 4;
	}
	for (unsigned i = 0; i < read_short(bytes + 6); i++) {
		at = take_record(bytes, size, at, addresses);
		if (at == 0)
			return DNS_BROKEN;
	}
	return bytes[3] & 0x0f;
}
