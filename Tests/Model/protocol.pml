/*
 * Linefeed's exactly-once protocol, for spin. `Tests/Model/check` runs it; the rules are those of the design.
 *
 * Two workers, one partition, two datasets A and B whose events take turns in the log (A at even offsets, B at odd
 * ones; all of a dataset's events are about one image, so each supersedes the one before). A coordinator that keeps one
 * committed offset with one ledger, and an API that applies later what it accepts now.
 *
 * What can go wrong, at every step: a worker dies; a worker freezes and goes on later without knowing that it was
 * replaced (nothing says who runs next, so a frozen worker is one that is not chosen for a while); the group rebalances;
 * a commit is delayed, is carried out after its worker died, or its answer is lost and reported as a failure; a request
 * to the API arrives late, more than once, after its worker died or was replaced; an answer of the API is lost (the
 * worker asks again under the same token); an accepted update fails. Bounded: the number of generations
 * (GENERATIONS; a death needs another one to follow), of answers of commits reported wrongly (WRONG) and of failed
 * updates (FAILURES). Not bounded: delays and the order of things.
 *
 * What must hold:
 *   once     no event is in two applied updates, nor in an applied one and among the dead letters
 *   order    no event is applied after a newer one of its dataset
 *   offsets  the committed offset never passes an event that is not settled
 *   ledgers  no ledger calls an event settled that is not
 *   finished a run that can go no further has settled every event, each dataset shows its last event, and the offset
 *            stands at the end of the log. There are no cycles (`check` looks for them), so every run comes to its end.
 *
 * All bounds are exclusive: "settled 3" says that the events below offset 3 are settled. 0 is nothing.
 *
 * Each flag named BREAK_... takes one rule away; the model must then find what breaks.
 *
 * Taken for granted: an API that remembers what became of a token, a refusal included; a commit that was reported as
 * failed may have been carried out, but is not carried out later, after the next one of the same member.
 *
 * Left out: token age (rule 11) - a token lives for ever here; room (rule 6) and the verification of ledgers (rule 7);
 * halving, which only makes longer chains; datasets spread over partitions, which are at-least-once between partitions.
 */

#ifndef EVENTS
#define EVENTS 4
#endif
#ifndef GENERATIONS
#define GENERATIONS 3
#endif
#ifndef FAILURES
#define FAILURES 1
#endif
#ifndef WRONG
#define WRONG 1
#endif

/* ---- The log: event o belongs to dataset o % 2. ---- */

/* The first event of d at or above s (or beyond the log). */
#define NEXT(d, s)  ((s) + (((s) + (d)) & 1))
/* The bound just behind the last event of d below p; 0 or 1 where there is none (see HAS). */
#define BEHIND(d, p) ((p) - ((((p) + (d)) & 1) == 0 -> 1 : 0))
/* Whether d has an event in [s, p). */
#define HAS(d, s, p) (NEXT(d, s) < (p))

/* ---- Rule 3, token from content: dataset, first and last event, attempt. Nothing else can be told apart. ---- */

#define PER     ((EVENTS + 1) / 2)
#define TRIES   (FAILURES + 1)
#define TOKENS  (PER * PER * TRIES)          /* of one dataset */
#define TOKEN(d, s, c, n) ((d) * TOKENS + (NEXT(d, s) / 2 * PER + ((c) - 1) / 2) * TRIES + (n))

mtype:token = { unused, onTheWay, applying, applied, failed }
/* What the API remembers, and what is on its way to it: a request that was decided on may arrive at any later time, any
   number of times, whatever became of its sender. So the wire is a set of tokens that only grows. */
mtype:token token[2 * TOKENS] = unused;
byte updating[2];        /* one more than the number of the token whose update is being applied; 0: none */
byte failures;

/* The truth about each event, which no worker can see. */
bool isApplied[EVENTS];
bool isDead[EVENTS];
#define SETTLED(o) (isApplied[o] || isDead[o])

/* What must hold, by the names above, so that a violation says which. */
bool once = true, order = true, offsets = true, ledgers = true, finished = true;
#ifdef ONLY
/* To see what else comes of a missing rule: the other laws may be broken meanwhile. */
#define DEMAND(law, holds) law = law && (holds); assert(ONLY)
#else
#define DEMAND(law, holds) law = law && (holds); assert(law)
#endif

/* ---- The coordinator: one generation, one owner of the partition, one committed offset with its ledger. ---- */

typedef Ledger {
    byte offset;         /* the watermark (rule 1): the only offset ever committed */
    byte floor;          /* rule 5: a dataset not named has its events below this settled */
    bool named[2];
    byte settled[2];     /* rule 4 */
    byte cut[2]          /* rule 1: the batch in flight is [settled, cut); 0: none */
};
Ledger ledger;
byte generation = 1;
byte owner;
byte wrong;

/* ---- The workers. ---- */

mtype:phase = { away, joined, running }
mtype:flight = { none, reforming, unrecorded, recording, called }
mtype:commit = { idle, sent, carriedOut }

typedef Worker {
    mtype:phase phase = away;
    bool isMember;       /* the generation it believes in (when dead: died in) is the current one */
    byte position;       /* the next offset to read */
    byte inherited;      /* the floor that came with the partition */
    bool restored[2];    /* named by the ledger that came with the partition */
    byte settled[2];
    byte cut[2];
    mtype:flight flight[2] = none;
    byte attempt[2];
    bool dirty;          /* there is something to write */
    mtype:commit commit = idle;   /* rule 8: one at a time */
    Ledger statement;    /* what the outstanding commit says */
    bool orphaned        /* the client that sent the commit is gone */
#ifdef BREAK_EPOCH
    ; bool oldCall[2]    /* a call of an earlier ownership has not been answered yet */
#endif
};
Worker worker[2];

#define me worker[w]

inline printLedger(l) {
    printf("floor %d; %d: named %d settled %d cut %d; %d: named %d settled %d cut %d\n", l.floor, 0, l.named[0],
        l.settled[0], l.cut[0], 1, l.named[1], l.settled[1], l.cut[1])
}

/* A call, with or without an answer: from now on the request may arrive. */
inline callNow(d) {
    printf("worker %d calls for events %d to %d of dataset %d, attempt %d\n", w, NEXT(d, me.settled[d]), me.cut[d] - 1, d,
        me.attempt[d]);
    if
    :: token[TOKEN(d, me.settled[d], me.cut[d], me.attempt[d])] == unused ->
        token[TOKEN(d, me.settled[d], me.cut[d], me.attempt[d])] = onTheWay
    :: else
    fi;
    me.flight[d] = called
}

inline land(d) {
    printf("worker %d settles dataset %d below %d\n", w, d, me.cut[d]);
    me.settled[d] = NEXT(d, me.cut[d]);
    me.cut[d] = 0;
    me.attempt[d] = 0;
    me.flight[d] = none;
    me.dirty = true
}

/* All that a worker knows of the partition is gone. Nothing is waited for: what was called is in the ledger (rule 9). */
inline forget() {
    me.phase = away;
    me.position = 0; me.inherited = 0; me.dirty = false;
    me.restored[0] = false; me.settled[0] = 0; me.cut[0] = 0; me.flight[0] = none; me.attempt[0] = 0;
    me.restored[1] = false; me.settled[1] = 0; me.cut[1] = 0; me.flight[1] = none; me.attempt[1] = 0
}

inline clearStatement(which) {
    worker[which].statement.offset = 0; worker[which].statement.floor = 0;
    worker[which].statement.named[0] = false; worker[which].statement.settled[0] = 0;
    worker[which].statement.cut[0] = 0;
    worker[which].statement.named[1] = false; worker[which].statement.settled[1] = 0;
    worker[which].statement.cut[1] = 0;
    worker[which].orphaned = false;
    worker[which].commit = idle
}

/* Rule 2: what the ledger names is taken as it stands, the rest is settled up to the floor (rule 5). */
inline restore(d) {
    me.restored[d] = ledger.named[d];
    me.settled[d] = NEXT(d, (ledger.named[d] -> ledger.settled[d] : ledger.floor));
    if
    :: ledger.named[d] && ledger.cut[d] > 0 -> me.cut[d] = ledger.cut[d]; me.flight[d] = reforming
    :: else
    fi
}

/* Rule 2: the batch is whole once the position has passed its cut, and holds the dataset's events up to the cut. */
inline reform(d) {
    if
#ifdef BREAK_REPLAY_CUT
    /* Instead: whatever was read by now. */
    :: me.flight[d] == reforming && HAS(d, me.settled[d], me.position) ->
        me.cut[d] = BEHIND(d, me.position);
        callNow(d)
#else
    :: me.flight[d] == reforming && me.position >= me.cut[d] -> callNow(d)
#endif
    :: else
    fi
}

/* Until everything below the inherited floor was read again, whoever was named stays named: it may have unsettled
   events there that were not met yet. */
#ifdef BREAK_UNREAD
#define STAYS_NAMED(d) false
#else
#define STAYS_NAMED(d) (me.restored[d] && me.position < me.inherited)
#endif

/* The dataset's part of a statement: named if it has a batch in flight, something settled above the floor or something
   unsettled below. */
inline nameDataset(d) {
    if
    :: me.flight[d] != none || STAYS_NAMED(d) ||
       (HAS(d, 0, me.settled[d]) && BEHIND(d, me.settled[d]) > me.statement.floor) ||
       HAS(d, me.settled[d], (me.position < me.statement.floor -> me.position : me.statement.floor)) ->
        me.statement.named[d] = true;
#ifdef BREAK_SETTLED
        me.statement.settled[d] = NEXT(d, me.statement.offset);
#else
        me.statement.settled[d] = me.settled[d];
#endif
#ifndef BREAK_CUT
        me.statement.cut[d] = me.cut[d]
#endif
    :: else -> me.statement.named[d] = false; me.statement.settled[d] = 0; me.statement.cut[d] = 0
    fi
}

inline recordIntent(d) {
    if
    :: me.flight[d] == unrecorded ->
        me.flight[d] = recording
#ifdef BREAK_INTENT
        ; callNow(d); me.flight[d] = recording
#endif
    :: else
    fi
}

/* Rule 12: attempt n + 1 exists only after attempt n was reported failed; after two failures the events are dead
   letters. Whoever replays the chain asks under the same tokens, hears the same answers and so takes the same turns. */
inline again(d) {
    if
    :: me.attempt[d] == 0 -> me.attempt[d] = 1; callNow(d)
    :: me.attempt[d] > 0 ->
        d_step {
            for (o : 0 .. EVENTS - 1) {
                if
                :: (o & 1) == d && o >= me.settled[d] && o < me.cut[d] -> DEMAND(once, !isApplied[o]); isDead[o] = true; printf("event %d is a dead letter\n", o)
                :: else
                fi
            }
            o = 0;
            land(d)
        }
#ifdef BREAK_CHAIN
    /* Instead: a turn that depends on what only this worker remembers. */
    :: me.attempt[d] == 1 && TRIES > 2 -> me.attempt[d] = 2; callNow(d)
#endif
    fi
}

#define CAN_CUT(d) (me.flight[d] == none && HAS(d, me.settled[d], me.position))

inline takeBack(d) {
    if
    :: me.flight[d] == recording ->
        me.flight[d] = unrecorded;
#ifdef BREAK_STANDING_CUT
        me.flight[d] = none;
        me.cut[d] = 0
#endif
    :: else
    fi
}

inline cutLane(d) {
    me.cut[d] = BEHIND(d, me.position);
    me.flight[d] = unrecorded
}

#define UNSETTLED_READ(d) HAS(d, me.settled[d], me.position)

inline lower(d) {
    if
    :: UNSETTLED_READ(d) && NEXT(d, me.settled[d]) < me.statement.offset ->
        me.statement.offset = NEXT(d, me.settled[d])
    :: else
    fi
}

#define NAMES (me.statement.named[0] + me.statement.named[1])

/* Composes a statement and sends it. */
inline write() {
    me.dirty = false;
    me.commit = sent;
    /* The lowest unsettled offset. */
    me.statement.offset = me.position;
#ifndef BREAK_WATERMARK
    lower(0);
    lower(1);
#endif
    /* Rule 5: low, or high where that names fewer. Not before the inherited floor was reached: datasets that were not
       met again yet may have settled events up to there. */
#ifndef BREAK_SETTLED
    me.statement.floor = (me.position < me.inherited -> me.inherited : me.position);
    nameDataset(0);
    nameDataset(1);
    if
    :: me.position >= me.inherited ->
        fewer = NAMES;
        me.statement.floor = me.statement.offset;
        nameDataset(0);
        nameDataset(1);
        if
        :: fewer < NAMES -> me.statement.floor = me.position; nameDataset(0); nameDataset(1)
        :: else
        fi;
        fewer = 0
    :: else
    fi;
#else
    me.statement.floor = me.statement.offset;
    nameDataset(0);
    nameDataset(1);
#endif
    printf("worker %d commits offset %d, ", w, me.statement.offset);
    printLedger(me.statement);
    recordIntent(0);
    recordIntent(1)
}

/* Rule 9, lost: the partition has gone to somebody else. A commit that has no answer yet might be sent again under the
   next generation, over what the new owner wrote: so the client is closed, and the commit with it. */
inline depart() {
#ifdef BREAK_EPOCH
    me.oldCall[0] = me.oldCall[0] || me.flight[0] == called;
    me.oldCall[1] = me.oldCall[1] || me.flight[1] == called;
#endif
#ifdef BREAK_LOST
    if
    :: me.commit == carriedOut -> clearStatement(w)
    :: else
    fi;
#else
    clearStatement(w);
#endif
    forget()
}

/* Only for fewer states, and only what makes no difference: a commit of a member of an older generation will be refused,
   so it is taken off its way at once; and a worker that was replaced can commit nothing, so all that it knows is of no
   consequence but for calls that it has made, will make because their intent was acknowledged, or is re-forming. */
inline fade(which, d) {
    if
    :: worker[which].flight[d] == none || worker[which].flight[d] == unrecorded ||
       (worker[which].flight[d] == recording && worker[which].commit != carriedOut) ->
        worker[which].flight[d] = none;
        worker[which].settled[d] = 0;
        worker[which].cut[d] = 0;
        worker[which].attempt[d] = 0
    :: else
    fi;
    worker[which].restored[d] = false
}

inline fadeAll(which) {
    if
    :: worker[which].commit == sent -> clearStatement(which)
    :: else
    fi;
    fade(which, 0);
    fade(which, 1);
    worker[which].inherited = 0;
    worker[which].dirty = false;
    if
    :: worker[which].flight[0] != reforming && worker[which].flight[1] != reforming -> worker[which].position = 0
    :: else
    fi
}

#if defined(UNREDUCED) || defined(BREAK_GENERATION) || defined(BREAK_LOST)
#define FADE skip
#define FADE_IF_REPLACED skip
#else
#define FADE fadeAll(0); fadeAll(1)
#define FADE_IF_REPLACED if :: !me.isMember -> fadeAll(w) :: else fi
#endif

#if defined(UNREDUCED) || defined(BREAK_GENERATION)
#define MAY_COMMIT (me.phase == running && me.commit == idle)
#else
/* A stale worker's commit would be refused, and the refusal tells it no more than it may notice at any time. So it is
   not sent in the first place: it would only add states. */
#define MAY_COMMIT (me.phase == running && me.commit == idle && me.isMember)
#endif

proctype work(byte w) {
    byte o, fewer;
end:
    do
    /* Joins, or joins again; who is not the owner has nothing to do but to be a member. */
    :: atomic {
        me.phase == away && !me.isMember && (owner == w || (me.commit == sent && !me.orphaned)) ->
        me.isMember = true;
        if
        /* What its dead predecessor left on the way will be refused: that was another member. */
        :: me.orphaned -> clearStatement(w)
        :: else
        fi;
        if
        :: owner == w -> me.phase = joined; printf("worker %d joins\n", w)
        :: else
        fi
    }
    /* Reads the committed offset and the ledger. It may have been replaced meanwhile: nobody checks a reader. */
    :: d_step {
        me.phase == joined ->
        me.phase = running;
        printf("worker %d finds offset %d, ", w, ledger.offset);
        printLedger(ledger);
        me.position = ledger.offset;
        me.inherited = ledger.floor;
        restore(0);
        restore(1);
        FADE_IF_REPLACED
    }
    /* Reads a record. */
    :: d_step {
        me.phase == running && me.position < EVENTS &&
        (me.isMember || me.flight[0] == reforming || me.flight[1] == reforming) ->
        me.dirty = me.dirty || me.position < me.settled[me.position & 1];
        printf("worker %d reads event %d\n", w, me.position);
        me.position++;
        reform(0);
        reform(1);
        FADE_IF_REPLACED
    }
    /* Rule 1: cuts batches and writes their intents, with whatever else there is to write. */
    :: d_step { MAY_COMMIT && me.dirty -> write() }
    :: d_step { MAY_COMMIT && CAN_CUT(0) -> cutLane(0); write() }
    :: d_step { MAY_COMMIT && CAN_CUT(1) -> cutLane(1); write() }
    :: d_step { MAY_COMMIT && CAN_CUT(0) && CAN_CUT(1) -> cutLane(0); cutLane(1); write() }
    /* The commit's answer. */
    :: d_step {
        me.commit == carriedOut ->
        printf("worker %d hears that its commit is stored\n", w);
        clearStatement(w);
        if
        :: me.flight[0] == recording -> callNow(0)
        :: else
        fi;
        if
        :: me.flight[1] == recording -> callNow(1)
        :: else
        fi
    }
    /* It was carried out, but the answer says otherwise. The cuts stand: the next commit names the same batches. */
    :: d_step {
        me.commit == carriedOut && wrong < WRONG ->
        wrong++;
        printf("worker %d hears that its commit has failed, which is wrong\n", w);
        clearStatement(w);
        me.dirty = true;
        takeBack(0);
        takeBack(1)
    }
    /* Answers of the API: to this call, of this ownership. (Rule 9: one for an older epoch changes nothing.) */
    :: d_step {
        me.flight[0] == called && token[TOKEN(0, me.settled[0], me.cut[0], me.attempt[0])] == applied -> land(0); FADE_IF_REPLACED
    }
    :: d_step {
        me.flight[1] == called && token[TOKEN(1, me.settled[1], me.cut[1], me.attempt[1])] == applied -> land(1); FADE_IF_REPLACED
    }
    /* Rule 12: attempt n + 1 exists only after attempt n was reported failed. */
    :: atomic {
        me.flight[0] == called && token[TOKEN(0, me.settled[0], me.cut[0], me.attempt[0])] == failed -> again(0)
    }
    :: atomic {
        me.flight[1] == called && token[TOKEN(1, me.settled[1], me.cut[1], me.attempt[1])] == failed -> again(1)
    }
#ifdef BREAK_ATTEMPT
    /* Nor is it waited for. */
    :: d_step {
        me.flight[0] == called && me.attempt[0] == 0 &&
        token[TOKEN(0, me.settled[0], me.cut[0], me.attempt[0])] == applying ->
        me.attempt[0] = 1;
        callNow(0)
    }
#endif
#ifdef BREAK_EPOCH
    /* An answer to a call of an earlier ownership is taken for one to the call that is in flight now. */
    :: d_step { me.oldCall[0] && me.flight[0] == called -> me.oldCall[0] = false; land(0) }
    :: d_step { me.oldCall[1] && me.flight[1] == called -> me.oldCall[1] = false; land(1) }
#endif
    /* Notices that it was replaced (or is asked in good order to go, which is the same with less haste). */
    :: d_step {
        me.phase != away && !me.isMember ->
        printf("worker %d notices that it was replaced\n", w);
        depart()
    }
    /* Dies. Its commit may still arrive. Giving up after a commit without an answer is the same. */
    :: d_step {
        me.phase != away && me.isMember && generation < GENERATIONS ->
        printf("worker %d dies\n", w);
        if
        :: me.commit == sent -> me.orphaned = true
        :: me.commit == carriedOut -> clearStatement(w)
        :: else
        fi;
#ifdef BREAK_EPOCH
        me.oldCall[0] = false; me.oldCall[1] = false;
#endif
        forget()
    }
    od
}

/* No ledger, and no offset, calls settled what is not. */
inline checkLedger() {
    for (o : 0 .. EVENTS - 1) {
        DEMAND(offsets, o >= ledger.offset || SETTLED(o));
        DEMAND(ledgers, o >= (ledger.named[o & 1] -> ledger.settled[o & 1] : ledger.floor) || SETTLED(o))
    }
    o = 0
}

inline storeDataset(d) {
    ledger.named[d] = me.statement.named[d];
    ledger.settled[d] = me.statement.settled[d];
    ledger.cut[d] = me.statement.cut[d]
}

#ifdef BREAK_GENERATION
#define IS_MEMBER true
#else
#define IS_MEMBER me.isMember
#endif

/* The way of a worker's commit to the coordinator. */
proctype deliver(byte w) {
    byte o;
end:
    do
    /* Rule 1: a commit of a stale member is refused, so a zombie starts nothing new. Member and generation are checked,
       ownership is not: under which generation it is sent is the client's affair. */
    :: d_step {
        me.commit == sent && IS_MEMBER ->
        printf("the commit of worker %d is stored: offset %d, ", w, me.statement.offset);
        printLedger(me.statement);
        ledger.offset = me.statement.offset;
        ledger.floor = me.statement.floor;
        storeDataset(0);
        storeDataset(1);
        checkLedger();
        if
        :: me.orphaned || me.phase == away -> clearStatement(w)
        :: else -> me.commit = carriedOut
        fi
    }
    /* From the refusal the worker learns that it was replaced. What a zombie could do between the two it can do as well
       while the commit is still on its way. */
    :: d_step {
        me.commit == sent && !IS_MEMBER && me.phase != away ->
        clearStatement(w);
        depart()
    }
    od
}

/* The group gives the partition to either worker, at any time, for any reason. */
inline rebalance(next) {
    generation++;
    owner = next;
    printf("generation %d: the partition goes to worker %d\n", generation, owner);
    worker[0].isMember = false;
    worker[1].isMember = false
}

proctype coordinate() {
end:
    do
    :: d_step { generation < GENERATIONS -> rebalance(0); FADE }
    :: d_step { generation < GENERATIONS -> rebalance(1); FADE }
    od
}

#define ARRIVAL(k) \
    :: d_step { \
        updating[d] == 0 && k < TOKENS && token[d * TOKENS + k] == onTheWay -> \
        printf("dataset %d accepts events %d to %d, attempt %d\n", d, k / TRIES / PER * 2 + d, \
            k / TRIES % PER * 2 + d, k % TRIES); \
        token[d * TOKENS + k] = applying; \
        updating[d] = k + 1 \
    }

/* One dataset of the API. A request under a token that it remembers changes nothing, and one that comes while the
   dataset is updating is refused (ConflictException) and comes again: neither is a step here. */
proctype serve(byte d) {
    byte i;
end:
    do
    ARRIVAL(0) ARRIVAL(1) ARRIVAL(2) ARRIVAL(3) ARRIVAL(4) ARRIVAL(5) ARRIVAL(6) ARRIVAL(7) ARRIVAL(8)
    ARRIVAL(9) ARRIVAL(10) ARRIVAL(11) ARRIVAL(12) ARRIVAL(13) ARRIVAL(14) ARRIVAL(15) ARRIVAL(16) ARRIVAL(17)
    ARRIVAL(18) ARRIVAL(19) ARRIVAL(20) ARRIVAL(21) ARRIVAL(22) ARRIVAL(23) ARRIVAL(24) ARRIVAL(25) ARRIVAL(26)
    :: d_step {
        updating[d] > 0 ->
        token[d * TOKENS + updating[d] - 1] = applied;
        printf("dataset %d has applied\n", d);
        for (i : (updating[d] - 1) / TRIES / PER .. PER - 1) {
            if
            :: 2 * i + d < EVENTS ->
                if
                :: i <= (updating[d] - 1) / TRIES % PER ->
                    DEMAND(once, !isApplied[2 * i + d] && !isDead[2 * i + d]);
                    isApplied[2 * i + d] = true
                :: else -> DEMAND(order, !isApplied[2 * i + d])
                fi
            :: else
            fi
        }
        i = 0;
        updating[d] = 0
    }
    :: d_step {
        updating[d] > 0 && failures < FAILURES ->
        failures++;
        printf("dataset %d has failed\n", d);
        token[d * TOKENS + updating[d] - 1] = failed;
        updating[d] = 0
    }
    od
}

/* Where nothing can happen any more, everything has happened. */
proctype finish() {
    byte o;
    timeout ->
    d_step {
        DEMAND(finished, ledger.offset == EVENTS);
        for (o : 0 .. EVENTS - 1) { DEMAND(finished, SETTLED(o)) }
        o = 0
    }
}

init {
    atomic {
        run coordinate();
        run deliver(0);
        run deliver(1);
        run serve(0);
        run serve(1);
        run work(0);
        run work(1);
        run finish()
    }
}
