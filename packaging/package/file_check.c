#include "packaging/package/file_check.h"

#include <string.h>

void file_check_begin(struct file_check *check, const struct saved_model_file *file)
{
	*check = (struct file_check){.file = file};
	file_mac_init(&check->mac);
	if (!file->has_mac)
		sha256_init(&check->sha);
}

void file_check_add(struct file_check *check, const void *bytes, size_t size)
{
	check->size += size;
	file_mac_add(&check->mac, bytes, size);
	if (!check->file->has_mac)
		sha256_add(&check->sha, bytes, size);
}

bool file_check_end(struct file_check *check, uint8_t mac[FILE_MAC_BYTES])
{
	const struct saved_model_file *file = check->file;
	char sha256[SHA256_HEX];
	bool same;
	file_mac_finish(&check->mac, mac);
	if (file->has_mac) {
		same = memcmp(mac, file->mac, FILE_MAC_BYTES) == 0;
	} else {
		sha256_finish(&check->sha, sha256);
		same = strcmp(sha256, file->sha256) == 0;
	}
	same = same && check->size == file->size;
	check->file = NULL;
	return same;
}

void file_check_release(struct file_check *check)
{
	file_mac_release(&check->mac);
	sha256_release(&check->sha);
	check->file = NULL;
}
