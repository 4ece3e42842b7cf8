/* names - lists of strings that a graph keeps: tags, assets, parts of a tensor.
 */
#ifndef MODELHOOK_PACKAGING_SAVEDMODEL_NAMES_H
#define MODELHOOK_PACKAGING_SAVEDMODEL_NAMES_H

#include <stddef.h>

/* names_release - the strings and the list */
void names_release(char **names, size_t count);

/* names_sort - by bytes */
void names_sort(char **names, size_t count);

#endif
