// What is run, in what batches, and what is kept of it.
import { errorShare, mean, nodeShare, times } from "./figures.mjs";
import { named, POLICIES } from "./policies.mjs";
import { WORKS } from "./trace.mjs";

const LOADS = [0.5, 0.7, 0.85, 0.95];
/** Not counted: the policies that learn begin with nothing. */
const WARM_SECONDS = 10;

const XED = named("openclaw xed");
const LEAST_CONN = named("least_conn");
const WEIGHTED_LEAST_CONN = named("least_conn, true weights");

/** All at once, so that each ratio is within one run. The seed depends on work and load only. */
function steadyBatch(title, { shapes, works, loads, policies, seconds }) {
    const cells = [];
    for (const shape of shapes)
        for (const work of works)
            for (const load of loads)
                for (const policy of policies)
                    cells.push({ policy, shape, work, load, seed: 1000 * load + WORKS.indexOf(work) });
    const keep = (cell) => ({
        shape: cell.shape,
        work: cell.work,
        load: cell.load,
        policy: cell.policy.name,
        ...times(cell, WARM_SECONDS, WARM_SECONDS + seconds),
    });
    return { title, kind: "steady", cells, seconds: WARM_SECONDS + seconds, keep: (done) => done.map(keep) };
}

/** Of the three nodes of A1 the middle one: the others can do the work without it. */
const SHAPE = "A1";
const NODE = 1;
const LOAD = 0.5;
/** Shorter work, so more requests a second: 240 at this load. */
const TROUBLE_UNIT_MS = 50;
const TROUBLE = 30;
const OUTAGE_SECONDS = 15;
const FAILS = [
    { at: TROUBLE, node: NODE, fails: true },
    { at: TROUBLE + OUTAGE_SECONDS, node: NODE, fails: false },
];
const SLOWS = [{ at: TROUBLE, node: NODE, slower: 10 }];
const TROUBLE_RUN_SECONDS = 80;

const normalShare = (cell) => nodeShare(cell, NODE, WARM_SECONDS, TROUBLE);
const relativeShare = (cell, from, to) => nodeShare(cell, NODE, from, to) / normalShare(cell);

const errorsInOutage = (cell) => errorShare(cell, TROUBLE, TROUBLE + OUTAGE_SECONDS);
const shareAfterOutage = (cell) => {
    const middle = TROUBLE + OUTAGE_SECONDS + 30;
    return relativeShare(cell, middle - 5, middle + 5);
};

/** The node's troubles, and what is asked of the policies meanwhile. */
const TROUBLES = [
    {
        cell: { changes: FAILS, tries: 1 },
        figures: { "fails for 15 s, no retry: errors, %": (cell) => 100 * errorsInOutage(cell) },
    },
    {
        cell: { changes: FAILS, tries: 2 },
        figures: {
            "fails for 15 s, one retry: errors, %": (cell) => 100 * errorsInOutage(cell),
            "its share 30 s after it has recovered, % of normal": (cell) => 100 * shareAfterOutage(cell),
        },
    },
    {
        cell: { changes: SLOWS, tries: 1 },
        figures: {
            "10 times slower: its share after 5 s, % of normal": (cell) =>
                100 * relativeShare(cell, TROUBLE + 5, TROUBLE + 10),
            "its share after 30 s, % of normal": (cell) => 100 * relativeShare(cell, TROUBLE + 30, TROUBLE + 40),
            "mean of all requests in the first 40 s, ms": (cell) => times(cell, TROUBLE, TROUBLE + 40).mean,
            "p99 of all requests in the first 40 s, ms": (cell) => times(cell, TROUBLE, TROUBLE + 40).p99,
        },
    },
];

function troubleBatch(seeds) {
    const cells = [];
    for (let seed = 1; seed <= seeds; seed += 1)
        for (const [trouble, { cell }] of TROUBLES.entries())
            for (const policy of [XED, WEIGHTED_LEAST_CONN])
                cells.push({
                    ...cell,
                    trouble,
                    policy,
                    shape: SHAPE,
                    work: "exponential",
                    load: LOAD,
                    seed,
                    unitMs: TROUBLE_UNIT_MS,
                });
    const keep = (done) =>
        TROUBLES.flatMap(({ figures }, trouble) =>
            Object.entries(figures).map(([figure, of]) => {
                const value = (policy) =>
                    mean(done.filter((cell) => cell.trouble === trouble && cell.policy === policy).map(of));
                return { figure, xed: value(XED), weighted: value(WEIGHTED_LEAST_CONN) };
            }),
        );
    return { title: "nodes-in-trouble", kind: "trouble", cells, seconds: TROUBLE_RUN_SECONDS, keep };
}

const all = { works: WORKS, loads: LOADS, policies: POLICIES };

export const FULL = [
    ...["A1", "A2"].flatMap((shape) =>
        WORKS.map((work) => steadyBatch(`${shape}-${work}`, { ...all, shapes: [shape], works: [work], seconds: 240 })),
    ),
    steadyBatch("equal-nodes", { ...all, shapes: ["equal"], policies: [LEAST_CONN, XED], seconds: 150 }),
    troubleBatch(3),
];

/** To try the tool; the figures mean little. */
export const QUICK = [
    steadyBatch("quick", {
        shapes: ["A2"],
        works: ["exponential"],
        loads: [0.7, 0.95],
        policies: POLICIES,
        seconds: 20,
    }),
];
