/* The requirement that follows from the version in a SavedModel. */
#include "unit.h"

#include "packaging/savedmodel/tensorflow_version.h"

static const struct {
	const char *version, *requirement, *why; /* why: a part of it, NULL for none */
} versions[] = {
	{"2.21.0", "tensorflow==2.21.0", NULL},
	{"2.4.4", "tensorflow==2.4.4", NULL},
	{"2.9", "tensorflow==2.9.0", NULL},
	{"v2.21.0", "tensorflow==2.21.0", NULL},
	{"2.16.0rc0", "tensorflow==2.16.0rc0", NULL},
	{"2.15.0.post1", "tensorflow==2.15.0.post1", NULL},
	{"2.16.0-rc0", "tensorflow==2.16.0rc0", "otherwise"},
	{"2.16.0-RC.0", "tensorflow==2.16.0rc0", "otherwise"},
	{"2.0.0-alpha0", "tensorflow==2.0.0a0", "otherwise"},
	{"2.0.0-beta1", "tensorflow==2.0.0b1", "otherwise"},
	{"2.9.0-dev20220227", "tensorflow>=2.8,<3", "development"},
	{"2.9.0.dev20220227", "tensorflow>=2.8,<3", "development"},
	{"2.22.0-dev20261127", "tensorflow>=2.21,<3", "development"},
	{"2.0.0-dev", "tensorflow>=2.0,<3", "development"},
	{"2.9.1-1234-gabcdef0", "tensorflow>=2.8,<3", "development"},
	{"2.9.0-rc1-17-gabcdef0", "tensorflow>=2.8,<3", "development"},
	{"2.11.0+nv23.3", "tensorflow==2.11.0", "build of its own"},
	{"2.11.0-tf", "tensorflow==2.11.0", "build of its own"},
	{"2.11.0-rc", "tensorflow==2.11.0", "build of its own"},
	{"1.15.0-rc1", "tensorflow>=2,<3", "TensorFlow 1"},
	{"1.15.5", "tensorflow>=2,<3", "TensorFlow 1"},
	{"0.12.1", "tensorflow>=2,<3", "TensorFlow 1"},
	{"unknown", "tensorflow", "not a version"},
	{"", "tensorflow", "not a version"},
	{NULL, "tensorflow", "not a version"},
	{"2", "tensorflow", "not a version"},
	{"2.", "tensorflow", "not a version"},
	{"2.x.0", "tensorflow", "not a version"},
	{"2.99999.0", "tensorflow", "not a version"},
	{"-1.2.3", "tensorflow", "not a version"},
	{"2.21.0\n--index-url=x", "tensorflow", "not a version"},
	{"2.21.0 ; x", "tensorflow", "not a version"},
	{"2.21.0,<1", "tensorflow", "not a version"},
	{"2.21.0\xff", "tensorflow", "not a version"},
};

static void a_version_gives_a_requirement_that_can_be_installed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(versions); i++) {
		const char *row = versions[i].version != NULL ? versions[i].version : "NULL", *why;
		char *requirement = tensorflow_requirement(versions[i].version, &why);
		assert_row(strcmp(requirement, versions[i].requirement) == 0, row);
		assert_row((why == NULL) == (versions[i].why == NULL), row);
		if (why != NULL)
			assert_contains(why, versions[i].why);
		free(requirement);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_version_gives_a_requirement_that_can_be_installed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
