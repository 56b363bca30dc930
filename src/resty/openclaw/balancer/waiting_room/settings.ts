/** The option `queue` of an upstream: how many of its requests may be under way, and how many may wait for how long. */
import type { Kind } from "../../config/kinds";
import * as kinds from "../../config/kinds";
import * as names from "../../config/names";
import type { Problems } from "../../config/problems";
import type { Values } from "../../config/schema";
import { option, optional, table_of } from "../../config/schema";
import * as classes from "../../core/request/classes";

/** The class of callers that have no other one. */
export const STANDARD = "standard";
/** All classes are looked at whenever there is a free place. */
const MOST_CLASSES = 16;
const MOST_PLACES = 1e6;
const LEAST_WEIGHT = 0.001;
const MOST_WEIGHT = 1000;

function is_whole(given: unknown): boolean {
    return typeof given === "number" && given % 1 === 0 && given >= 1 && given <= MOST_PLACES;
}

const CONCURRENCY = kinds.of<number | "learned">(
    '`"learned"` or whole number ≥ 1',
    '"learned" or a whole number from 1 up',
    (given) => given === "learned" || is_whole(given),
);
const WEIGHT = kinds.of<number>(
    `number from ${LEAST_WEIGHT} to ${MOST_WEIGHT}`,
    `a number from ${LEAST_WEIGHT} to ${MOST_WEIGHT}`,
    (given) => typeof given === "number" && given >= LEAST_WEIGHT && given <= MOST_WEIGHT,
);
const SIZE = kinds.whole(0, MOST_PLACES);

/** Of a class. */
export const CLASS_SCHEMA = {
    weight: option(WEIGHT, 1, "its share of the places while others wait too"),
    size: optional(SIZE, "how many requests of the class may wait; by default `size` of the queue"),
    wait_seconds: optional(kinds.positive, "how long they wait at most; by default `wait_seconds` of the queue"),
};

const CLASS_MAP = classes.map_of_classes(table_of(CLASS_SCHEMA, "{ weight = 8 }"), "{ vip = { weight = 8 } }");

const CLASSES: Kind<LuaTable<string, Values<typeof CLASS_SCHEMA>>> = {
    name: "table",
    read: (given, path, problems) => {
        const read = CLASS_MAP.read(given, path, problems);
        const known = names.sorted(read);
        if (known.length > MOST_CLASSES)
            problems.push(`${path} has ${known.length} classes; ${MOST_CLASSES} are the most`);
        return read;
    },
};

export const SCHEMA = {
    concurrency: option(
        CONCURRENCY,
        "learned",
        'how many requests may be under way at once, over all workers; `"learned"`: as many as the nodes handle concurrently, which policy `xed` learns',
    ),
    at_least: option(kinds.whole(1, MOST_PLACES), 1, "the least that `learned` may be"),
    at_most: option(kinds.whole(1, MOST_PLACES), MOST_PLACES, "the most that `learned` may be"),
    headroom: option(
        kinds.of<number>("number from 1 to 10", "a number from 1 to 10", (given) => {
            return typeof given === "number" && given >= 1 && given <= 10;
        }),
        1.5,
        "`learned` is what the nodes are known to handle, times this. Nodes that are given a few requests more can show that they handle more",
    ),
    size: option(SIZE, 200, "how many requests of a class may wait, over all workers"),
    wait_seconds: option(kinds.positive, 10, "how long a request waits at most"),
    classes: option(
        CLASSES,
        new LuaTable(),
        "`weight`, `size` and `wait_seconds` of callers by their class, see [Classes](waiting_room.md#classes)",
    ),
    read_body: option(
        kinds.flag,
        true,
        "whether the request body is read before the request gets a place; with `false` a client that sends slowly takes a place meanwhile",
    ),
};

export type Options = Values<typeof SCHEMA>;

/** What one class may do. */
export interface ClassOptions {
    readonly name: string;
    readonly weight: number;
    readonly size: number;
    readonly wait_seconds: number;
}

const OF_LEARNED = ["at_least", "at_most", "headroom"];

function check(options: Options, given: Readonly<Record<string, unknown>>, path: string, problems: Problems): void {
    const { concurrency, at_least, at_most } = options;
    if (at_least > at_most) problems.push(`${path}.at_least must be at most at_most (${at_most}), got ${at_least}`);
    if (concurrency === "learned") return;
    for (const name of OF_LEARNED) {
        if (given[name] !== undefined)
            problems.push(`${path}.${name} is for concurrency = "learned", not for a number`);
    }
}

const TABLE = table_of(SCHEMA, "{ concurrency = 20 }");

/** The option: a table. */
export const QUEUE: Kind<Options> = {
    name: "table",
    read: (given, path, problems) => {
        const before = problems.length;
        const options = TABLE.read(given, path, problems);
        if (problems.length === before) check(options, given as Readonly<Record<string, unknown>>, path, problems);
        return options;
    },
};

/** Its classes by name; "standard" is always one of them. Phases: init. */
export function classes_of({ classes: its_classes, size, wait_seconds }: Options): ClassOptions[] {
    const all: ClassOptions[] = [];
    if (!its_classes.has(STANDARD)) all.push({ name: STANDARD, weight: 1, size, wait_seconds });
    for (const name of names.sorted(its_classes)) {
        const its = its_classes.get(name);
        all.push({
            name,
            weight: its.weight,
            size: its.size ?? size,
            wait_seconds: its.wait_seconds ?? wait_seconds,
        });
    }
    return all;
}
