#include "packaging/digest/file_mac.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>

#include "base/panic.h"

#define KEY_BYTES 16
#define NONCE_BYTES 12
#define STEP ((size_t)1 << 30) /* EVP counts bytes in an int */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static uint8_t key[KEY_BYTES];

static void draw_key(void)
{
	INVARIANT(RAND_bytes(key, sizeof(key)) == 1);
}

void file_mac_init(struct file_mac *mac)
{
	static const uint8_t nonce[NONCE_BYTES];
	pthread_once(&once, draw_key);
	mac->context = EVP_CIPHER_CTX_new();
	if (mac->context == NULL ||
		EVP_EncryptInit_ex(mac->context, EVP_aes_128_gcm(), NULL, key, nonce) != 1)
		panic_out_of_memory();
}

/* To GCM they are additional data: authenticated, and not encrypted. */
void file_mac_add(struct file_mac *mac, const void *bytes, size_t size)
{
	for (const uint8_t *at = bytes; size > 0;) {
		size_t count = size < STEP ? size : STEP;
		int unused;
		INVARIANT(EVP_EncryptUpdate(mac->context, NULL, &unused, at, (int)count) == 1);
		at += count;
		size -= count;
	}
}

void file_mac_finish(struct file_mac *mac, uint8_t tag[FILE_MAC_BYTES])
{
	uint8_t nothing[FILE_MAC_BYTES];
	int unused;
	INVARIANT(EVP_EncryptFinal_ex(mac->context, nothing, &unused) == 1);
	INVARIANT(
		EVP_CIPHER_CTX_ctrl(mac->context, EVP_CTRL_GCM_GET_TAG, FILE_MAC_BYTES, tag) == 1);
	file_mac_release(mac);
}

void file_mac_release(struct file_mac *mac)
{
	EVP_CIPHER_CTX_free(mac->context);
	mac->context = NULL;
}
