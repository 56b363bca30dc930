/** Reads sets of keys. Source: RFC 7517, section 5. */
import type { Limits } from "../../core/text/json/structure";
import type { Algorithm } from "./algorithms";
import * as algorithms from "./algorithms";
import type { Objection } from "./json_object";
import * as json_object from "./json_object";
import type { JsonWebKey } from "./json_web_key";
import * as json_web_key from "./json_web_key";
import type { Key, KeySet } from "./model";

/** One key for an algorithm, or `false` for more than one. */
type Choices = LuaMap<Algorithm, Key | false>;

interface Keys extends KeySet {
    readonly skipped: string[];
    algorithms: readonly Algorithm[];
    readonly by_kid: LuaMap<string, Choices>;
    /** All keys, for tokens without an id. */
    readonly all: Choices;
}

export const MOST_BYTES = 262144;
export const MOST_KEYS = 64;
const LIMITS: Limits = { max_depth: 8, max_members: 4096, unique_names: true };

const PROBLEMS: Readonly<Record<Objection, string>> = {
    no_json: "is not JSON",
    no_object: "is not a JSON object",
    too_deep: `is nested deeper than ${LIMITS.max_depth} levels`,
    too_many_members: `has more than ${LIMITS.max_members} members`,
    duplicate_name: "has a name twice in one object",
};

function find(this: Keys, algorithm: Algorithm, kid: string | undefined): Key | undefined {
    const choices = kid === undefined ? this.all : this.by_kid.get(kid);
    const key = choices?.get(algorithm);
    return key === false ? undefined : key;
}

function has(this: Keys, kid: string): boolean {
    return this.by_kid.has(kid);
}

const metatable = { __index: { find, has } };

/** Adds a key where it fits; whether another one fits there, too. */
function add_choice(choices: Choices, key: Key): boolean {
    let is_shared = false;
    for (const algorithm of key.algorithms) {
        if (choices.has(algorithm)) is_shared = true;
        choices.set(algorithm, choices.has(algorithm) ? false : key);
    }
    return is_shared;
}

/** Adds a key; whether another one has its id, and fits one of its algorithms. */
function add(set: Keys, keys: JsonWebKey[], key: JsonWebKey): boolean {
    keys.push(key);
    add_choice(set.all, key);
    if (key.kid === undefined) return false;
    const choices = set.by_kid.get(key.kid) ?? new LuaMap<Algorithm, Key | false>();
    set.by_kid.set(key.kid, choices);
    return add_choice(choices, key);
}

function add_algorithms(found: LuaSet<Algorithm>, choices: Choices): void {
    for (const [algorithm, key] of choices) if (key !== false) found.add(algorithm);
}

/** The algorithms with which any token can be verified. */
function usable(set: Keys): Algorithm[] {
    const found = new LuaSet<Algorithm>();
    add_algorithms(found, set.all);
    for (const [, choices] of set.by_kid) add_algorithms(found, choices);
    const sorted: Algorithm[] = [];
    for (const algorithm of algorithms.NAMES) if (found.has(algorithm)) sorted.push(algorithm);
    return sorted;
}

/** What is wrong where the keys are for none of the accepted algorithms; nothing where they are. Phases: any. */
export function misfit(given: readonly Algorithm[], accepted: readonly Algorithm[]): string | undefined {
    for (const name of accepted) {
        for (const its_name of given) if (name === its_name) return undefined;
    }
    return `the keys are for ${table.concat(given as Algorithm[], ", ")}, and not for ${table.concat(accepted as Algorithm[], ", ")}`;
}

/** Whether a key is in the set already, under the same name and for the same algorithms. */
function is_repeated(keys: readonly JsonWebKey[], key: JsonWebKey): boolean {
    const names = table.concat(key.algorithms as Algorithm[], " ");
    for (const other of keys) {
        const is_same = other.text === key.text && other.kid === key.kid;
        if (is_same && table.concat(other.algorithms as Algorithm[], " ") === names) return true;
    }
    return false;
}

/** Fills the set; `pause` is called between keys. */
function read_all(given: readonly unknown[], pause: ((this: void) => void) | undefined): Keys {
    const keys: JsonWebKey[] = [];
    const skipped: string[] = [];
    const set: Keys = setmetatable(
        {
            keys,
            skipped,
            algorithms: [],
            by_kid: new LuaMap<string, Choices>(),
            all: new LuaMap<Algorithm, Key | false>(),
        },
        metatable,
    );
    for (const place of $range(1, given.length)) {
        const [key, err] = json_web_key.read(given[place - 1]);
        if (key === undefined) skipped.push(`key ${place} ${err}`);
        else if (is_repeated(keys, key)) skipped.push(`key ${place} is in the set already`);
        else if (add(set, keys, key)) skipped.push(`key ${place} has the id of another key for the same algorithm`);
        if (pause !== undefined) pause();
    }
    set.algorithms = usable(set);
    return set;
}

/**
 * The keys of a JWKS. Those that cannot be used are skipped, for reasons that stand in `skipped`. Nil and why when the text is no JWKS,
 * is longer than 256 KB, has more than 64 keys, or none that can be used, or none for one of the `needs` of a source; no part of the
 * text is in that.
 *
 * A key takes up to a millisecond; `pause` is called between keys, for those who may yield (`time_slice.paced`). If two keys have one id
 * and fit one algorithm, none of them is used for that algorithm, as nobody can tell which of them is meant. Phases: any, with `pause` those in which it may be called.
 */
export function parse(
    text: string,
    needs?: readonly (readonly Algorithm[])[],
    pause?: (this: void) => void,
): Result<KeySet> {
    if (text.length > MOST_BYTES) return $multi(undefined, `the JWKS is longer than ${MOST_BYTES} bytes`);
    const [object, problem] = json_object.read(text, LIMITS);
    if (object === undefined) return $multi(undefined, `the JWKS ${PROBLEMS[problem]}`);
    const given = object.keys;
    if (type(given) !== "table") return $multi(undefined, 'the JWKS has no list "keys"');
    const list = given as readonly unknown[];
    if (list.length > MOST_KEYS) return $multi(undefined, `the JWKS has more than ${MOST_KEYS} keys`);
    const set = read_all(list, pause);
    if (set.algorithms.length === 0) {
        const why = set.skipped.length === 0 ? "" : `: ${set.skipped[0]}`;
        return $multi(undefined, `the JWKS has no key that can be used${why}`);
    }
    for (const accepted of needs ?? []) {
        const wrong = misfit(set.algorithms, accepted);
        if (wrong !== undefined) return $multi(undefined, wrong);
    }
    return $multi(set);
}
