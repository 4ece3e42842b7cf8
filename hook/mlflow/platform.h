/* platform - hosted servers that speak MLflow's API with gaps: known by their URL, so that errors
 * and doctor can say what they lack.
 */
#ifndef MODELHOOK_MLFLOW_PLATFORM_H
#define MODELHOOK_MLFLOW_PLATFORM_H

/* literals */
struct platform {
	const char *name;
	const char *limits; /* what it lacks, for doctor and hints */
	const char *login;  /* the credentials that it takes */
};

/* platform_of - whose MLflow answers at this http or https URL, or NULL for nobody that is known */
const struct platform *platform_of(const char *url);

#endif
