/* account - which storage account a URI means, where its blobs are served, and what
 * AZURE_STORAGE_CONNECTION_STRING says of both.
 *
 * wasbs://CONTAINER@ACCOUNT.blob.core.windows.net/PATH, and of the clouds of China and of the
 * government of the United States; abfss://FILESYSTEM@ACCOUNT.dfs.core.windows.net/PATH is the same
 * storage, served as blobs too (multi-protocol access): by the address of blobs, since blocks with
 * checksums, which a killed call can go on with, are there only. Other hosts are served where the
 * connection string names the endpoint: a URI comes from the MLflow server, and shall not decide
 * who is sent credentials.
 */
#ifndef MODELHOOK_STORE_AZURE_ACCOUNT_H
#define MODELHOOK_STORE_AZURE_ACCOUNT_H

#include <stdint.h>

#include "base/fail.h"
#include "base/text.h"

struct azure_account {
	char *container;
	char *prefix;	/* of names, no slash at its end; "" */
	char *name;	/* of the account */
	char *endpoint; /* of blobs: "https://ACCOUNT.blob.core.windows.net", no slash at its end */
	char *key;	/* secret: in base64, or NULL */
	char *sas;	/* secret: a shared access signature, without "?"; or NULL */
};

/* azure_account_read - connection: the string, or NULL. CONFIGURATION where either is none; then
 * nothing is owned. */
MUST_CHECK int azure_account_read(
	const char *uri, const char *connection, struct azure_account *account, struct fail *f);
void azure_account_release(struct azure_account *account);

#endif
