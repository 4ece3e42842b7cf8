#include "base/actor.h"

#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/env.h"
#include "base/escape.h"
#include "base/text.h"

static void add_variable(struct text *text, const char *label, const char *name)
{
	const char *value = env_get(name);
	if (value == NULL)
		return;
	text_printf(text, " %s=", label);
	escape_add(text, value, strlen(value));
}

char *actor_name(void)
{
	struct text text = {0};
	struct utsname host;
	const char *user = env_get("MLFLOW_TRACKING_USERNAME");
	if (user == NULL)
		user = env_get("USER");
	if (user == NULL)
		user = geteuid() == 0 ? "root" : "uid";
	escape_add(&text, user, strlen(user));
	if (uname(&host) == 0)
		text_printf(&text, "@%s", host.nodename);
	add_variable(&text, "dag", "AIRFLOW_CTX_DAG_ID");
	add_variable(&text, "task", "AIRFLOW_CTX_TASK_ID");
	add_variable(&text, "run", "AIRFLOW_CTX_DAG_RUN_ID");
	add_variable(&text, "try", "AIRFLOW_CTX_TRY_NUMBER");
	return text_take(&text);
}
