#include "unit.h"

#include "auth/aws_profile.h"

#include "base/text.h"

static struct aws_profile profile;

static int set_up(void **state)
{
	(void)state;
	profile = (struct aws_profile){0};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	aws_profile_release(&profile);
	return 0;
}

static void parse(const char *name, const char *text, bool is_config)
{
	if (profile.name == NULL)
		profile.name = text_copy(name);
	aws_profile_parse(&profile, text, strlen(text), is_config);
}

/* As configparser has it, which botocore reads them with. */
static void keys_are_read_as_botocore_reads_them(void **state)
{
	static const struct {
		const char *name, *text, *value;
		bool is_config;
	} rows[] = {
		{"plain", "[default]\nregion = eu\n", "eu", false},
		{"no spaces, no last line break", "[default]\nregion=eu", "eu", false},
		{"a colon", "[default]\nregion: eu\n", "eu", false},
		{"the first of both counts", "[default]\nregion=a:b=c\n", "a:b=c", false},
		{"upper case", "[default]\nRegion = Eu\n", "Eu", false},
		{"carriage returns", "[default]\r\nregion = eu\r\n", "eu", false},
		{"all lines indented", "[default]\n  a = 1\n  region = eu\n", "eu", false},
		{"an indented section", "  [default]\n  region = eu\n", "eu", false},
		{"a deeper line continues", "[default]\nregion = eu\n  region = us\n", "eu", false},
		{"a nested one is no key", "[default]\ns3 =\n  region = us\n", NULL, false},
		{"behind a nested one", "[default]\ns3 =\n  a = 1\nregion = eu\n", "eu", false},
		{"comments", "#[other]\n;x\n[default]\n # region = us\nregion = eu # it is\n",
			"eu # it is", false},
		{"another section", "[other]\nregion = us\n[default]\nregion = eu\n", "eu", false},
		{"only another section", "[other]\nregion = us\n", NULL, false},
		{"before any section", "region = us\n[default]\na = 1\n", NULL, false},
		{"a line without a value", "[default]\nregion\nregion = eu\n", "eu", false},
		{"words behind the section", "[default] # mine\nregion = eu\n", "eu", false},
		{"an unfinished section", "[default\nregion = eu\n", NULL, false},
		{"empty", "", NULL, false},
		{"the config's default", "[default]\nregion = eu\n", "eu", true},
		{"the same by its long name", "[profile default]\nregion = eu\n", "eu", true},
		{"no such long name", "[profiledefault]\nregion = eu\n", NULL, true},
		{"the credentials have no long names", "[profile default]\nregion = eu\n", NULL,
			false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		parse("default", rows[i].text, rows[i].is_config);
		const char *value = aws_profile_get(&profile, "region");
		assert_row((value == NULL) == (rows[i].value == NULL), rows[i].name);
		assert_row(value == NULL || strcmp(value, rows[i].value) == 0, rows[i].name);
		aws_profile_release(&profile);
	}
}

static void a_profile_of_the_config_is_called_by_its_long_name(void **state)
{
	static const struct {
		const char *name, *text;
		bool found;
	} rows[] = {
		{"long", "[profile fish]\na = 1\n", true},
		{"tabs", "[ profile\t fish ]\na = 1\n", true},
		{"quoted", "[profile \"fish\"]\na = 1\n", true},
		{"quoted otherwise", "[profile 'fish']\na = 1\n", true},
		{"half a quote", "[profile \"fish]\na = 1\n", false},
		{"short", "[fish]\na = 1\n", false},
		{"another", "[profile fishes]\na = 1\n", false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		parse("fish", rows[i].text, true);
		assert_row(profile.found == rows[i].found, rows[i].name);
		assert_row((profile.count == 1) == rows[i].found, rows[i].name);
		aws_profile_release(&profile);
	}
}

static void what_the_first_file_says_counts(void **state)
{
	(void)state;
	parse("default", "[default]\nregion = eu\n", false);
	parse("default", "[default]\nregion = us\noutput = json\n", true);
	assert_string_equal(aws_profile_get(&profile, "region"), "eu");
	assert_string_equal(aws_profile_get(&profile, "output"), "json");
	assert_string_equal(aws_profile_get_from(&profile, true, "region"), "us");
	assert_null(aws_profile_get_from(&profile, false, "output"));
}

static void the_variables_say_which_profile_and_which_files(void **state)
{
	static const struct {
		const char *former, *name, *value;
	} rows[] = {
		{NULL, NULL, "of default"},
		{NULL, "fish", "of fish"},
		{"bird", "fish", "of bird"},
	};
	char *folder = unit_folder();
	const char *credentials = unit_path(folder, "credentials");
	(void)state;
	unit_write(credentials, "[default]\nwho = of default\n[fish]\nwho = of fish\n");
	unit_write(unit_path(folder, "config"), "[profile bird]\nwho = of bird\n");
	setenv("AWS_SHARED_CREDENTIALS_FILE", credentials, 1);
	setenv("AWS_CONFIG_FILE", unit_path(folder, "config"), 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fail f;
		setenv("AWS_DEFAULT_PROFILE", rows[i].former != NULL ? rows[i].former : "", 1);
		setenv("AWS_PROFILE", rows[i].name != NULL ? rows[i].name : "", 1);
		assert_int_equal(aws_profile_read(&profile, &f), 0);
		assert_row(strcmp(aws_profile_get(&profile, "who"), rows[i].value) == 0,
			rows[i].value);
		aws_profile_release(&profile);
	}
	unit_folder_remove(folder);
}

static void a_named_profile_that_is_in_neither_file_is_said(void **state)
{
	struct fail f;
	char *folder = unit_folder();
	(void)state;
	setenv("AWS_SHARED_CREDENTIALS_FILE", unit_path(folder, "none"), 1);
	setenv("AWS_CONFIG_FILE", unit_path(folder, "none"), 1);
	setenv("AWS_DEFAULT_PROFILE", "", 1);
	setenv("AWS_PROFILE", "fish", 1);
	assert_failure(aws_profile_read(&profile, &f), f, STATUS_CONFIGURATION,
		"AWS profile fish is neither");
	setenv("AWS_PROFILE", "", 1);
	assert_int_equal(aws_profile_read(&profile, &f), 0);
	assert_false(profile.found);
	unit_folder_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			keys_are_read_as_botocore_reads_them, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_profile_of_the_config_is_called_by_its_long_name, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_the_first_file_says_counts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			the_variables_say_which_profile_and_which_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_named_profile_that_is_in_neither_file_is_said, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
