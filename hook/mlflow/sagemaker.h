/* sagemaker - an MLflow server in Amazon SageMaker, given by its ARN: a tracking server or an app.
 *
 * The ARN determines the URL, the region and service name for AWS Signature Version 4, and a header
 * that names the resource, as in AWS's plugin for MLflow.
 */
#ifndef MODELHOOK_MLFLOW_SAGEMAKER_H
#define MODELHOOK_MLFLOW_SAGEMAKER_H

#include <stdbool.h>

#include "base/fail.h"

/* struct sagemaker - owns its strings but service, which is static */
struct sagemaker {
	char *base;	     /* https://... */
	char *region;	     /* to sign for */
	const char *service; /* to sign for: "sagemaker-mlflow", or "sagemaker" for an app */
	char *header;	     /* "Name: value", names the resource */
};

/* sagemaker_is - whether a tracking URI is such an ARN */
bool sagemaker_is(const char *uri);

/* sagemaker_read - fill in from an ARN. SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT replaces the URL, as in
 * AWS's plugin. CONFIGURATION for an ARN that is not valid. */
MUST_CHECK int sagemaker_read(const char *arn, struct sagemaker *sagemaker, struct fail *f);
void sagemaker_release(struct sagemaker *sagemaker);

#endif
