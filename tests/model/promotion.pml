/* promotion - hook/registry/reconcile.c's promotion loop against MLflow's registry, for spin.
 *
 * PROMOTERS trainings and (PERSON) one rollback or promotion by hand run at once. Version 0 is old;
 * version i belongs to promoter i-1; a higher index was trained later. Version numbers follow no
 * such order, so a transaction locks the rows that it archives in any order.
 *
 * A promoter: writes its intent, then repeats { read the decision; read stages; read intents; winner;
 * where they disagree, one transition-stage for the winner } until it saw agreement on one winner twice in
 * a row, and tells its outcome by that. The three reads are three moments: the decision is a request
 * of its own, and model-versions/search SELECTs the versions first and their tags after.
 *
 * It may be killed anywhere. Only three places need a branch: before the intent, after it, and at the
 * head of the loop. A kill between the reads, or before the push is sent, leaves the same registry as
 * one at the head; a kill with the push on its way is one at the head after the server carried it out.
 *
 * transition-stage with archive_existing_versions is one transaction (MLflow 1.30 to 3.17):
 *   SELECT other versions in Production; UPDATE each of them to Archived; SELECT the target;
 *   UPDATE the target (of its stage only where the SELECT did not see Production, of its time
 *   always); UPDATE the registered model's time; COMMIT.
 * The last UPDATE locks a row that every such transaction takes last of all: it only puts commits in
 * a row, so it is one step with the commit. ISOLATION says what the database makes of this:
 *   SERIAL      as if one after the other (PostgreSQL told to be SERIALIZABLE; losers get 503, retry)
 *   SQLITE      the driver begins the transaction at the first UPDATE, which takes the one write
 *               lock: SELECTs before it see an older state, those after it the present one
 *   COMMITTED   PostgreSQL's default: each statement sees what is committed, an UPDATE waits for the
 *               row's lock; of a deadlock one is aborted, gets 503 and sends the same again
 *   SNAPSHOT    MySQL's default (REPEATABLE READ): SELECTs see the moment of the first, UPDATEs the
 *               present
 *
 * Claims (a name in brackets: checked where it is defined; ENDS: only the last):
 *   end      all are gone, and nobody was killed or somebody began a round after the last write and
 *            ended: the winner alone is Production
 *   gap      there is no moment without Production (GAP)
 *   told     who ended as promoted was, at one moment after its intent, the winner and alone (TOLD)
 *   ends     there is no infinite run, whatever the order (spin's non-progress cycles, no fairness
 *            assumed), but one in which the database aborts deadlocks for ever: each of those is a 503
 *            to somebody, and the repeats of a request are numbered
 *
 * PUSHES: three callers push anything, that often each; shows what the database alone guards against.
 * START_CLEAN: only version 0 is in Production; else any set of versions that is not empty, as stock
 * callers leave it, and any of the promoters may be a replay whose intent is there already.
 * GONE: there is one more version, trained last, whose promoter died and whose files are gone: who would
 * push it, and does not see it in Production, withdraws it instead; a decision for a withdrawn version
 * counts no more. Claim:
 *   lost     a version whose files are gone is never put into Production (GONE)
 * WITHDRAWN: version 1 was rolled back from before, or found without its files, and its package is
 * replayed; the person may choose it again, which takes the mark away and then decides.
 *   heard    what a person decided stands when the person's command ends, or a version that was trained
 *            after the decision does (TOLD)
 * MUTANT names a wrong algorithm that the claims must reject: ONCE (MLflow's own advice, no second
 * look), ALONE (others archived by calls of their own, first), OWN (everybody pushes its own version),
 * LATE (the intent after the push), HASTY (one agreement is enough), FICKLE (two, be it on two winners),
 * HURRIED (a rollback withdraws before it decides), DEAF (a decision for a version that stays
 * withdrawn), BLIND (a further look at the end tells the outcome:
 * promoted if ours is Production then, whoever should be), TRUSTING (no look at the files).
 */
#define SERIAL 1
#define SQLITE 2
#define COMMITTED 3
#define SNAPSHOT 4
#define ONCE 1
#define ALONE 2
#define OWN 3
#define LATE 4
#define HASTY 5
#define BLIND 6
#define FICKLE 7
#define HURRIED 8
#define TRUSTING 9
#define DEAF 10

#ifndef MUTANT
#define MUTANT 0
#endif
#ifndef PERSON
#define PERSON 0
#endif
#ifdef GONE
#define VERSIONS (PROMOTERS + 2)
#else
#define VERSIONS (PROMOTERS + 1)
#endif
#define CALLERS (PROMOTERS + PERSON)
#define ALL ((1 << VERSIONS) - 1)
#define AGREEMENTS (MUTANT == HASTY -> 1 : 2)

#define BIT(v) (1 << (v))
#define TOP(set) (((set) & 8) -> 3 : (((set) & 4) -> 2 : (((set) & 2) -> 1 : 0)))
/* who competes with a decision: those trained after it */
#define RIVALS(dec, at, set) ((dec) -> ((set) & (ALL << ((at) + 1))) : (set))
#define WINNER(dec, at, set) (RIVALS(dec, at, set) -> TOP(RIVALS(dec, at, set)) : (dec) - 1)
#define VALID(dec) (((dec) && !(withdrawn & (1 << (dec) >> 1))) -> (dec) : 0)
#define WINNER_NOW WINNER(VALID(decided), decided_at, candidates)

byte production = 1; /* sets of versions, a bit each */
byte candidates = 1; /* with an intent, not withdrawn */
byte withdrawn;
byte vanished; /* their files */
byte decided; /* 1 + version; 0: nobody decided */
byte decided_at; /* after the training of this one, before the next */

byte owner[VERSIONS]; /* of the row's lock: 1 + caller */
byte wanted[CALLERS]; /* 1 + version whose lock it waits for */

/* what only the claims see */
byte true_once; /* was winner and alone, at one moment after its intent */
byte fresh;	/* callers who began a round after the last write */
byte ended, killed;

inline wrote()
{
#ifndef PUSHES
	fresh = 0;
	if
	:: production == BIT(WINNER_NOW) -> true_once = true_once | (production & candidates)
	:: else
	fi
#else
	skip
#endif
}

inline leave(set)
{
	set = set | BIT(me);
	wanted[me] = 0;
#ifndef ENDS
	if
	:: (ended | killed) == BIT(CALLERS) - 1 && (!killed || (ended & fresh)) ->
		assert(production == BIT(WINNER_NOW)) /* end */
	:: else
	fi
#endif
}

inline committed_stages(set)
{
	assert(!((set) & ~production & vanished)); /* lost */
	production = set;
#ifdef GAP
	assert(production); /* gap */
#endif
	wrote()
}

#define HOLDER(caller) (wanted[caller] -> owner[wanted[caller] - 1] : 0)
#define NEXT(holder) ((holder) -> HOLDER((holder) - 1) : 0)
/* this caller waits for itself through one, two or three others (CALLERS is at most 4) */
#define IN_DEADLOCK                                                                        \
	(NEXT(HOLDER(me)) == me + 1 || NEXT(NEXT(HOLDER(me))) == me + 1 ||                 \
		NEXT(NEXT(NEXT(HOLDER(me)))) == me + 1)
#define IS_FREE (owner[wanted[me] - 1] == 0)

inline release_rows()
{
	row = 0;
	do
	:: row < VERSIONS ->
		if
		:: owner[row] == me + 1 -> owner[row] = 0
		:: else
		fi;
		row++
	:: else -> row = 0; break
	od;
	wanted[me] = 0
}

/* the row of the next version to archive, whichever */
inline want_next()
{
	if
	:: others & ~archived & 1 -> wanted[me] = 1
	:: others & ~archived & 2 -> wanted[me] = 2
	:: others & ~archived & 4 -> wanted[me] = 3
	:: others & ~archived & 8 -> wanted[me] = 4
	:: else -> wanted[me] = 0
	fi
}

/* transition-stage of `target` to Production, archiving what else is there */
inline transition()
{
#if ISOLATION == SERIAL
	atomic { committed_stages(BIT(target)) }
#elif ISOLATION == SQLITE
	atomic { others = production & ~BIT(target) };
	if
	:: atomic { others -> committed_stages((production & ~others) | BIT(target)) }
	:: atomic { !others -> was_there = (production & BIT(target)) != 0 };
	   atomic {
		committed_stages(production | (was_there -> 0 : BIT(target)));
		was_there = 0
	   }
	fi;
	others = 0
#else
	goto again;
progress_aborted:
	skip; /* a 503, and the same is sent again */
again:	atomic {
		others = production & ~BIT(target);
		was_there = (production & BIT(target)) != 0;
		want_next()
	};
	do
	:: atomic {
		wanted[me] && IS_FREE ->
			owner[wanted[me] - 1] = me + 1;
			archived = archived | BIT(wanted[me] - 1);
			want_next()
	   }
	:: atomic { wanted[me] && IN_DEADLOCK -> release_rows(); archived = 0; goto progress_aborted }
	:: atomic {
		!wanted[me] ->
#if ISOLATION == COMMITTED
			was_there = (production & BIT(target)) != 0;
#endif
			others = 0;
			wanted[me] = target + 1;
			break
	   }
	od;
	if
	:: atomic { IS_FREE -> owner[target] = me + 1; wanted[me] = 0 }
	:: atomic { IN_DEADLOCK -> release_rows(); archived = 0; goto progress_aborted }
	fi;
	atomic {
		release_rows();
		committed_stages((production & ~archived) | (was_there -> 0 : BIT(target)));
		archived = 0;
		was_there = 0
	}
#endif
}

/* the mutant's two steps: every other version archived by a call of its own, then the target */
inline archive_then_promote()
{
	atomic { committed_stages(production & (~stages | BIT(target))) };
	atomic { committed_stages(production | BIT(target)) }
}

inline push()
{
#if MUTANT == ALONE
	archive_then_promote()
#else
	transition()
#endif
}

inline read_all()
{
	atomic { seen_decided = decided; seen_at = decided_at; fresh = fresh | BIT(me) };
	stages = production;
	atomic {
		target = WINNER(VALID(seen_decided), seen_at, candidates);
		seen_decided = 0;
		seen_at = 0
	}
}

/* its files are looked at, unless it was seen in Production */
#define IS_LOST(version) (MUTANT != TRUSTING && (vanished & BIT(version) & ~stages))

/* registry_reconcile; leaves the winner in `target` */
inline converge()
{
	do
	:: atomic { true -> agreements = 0; agreed = 0; leave(killed); goto gone }
	:: read_all();
#if MUTANT == OWN
	   target = (own -> own : target);
#endif
	   if
	   :: atomic {
		stages == BIT(target) ->
			stages = 0;
			agreements = ((agreements && (MUTANT == FICKLE || agreed == target)) -> agreements + 1 : 1);
			if
			:: agreements == AGREEMENTS -> agreements = 0; agreed = 0; break
			:: else -> agreed = target; target = 0
			fi
	      }
	   :: atomic {
		stages != BIT(target) && IS_LOST(target) ->
			candidates = candidates & ~BIT(target);
			withdrawn = withdrawn | BIT(target);
			wrote();
			agreements = 0;
			agreed = 0;
			target = 0;
			stages = 0
	      }
	   :: atomic {
		stages != BIT(target) && !IS_LOST(target) ->
			agreements = 0;
			agreed = 0;
			stages = (MUTANT == ALONE -> stages : 0)
	      };
	      push();
#if MUTANT == ONCE
	      break;
#endif
	      atomic { target = 0; stages = 0 }
	   fi
	od
}

inline write_intent()
{
	atomic {
		if
		:: (candidates | withdrawn) & BIT(own)
		:: else -> candidates = candidates | BIT(own); wrote()
		fi
	}
}

inline tell_outcome()
{
	atomic {
#if MUTANT == BLIND
		target = (production == BIT(own) -> own : 0);
#endif
		if
#ifdef TOLD
		:: target == own -> assert(true_once & BIT(own)) /* told */
#endif
		:: else
		fi;
		target = 0;
		leave(ended)
	}
}

#define LOCALS                                                                             \
	byte row, others, archived, target, stages, seen_decided, seen_at, agreements, agreed; \
	bit was_there

proctype promoter(byte me; byte own)
{
	LOCALS;
	if
	:: atomic { true -> leave(killed); goto gone }
	:: true
	fi;
#if MUTANT != LATE
	write_intent();
#endif
	converge();
#if MUTANT == LATE
	write_intent();
#endif
	tell_outcome();
gone:	skip
}

#if PERSON
/* a decision for a withdrawn version would not count: the mark goes first, by a call of its own */
inline put_back()
{
	atomic {
		withdrawn = withdrawn & ~BIT(1);
		candidates = candidates | BIT(1);
		wrote()
	}
}

inline decide()
{
	atomic {
		if
		:: decided = 1
		:: (MUTANT == DEAF -> candidates | withdrawn : candidates) & 2 -> decided = 2
		:: candidates & 4 -> decided = 3
#if VERSIONS > 3
		:: candidates & 8 & ~vanished -> decided = 4 /* a person's choice is looked at first */
#endif
		fi;
		if
		:: decided_at = 0
		:: decided_at = 1
		:: decided_at = 2
#if PROMOTERS > 2
		:: decided_at = 3
#endif
		fi;
		wrote()
	}
}

inline withdraw()
{
	atomic {
		withdrawn = withdrawn | (from != decided - 1 -> BIT(from) : 0);
		candidates = candidates & ~withdrawn;
		from = VERSIONS;
		wrote()
	}
}

/* a promotion by hand, or a rollback, which also withdraws what was to be Production before: after
 * the decision stands */
proctype person(byte me)
{
	LOCALS;
	byte own;
	byte from = VERSIONS;
	if
	:: atomic { true -> leave(killed); goto gone }
	:: true
	:: from = WINNER_NOW
	fi;
#if MUTANT == HURRIED
	if
	:: from < VERSIONS -> withdraw()
	:: else
	fi;
#endif
#if defined(WITHDRAWN) && MUTANT != DEAF
	if
	:: withdrawn & BIT(1) -> put_back()
	:: true
	fi;
#endif
	decide();
	if
	:: from < VERSIONS -> withdraw()
	:: else
	fi;
	converge();
	atomic {
#ifdef TOLD
		assert(target == decided - 1 || target > decided_at); /* heard */
#endif
		target = 0;
		leave(ended)
	};
gone:	skip
}
#endif

#ifdef PUSHES
/* no algorithm at all: what MLflow's transition does by itself, for whatever targets */
proctype pusher(byte me)
{
	LOCALS;
	byte pushes;
	do
	:: pushes < PUSHES ->
		pushes++;
		if
		:: target = 0
		:: target = 1
		:: target = 2
		fi;
		transition()
	:: else -> break
	od
}

init {
	atomic { run pusher(0); run pusher(1); run pusher(2) }
}
#else
init {
	atomic {
#ifndef START_CLEAN
		byte v = 1;
		do
		:: v < VERSIONS ->
			if
			:: true
			:: candidates = candidates | BIT(v)
			:: candidates = candidates | BIT(v); production = production | BIT(v)
			fi;
			v++
		:: else -> break
		od;
		v = 0;
		if
		:: true
		:: production & ~1 -> production = production & ~1
		fi;
#endif
#ifdef GONE
		vanished = BIT(VERSIONS - 1);
		candidates = candidates | vanished;
#endif
#ifdef WITHDRAWN
		withdrawn = BIT(1);
		candidates = candidates & ~withdrawn;
#endif
		wrote();
		run promoter(0, 1);
		run promoter(1, 2);
#if PROMOTERS > 2
		run promoter(2, 3);
#endif
#if PERSON
		run person(PROMOTERS);
#endif
	}
}
#endif
