#include "unit.h"

#include "base/actor.h"

static void who_is_the_user_the_host_and_the_airflow_task(void **state)
{
	char host[256];
	(void)state;
	assert_int_equal(gethostname(host, sizeof(host)), 0);
	clearenv();
	setenv("USER", "ann", 1);
	char *who = actor_name();
	assert_memory_equal(who, "ann@", 4);
	assert_string_equal(who + 4, host);
	free(who);
	setenv("MLFLOW_TRACKING_USERNAME", "bob\n", 1);
	setenv("AIRFLOW_CTX_DAG_ID", "fish_classification_training_full", 1);
	setenv("AIRFLOW_CTX_TASK_ID", "promote", 1);
	setenv("AIRFLOW_CTX_DAG_RUN_ID", "manual__2026-11-22", 1);
	setenv("AIRFLOW_CTX_TRY_NUMBER", "2", 1);
	who = actor_name();
	assert_memory_equal(who, "bob\\x0a@", 8);
	assert_contains(who, " dag=fish_classification_training_full task=promote "
			     "run=manual__2026-11-22 try=2");
	free(who);
	clearenv();
	who = actor_name();
	assert_true(strchr(who, '@') > who);
	free(who);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_the_user_the_host_and_the_airflow_task),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
