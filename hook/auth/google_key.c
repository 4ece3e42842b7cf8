#include "auth/google_key.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "auth/fetch.h"
#include "base/panic.h"
#include "base/text.h"
#include "http/url.h"
#include "packaging/digest/base64.h"
#include "packaging/json/json.h"

#define SCOPE "https://www.googleapis.com/auth/devstorage.read_write"
#define TOKEN_URI "https://oauth2.googleapis.com/token"
#define GRANT "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"

void google_key_release(struct google_key *key)
{
	fetch_wipe(&key->private_key);
	fetch_wipe(&key->client_secret);
	fetch_wipe(&key->refresh_token);
	free(key->email);
	free(key->private_key_id);
	free(key->client_id);
	free(key->token_uri);
	free(key->quota_project);
	*key = (struct google_key){0};
}

static int read_members(const struct json_at *root, struct google_key *key, struct fail *f)
{
	char *type = fetch_member(root, "type");
	bool service = text_equal(type, "service_account");
	bool login = text_equal(type, "authorized_user");
	if (!service && !login)
		fail_set(f, STATUS_CONFIGURATION,
			"credentials of type \"%.40s\" are not followed here",
			type != NULL ? type : "");
	free(type);
	if (!service && !login)
		return fail_hint(f, "give a service account's key, or a login by gcloud auth "
				    "application-default login");
	key->email = service ? fetch_member(root, "client_email") : NULL;
	key->private_key = service ? fetch_member(root, "private_key") : NULL;
	key->private_key_id = service ? fetch_member(root, "private_key_id") : NULL;
	key->client_id = login ? fetch_member(root, "client_id") : NULL;
	key->client_secret = login ? fetch_member(root, "client_secret") : NULL;
	key->refresh_token = login ? fetch_member(root, "refresh_token") : NULL;
	key->quota_project = login ? fetch_member(root, "quota_project_id") : NULL;
	key->token_uri = fetch_member(root, "token_uri");
	if (key->token_uri == NULL)
		key->token_uri = text_copy(TOKEN_URI);
	if (service && (key->email == NULL || key->private_key == NULL))
		return fail_set(f, STATUS_CONFIGURATION, "lacks client_email or private_key");
	if (login && (key->client_id == NULL || key->client_secret == NULL ||
			     key->refresh_token == NULL))
		return fail_set(
			f, STATUS_CONFIGURATION, "lacks client_id, client_secret or refresh_token");
	if (!fetch_may_see_secrets(key->token_uri))
		return fail_set(f, STATUS_CONFIGURATION, "its token_uri is no https:// address");
	return 0;
}

int google_key_parse(const char *text, size_t size, struct google_key *key, struct fail *f)
{
	struct cJSON *tree;
	*key = (struct google_key){0};
	if (json_parse(text, size, &tree, f) != 0) {
		if (f->status == STATUS_UNACCEPTABLE)
			f->status = STATUS_CONFIGURATION;
		return -1;
	}
	struct json_at root = json_root(tree);
	int result = read_members(&root, key, f);
	json_release(tree);
	if (result != 0)
		google_key_release(key);
	return result;
}

/* The token without its signature: two objects in base64, a dot between them. */
static char *unsigned_token(const struct google_key *key, int64_t now_ms)
{
	struct cJSON *head = json_new_object(), *claims = json_new_object();
	struct text text = {0};
	json_set_string(head, "alg", "RS256");
	json_set_string(head, "typ", "JWT");
	if (key->private_key_id != NULL)
		json_set_string(head, "kid", key->private_key_id);
	json_set_string(claims, "iss", key->email);
	json_set_string(claims, "scope", SCOPE);
	json_set_string(claims, "aud", key->token_uri);
	json_set_number(claims, "iat", (double)(now_ms / 1000));
	json_set_number(claims, "exp", (double)(now_ms / 1000 + 3600));
	json_print(head, &text);
	char *first = base64_encode_url(text.data, text.size);
	text_clear(&text);
	json_print(claims, &text);
	char *second = base64_encode_url(text.data, text.size);
	char *token = text_format("%s.%s", first, second);
	json_release(head);
	json_release(claims);
	text_release(&text);
	free(first);
	free(second);
	return token;
}

/* No passphrase is asked for: a key that wants one is none. */
static int no_passphrase(char *buffer, int size, int writing, void *context)
{
	(void)buffer;
	(void)size;
	(void)writing;
	(void)context;
	return -1;
}

static EVP_PKEY *read_private_key(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	INVARIANT(bio != NULL);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	BIO_free(bio);
	if (key == NULL || EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA)
		return key;
	EVP_PKEY_free(key);
	return NULL;
}

/* The signature in base64, or NULL */
static char *sign(EVP_PKEY *key, const char *text)
{
	unsigned char signature[1024]; /* an RSA key of 8192 bits */
	size_t size = sizeof(signature);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	INVARIANT(context != NULL);
	bool done = EVP_PKEY_get_size(key) <= (int)sizeof(signature) &&
		    EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
		    EVP_DigestSign(context, signature, &size, (const unsigned char *)text,
			    strlen(text)) == 1;
	EVP_MD_CTX_free(context);
	return done ? base64_encode_url(signature, size) : NULL;
}

static int service_form(const struct google_key *key, int64_t now_ms, char **form, struct fail *f)
{
	EVP_PKEY *private_key = read_private_key(key->private_key);
	if (private_key == NULL)
		return fail_set(f, STATUS_CONFIGURATION, "its private_key is no RSA key in PEM");
	char *token = unsigned_token(key, now_ms);
	char *signature = sign(private_key, token);
	EVP_PKEY_free(private_key);
	if (signature != NULL)
		*form = text_format("grant_type=%s&assertion=%s.%s", GRANT, token, signature);
	free(token);
	free(signature);
	return *form != NULL ? 0 : fail_set(f, STATUS_CONFIGURATION, "its private_key cannot sign");
}

static char *login_form(const struct google_key *key)
{
	char *id = http_escape_query(key->client_id);
	char *secret = http_escape_query(key->client_secret);
	char *refresh = http_escape_query(key->refresh_token);
	char *form = text_format("grant_type=refresh_token&client_id=%s&client_secret=%s"
				 "&refresh_token=%s",
		id, secret, refresh);
	fetch_wipe(&secret);
	fetch_wipe(&refresh);
	free(id);
	return form;
}

int google_key_form(const struct google_key *key, int64_t now_ms, char **form, struct fail *f)
{
	*form = NULL;
	if (key->email != NULL)
		return service_form(key, now_ms, form, f);
	*form = login_form(key);
	return 0;
}
