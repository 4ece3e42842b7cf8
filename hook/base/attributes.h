/* attributes - what the compiler checks about a function beyond its type. */
#ifndef MODELHOOK_BASE_ATTRIBUTES_H
#define MODELHOOK_BASE_ATTRIBUTES_H

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(string, first) __attribute__((format(printf, string, first)))

#endif
