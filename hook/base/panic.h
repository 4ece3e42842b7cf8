/* panic - ends the process at once: a broken invariant, or memory that could not be allocated.
 *
 * The last words are printed by a handler that main sets. Without one, or if the handler itself
 * panics, the message goes to stderr as it is.
 */
#ifndef MODELHOOK_BASE_PANIC_H
#define MODELHOOK_BASE_PANIC_H

#include "base/status.h"

typedef void panic_handler(enum status status, const char *text);

/* panic_set_handler - called once before the process ends: prints the message and the result */
void panic_set_handler(panic_handler *handler);

/* panic_defect - a broken invariant: exit status DEFECT */
_Noreturn void panic_defect(const char *file, int line, const char *what);

/* panic_out_of_memory - exit status LATER: a replay continues the work */
_Noreturn void panic_out_of_memory(void);

#define INVARIANT(condition) ((condition) ? (void)0 : panic_defect(__FILE__, __LINE__, #condition))

#endif
