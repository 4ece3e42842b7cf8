/* token - access tokens for Azure Storage from Microsoft Entra ID, looked for where Azure's
 * DefaultAzureCredential looks.
 *
 * In this order, the first that is set: a client's secret (AZURE_TENANT_ID, AZURE_CLIENT_ID,
 * AZURE_CLIENT_SECRET); workload identity (AZURE_TENANT_ID, AZURE_CLIENT_ID,
 * AZURE_FEDERATED_TOKEN_FILE); the managed identity of an App Service (IDENTITY_ENDPOINT,
 * IDENTITY_HEADER), or of the machine, by its metadata service (AZURE_POD_IDENTITY_AUTHORITY_HOST
 * names another address). AZURE_CLIENT_ID chooses among several identities; AZURE_AUTHORITY_HOST
 * names another cloud.
 */
#ifndef MODELHOOK_STORE_AZURE_TOKEN_H
#define MODELHOOK_STORE_AZURE_TOKEN_H

#include "auth/bearer.h"
#include "base/fail.h"
#include "http/types.h"

/* azure_token_from - where the token is from, a literal for messages */
const char *azure_token_from(void);

/* azure_token_fetch - DENIED where none is found, with the places that were looked at */
MUST_CHECK int azure_token_fetch(const struct http *like, struct bearer *bearer, struct fail *f);

#endif
