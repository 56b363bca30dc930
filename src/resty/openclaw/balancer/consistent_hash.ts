/**
 * Requests with the same value of a variable go to the same peer, unless that is overloaded: for models that cache results of one
 * user or one prompt. When a peer is removed, only its own values move.
 *
 * Weighted rendezvous hashing: of all candidates the one with the highest score for this value, -weight / ln(hash).
 * Source: Schindelhauer and Schomaker, Weighted Distributed Hash Tables, 2005. Its load is bounded: a peer with more than
 * 1.25 times its fair share in flight is passed over for the next best. Source: Mirrokni, Thorup and Zadimoghaddam,
 * Consistent Hashing with Bounded Loads, 2016.
 */
import * as kinds from "../config/kinds";
import type { Candidates, Peer, Policy, PolicyOptions } from "./model";
import * as nodes from "./node";

/** The hash of a peer, and its requests in flight at the current pick. */
interface Place {
    readonly seed: number;
    load: number;
}

interface ConsistentHash extends Policy<Place> {
    readonly load_factor: number;
}

const TWO_TO_32 = 4294967296;
/** The option `load_factor` where it is not given. */
export const DEFAULT_LOAD_FACTOR = 1.25;

/** A number from 0 to 1, without the ends, that tells nothing of the other. Source: Bob Jenkins' integer hash. */
function scattered(number: number): number {
    let hash = (number + 0x7ed55d16 + (number << 12)) | 0;
    hash = hash ^ 0xc761c23c ^ (hash >>> 19);
    hash = (hash + 0x165667b1 + (hash << 5)) | 0;
    hash = ((hash + 0xd3a2646c) | 0) ^ (hash << 9);
    hash = (hash + 0xfd7046c5 + (hash << 3)) | 0;
    hash = hash ^ 0xb55a4f09 ^ (hash >>> 16);
    return ((hash < 0 ? hash + TWO_TO_32 : hash) + 0.5) / TWO_TO_32;
}

/** Reads the load of the candidates; returns the limit for a weight of 1. */
function fair_load(policy: ConsistentHash, candidates: Candidates<Place>): number {
    let load = 1;
    let weight = 0;
    for (const at of $range(0, candidates.count - 1)) {
        const peer = candidates.peers[at]!;
        const its_load = nodes.in_flight(peer.node);
        peer.learned.load = its_load;
        load += its_load;
        weight += peer.weight;
    }
    return (policy.load_factor * load) / weight;
}

/** For requests without a value: the peer with the fewest requests in flight for its weight. */
function least_loaded(candidates: Candidates<Place>): Peer<Place> {
    let best = candidates.peers[0]!;
    let least = math.huge;
    for (const at of $range(0, candidates.count - 1)) {
        const peer = candidates.peers[at]!;
        const load = (peer.learned.load + math.random()) / peer.weight;
        if (load < least) {
            best = peer;
            least = load;
        }
    }
    return best;
}

function pick(
    this: ConsistentHash,
    candidates: Candidates<Place>,
    _now: MonotonicTime,
    key: string | undefined,
): Peer<Place> {
    const fair = fair_load(this, candidates);
    if (key === undefined || key === "") return least_loaded(candidates);
    const hash = ngx.crc32_short(key);
    let best = candidates.peers[0]!;
    let best_score = -1;
    for (const at of $range(0, candidates.count - 1)) {
        const peer = candidates.peers[at]!;
        const score = -peer.weight / math.log(scattered(hash ^ peer.learned.seed));
        if (score > best_score && peer.learned.load < math.ceil(fair * peer.weight)) {
            best = peer;
            best_score = score;
        }
    }
    return best;
}

function learn(this: ConsistentHash, peer: Peer): Place {
    return { seed: ngx.crc32_short(peer.node.address), load: 0 };
}

function weight(this: ConsistentHash, peer: Peer<Place>): number {
    return peer.weight;
}

const metatable = { __index: { learn, pick, weight } };

function is_variable(given: unknown): boolean {
    if (typeof given !== "string") return false;
    const [legal] = string.find(given, "^%$?[%w_]+$");
    return legal !== undefined;
}

/** The option `hash_on`: the variable to hash, with or without its dollar sign. */
export const HASHED_VARIABLE = kinds.of<string>(
    "variable name",
    'the name of a variable, such as "$arg_user"',
    is_variable,
);

/** The option `load_factor`. */
export const LOAD_FACTOR = kinds.of<number>(
    "number > 1",
    "a number above 1",
    (given) => typeof given === "number" && given > 1 && given < math.huge,
);

/** The policy. Phases: init. */
function create({ hash_on, load_factor }: Pick<PolicyOptions, "hash_on" | "load_factor">): Policy {
    // Without it there is a problem, which is told with all others.
    const [key_variable] = string.match(hash_on ?? "_", "[%w_]+");
    const fields = { key_variable: key_variable!, load_factor };
    return setmetatable(fields, metatable);
}
export { create as new };
