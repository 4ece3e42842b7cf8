/* variables - the environment variables that are read besides the settings, as one list.
 *
 * They belong to other programs, which document them. The settings, with the variables that set
 * them, are in hook/settings/settings.c. The value of a SECRET is hidden everywhere from the start
 * (env_register_secrets).
 *
 * X(NAME, SECRET or OPEN, meaning)
 */
#ifndef MODELHOOK_BASE_VARIABLES_H
#define MODELHOOK_BASE_VARIABLES_H

/* clang-format off */
#define VARIABLE_LIST(X) \
	/* the process and its user */ \
	X(HOME, OPEN, "home directory of the user") \
	X(TMPDIR, OPEN, "directory for temporary files") \
	X(USER, OPEN, "name of the user") \
	X(NO_COLOR, OPEN, "if set, no colour on a terminal") \
	X(REQUEST_METHOD, OPEN, "set for a CGI program, whose HTTP_PROXY comes from the client") \
	/* proxies and trust, as curl and Python's requests read them */ \
	X(http_proxy, OPEN, "proxy for http:// URLs; the user information of a URL is always hidden") \
	X(https_proxy, OPEN, "proxy for https:// URLs") \
	X(all_proxy, OPEN, "proxy for URLs that no other variable covers") \
	X(no_proxy, OPEN, "hosts that are reached without a proxy") \
	X(HTTP_PROXY, OPEN, "as http_proxy") \
	X(HTTPS_PROXY, OPEN, "as https_proxy") \
	X(ALL_PROXY, OPEN, "as all_proxy") \
	X(NO_PROXY, OPEN, "as no_proxy") \
	X(CURL_CA_BUNDLE, OPEN, "file or directory of trusted authorities") \
	X(SSL_CERT_FILE, OPEN, "file of trusted authorities") \
	X(SSL_CERT_DIR, OPEN, "directory of trusted authorities") \
	X(REQUESTS_CA_BUNDLE, OPEN, "file or directory of trusted authorities") \
	X(NETRC, OPEN, "file of logins by host") \
	/* Airflow */ \
	X(AIRFLOW_CTX_DAG_ID, OPEN, "DAG that runs this task") \
	X(AIRFLOW_CTX_TASK_ID, OPEN, "task that runs this command") \
	X(AIRFLOW_CTX_DAG_RUN_ID, OPEN, "run of the DAG") \
	X(AIRFLOW_CTX_TRY_NUMBER, OPEN, "number of the try of the task") \
	/* MLflow, besides the settings (hook/settings/settings.c) */ \
	X(MLFLOW_TRACKING_USERNAME, OPEN, "user for HTTP basic authentication") \
	X(MLFLOW_TRACKING_PASSWORD, SECRET, "password of that user") \
	X(MLFLOW_TRACKING_TOKEN, SECRET, "bearer token for the tracking server") \
	X(MLFLOW_TRACKING_AUTH, OPEN, "name of the authentication plugin") \
	X(MLFLOW_TRACKING_AWS_SIGV4, OPEN, "sign requests as AWS does") \
	X(MLFLOW_EXPERIMENT_NAME, OPEN, "experiment of the runs, by name") \
	X(MLFLOW_EXPERIMENT_ID, OPEN, "experiment of the runs, by number") \
	X(MLFLOW_S3_ENDPOINT_URL, OPEN, "S3 endpoint for artifacts") \
	X(MLFLOW_S3_IGNORE_TLS, OPEN, "do not verify the certificate of that endpoint") \
	X(MLFLOW_S3_EXPECTED_BUCKET_OWNER, OPEN, "AWS account that owns the bucket") \
	X(MLFLOW_S3_UPLOAD_EXTRA_ARGS, OPEN, "JSON object of further arguments of an upload to S3") \
	X(MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE, OPEN, "bucket in the path or in the host name") \
	X(MLFLOW_EXPERIMENTAL_S3_SIGNATURE_VERSION, OPEN, "version of the signature of S3 requests") \
	X(MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD, OPEN, "multipart uploads through the MLflow server") \
	X(MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD, OPEN, "presigned downloads through the MLflow server") \
	X(MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE, OPEN, "smallest file that is uploaded in parts, bytes") \
	X(MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE, OPEN, "size of a part, bytes") \
	X(SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT, OPEN, "URL of a SageMaker tracking server") \
	X(SAGEMAKER_MLFLOW_ASSUME_ROLE_ARN, OPEN, "role for a SageMaker tracking server") \
	X(MODELHOOK_CREDENTIALS_FILES, OPEN, "false: no login is read from ~/.mlflow/credentials and .netrc") \
	/* AWS */ \
	X(AWS_ACCESS_KEY_ID, OPEN, "name of the access key") \
	X(AWS_SECRET_ACCESS_KEY, SECRET, "the access key") \
	X(AWS_SESSION_TOKEN, SECRET, "token of temporary keys") \
	X(AWS_SECURITY_TOKEN, SECRET, "older name of AWS_SESSION_TOKEN") \
	X(AWS_PROFILE, OPEN, "profile in the credentials and config files") \
	X(AWS_DEFAULT_PROFILE, OPEN, "as AWS_PROFILE") \
	X(AWS_SHARED_CREDENTIALS_FILE, OPEN, "credentials file") \
	X(AWS_CONFIG_FILE, OPEN, "config file") \
	X(AWS_REGION, OPEN, "region") \
	X(AWS_DEFAULT_REGION, OPEN, "region") \
	X(AWS_CA_BUNDLE, OPEN, "file or directory of trusted authorities") \
	X(AWS_ENDPOINT_URL, OPEN, "endpoint of all services") \
	X(AWS_ENDPOINT_URL_S3, OPEN, "endpoint of S3") \
	X(AWS_ENDPOINT_URL_STS, OPEN, "endpoint of STS") \
	X(AWS_IGNORE_CONFIGURED_ENDPOINT_URLS, OPEN, "do not read the endpoints above") \
	X(AWS_REQUEST_CHECKSUM_CALCULATION, OPEN, "whether uploads carry a checksum") \
	X(AWS_RESPONSE_CHECKSUM_VALIDATION, OPEN, "whether downloads are checked") \
	X(AWS_ROLE_ARN, OPEN, "role of a web identity") \
	X(AWS_ROLE_SESSION_NAME, OPEN, "name of the session of that role") \
	X(AWS_WEB_IDENTITY_TOKEN_FILE, OPEN, "file of the token of a web identity") \
	X(AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, OPEN, "path of the credentials of an ECS task") \
	X(AWS_CONTAINER_CREDENTIALS_FULL_URI, OPEN, "URL of the credentials of a container") \
	X(AWS_CONTAINER_AUTHORIZATION_TOKEN, SECRET, "token for that URL") \
	X(AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, OPEN, "file of that token") \
	X(AWS_EC2_METADATA_DISABLED, OPEN, "do not ask the metadata service of EC2") \
	X(AWS_EC2_METADATA_SERVICE_ENDPOINT, OPEN, "URL of the metadata service of EC2") \
	/* Azure */ \
	X(AZURE_STORAGE_CONNECTION_STRING, SECRET, "account, endpoint and key") \
	X(AZURE_STORAGE_ACCESS_KEY, SECRET, "key of the storage account") \
	X(AZURE_STORAGE_SAS_TOKEN, SECRET, "shared access signature") \
	X(AZURE_TENANT_ID, OPEN, "tenant of the client") \
	X(AZURE_CLIENT_ID, OPEN, "client, or the managed identity to use") \
	X(AZURE_CLIENT_SECRET, SECRET, "secret of the client") \
	X(AZURE_FEDERATED_TOKEN_FILE, OPEN, "file of the token of a workload identity") \
	X(AZURE_AUTHORITY_HOST, OPEN, "host of Microsoft Entra ID") \
	X(AZURE_POD_IDENTITY_AUTHORITY_HOST, OPEN, "host of the managed identity of a pod") \
	X(IDENTITY_ENDPOINT, OPEN, "URL of the managed identity of an App Service") \
	X(IDENTITY_HEADER, SECRET, "proves to that URL that the request comes from the App Service") \
	/* Google */ \
	X(GOOGLE_APPLICATION_CREDENTIALS, OPEN, "file of a key") \
	X(CLOUDSDK_CONFIG, OPEN, "directory of the settings of gcloud") \
	X(GCE_METADATA_HOST, OPEN, "host of the metadata service") \
	X(STORAGE_EMULATOR_HOST, OPEN, "endpoint of an emulator of Cloud Storage") \
	X(API_ENDPOINT_OVERRIDE, OPEN, "endpoint of Cloud Storage") \
	/* Hadoop */ \
	X(HADOOP_CONF_DIR, OPEN, "directory of core-site.xml and hdfs-site.xml") \
	X(HADOOP_HOME, OPEN, "installation, whose etc/hadoop is read without HADOOP_CONF_DIR") \
	X(HADOOP_TOKEN_FILE_LOCATION, OPEN, "file of delegation tokens") \
	X(HADOOP_USER_NAME, OPEN, "user without authentication") \
	/* Kubernetes */ \
	X(KUBECONFIG, OPEN, "kubeconfig files, with ':' between them") \
	X(KUBERNETES_SERVICE_HOST, OPEN, "address of the API server, set in every pod") \
	X(KUBERNETES_SERVICE_PORT, OPEN, "its port") \
	X(POD_NAMESPACE, OPEN, "namespace of the pod")
/* clang-format on */

#endif
