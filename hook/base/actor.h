/* actor - who changes the registry: the user, the host and the Airflow task. */
#ifndef MODELHOOK_BASE_ACTOR_H
#define MODELHOOK_BASE_ACTOR_H

/* actor_name - "USER@HOST", and " dag=... task=... run=... try=..." if the environment names a task
 * of Airflow; one printable line. USER is the tracking user, else the user of this process. The
 * caller frees it. */
char *actor_name(void);

#endif
