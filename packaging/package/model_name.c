#include "packaging/package/model_name.h"

#include <string.h>

#include "base/plain_path.h"
#include "base/text.h"

static bool has_blank_end(const char *name)
{
	static const char *const blanks[] = {" ", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002",
		"\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200a",
		"\u2028", "\u2029", "\u202f", "\u205f", "\u3000"};
	for (size_t i = 0; i < sizeof(blanks) / sizeof(blanks[0]); i++)
		if (text_starts_with(name, blanks[i]) || text_ends_with(name, blanks[i]))
			return true;
	return false;
}

const char *model_name_problem(const char *name)
{
	if (name[0] == '\0')
		return "empty";
	if (plain_path_has_control(name))
		return "has a control character";
	if (text_characters(name) > MODEL_NAME_MAX)
		return "longer than 256 characters";
	if (strcmp(name, ".") == 0 || text_starts_with(name, ".."))
		return "is \".\" or begins with \"..\", which models:/NAME cannot address";
	if (strpbrk(name, "/:") != NULL)
		return "has a \"/\" or \":\", which the registry does not take";
	if (strpbrk(name, "?#@") != NULL)
		return "has a \"?\", \"#\" or \"@\", which models:/NAME/STAGE cannot address";
	if (has_blank_end(name))
		return "begins or ends with a blank";
	if (strchr(name, '\'') != NULL && strchr(name, '"') != NULL)
		return "has both kinds of quotes, which MLflow cannot search for";
	return NULL;
}
