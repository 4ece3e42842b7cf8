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

static void what_serves_the_version_already_is_not_reloaded(void **state)
{
	static const struct {
		const char *name;
		bool has_replicas, asks, served;
		const char *did;
	} rows[] = {
		{"served by every replica", true, true, true,
			"every replica serves the version already"},
		{"served", false, true, true, "the version is served already"},
		{"not served", true, true, false, "reloaded"},
		{"not known", true, false, true, "reloaded"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct text did = {0};
		struct fail f;
		bool served = rows[i].served;
		struct deploy_call call = {
			.is_served = rows[i].asks ? is_served : NULL, .served_context = &served};
		kind.has_replicas = rows[i].has_replicas;
		reload_status = STATUS_PROMOTED;
		reloads = 0;
		assert_row(deploy_reload(&target, &call, &did, &f) == 0, rows[i].name);
		assert_row(text_equal(text_string(&did), rows[i].did), rows[i].name);
		assert_row(reloads == (strcmp(rows[i].did, "reloaded") == 0), rows[i].name);
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
		cmocka_unit_test(what_serves_the_version_already_is_not_reloaded),
		cmocka_unit_test(what_fails_for_good_is_not_served_and_all_else_keeps_its_status),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
