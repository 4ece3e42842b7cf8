/* policy - how far a training goes that passes the gates.
 */
#ifndef MODELHOOK_SETTINGS_POLICY_H
#define MODELHOOK_SETTINGS_POLICY_H

enum policy {
	POLICY_PRODUCTION, /* promote what passes the gates */
	POLICY_STAGING,	   /* stop at Staging */
	POLICY_NONE,	   /* register and stop */
};

/* what becomes of a training whose registered model is not there */
enum new_model {
	NEW_MODEL_ALLOW, /* it is registered */
	NEW_MODEL_REFUSE,
};

#endif
