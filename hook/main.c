/* modelhook - the end of a training job: from a handed-off SavedModel to the one Production
 * version.
 *
 * main knows the commands, prints the error and the result line, and is the only place that exits.
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/console.h"
#include "base/env.h"
#include "base/fail.h"
#include "base/panic.h"
#include "base/secret.h"
#include "base/signals.h"
#include "base/stop.h"
#include "base/stream.h"
#include "base/text.h"
#include "command/command.h"
#include "command/help.h"
#include "store/options.h"
#include "stores/location.h"

static int run_help(struct invocation *call, struct fail *f);

/* What every command by hand takes. */
#define BY_HAND (TAKES_SERVER | TAKES_MEANS | TAKES_JSON | TAKES_PLAN)

static const struct command commands[] = {
	{"run", "HANDOFF", 1, 1,
		TAKES_SERVER | TAKES_FLOW | TAKES_PLAN | TAKES_JSON | TAKES_MODEL | TAKES_TRAINED,
		REPORT_ALWAYS, command_run, "pack, upload, register, decide, promote, verify"},
	{"replay", "[PACKAGE]", 0, 1,
		TAKES_SERVER | TAKES_FLOW | TAKES_PLAN | TAKES_JSON | TAKES_ALL, REPORT_PACKAGE,
		command_replay,
		"finish from a package alone, or from --spool; anywhere, any number of times"},
	{"outcome", "[RESULT]", 0, 1, TAKES_SERVER | TAKES_RUN, REPORT_FAILURE, command_outcome,
		"the result that --result kept, or --run's tag; exits as that hook did"},
	{"pack", "HANDOFF [-o FILE]", 1, 1, TAKES_OUTPUT | TAKES_MODEL | TAKES_TRAINED,
		REPORT_FAILURE, command_pack, "write the package and stop"},
	{"inspect", "SAVED_MODEL|PACKAGE", 1, 1, TAKES_MODEL | TAKES_JSON, REPORT_FAILURE,
		command_inspect, "what is in it, and whether it is whole"},
	{"gate", "HANDOFF", 1, 1,
		TAKES_SERVER | TAKES_GATE | TAKES_MODEL | TAKES_TRAINED | TAKES_WHAT_IF,
		REPORT_ALWAYS, command_gate,
		"decide again, and note it on the version; nothing is promoted"},
	{"status", "[MODEL...]", 0, 1000,
		TAKES_SERVER | TAKES_MEANS | TAKES_CHECKS | TAKES_JSON | TAKES_SERVED,
		REPORT_FAILURE, command_status,
		"who is Production, since when, by whom, and what is wrong"},
	{"versions", "MODEL", 1, 1, TAKES_SERVER | TAKES_MEANS | TAKES_JSON | TAKES_LIST,
		REPORT_FAILURE, command_versions,
		"its versions, newest first, and why each is not Production"},
	{"history", "MODEL", 1, 1, TAKES_SERVER | TAKES_JSON, REPORT_FAILURE, command_history,
		"who was Production from when on, by whom and why"},
	{"served", "MODEL", 1, 1, BY_HAND | TAKES_REPAIR, REPORT_JSON, command_served,
		"prove that the service serves the Production version"},
	{"promote", "MODEL VERSION", 2, 2, BY_HAND | TAKES_STAGE | TAKES_REASON, REPORT_JSON,
		command_promote,
		"make it Production; it outranks every training until a newer one"},
	{"rollback", "MODEL", 1, 1, BY_HAND | TAKES_TO | TAKES_REASON, REPORT_JSON,
		command_rollback, "back to what was good before; the version left is withdrawn"},
	{"repair", "[MODEL]", 0, 1, BY_HAND | TAKES_YES, REPORT_JSON, command_repair,
		"fix conflicting or missing Production versions, stale aliases, duplicates"},
	{"archive", "MODEL VERSION", 2, 2, BY_HAND | TAKES_REASON, REPORT_JSON, command_archive,
		"to stage Archived; never the Production version"},
	{"tag", "MODEL VERSION KEY=VALUE...", 3, 1000, BY_HAND, REPORT_JSON, command_tag,
		"set tags of a version; KEY= removes one"},
	{"describe", "MODEL VERSION TEXT", 3, 3, BY_HAND, REPORT_JSON, command_describe,
		"set the description of a version"},
	{"delete", "MODEL VERSION", 2, 2, BY_HAND | TAKES_YES, REPORT_JSON, command_delete,
		"for ever; asks for the model's name; never the Production version"},
	{"check", "[HANDOFF]", 0, 1,
		TAKES_SERVER | TAKES_FLOW | TAKES_JSON | TAKES_MODEL | TAKES_NAME | TAKES_RUN,
		REPORT_FAILURE, command_check,
		"before a training: will settings, server, run and store do; writes nothing"},
	{"watch", "MODEL --into DIRECTORY", 1, 1,
		TAKES_SERVER | TAKES_MEANS | TAKES_JSON | TAKES_WATCH, REPORT_FAILURE,
		command_watch,
		"beside a service: publish each new Production version, and tell the service"},
	{"doctor", "", 0, 0, TAKES_SERVER | TAKES_JSON | TAKES_PLAN | TAKES_SPOOL, REPORT_FAILURE,
		command_doctor, "can the server be reached, and does it do what is needed"},
	{"help", "[COMMAND|statuses|deploy]", 0, 1, TAKES_JSON, REPORT_FAILURE, run_help,
		"this text, or that of a command"},
	{NULL},
};

static int run_help(struct invocation *call, struct fail *f)
{
	return help_print(commands, call->argc > 0 ? call->argv[0] : NULL, call->settings.json, f);
}

enum {
	FAREWELL_MS = 2000, /* for the last words, where the end cannot wait */
	RESULT_MS = 30000,
};

static struct invocation call;
static const struct command *command;

/* "modelhook run --help" */
static bool asks_for_help(int argc, char **argv)
{
	for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

static int check_arguments(const struct command *row, int argc, struct fail *f)
{
	if (argc >= row->least && argc <= row->most)
		return 0;
	fail_set(f, STATUS_USAGE, "%s takes: %s", row->name, row->arguments);
	return fail_hint(f, "modelhook help %s", row->name);
}

static int invoke(int argc, char **argv, struct fail *f)
{
	if (argc < 2) {
		fail_set(f, STATUS_USAGE, "no command");
		return fail_hint(f, "modelhook help");
	}
	const struct command *named = help_find_command(commands, argv[1], f);
	if (named == NULL)
		return -1;
	if (asks_for_help(argc, argv))
		return help_print(commands, named->name, false, f);
	command = named;
	call.argc = argc - 2;
	call.argv = argv + 2;
	if (settings_read_flags(&call.settings, command->takes, &call.argc, call.argv, f) != 0)
		return -1;
	if (check_arguments(command, call.argc, f) != 0)
		return -1;
	if (command->function(&call, f) != 0)
		return -1;
	return console_was_cut() ? stop_or_late(f) : 0;
}

static bool is_stopped(const struct fail *f)
{
	return f != NULL && status_is_stop(f->status);
}

/* However the command ended: its deadline may be over, and after a signal there is still a moment
 * (Airflow gives five seconds). */
static void write_result(const char *line, const struct fail *f)
{
	struct fail ignored;
	struct store_reach reach = invocation_reach(&call);
	reach.deadline = deadline_in(is_stopped(f) ? FAREWELL_MS : RESULT_MS);
	char *with_end = text_format("%s\n", line);
	stop_farewell(reach.deadline);
	if (location_write(&reach, call.settings.result_path, with_end, &ignored) != 0)
		console_warn("%s: %s",
			location_is_url(call.settings.result_path) ? "result" : "result file",
			ignored.text);
	free(with_end);
}

static bool is_reported(const struct fail *f)
{
	if (command == NULL)
		return false;
	if (command->report == REPORT_ALWAYS || command->report == REPORT_PACKAGE)
		return true;
	return call.settings.json && (command->report != REPORT_FAILURE || f != NULL);
}

/* Why the place of the result is not touched: it tells what came of a training. NULL: it is. */
static const char *why_no_result(void)
{
	if (call.settings.mlflow.plan)
		return "a plan";
	if (command->report == REPORT_FAILURE)
		return "nothing was promoted";
	return command->report == REPORT_PACKAGE && !call.had_package ? "no package was replayed"
								      : NULL;
}

/* How long a reader of the result is waited for: not beyond the deadline, but for a last moment. */
static int64_t time_left(const struct fail *f)
{
	int64_t left = deadline_left(call.deadline);
	if (is_stopped(f) || left < FAREWELL_MS)
		return FAREWELL_MS;
	return left < RESULT_MS ? left : RESULT_MS;
}

/* The last line for people, where a scheduler's log is read. */
static void tell_summary(const struct fail *f)
{
	char *summary = command->report == REPORT_ALWAYS || command->report == REPORT_PACKAGE
				? result_summary(&call.result, f)
				: NULL;
	if (summary != NULL)
		console_say("%s", summary);
	free(summary);
}

/* The result where a scheduler looks for it: --result, and the last line of stdout. */
static void tell_result(const struct fail *f)
{
	if (!is_reported(f))
		return;
	char *line = result_line(&call.result, f);
	if (call.settings.result_path != NULL) {
		const char *why = why_no_result();
		if (why != NULL)
			console_say("%s: --result is left as it was", why);
		else
			write_result(line, f);
	}
	stop_farewell(deadline_in(time_left(f)));
	tell_summary(f);
	console_result(line);
	free(line);
}

static void tell_failure(const struct fail *f)
{
	console_error("%s", f->text);
	if (f->hint[0] != '\0')
		console_error("hint: %s", f->hint);
}

static void tell_panic(enum status status, const char *text)
{
	struct fail f;
	fail_set(&f, status, "%s", text);
	tell_failure(&f);
	tell_result(&f);
}

/* Other processes of this user are not to read the secrets out of memory, nor out of a core file.
 * Looking for leaks takes what this forbids. */
static void guard_memory(void)
{
	static const struct rlimit no_core = {0, 0};
	setrlimit(RLIMIT_CORE, &no_core);
#ifndef __SANITIZE_ADDRESS__
	prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L);
#endif
}

int main(int argc, char **argv)
{
	struct fail f;
	/* names in archives are UTF-8, whatever the caller's locale says; numbers stay those of "C"
	 */
	setlocale(LC_CTYPE, "C.UTF-8");
	stream_open();
	guard_memory();
	env_register_secrets();
	signals_install();
	panic_set_handler(tell_panic);
	if (argc == 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0 ||
				 strcmp(argv[1], "version") == 0))
		return help_version();
	if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		argv[1] = (char *)"help";
	int result = invoke(argc, argv, &f);
	stop_farewell(deadline_in(FAREWELL_MS));
	if (result != 0)
		tell_failure(&f);
	tell_result(result == 0 ? NULL : &f);
	enum status status = result == 0 ? call.result.status : f.status;
	result_release(&call.result);
	settings_release(&call.settings);
	secret_wipe();
	return (int)status;
}
