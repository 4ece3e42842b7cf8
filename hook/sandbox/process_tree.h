/* process_tree - the processes below this one, by /proc.
 */
#ifndef MODELHOOK_SANDBOX_PROCESS_TREE_H
#define MODELHOOK_SANDBOX_PROCESS_TREE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct descendant {
	pid_t pid;
	pid_t parent;
	pid_t group;
	uint64_t resident; /* bytes */
};

/* struct process_tree - a moment's view: more may be there by now. Owns the items. */
struct process_tree {
	struct descendant *items;
	size_t count; /* dead ones that wait for their parent left out */
	uint64_t resident;
};

void process_tree_read(struct process_tree *descendants);
void process_tree_release(struct process_tree *descendants);

/* process_tree_kill - all of them, and wait for the ends of those that became our children, until
 * none is left; a process that the kernel cannot end is given up with a warning */
void process_tree_kill(void);

#endif
