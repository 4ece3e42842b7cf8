#include "unit.h"

#include "base/text.h"
#include "deploy/deploy.h"
#include "deploy/kind.h"

static enum status reload_status;
static int reloads;

static int reload(const struct deploy_target *target, const struct deploy_call *call,
	struct text *did, struct fail *f)
{
	(void)target;
	(void)call;
	reloads++;
	text_add_string(did, "reloaded");
	return reload_status == STATUS_PROMOTED ? 0 : fail_set(f, reload_status, "no");
}

static int is_served(
	void *context, const struct deploy_target *target, bool *served, struct fail *f)
{
	(void)target;
	(void)f;
	*served = *(const bool *)context;
	return 0;
}

static struct deploy_kind kind = {.key = "fake", .reload = reload};
static char name[] = "fish";
static const struct deploy_target target = {.kind = &kind, .name = name, .timeout_ms = 60000};

static void only_a_kind_that_may_is_skipped_where_all_replicas_serve_the_version(void **state)
{
	static const struct {
		const char *name;
		bool skips, asks, served;
		int reloads;
	} rows[] = {
		{"served", true, true, true, 0},
		{"not served", true, true, false, 1},
		{"not known", true, false, true, 1},
		{"a kind that does more than reload", false, true, true, 1},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct text did = {0};
		struct fail f;
		bool served = rows[i].served;
		struct deploy_call call = {
			.is_served = rows[i].asks ? is_served : NULL, .served_context = &served};
		kind.skips_served = rows[i].skips;
		reload_status = STATUS_PROMOTED;
		reloads = 0;
		assert_row(deploy_reload(&target, &call, &did, &f) == 0, rows[i].name);
		assert_row(reloads == rows[i].reloads, rows[i].name);
		assert_string_equal(text_string(&did),
			reloads > 0 ? "reloaded" : "every replica serves the version already");
		text_release(&did);
	}
}

static void what_fails_for_good_is_not_served_and_all_else_keeps_its_status(void **state)
{
	static const struct {
		enum status failed, ends;
		bool over;
	} rows[] = {
		{STATUS_DENIED, STATUS_NOT_SERVED, false},
		{STATUS_CONFIGURATION, STATUS_NOT_SERVED, false},
		{STATUS_NOT_SERVED, STATUS_NOT_SERVED, false},
		{STATUS_LATER, STATUS_LATER, false},
		{STATUS_DISK, STATUS_DISK, false},
		{STATUS_NOT_SERVED, STATUS_LATER, true},
		{STATUS_TERMINATED, STATUS_TERMINATED, true},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct text did = {0};
		struct fail f;
		struct deploy_call call = {
			.deadline = rows[i].over ? deadline_in(0) : (struct deadline){0}};
		reload_status = rows[i].failed;
		assert_int_equal(deploy_reload(&target, &call, &did, &f), -1);
		assert_int_equal(f.status, rows[i].ends);
		assert_string_equal(f.text, "deploy fish: no");
		text_release(&did);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			only_a_kind_that_may_is_skipped_where_all_replicas_serve_the_version),
		cmocka_unit_test(what_fails_for_good_is_not_served_and_all_else_keeps_its_status),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
