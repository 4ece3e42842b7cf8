#include "mlflow/sagemaker.h"

#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/escape.h"
#include "base/text.h"

/* arn:PARTITION:SERVICE:REGION:ACCOUNT:TYPE/NAME */
enum { ARN, PARTITION, SERVICE, REGION, ACCOUNT, RESOURCE, FIELDS };

bool sagemaker_is(const char *uri)
{
	return text_starts_with(uri, "arn:");
}

static int malformed(const char *arn, const char *why, struct fail *f)
{
	char shown[120];
	fail_set(f, STATUS_CONFIGURATION, "tracking URI %s: %s",
		escape_into(shown, sizeof(shown), arn, strlen(arn)), why);
	return fail_hint(f, "arn:aws:sagemaker:REGION:ACCOUNT:mlflow-tracking-server/NAME and "
			    "arn:aws:sagemaker:REGION:ACCOUNT:mlflow-app/ID are supported");
}

/* The fields as copies; false where they are not all there or hold what no ARN of these does: they
 * become a host's name, a header and a part of a signature. */
static bool split(const char *arn, char *fields[FIELDS])
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./";
	for (int i = 0; i < FIELDS; i++) {
		size_t size = strcspn(arn, ":");
		if ((arn[size] == '\0') != (i == RESOURCE) || size == 0 ||
			strspn(arn, allowed) < size)
			return false;
		fields[i] = text_format("%.*s", (int)size, arn);
		arn += size + (arn[size] == ':');
	}
	const char *slash = strchr(fields[RESOURCE], '/');
	return slash != NULL && slash[1] != '\0' && strchr(fields[REGION], '.') == NULL &&
	       strchr(fields[REGION], '/') == NULL;
}

static int fill(const char *arn, char *fields[FIELDS], struct sagemaker *sagemaker, struct fail *f)
{
	const char *region = fields[REGION],
		   *endpoint = env_get(ENV_SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT);
	bool server = text_starts_with(fields[RESOURCE], "mlflow-tracking-server/");
	if (!server && !text_starts_with(fields[RESOURCE], "mlflow-app/"))
		return malformed(arn, "neither a tracking server nor an app of MLflow", f);
	if (strcmp(fields[PARTITION], "aws") != 0 && strcmp(fields[PARTITION], "aws-us-gov") != 0)
		return malformed(arn, "SageMaker has no MLflow in this partition", f);
	sagemaker->service = server ? "sagemaker-mlflow" : "sagemaker";
	sagemaker->region = text_copy(region);
	sagemaker->header = text_format(
		"%s: %s", server ? "x-mlflow-sm-tracking-server-arn" : "x-sm-mlflow-app-arn", arn);
	if (endpoint != NULL)
		sagemaker->base = text_copy(endpoint);
	else if (server)
		sagemaker->base = text_format("https://%s.experiments.sagemaker.aws", region);
	else
		sagemaker->base = text_format("https://mlflow.sagemaker.%s.app.aws", region);
	return 0;
}

int sagemaker_read(const char *arn, struct sagemaker *sagemaker, struct fail *f)
{
	char *fields[FIELDS] = {NULL};
	*sagemaker = (struct sagemaker){0};
	int result = 0;
	if (env_get(ENV_SAGEMAKER_MLFLOW_ASSUME_ROLE_ARN) != NULL) {
		result = fail_set(f, STATUS_CONFIGURATION,
			"SAGEMAKER_MLFLOW_ASSUME_ROLE_ARN is set: the role is not assumed here");
		fail_hint(f, "give the role's keys in the environment (aws sts assume-role), and "
			     "unset it");
	} else if (!split(arn, fields) || strcmp(fields[SERVICE], "sagemaker") != 0) {
		result = malformed(arn, "not the ARN of an MLflow of SageMaker", f);
	} else {
		result = fill(arn, fields, sagemaker, f);
	}
	for (int i = 0; i < FIELDS; i++)
		free(fields[i]);
	return result;
}

void sagemaker_release(struct sagemaker *sagemaker)
{
	free(sagemaker->base);
	free(sagemaker->region);
	free(sagemaker->header);
	*sagemaker = (struct sagemaker){0};
}
