#include "settings/settings.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/console.h"
#include "base/env.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/owned_file.h"
#include "base/suggest.h"
#include "base/text.h"
#include "base/wrap.h"
#include "deploy/parse.h"
#include "gate/gate.h"
#include "gate/parse.h"
#include "gate/rule.h"
#include "packaging/json/json.h"
#include "served/parse.h"
#include "settings/value.h"

struct option {
	const char *flag;     /* "--deadline", or NULL */
	const char *variable; /* environment, or NULL */
	const char *key;      /* in modelhook.json, or NULL */
	enum kind kind;
	size_t offset;
	unsigned takes;
	const char *value; /* what stands for the value in the help; NULL where none is taken */
	const char *help;
};

#define AT(field) offsetof(struct settings, field)

/* The one list of what can be set. A row without help is not shown: MLflow documents its own
 * variables. */
static const struct option options[] = {
	{"--tracking-uri", "MLFLOW_TRACKING_URI", "tracking_uri", KIND_STRING,
		AT(mlflow.tracking_uri), TAKES_SERVER, "URL", "MLflow tracking server"},
	{"--registry-uri", "MLFLOW_REGISTRY_URI", "registry_uri", KIND_STRING,
		AT(mlflow.registry_uri), TAKES_SERVER, "URL",
		"model registry, where it is another server"},
	{"--header-file", "MODELHOOK_HEADER_FILE", "header_file", KIND_PATH, AT(mlflow.header_file),
		TAKES_SERVER, "FILE",
		"headers for the tracking server alone, e.g. of an identity proxy: lines \"Name: "
		"value\", read again for each request"},
	{"--service-account", "MODELHOOK_SERVICE_ACCOUNT", "service_account", KIND_PATH,
		AT(mlflow.service_account), TAKES_SERVER, "FOLDER",
		"token and namespace for MLFLOW_TRACKING_AUTH=kubernetes (default: where a pod has "
		"them)"},
	{NULL, "MLFLOW_WORKSPACE", "workspace", KIND_STRING, AT(mlflow.workspace), TAKES_SERVER,
		NULL, NULL},
	{NULL, "MLFLOW_TRACKING_SERVER_CERT_PATH", "ca_bundle", KIND_PATH, AT(http.ca_bundle),
		TAKES_SERVER, NULL, NULL},
	{NULL, "MLFLOW_TRACKING_CLIENT_CERT_PATH", "client_cert", KIND_PATH, AT(http.client_cert),
		TAKES_SERVER, NULL, NULL},
	{NULL, "MLFLOW_TRACKING_INSECURE_TLS", NULL, KIND_FLAG, AT(http.insecure_tls), TAKES_SERVER,
		NULL, NULL},
	{NULL, "MLFLOW_HTTP_REQUEST_TIMEOUT", "request_timeout", KIND_SECONDS, AT(http.timeout_ms),
		TAKES_SERVER, NULL, NULL},
	{NULL, "MLFLOW_HTTP_REQUEST_MAX_RETRIES", "max_retries", KIND_COUNT, AT(http.max_retries),
		TAKES_SERVER, NULL, NULL},
	{NULL, "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "backoff_factor", KIND_REAL,
		AT(http.backoff_factor), TAKES_SERVER, NULL, NULL},
	{NULL, "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "backoff_jitter", KIND_REAL,
		AT(http.backoff_jitter), TAKES_SERVER, NULL, NULL},
	{NULL, "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER", NULL, KIND_FLAG,
		AT(http.respect_retry_after), TAKES_SERVER, NULL, NULL},
	{NULL, "MLFLOW_ALLOW_HTTP_REDIRECTS", NULL, KIND_FLAG, AT(http.follow_redirects),
		TAKES_SERVER, NULL, NULL},
	{"--presigned", "MODELHOOK_PRESIGNED", "presigned", KIND_FLAG, AT(store.presigned),
		TAKES_SERVER, NULL,
		"send and read artifacts in S3 by addresses that the MLflow server signs, even "
		"where S3 credentials are at hand"},
	{"--promote-by", "MODELHOOK_PROMOTE_BY", "promote_by", KIND_PROMOTE_BY,
		AT(registry.promote_by), TAKES_FLOW | TAKES_MEANS, "HOW",
		"server (what it has, default), stage, alias or both"},
	{"--new-model", "MODELHOOK_NEW_MODEL", "new_model", KIND_NEW_MODEL, AT(new_model),
		TAKES_FLOW, "WHAT",
		"what becomes of a training whose registered model is not there: allow registers "
		"it (default), refuse ends with 69"},
	{"--policy", "MODELHOOK_POLICY", "policy", KIND_POLICY, AT(policy), TAKES_FLOW, "WHERE",
		"where a training that passes ends: production (default), staging, none"},
	{"--override", "MODELHOOK_OVERRIDE", NULL, KIND_STRING, AT(override_reason),
		TAKES_FLOW | TAKES_GATE, "REASON",
		"pass gates that reject it; the reason stays on the version"},
	{"--spool", "MODELHOOK_SPOOL", "spool", KIND_PLACE, AT(spool), TAKES_FLOW | TAKES_SPOOL,
		"PLACE",
		"where an unfinished package is kept: a folder (default: .modelhook beside the "
		"handoff) or a URL such as s3://BUCKET/FOLDER"},
	{"--all", NULL, NULL, KIND_FLAG, AT(all), TAKES_ALL, NULL,
		"everything that waits in the spool, the oldest training first"},
	{"--parallel", "MODELHOOK_PARALLEL", "parallel", KIND_PARALLEL, AT(store.parallel),
		TAKES_FLOW, "N", "requests at once, at most: 1 to 64 (default 64)"},
	{"--verify", "MODELHOOK_VERIFY", "verify", KIND_VERIFY, AT(store.verify), TAKES_FLOW, "HOW",
		"files of which the store gives no checksum: full reads every byte back (default), "
		"size trusts the sizes that the store lists"},
	{"--limit-rate", "MODELHOOK_LIMIT_RATE", "limit_rate", KIND_RATE, AT(store.limit_rate),
		TAKES_FLOW, "BYTES", "send no more than that a second, e.g. 10M"},
	{"--result", "MODELHOOK_RESULT", NULL, KIND_PLACE, AT(result_path), TAKES_FLOW, "PLACE",
		"write the result line there too: a file, or a URL such as s3://BUCKET/FILE; a "
		"replay that has no package leaves what is there"},
	{"--webhdfs-url", "MODELHOOK_WEBHDFS_URL", "webhdfs_url", KIND_STRING,
		AT(store.webhdfs_url), TAKES_SERVER, "URL",
		"where an HDFS answers to HTTP, where HADOOP_CONF_DIR does not tell"},
	{"--file-roots", "MODELHOOK_FILE_ROOTS", "file_roots", KIND_STRING, AT(store.file_roots),
		TAKES_SERVER, "DIRS",
		"directories, separated by colons, below which the MLflow server may name "
		"artifacts "
		"on this machine (default: run directories, if the server is on this machine)"},
	{"--run", NULL, NULL, KIND_STRING, AT(run_id), TAKES_RUN, "RUN_ID",
		"this MLflow run: what its tag says, and with RESULT, whose result that must be; "
		"of check, the run that trains"},
	{"--model", NULL, NULL, KIND_STRING, AT(model), TAKES_NAME, "NAME",
		"the registered model, before there is a handoff: HANDOFF is where it will be"},
	{"--allow-nonfinite", NULL, "allow_nonfinite", KIND_FLAG, AT(allow_nonfinite), TAKES_MODEL,
		NULL, "accept NaN and Inf in weights"},
	{"--trained-at", "MODELHOOK_TRAINED_AT", NULL, KIND_TIME, AT(trained_at), TAKES_TRAINED,
		"TIME",
		"replaces trained_at of the handoff (RFC 3339), e.g. by the data's date in a "
		"backfill"},
	{"--output", NULL, NULL, KIND_PATH, AT(output_path), TAKES_OUTPUT, "FILE",
		"where the package goes (-o)"},
	{"--stage", NULL, NULL, KIND_STAGE, AT(stage), TAKES_STAGE, "STAGE",
		"Production (default), Staging, Archived or None"},
	{"--to", NULL, NULL, KIND_STRING, AT(to), TAKES_TO, "VERSION",
		"roll back to this one (default: what was good before)"},
	{"--reason", NULL, NULL, KIND_STRING, AT(reason), TAKES_REASON, "TEXT",
		"why; it stays in the history"},
	{"--max-age", NULL, NULL, KIND_DURATION, AT(registry.max_age_ms), TAKES_CHECKS, "TIME",
		"a Production version trained longer ago is an anomaly, e.g. 36h, 7d"},
	{"--limit", NULL, NULL, KIND_COUNT, AT(limit), TAKES_LIST, "N",
		"how many are shown, the newest first; 0 for all (default 20)"},
	{"--files", NULL, NULL, KIND_FLAG, AT(registry.files), TAKES_CHECKS, NULL,
		"read the files of every Production version, and compare them"},
	{"--repair", NULL, NULL, KIND_FLAG, AT(repair), TAKES_REPAIR, NULL,
		"reload the service where it does not serve the Production version, and finish a "
		"rollback that was interrupted"},
	{"--served", NULL, NULL, KIND_FLAG, AT(ask_service), TAKES_SERVED, NULL,
		"ask the service which version it serves"},
	{"--into", "MODELHOOK_INTO", NULL, KIND_PATH, AT(watch.into), TAKES_WATCH, "DIRECTORY",
		"where versions are published, each in a directory with a growing number"},
	{"--exec", NULL, NULL, KIND_STRING, AT(watch.exec), TAKES_WATCH, "COMMAND",
		"run by sh after each publication; $1 is the published directory, $2 the version, "
		"$3 the model"},
	{"--signal", NULL, NULL, KIND_STRING, AT(watch.signal), TAKES_WATCH, "[NAME:]PIDFILE",
		"send a signal (default: HUP) to the process whose number is in PIDFILE"},
	{"--url", NULL, NULL, KIND_STRING, AT(watch.url), TAKES_WATCH, "URL",
		"call a webhook, as \"deploy\" does"},
	{"--secret-file", NULL, NULL, KIND_PATH, AT(watch.secret_file), TAKES_WATCH, "FILE",
		"the secret that signs calls of --url"},
	{"--keep", NULL, NULL, KIND_COUNT, AT(watch.keep), TAKES_WATCH, "N",
		"how many published versions stay, 2 to 1000 (default 3)"},
	{"--every", NULL, NULL, KIND_DURATION, AT(watch.every_ms), TAKES_WATCH, "TIME",
		"how often the registry is asked, give or take a fifth (default 5s)"},
	{"--saved-model", NULL, NULL, KIND_FLAG, AT(watch.saved_model), TAKES_WATCH, NULL,
		"publish the SavedModel alone, as TensorFlow Serving reads it (default: all files, "
		"as MLflow loads them)"},
	{"--unverified", NULL, NULL, KIND_FLAG, AT(watch.unverified), TAKES_WATCH, NULL,
		"publish versions too whose files have no registered digest, since another program "
		"registered them"},
	{"--once", NULL, NULL, KIND_FLAG, AT(watch.once), TAKES_WATCH, NULL,
		"publish what is Production now, and end"},
	{"--yes", NULL, NULL, KIND_FLAG, AT(yes), TAKES_YES, NULL, "do not ask"},
	{"--what-if", NULL, NULL, KIND_FLAG, AT(what_if), TAKES_WHAT_IF, NULL,
		"decide and write nothing; the package need not be registered"},
	{"--plan", NULL, NULL, KIND_FLAG, AT(mlflow.plan), TAKES_PLAN, NULL,
		"read, decide, tell what would change, and write nothing"},
	{"--exit-code", NULL, NULL, KIND_FLAG, AT(plan_exit_code), TAKES_PLAN, NULL,
		"with --plan: exit status 2 where something would change"},
	{"--verbose", NULL, NULL, KIND_FLAG, AT(verbose), TAKES_PLAN, NULL,
		"with --plan: print every call that would be sent"},
	{"--json", NULL, NULL, KIND_FLAG, AT(json), TAKES_JSON, NULL,
		"one JSON object instead of tables"},
	{"--deadline", "MODELHOOK_DEADLINE", "deadline", KIND_DURATION, AT(deadline_ms),
		TAKES_ALWAYS, "TIME",
		"end after that time at the latest, e.g. 90s, 10m (default 30m)"},
	{"--config", "MODELHOOK_CONFIG", NULL, KIND_PATH, AT(config_path), TAKES_ALWAYS, "FILE",
		"settings (default: modelhook.json beside the handoff)"},
	{"--end-with-parent", "MODELHOOK_END_WITH_PARENT", NULL, KIND_FLAG, AT(end_with_parent),
		TAKES_ALWAYS, NULL, "stop, as on SIGTERM, when the process that started it ends"},
	{"--quiet", "MODELHOOK_QUIET", NULL, KIND_FLAG, AT(quiet), TAKES_ALWAYS, NULL,
		"no messages and no progress, only warnings and errors"},
};

enum { OPTION_COUNT = sizeof(options) / sizeof(options[0]) };
_Static_assert(OPTION_COUNT <= 64, "settings.given has a bit for each option");

static void *field(struct settings *settings, const struct option *option)
{
	return (char *)settings + option->offset;
}

static bool option_set(struct settings *settings, const struct option *option, const char *value)
{
	return settings_value_set(option->kind, field(settings, option), value);
}

static void settings_default(struct settings *settings)
{
	*settings = (struct settings){
		.deadline_ms = 30 * 60 * 1000,
		.http.timeout_ms = 120 * 1000,
		.store.parallel = STORE_PARALLEL_MAX,
		.watch.keep = 3,
		.limit = 20,
		.watch.every_ms = 5000,
		.http.max_retries = 7,
		.http.backoff_factor = 2,
		.http.backoff_jitter = 1,
		.http.respect_retry_after = true,
		.http.follow_redirects = true,
	};
}

/* The row of a flag "--name" or "--name=value", or NULL; *value is what follows "=", or NULL. */
static const struct option *find_flag(const char *argument, const char **value)
{
	size_t size = strcspn(argument, "=");
	*value = argument[size] == '=' ? argument + size + 1 : NULL;
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const char *flag = options[i].flag;
		if (flag != NULL && strlen(flag) == size && strncmp(flag, argument, size) == 0)
			return &options[i];
	}
	return NULL;
}

static int flag_fail(const char *argument, const char *what, struct fail *f)
{
	char escaped[128];
	fail_set(f, STATUS_USAGE, "%s: %s",
		escape_into(escaped, sizeof(escaped), argument, strcspn(argument, "=")), what);
	return fail_hint(f, "modelhook help tells what each command takes");
}

static int no_such_option(const char *argument, unsigned takes, struct fail *f)
{
	char *name = text_format("%.*s", (int)strcspn(argument, "="), argument);
	struct suggestion suggestion = suggest_for(name);
	flag_fail(argument, "no such option", f);
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (options[i].flag != NULL && (options[i].takes & (takes | TAKES_ALWAYS)) != 0)
			suggest_offer(&suggestion, options[i].flag);
	suggest_hint(&suggestion, f);
	free(name);
	return -1;
}

/* What would be a value, and the one that was given unless it may hold a password. */
static int value_fail(const struct option *option, const char *value, struct fail *f)
{
	char shown[80] = "that";
	if (settings_value_is_public(option->kind))
		escape_into(shown, sizeof(shown), value, strlen(value));
	fail_set(f, STATUS_USAGE, "%s: %s is not %s", option->flag, shown,
		settings_value_takes(option->kind));
	fail_hint(f, "modelhook help tells what each command takes");
	const char *const *words = settings_value_words(option->kind);
	struct suggestion suggestion = suggest_for(value);
	for (size_t i = 0; words != NULL && words[i] != NULL; i++)
		suggest_offer(&suggestion, words[i]);
	suggest_hint(&suggestion, f);
	return -1;
}

static int read_flag(
	struct settings *settings, unsigned takes, char **argv, int *at, struct fail *f)
{
	const char *value;
	const char *argument = strcmp(argv[*at], "-o") == 0 ? "--output" : argv[*at];
	const struct option *option = find_flag(argument, &value);
	if (option == NULL)
		return no_such_option(argument, takes, f);
	if ((option->takes & (takes | TAKES_ALWAYS)) == 0)
		return flag_fail(argument, "not an option of this command", f);
	if (option->value == NULL && value != NULL)
		return flag_fail(argument, "takes no value", f);
	if (option->value == NULL)
		value = "true";
	else if (value == NULL && argv[*at + 1] != NULL)
		value = argv[++*at];
	if (value == NULL || value[0] == '\0')
		return flag_fail(argument, "needs a value", f);
	if (!option_set(settings, option, value))
		return value_fail(option, value, f);
	settings->given |= UINT64_C(1) << (option - options);
	return 0;
}

/* A flag that would do nothing is a mistake. */
static int check_plan_flags(const struct settings *settings, struct fail *f)
{
	if (settings->mlflow.plan || !(settings->verbose || settings->plan_exit_code))
		return 0;
	return fail_set(f, STATUS_USAGE, "%s: only with --plan",
		settings->verbose ? "--verbose" : "--exit-code");
}

int settings_read_flags(
	struct settings *settings, unsigned takes, int *argc, char **argv, struct fail *f)
{
	int left = 0;
	settings_default(settings);
	for (int i = 0; i < *argc; i++) {
		if (strcmp(argv[i], "--") == 0) {
			for (i++; i < *argc; i++)
				argv[left++] = argv[i];
			break;
		}
		if (argv[i][0] != '-' || argv[i][1] == '\0')
			argv[left++] = argv[i];
		else if (read_flag(settings, takes, argv, &i, f) != 0)
			return -1;
	}
	argv[left] = NULL;
	*argc = left;
	console_set_quiet(settings->quiet);
	return check_plan_flags(settings, f);
}

static int read_environment(struct settings *settings, struct fail *f)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option *option = &options[i];
		const char *value = option->variable != NULL ? env_named(option->variable) : NULL;
		if (value == NULL || (settings->given >> i & 1) != 0)
			continue;
		if (!option_set(settings, option, value))
			return fail_set(f, STATUS_CONFIGURATION, "environment: %s is not %s",
				option->variable, settings_value_takes(option->kind));
		settings->given |= UINT64_C(1) << i;
	}
	return 0;
}

/* A value of the file as the string that a flag or a variable would have. */
static int value_text(
	const struct json_at *at, const struct option *option, char **text, struct fail *f)
{
	double number;
	bool flag;
	switch (option->kind) {
	case KIND_FLAG:
		if (json_bool(at, &flag, f) != 0)
			return -1;
		*text = text_copy(flag ? "true" : "false");
		return 0;
	case KIND_SECONDS:
	case KIND_REAL:
	case KIND_COUNT:
	case KIND_PARALLEL:
		if (json_number(at, &number, f) != 0)
			return -1;
		*text = text_format("%.17g", number);
		return 0;
	default:
		return json_string(at, text, f);
	}
}

/* As option_set, for a value of the file: a path is relative to the file's folder. */
static bool set_from_file(struct settings *settings, const struct option *option, const char *text,
	const char *folder)
{
	bool is_local = option->kind == KIND_PATH ||
			(option->kind == KIND_PLACE && strstr(text, "://") == NULL);
	if (!is_local)
		return text[0] != '\0' && option_set(settings, option, text);
	char *path = file_join(folder, text);
	bool known = text[0] != '\0' && option_set(settings, option, path);
	free(path);
	return known;
}

static int read_key(struct settings *settings, const struct json_at *root, size_t index,
	const char *folder, struct fail *f)
{
	const struct option *option = &options[index];
	if (option->key == NULL || (settings->given >> index & 1) != 0)
		return 0;
	struct json_at at = json_get(root, option->key);
	char *text = NULL;
	if (!json_is_there(&at))
		return 0;
	if (value_text(&at, option, &text, f) != 0)
		return -1;
	bool known = set_from_file(settings, option, text, folder);
	free(text);
	settings->given |= UINT64_C(1) << index;
	return known ? 0 : json_fail(&at, f, "not %s", settings_value_takes(option->kind));
}

/* The rules are kept as they were given too: a package carries them. */
static int read_gates(
	struct settings *settings, const struct json_at *root, const char *folder, struct fail *f)
{
	struct text text = {0};
	struct json_at gates = json_get(root, "gates");
	if (!json_is_there(&gates) || settings->gates_text != NULL)
		return 0;
	if (gate_parse(&gates, folder, &settings->gates, &settings->gate_count, f) != 0)
		return -1;
	json_print(gates.value, &text);
	settings->gates_text = text_take(&text);
	return 0;
}

static int read_deploy(
	struct settings *settings, const struct json_at *root, const char *folder, struct fail *f)
{
	struct json_at deploy = json_get(root, "deploy");
	if (!json_is_there(&deploy))
		return 0;
	return deploy_parse(&deploy, folder, &settings->deploy, &settings->deploy_count, f);
}

static int read_served(
	struct settings *settings, const struct json_at *root, const char *folder, struct fail *f)
{
	struct json_at served = json_get(root, "served");
	return json_is_there(&served) ? served_parse(&served, folder, &settings->served, f) : 0;
}

static int read_tree(
	struct settings *settings, const struct json_at *root, const char *folder, struct fail *f)
{
	const char *keys[OPTION_COUNT + 3] = {"gates", "deploy", "served"};
	size_t count = 3;
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (options[i].key != NULL)
			keys[count++] = options[i].key;
	if (json_known_keys(root, keys, count, f) != 0)
		return -1;
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (read_key(settings, root, i, folder, f) != 0)
			return -1;
	if (read_gates(settings, root, folder, f) != 0)
		return -1;
	if (read_deploy(settings, root, folder, f) != 0)
		return -1;
	return read_served(settings, root, folder, f);
}

static int read_config(struct settings *settings, const char *path, struct fail *f)
{
	struct text text = {0};
	struct cJSON *tree = NULL;
	int result = owned_file_read(path, 1 << 20, &text, f);
	if (result == 0)
		result = json_parse(text.data != NULL ? text.data : "", text.size, &tree, f);
	if (result == 0) {
		struct json_at root = json_root(tree);
		char *folder = file_folder(path);
		result = read_tree(settings, &root, folder, f);
		free(folder);
	}
	json_release(tree);
	text_release(&text);
	if (result == 0)
		return 0;
	if (!status_is_retryable(f->status)) /* a stop is one */
		f->status = STATUS_CONFIGURATION;
	return fail_wrap(f, "settings %s", path);
}

static int read_file_beside(struct settings *settings, const char *folder, struct fail *f)
{
	char *path = file_join(folder, "modelhook.json");
	bool found = file_is_named(path);
	int result = found ? read_config(settings, path, f) : 0;
	if (found && result == 0)
		settings->file_beside = text_copy(path);
	free(path);
	return result;
}

int settings_read_rest(struct settings *settings, const char *folder, struct fail *f)
{
	int result = read_environment(settings, f);
	if (result == 0 && settings->config_path != NULL)
		result = read_config(settings, settings->config_path, f);
	else if (result == 0 && folder != NULL)
		result = read_file_beside(settings, folder, f);
	console_set_quiet(settings->quiet);
	return result;
}

char *settings_decisive(const struct settings *settings)
{
	struct text text = {0};
	text_printf(&text, "{\"gates\":%s,\"policy\":\"%s\",\"promote_by\":\"%s\"",
		settings->gates_text != NULL ? settings->gates_text : "[]",
		settings_policy_words[settings->policy],
		settings_promote_by_words[settings->registry.promote_by]);
	if (settings->new_model != NEW_MODEL_ALLOW) /* else as packages were before it */
		text_printf(&text, ",\"new_model\":\"%s\"",
			settings_new_model_words[settings->new_model]);
	text_add_string(&text, "}");
	return text_take(&text);
}

/* A package may come from anybody's disk: what it says is compared, but never run. */
static int refuse_commands(const struct settings *settings, struct fail *f)
{
	for (size_t i = 0; i < settings->gate_count; i++) {
		if (!settings->gates[i].rule->runs_command)
			continue;
		fail_set(f, STATUS_CONFIGURATION,
			"gate %s runs a command, and a package's commands are not run",
			settings->gates[i].name);
		return fail_hint(f, "pass the gates that you trust with --config");
	}
	return 0;
}

int settings_adopt(struct settings *settings, const char *decisive, struct fail *f)
{
	struct cJSON *tree = NULL;
	bool own_gates = settings->gates_text != NULL;
	int result = json_parse(decisive, strlen(decisive), &tree, f);
	if (result == 0) {
		static const char *const keys[] = {"gates", "policy", "promote_by", "new_model"};
		struct json_at root = json_root(tree);
		result = json_known_keys(&root, keys, sizeof(keys) / sizeof(keys[0]), f);
		if (result == 0)
			result = read_tree(settings, &root, ".", f);
	}
	json_release(tree);
	return result == 0 && !own_gates ? refuse_commands(settings, f) : result;
}

void settings_disown(struct settings *settings, const struct settings *before)
{
	if (settings->gates_text != before->gates_text) {
		gates_release(settings->gates, settings->gate_count);
		free(settings->gates_text);
	}
	settings->gates = before->gates;
	settings->gate_count = before->gate_count;
	settings->gates_text = before->gates_text;
	settings->policy = before->policy;
	settings->new_model = before->new_model;
	settings->registry.promote_by = before->registry.promote_by;
	settings->given = before->given;
}

void settings_release(struct settings *settings)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (settings_value_is_string(options[i].kind))
			free(*(char **)field(settings, &options[i]));
	gates_release(settings->gates, settings->gate_count);
	deploy_targets_release(settings->deploy, settings->deploy_count);
	served_release(settings->served);
	free(settings->gates_text);
	free(settings->file_beside);
	*settings = (struct settings){0};
}

static bool is_shown(const struct option *option, unsigned takes)
{
	return option->flag != NULL && (option->takes & (takes | TAKES_ALWAYS)) != 0;
}

void settings_help(unsigned takes, struct text *text)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option *option = &options[i];
		if (!is_shown(option, takes))
			continue;
		text_printf(text, "  %s%s%s", option->flag, option->value != NULL ? " " : "",
			option->value != NULL ? option->value : "");
		if (option->variable != NULL)
			text_printf(text, " (%s)", option->variable);
		text_add_string(text, "\n");
		wrap_add(text, option->help, 6);
	}
}

struct cJSON *settings_help_json(unsigned takes)
{
	struct cJSON *list = json_new_array();
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option *option = &options[i];
		if (!is_shown(option, takes))
			continue;
		struct cJSON *item = json_new_object();
		json_set_string(item, "flag", option->flag);
		json_set_string_or_null(item, "value", option->value);
		json_set_string_or_null(item, "variable", option->variable);
		json_set_string_or_null(item, "key", option->key);
		json_set_string(item, "help", option->help);
		json_append(list, item);
	}
	return list;
}
