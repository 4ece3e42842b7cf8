#include "base/actor.h"

#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/env.h"
#include "base/escape.h"
#include "base/text.h"

static void add_variable(struct text *text, const char *label, enum env_variable variable)
{
	const char *value = env_get(variable);
	if (value == NULL)
		return;
	text_printf(text, " %s=", label);
	escape_add(text, value, strlen(value));
}

char *actor_name(void)
{
	struct text text = {0};
	struct utsname host;
	const char *user = env_get(ENV_MLFLOW_TRACKING_USERNAME);
	if (user == NULL)
		user = env_get(ENV_USER);
	if (user == NULL)
		user = geteuid() == 0 ? "root" : "uid";
	escape_add(&text, user, strlen(user));
	if (uname(&host) == 0)
		text_printf(&text, "@%s", host.nodename);
	add_variable(&text, "dag", ENV_AIRFLOW_CTX_DAG_ID);
	add_variable(&text, "task", ENV_AIRFLOW_CTX_TASK_ID);
	add_variable(&text, "run", ENV_AIRFLOW_CTX_DAG_RUN_ID);
	add_variable(&text, "try", ENV_AIRFLOW_CTX_TRY_NUMBER);
	return text_take(&text);
}
