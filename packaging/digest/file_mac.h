/* file_mac - a tag by which this process knows bytes again that it has seen before: GMAC (NIST SP
 * 800-38D) by OpenSSL's EVP, under a key that each process draws anew and never shows.
 *
 * Whoever does not have the key cannot make other bytes with the same tag (chance: the size in
 * blocks of 16 bytes, over 2 to the 128th), and it takes a fifth of the time of SHA-256. So a file
 * is digested once, by whoever reads it first, and later passes over it compare its MAC.
 *
 * All MACs share one nonce, which is only safe as tags stay inside: they are never written, sent
 * or printed. Safe from several threads, each with its own struct file_mac.
 *
 * Owns its context until file_mac_finish or file_mac_release. A zeroed struct may be released.
 */
#ifndef MODELHOOK_PACKAGING_DIGEST_FILE_MAC_H
#define MODELHOOK_PACKAGING_DIGEST_FILE_MAC_H

#include <stddef.h>
#include <stdint.h>

#define FILE_MAC_BYTES 16

struct file_mac {
	void *context;
};

void file_mac_init(struct file_mac *mac);
void file_mac_add(struct file_mac *mac, const void *bytes, size_t size);

/* file_mac_finish - the tag; releases the context */
void file_mac_finish(struct file_mac *mac, uint8_t tag[FILE_MAC_BYTES]);
void file_mac_release(struct file_mac *mac);

#endif
