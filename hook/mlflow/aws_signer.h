/* aws_signer - signs requests to a tracking server with AWS's Signature Version 4, as MLflow's
 * client does behind API Gateway (MLFLOW_TRACKING_AWS_SIGV4, service execute-api) and as AWS's
 * plugin does for SageMaker.
 *
 * Signed are the host, the digest of the body, the date, a session token, the content type and
 * what names the SageMaker resource; nothing that a proxy may change. Keys are looked for where
 * boto looks (auth/aws_credentials.h). The region is that of the ARN, else AWS_DEFAULT_REGION, the
 * profile's, AWS_REGION, or that in the name of an API Gateway host.
 */
#ifndef MODELHOOK_MLFLOW_AWS_SIGNER_H
#define MODELHOOK_MLFLOW_AWS_SIGNER_H

#include "base/fail.h"
#include "http/types.h"
#include "mlflow/sagemaker.h"

struct aws_signer;

/* aws_signer_open - for the server at url, or for a SageMaker resource (NULL: it is none); the
 * caller releases it. CONFIGURATION where there is no region. */
MUST_CHECK int aws_signer_open(const char *url, const struct sagemaker *sagemaker,
	struct aws_signer **signer, struct fail *f);
void aws_signer_release(struct aws_signer *signer);

/* aws_signer_sign - add the lines for the request; its body is read and rewound where it is a
 * stream. DENIED where there are no keys. */
MUST_CHECK int aws_signer_sign(struct aws_signer *signer, struct http *http,
	const struct http_request *request, const char *url, struct http_lines *lines,
	struct fail *f);

#endif
