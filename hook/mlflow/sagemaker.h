/* sagemaker - an MLflow of Amazon SageMaker, named by its ARN: a tracking server or an app, each
 * with a URL, a service to sign for and a header of its own, as AWS's plugin for MLflow has them.
 */
#ifndef MODELHOOK_MLFLOW_SAGEMAKER_H
#define MODELHOOK_MLFLOW_SAGEMAKER_H

#include <stdbool.h>

#include "base/fail.h"

/* owns its strings */
struct sagemaker {
	char *base;	     /* https://... */
	char *region;	     /* of the signature, as service is */
	const char *service; /* "sagemaker-mlflow", or "sagemaker" for an app */
	char *header;	     /* the line that names the resource */
};

bool sagemaker_is(const char *uri);
/* sagemaker_read - SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT takes the place of the URL, as in AWS's plugin
 */
MUST_CHECK int sagemaker_read(const char *arn, struct sagemaker *sagemaker, struct fail *f);
void sagemaker_release(struct sagemaker *sagemaker);

#endif
