/* tarball - tar archives taken apart and put together by hand, for tests: nothing is refused here,
 * so that what must be refused can be made.
 */
#ifndef MODELHOOK_TESTS_TARBALL_H
#define MODELHOOK_TESTS_TARBALL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/panic.h"
#include "base/text.h"

#define TARBALL_MAX 32

struct tarball_entry {
	char name[512];
	char link[100];
	char type; /* '0' a file, '1' a hard link, '2' a symbolic one, '5' a folder, ... */
	struct text data;
	uint64_t claimed;   /* size that the header says */
	struct text before; /* raw blocks in front */
};

struct tarball {
	struct tarball_entry entries[TARBALL_MAX];
	size_t count;
	struct text behind_tar;	 /* raw bytes after the end of the archive */
	struct text behind_gzip; /* and after the gzip stream */
	size_t cut;		 /* bytes cut from the end of it all */
	bool without_end;	 /* no zero blocks */
};

static void tarball_release(struct tarball *tar)
{
	for (size_t i = 0; i < tar->count; i++) {
		text_release(&tar->entries[i].data);
		text_release(&tar->entries[i].before);
	}
	text_release(&tar->behind_tar);
	text_release(&tar->behind_gzip);
	*tar = (struct tarball){0};
}

static inline void tarball_gunzip(const struct text *from, struct text *to)
{
	static uint8_t out[65536];
	z_stream stream = {.next_in = (Bytef *)from->data, .avail_in = (uInt)from->size};
	int state = Z_OK;
	INVARIANT(inflateInit2(&stream, MAX_WBITS + 16) == Z_OK);
	while (state == Z_OK) {
		stream.next_out = out;
		stream.avail_out = sizeof(out);
		state = inflate(&stream, Z_NO_FLUSH);
		text_add(to, out, sizeof(out) - stream.avail_out);
	}
	INVARIANT(state == Z_STREAM_END);
	inflateEnd(&stream);
}

static inline void tarball_gzip(const struct text *from, struct text *to)
{
	static uint8_t out[65536];
	z_stream stream = {.next_in = (Bytef *)from->data, .avail_in = (uInt)from->size};
	int state = Z_OK;
	INVARIANT(deflateInit2(&stream, 1, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) ==
		  Z_OK);
	while (state == Z_OK) {
		stream.next_out = out;
		stream.avail_out = sizeof(out);
		state = deflate(&stream, Z_FINISH);
		text_add(to, out, sizeof(out) - stream.avail_out);
	}
	INVARIANT(state == Z_STREAM_END);
	deflateEnd(&stream);
}

static inline void tarball_pad(struct text *tar)
{
	static const char zeros[512];
	text_add(tar, zeros, (512 - tar->size % 512) % 512);
}

/* Eleven octal digits. */
static inline void tarball_octal(char *field, uint64_t number)
{
	for (int i = 0; i < 11; i++)
		field[10 - i] = (char)('0' + (number >> (3 * i) & 7));
}

/* A header of GNU tar's kind; names up to 100 bytes. */
static inline void tarball_header(
	struct text *tar, const char *name, char type, const char *link, uint64_t size)
{
	char header[512] = {0};
	unsigned sum = 0;
	memcpy(header, name, strnlen(name, 100));
	memcpy(header + 100, "0000644", 7);
	memcpy(header + 108, "0000000", 7);
	memcpy(header + 116, "0000000", 7);
	tarball_octal(header + 124, size);
	memcpy(header + 136, "00000000000", 11);
	memset(header + 148, ' ', 8);
	header[156] = type;
	memcpy(header + 157, link, strnlen(link, 100));
	memcpy(header + 257, "ustar  ", 8);
	if (type == 'S') { /* GNU's map of a sparse file: two bytes, a hole of one, the rest */
		const uint64_t fields[] = {0, 2, 3, size - 2};
		for (size_t i = 0; i < 4; i++)
			tarball_octal(header + 386 + 12 * i, fields[i]);
		tarball_octal(header + 483, size + 1);
	}
	for (size_t i = 0; i < sizeof(header); i++)
		sum += (unsigned char)header[i];
	for (int i = 0; i < 6; i++)
		header[148 + 5 - i] = (char)('0' + (sum >> (3 * i) & 7));
	header[154] = '\0';
	text_add(tar, header, sizeof(header));
}

/* A whole entry, such as a pax header: name, type and data. */
static inline void tarball_block(struct text *tar, const char *name, char type, const char *data)
{
	tarball_header(tar, name, type, "", strlen(data));
	text_add_string(tar, data);
	tarball_pad(tar);
}

static inline void tarball_read(const struct text *gzip, struct tarball *tar)
{
	struct text bytes = {0};
	*tar = (struct tarball){0};
	tarball_gunzip(gzip, &bytes);
	for (size_t at = 0; bytes.data[at] != '\0';) {
		struct tarball_entry *entry = &tar->entries[tar->count++];
		size_t size = strtoul(bytes.data + at + 124, NULL, 8);
		INVARIANT(tar->count < TARBALL_MAX);
		*entry = (struct tarball_entry){.type = '0', .claimed = size};
		memcpy(entry->name, bytes.data + at, 100);
		text_add(&entry->data, bytes.data + at + 512, size);
		at += 512 + (size + 511) / 512 * 512;
	}
	text_release(&bytes);
}

static inline void tarball_write(const struct tarball *tar, struct text *out)
{
	static const char zeros[1024];
	struct text bytes = {0};
	for (size_t i = 0; i < tar->count; i++) {
		const struct tarball_entry *entry = &tar->entries[i];
		text_add(&bytes, entry->before.data, entry->before.size);
		tarball_header(&bytes, entry->name, entry->type, entry->link, entry->claimed);
		text_add(&bytes, entry->data.data, entry->data.size);
		tarball_pad(&bytes);
	}
	if (!tar->without_end)
		text_add(&bytes, zeros, sizeof(zeros));
	text_add(&bytes, tar->behind_tar.data, tar->behind_tar.size);
	tarball_gzip(&bytes, out);
	text_add(out, tar->behind_gzip.data, tar->behind_gzip.size);
	out->size -= tar->cut;
	text_release(&bytes);
}

#endif
