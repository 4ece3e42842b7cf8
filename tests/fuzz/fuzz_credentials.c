/* Fuzzes the files of logins: the first byte chooses .netrc or MLflow's credentials. */
#include <stdint.h>

#include "base/fail.h"
#include "base/text.h"
#include "mlflow/credentials_file.h"

/* A trap, so that the fuzzer keeps the input. */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct login login = {0};
	struct text text = {0};
	struct fail f;
	bool found = false;
	if (size == 0)
		return 0;
	text_add(&text, data + 1, size - 1);
	if (data[0] % 2 == 0) {
		if (credentials_parse_netrc(
			    text_string(&text), text.size, "host", &login, &found, &f) == 0)
			MUST(found == (login.user != NULL && login.password != NULL));
	} else if (credentials_parse_ini(text_string(&text), text.size, &login, &f) == 0) {
		MUST(login.user == NULL || login.user[0] != '\0');
	}
	login_release(&login);
	text_release(&text);
	return 0;
}
