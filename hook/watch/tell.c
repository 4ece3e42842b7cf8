#include "watch/tell.h"

#include <stdlib.h>

#include "base/temp_dir.h"
#include "deploy/deploy.h"
#include "deploy/parse.h"
#include "packaging/json/json.h"
#include "sandbox/user_command.h"
#include "watch/process_signal.h"

enum { EXEC_MS = 5 * 60 * 1000 };

/* The values are arguments of sh, not part of its text: no name of a model can be a command. */
static int run_command(
	const struct tell *tell, const char *folder, struct user_command_end *end, struct fail *f)
{
	static const struct placeholder none[] = {{NULL, NULL}};
	char version[24];
	text_number(version, tell->model->version);
	char *argv[] = {(char *)"sh", (char *)"-c", tell->options->exec, (char *)"modelhook",
		(char *)tell->directory, version, (char *)tell->model->name};
	int64_t left = deadline_left(tell->deadline);
	struct user_command command = {
		.argv = argv,
		.count = sizeof(argv) / sizeof(argv[0]),
		.folder = (char *)".",
		.timeout_ms = left < EXEC_MS ? left : EXEC_MS,
	};
	return user_command_run(&command, "exec", none, folder, end, f);
}

static int tell_command(const struct tell *tell, struct text *did, struct fail *f)
{
	struct user_command_end end = {0};
	char *folder = NULL;
	if (temp_dir_open(&folder, f) != 0)
		return -1;
	int result = run_command(tell, folder, &end, f);
	temp_dir_release(folder);
	if (result == 0 && !end.passed)
		result = fail_set(f, STATUS_NOT_SERVED, "--exec: %s", end.detail);
	if (result == 0)
		text_add_string(did, "; command: exit status 0");
	free(end.detail);
	return result;
}

static int tell_process(const struct tell *tell, struct text *did, struct fail *f)
{
	if (process_signal_send(tell->options->signal, f) != 0)
		return -1;
	text_printf(did, "; signal sent: %s", tell->options->signal);
	return 0;
}

/* As an entry of "deploy" has it. */
static int parse_webhook(const struct watch_options *options, struct deploy_target **targets,
	size_t *count, struct fail *f)
{
	struct cJSON *list = json_new_array(), *entry = json_new_object();
	struct cJSON *webhook = json_set_object(entry, "webhook");
	json_set_string(webhook, "url", options->url);
	if (options->secret_file != NULL)
		json_set_string(webhook, "secret_file", options->secret_file);
	json_append(list, entry);
	struct json_at at = json_root(list);
	int result = deploy_parse(&at, ".", targets, count, f);
	json_release(list);
	return result;
}

static int tell_webhook(const struct tell *tell, struct text *did, struct fail *f)
{
	struct deploy_call call = {
		.model = tell->model, .http = tell->http, .deadline = tell->deadline};
	struct deploy_target *targets = NULL;
	size_t count = 0;
	if (parse_webhook(tell->options, &targets, &count, f) != 0)
		return -1;
	text_add_string(did, "; ");
	int result = deploy_reload(&targets[0], &call, did, f);
	deploy_targets_release(targets, count);
	return result;
}

int tell_check(const struct watch_options *options, struct fail *f)
{
	struct deploy_target *targets = NULL;
	size_t count = 0;
	if (options->signal != NULL && process_signal_check(options->signal, f) != 0)
		return -1;
	if (options->url == NULL && options->secret_file != NULL)
		return fail_set(f, STATUS_USAGE, "--secret-file signs calls of --url");
	if (options->url == NULL)
		return 0;
	if (parse_webhook(options, &targets, &count, f) != 0) {
		f->status = STATUS_USAGE;
		return fail_wrap(f, "--url");
	}
	deploy_targets_release(targets, count);
	return 0;
}

int tell_service(const struct tell *tell, struct text *did, struct fail *f)
{
	const struct watch_options *options = tell->options;
	if (options->exec != NULL && tell_command(tell, did, f) != 0)
		return -1;
	if (options->signal != NULL && tell_process(tell, did, f) != 0)
		return -1;
	return options->url != NULL ? tell_webhook(tell, did, f) : 0;
}
