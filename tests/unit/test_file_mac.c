/* Seals and file_check: the same bytes, however cut, have the same tag; no others are taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "packaging/package/file_check.h"

static void mac_of(const void *bytes, size_t size, size_t cut, uint8_t tag[FILE_MAC_BYTES])
{
	struct file_mac mac;
	file_mac_init(&mac);
	file_mac_add(&mac, bytes, cut);
	file_mac_add(&mac, (const char *)bytes + cut, size - cut);
	file_mac_finish(&mac, tag);
}

static void the_cut_does_not_matter(void **state)
{
	uint8_t bytes[100], whole[FILE_MAC_BYTES], cut[FILE_MAC_BYTES];
	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(3 * i);
	mac_of(bytes, sizeof(bytes), 0, whole);
	for (size_t at = 1; at <= sizeof(bytes); at++) {
		mac_of(bytes, sizeof(bytes), at, cut);
		assert_memory_equal(whole, cut, FILE_MAC_BYTES);
	}
}

static void every_bit_and_the_size_matter(void **state)
{
	uint8_t bytes[40] = {0}, whole[FILE_MAC_BYTES], other[FILE_MAC_BYTES];
	(void)state;
	mac_of(bytes, sizeof(bytes), 0, whole);
	for (size_t bit = 0; bit < 8 * sizeof(bytes); bit++) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		mac_of(bytes, sizeof(bytes), 0, other);
		assert_memory_not_equal(whole, other, FILE_MAC_BYTES);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t size = 0; size < sizeof(bytes); size++) {
		mac_of(bytes, size, 0, other);
		assert_memory_not_equal(whole, other, FILE_MAC_BYTES);
	}
}

static bool passes(
	const struct saved_model_file *file, const char *bytes, uint8_t mac[FILE_MAC_BYTES])
{
	struct file_check check;
	file_check_begin(&check, file);
	file_check_add(&check, bytes, strlen(bytes));
	return file_check_end(&check, mac);
}

static void a_file_is_known_by_its_digest_and_then_by_its_seal(void **state)
{
	struct saved_model_file file = {.size = 5};
	uint8_t mac[FILE_MAC_BYTES];
	(void)state;
	sha256_of("fishy", 5, file.sha256);
	assert_false(passes(&file, "fishz", mac));
	assert_false(passes(&file, "fish", mac));
	assert_true(passes(&file, "fishy", file.mac));
	file.has_mac = true;
	memset(file.sha256, '0', SHA256_HEX - 1); /* not looked at any more */
	assert_true(passes(&file, "fishy", mac));
	assert_false(passes(&file, "fishz", mac));
	assert_false(passes(&file, "fishy!", mac));
	file.size = 4;
	assert_false(passes(&file, "fishy", mac));
}

static void a_check_may_be_given_up(void **state)
{
	struct saved_model_file file = {.size = 5};
	struct file_check check = {0};
	(void)state;
	file_check_release(&check);
	file_check_begin(&check, &file);
	file_check_add(&check, "fi", 2);
	file_check_release(&check);
	assert_null(check.file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_cut_does_not_matter),
		cmocka_unit_test(every_bit_and_the_size_matter),
		cmocka_unit_test(a_file_is_known_by_its_digest_and_then_by_its_seal),
		cmocka_unit_test(a_check_may_be_given_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
