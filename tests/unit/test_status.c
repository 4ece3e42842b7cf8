#include "unit.h"

#include "base/signals.h"
#include "base/status.h"

static const struct {
	enum status status;
	int number;
	const char *word;
	bool retryable;
} rows[] = {
	{STATUS_PROMOTED, 0, "promoted", false},
	{STATUS_PLANNED, 2, "planned", false},
	{STATUS_HELD, 99, "held", false},
	{STATUS_USAGE, 64, "usage", false},
	{STATUS_UNACCEPTABLE, 65, "unacceptable", false},
	{STATUS_MISSING, 66, "missing", false},
	{STATUS_REFUSED, 69, "refused", false},
	{STATUS_DEFECT, 70, "defect", false},
	{STATUS_DISK, 73, "disk", true},
	{STATUS_LATER, 75, "later", true},
	{STATUS_NOT_A_REGISTRY, 76, "not_a_registry", false},
	{STATUS_DENIED, 77, "denied", false},
	{STATUS_CONFIGURATION, 78, "configuration", false},
	{STATUS_NOT_SERVED, 80, "not_served", false},
	{STATUS_ROLLED_BACK, 81, "rolled_back", false},
	{STATUS_INTERRUPTED, 130, "interrupted", true},
	{STATUS_TERMINATED, 143, "terminated", true},
};

static void each_status_keeps_its_number_and_word(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(rows[i].status, rows[i].number);
		assert_string_equal(status_word(rows[i].status), rows[i].word);
	}
}

static void disk_later_and_signals_alone_are_worth_a_retry(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_row(status_is_retryable(rows[i].status) == rows[i].retryable, rows[i].word);
}

static void signals_alone_are_a_stop(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_row(status_is_stop(rows[i].status) ==
				   (rows[i].number == 130 || rows[i].number == 143),
			rows[i].word);
}

static void the_list_has_no_status_beside_these(void **state)
{
	(void)state;
#define ONE(name, number, word, action, when) +1
	assert_int_equal(COUNT(rows), 0 STATUS_LIST(ONE));
#undef ONE
}

static void held_alone_is_skipped_by_a_scheduler(void **state)
{
	(void)state;
#define CHECK(name, number, word, action, when)                                                    \
	assert_int_equal(strcmp(action, "skip") == 0, number == 99);
	STATUS_LIST(CHECK)
#undef CHECK
}

static void a_number_that_is_no_status_reads_as_a_defect(void **state)
{
	(void)state;
	assert_string_equal(status_word((enum status)7), "defect");
	assert_false(status_is_retryable((enum status)7));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_status_keeps_its_number_and_word),
		cmocka_unit_test(disk_later_and_signals_alone_are_worth_a_retry),
		cmocka_unit_test(signals_alone_are_a_stop),
		cmocka_unit_test(the_list_has_no_status_beside_these),
		cmocka_unit_test(held_alone_is_skipped_by_a_scheduler),
		cmocka_unit_test(a_number_that_is_no_status_reads_as_a_defect),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
