#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "packaging/package/mlmodel_read.h"

static void the_flavor_names_the_framework_and_the_signature_is_seen(void **state)
{
	(void)state;
	static const struct {
		const char *text, *framework;
		bool has_signature;
	} rows[] = {
		{"artifact_path: model\nflavors:\n  python_function:\n    env: a\n    "
		 "loader_module: "
		 "mlflow.sklearn\n  sklearn:\n    code: null\nmlflow_version: 3\nsignature:\n  "
		 "inputs: '[]'\n  outputs: null\n",
			"sklearn", true},
		{"flavors:\n  tensorflow:\n    data: data\n  python_function:\n    x: 1\n",
			"tensorflow", false},
		{"flavors:\n  python_function:\n    loader_module: mine\n", "python_function",
			false},
		{"flavors:\n    xgboost:\n        python_function: 1\n    spark:\n", "xgboost",
			false},
		{"signature: null\nflavors:\n  keras: {}\n", "keras", false},
		{"signature:\nflavors: {}\n", NULL, false},
		{"metadata:\n  flavors:\n    sklearn:\n", NULL, false},
		{"flavors:\n  \"odd\":\n  'x': 1\n  a b: 1\n  lightgbm", NULL, false},
		{"flavors:\n  lightgbm:", "lightgbm", false},
		{"{\"flavors\": {\"sklearn\": {}}}", NULL, false},
		{"", NULL, false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mlmodel_facts facts;
		mlmodel_read_facts(rows[i].text, strlen(rows[i].text), &facts);
		if (rows[i].framework == NULL)
			assert_null(facts.framework);
		else
			assert_string_equal(facts.framework, rows[i].framework);
		assert_int_equal(facts.has_signature, rows[i].has_signature);
		mlmodel_facts_release(&facts);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_flavor_names_the_framework_and_the_signature_is_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
