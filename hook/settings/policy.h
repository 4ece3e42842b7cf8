/* policy - how far a training goes that passes the gates.
 */
#ifndef MODELHOOK_SETTINGS_POLICY_H
#define MODELHOOK_SETTINGS_POLICY_H

enum policy {
	POLICY_PRODUCTION, /* promote what passes the gates */
	POLICY_STAGING,	   /* stop at Staging */
	POLICY_NONE,	   /* register and stop */
};

#endif
