/* settings - everything that can be set, from one table of options: flags, then environment, then
 * modelhook.json. Nothing is taken from a file that another user could have written. Paths in
 * modelhook.json are relative to its folder, all others to the working directory.
 *
 * settings/settings.c holds the table (name, flag, variable, key, kind, help); help, the
 * configuration file and the environment are read by it, so that none of the three can differ from
 * the others. Owns its strings. Secrets (see mlflow/credentials.h) are not settings: they are read
 * from where MLflow reads them.
 */
#ifndef MODELHOOK_SETTINGS_SETTINGS_H
#define MODELHOOK_SETTINGS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "base/text.h"
#include "http/options.h"
#include "mlflow/options.h"
#include "registry/options.h"
#include "settings/policy.h"
#include "store/options.h"

struct deploy_target; /* deploy/types.h */
struct gate;	      /* gate/gate.h */
struct served;	      /* served/types.h */

/* struct watch_options - of the command watch (watch/watch.h) */
struct watch_options {
	char *into;	   /* --into, a directory */
	char *exec;	   /* --exec, for sh */
	char *signal;	   /* --signal, [NAME:]PIDFILE */
	char *url;	   /* --url */
	char *secret_file; /* --secret-file */
	int64_t keep;
	int64_t every_ms;
	bool saved_model; /* publish the SavedModel alone */
	bool unverified;  /* publish what nobody registered a digest of */
	bool once;
};

struct settings {
	struct http_options http;
	struct mlflow_options mlflow;
	struct store_options store;
	struct registry_options registry;
	struct watch_options watch;
	char *config_path;     /* --config, or NULL */
	char *result_path;     /* --result, file or URL, or NULL */
	char *run_id;	       /* --run */
	char *model;	       /* --model */
	char *spool;	       /* folder or URL; NULL: .modelhook beside the handoff */
	char *output_path;     /* -o */
	char *override_reason; /* --override */
	char *reason;	       /* --reason */
	char *stage;	       /* --stage */
	char *to;	       /* --to */
	char *trained_at;      /* --trained-at, RFC 3339; NULL: the handoff's */
	bool all;	       /* --all */
	bool yes;
	bool what_if;
	bool json;
	bool quiet;
	int64_t limit;		      /* of a list; 0: all */
	bool verbose, plan_exit_code; /* of a plan */
	bool repair;		      /* --repair */
	bool ask_service;	      /* --served */
	bool end_with_parent;
	bool allow_nonfinite;
	int64_t deadline_ms; /* of the whole command, 0 = none */
	enum policy policy;
	enum new_model new_model;
	struct gate *gates;
	size_t gate_count;
	struct deploy_target *deploy;
	size_t deploy_count;
	struct served *served; /* or NULL */
	char *file_beside;     /* the modelhook.json that was found without --config, or NULL */
	char *gates_text;      /* the rules as JSON, canonical; NULL: none were given */
	uint64_t given;	       /* bit i: row i of the table was set by a flag or a variable */
};

/* Which settings a command takes, as bits; a command names its own in its row (command/command.h).
 */
enum {
	TAKES_SERVER = 1 << 0, /* everything about reaching the server */
	TAKES_FLOW = 1 << 1,   /* gates, policy, promotion, spool, result */
	TAKES_PLAN = 1 << 2,
	TAKES_JSON = 1 << 3,
	TAKES_MODEL = 1 << 4,  /* --allow-nonfinite */
	TAKES_OUTPUT = 1 << 5, /* -o */
	TAKES_ALWAYS = 1 << 6, /* --quiet, --config, --deadline */
	TAKES_REASON = 1 << 7,
	TAKES_STAGE = 1 << 8,
	TAKES_TO = 1 << 9,
	TAKES_YES = 1 << 10,
	TAKES_WHAT_IF = 1 << 11,
	TAKES_GATE = 1 << 12,	 /* --override */
	TAKES_MEANS = 1 << 13,	 /* --promote-by */
	TAKES_CHECKS = 1 << 14,	 /* --max-age, --files */
	TAKES_ALL = 1 << 15,	 /* --all */
	TAKES_RUN = 1 << 16,	 /* --run */
	TAKES_SPOOL = 1 << 17,	 /* --spool */
	TAKES_NAME = 1 << 18,	 /* --model */
	TAKES_REPAIR = 1 << 19,	 /* --repair */
	TAKES_SERVED = 1 << 20,	 /* --served */
	TAKES_TRAINED = 1 << 21, /* --trained-at */
	TAKES_WATCH = 1 << 22,	 /* --into and what else watch takes */
	TAKES_LIST = 1 << 23,	 /* --limit */
};

/* settings_read_flags - defaults, then the flags of argv, which are taken out of it: what is left
 * over are the command's arguments. "--" ends the flags. USAGE names a flag that is unknown or not
 * for this command. */
MUST_CHECK int settings_read_flags(
	struct settings *settings, unsigned takes, int *argc, char **argv, struct fail *f);

/* settings_read_rest - what no flag set, from the environment, then from the configuration file:
 * --config, else modelhook.json in `folder` (not being there is fine; folder NULL: none is looked
 * for). CONFIGURATION names the variable, or the file and key; so it does where somebody else could
 * have written the file (base/owned_file.h). */
MUST_CHECK int settings_read_rest(struct settings *settings, const char *folder, struct fail *f);

/* settings_decisive - the settings that decide what becomes of a training (gates, policy,
 * promote_by), as JSON for its package; the caller frees it */
char *settings_decisive(const struct settings *settings);

/* settings_adopt - take those of a package where nothing nearer gave them: a replay decides as the
 * run would have. UNACCEPTABLE where they cannot be read; CONFIGURATION where a rule would run a
 * command: that takes settings of one's own. */
MUST_CHECK int settings_adopt(struct settings *settings, const char *decisive, struct fail *f);

/* settings_disown - take back what settings_adopt took; before: a copy from before that call */
void settings_disown(struct settings *settings, const struct settings *before);

void settings_release(struct settings *settings);

/* settings_help - the options that a command takes, a line or two each, for people; into text */
struct text;
void settings_help(unsigned takes, struct text *text);

/* settings_help_json - the same as a list of {"flag", "value", "variable", "key", "help"}, for the
 * caller to hand on or to give to json_release */
struct cJSON;
struct cJSON *settings_help_json(unsigned takes);

#endif
