/**
 * The modules of lua-resty-openclaw that plugins may use. Written by tools/types.mjs from src: do not edit.
 */

/** @noResolution */
declare module "resty.openclaw.config.kinds" {
    import type { Problems } from "resty.openclaw.config.problems";
    export interface Kind<Value> {
        /** The name in the documentation. */
        readonly name: string;
        /** Returns the value. If it is wrong, adds to the problems, and the result must not be used. */
        readonly read: (this: void, given: unknown, path: string, problems: Problems) => Value;
        /** If the value is a table of options: these options, for the documentation. */
        readonly schema?: object | undefined;
    }
    /** A kind whose values pass a test. `expected`: the end of the error message for other values. */
    export function of<Value>(name: string, expected: string, is_one: (this: void, given: unknown) => boolean): Kind<Value>;
    /** A non-empty string. */
    export const text: Kind<string>;
    /** The name of one of nginx's variables. */
    export const variable_name: Kind<string>;
    /** The path of a file. */
    export const path: Kind<string>;
    /** The path of a file with a secret. Error messages do not contain a wrong value, which may be the secret itself. */
    export const secret_file: Kind<string>;
    /** True or false. */
    export const flag: Kind<boolean>;
    /** A number above 0. */
    export const positive: Kind<number>;
    /** A number of at least 0. */
    export const not_negative: Kind<number>;
    /** A number from 0 to 1. */
    export const share: Kind<number>;
    /** A time above 0 in seconds, or with a unit: `90`, `"90s"`, `"15m"`, `"1h"`, `"7d"`. Read as seconds. */
    export const duration: Kind<number>;
    /** A function. */
    export const callback: Kind<unknown>;
    /** A whole number of at least `least`, and at most `most` if given. */
    export function whole(least: number, most?: number): Kind<number>;
    /** One of a few words. */
    export function one_of<Word extends string>(...words: Word[]): Kind<Word>;
    /** False, or a value of another kind. */
    export function false_or<Value>(kind: Kind<Value>): Kind<Value | false>;
    /**
     * A list with at least one entry, each of a kind; an entry's path ends with its index, as in `nodes[2]`. `what`: what a list of tables is a
     * list of, with an example, for the case that its outer braces are forgotten.
     */
    export function list_of<Value>(kind: Kind<Value>, what?: string): Kind<Value[]>;
    /** As `list_of`, but it may be empty. */
    export function list_or_none_of<Value>(kind: Kind<Value>): Kind<Value[]>;
    /** A table that has these methods. */
    export function with_methods<Value>(expected: string, methods: readonly string[]): Kind<Value>;
    /** Any value; the receiver checks it. */
    export function anything(name: string): Kind<unknown>;
}

/** @noResolution */
declare module "resty.openclaw.config.problems" {
    /** The problems of a configuration: a list of error messages, so that the user sees all of them at once. Phases: init. */
    export type Problems = string[];
    /** A value as shown in error messages: strings in quotes, tables as their type only. */
    export function shown(value: unknown): string;
    /** The path of an option in a table. The outermost one is "setup:", so that its options are "setup: routes" and so on. */
    export function child(path: string, name: string): string;
    /** A path as it is named inside a message that begins with another one: "setup:" is said once. */
    export function inner(path: string): string;
    /** The beginning of an error message about a path. */
    export function beginning(path: string): string;
    /** The error message for an option with a wrong value. */
    export function sentence(path: string, expected: string, given: unknown): string;
    /** The error message for an option that is not a table. The value is not shown, because it may be a secret. */
    export function add_no_table(problems: Problems, path: string, expected: string, given: unknown): void;
    /** Adds the error message for an option with a wrong value. */
    export function add(problems: Problems, path: string, expected: string, given: unknown): void;
    /** Raises the error message for an option with a wrong value. */
    export function refuse(path: string, expected: string, given: unknown): never;
    /** Raises all problems, one per line, if there are any. */
    export function raise(problems: Problems): void;
}

/** @noResolution */
declare module "resty.openclaw.config.schema" {
    /**
     * The options of a table, as a plugin declares them: the kind, default and description of each. The values, the error messages and the
     * tables in the documentation are made from these. Phases: init. Pure Lua.
     */
    import type { Kind } from "resty.openclaw.config.kinds";
    import type { Problems } from "resty.openclaw.config.problems";
    /** One option. */
    export interface Option<Value> {
        readonly kind: Kind<Value>;
        /** The value if the option is not given. */
        readonly fallback: Value;
        readonly is_required: boolean;
        /** The default in the documentation, if `fallback` does not show it. */
        readonly default_text: string | undefined;
        /** The description in the documentation. */
        readonly meaning: string;
        /** Its place among the options of its table, because Lua's tables have no order. */
        readonly place: number;
    }
    export type Schema = Record<string, Option<unknown>>;
    /** The values that a schema reads. */
    export type Values<Declared> = {
        readonly [Name in keyof Declared]: Declared[Name] extends Option<infer Value> ? Value : never;
    };
    /** An option with the default `fallback`. */
    export function option<Value>(kind: Kind<Value>, fallback: Value, meaning: string): Option<Value>;
    /** An option that must be given. */
    export function required<Value>(kind: Kind<Value>, meaning: string): Option<Value>;
    /** An option without a default. */
    export function optional<Value>(kind: Kind<Value>, meaning: string): Option<Value | undefined>;
    /** As `optional`, for an option whose default its owner computes; `default_text`: the default in the documentation. */
    export function computed<Value>(kind: Kind<Value>, default_text: string, meaning: string): Option<Value | undefined>;
    /** A copy of an option, for another schema. */
    export function again<Value>(known: Option<Value>): Option<Value>;
    /** The names of a schema's options, in the order in which they were declared. */
    export function names(schema: Schema): string[];
    /**
     * The values of a table's options, for callers that make further checks before the problems are raised: wrong options have their
     * defaults. Adds to the problems if it is not a table, or has unknown options or wrong values.
     */
    export function read_as_far<Declared extends Schema>(schema: Declared, given: unknown, path: string, problems: Problems): Values<Declared>;
    /**
     * The values of a table's options. If it is not a table, or has unknown options or wrong values, adds to the problems and returns
     * nothing.
     */
    export function read<Declared extends Schema>(schema: Declared, given: unknown, path: string, problems: Problems): Values<Declared> | undefined;
    /** As `read`, but raises all problems, one per line. */
    export function read_or_raise<Declared extends Schema>(schema: Declared, given: unknown, path: string): Values<Declared>;
    /** A kind: a table with these options. `example`: shown where something else is given, such as `{ weight = 8 }`. */
    export function table_of<Declared extends Schema>(schema: Declared, example?: string): Kind<Values<Declared>>;
    /** An option that is a table of options, all of which have their defaults if the table is not given. */
    export function defaulted<Declared extends Schema>(schema: Declared, meaning: string): Option<Values<Declared>>;
    /**
     * A kind: a table from names to values of a kind; an entry's path ends with its name. `example`: shown where something else is given, such
     * as `{ vip = "1m" }`.
     */
    export function map_of<Value>(kind: Kind<Value>, example?: string): Kind<LuaTable<string, Value>>;
    /** The options of two schemas, first those of the first one. */
    export function joined<First extends Schema, Second extends Schema>(first: First, second: Second): First & Second;
}

/** @noResolution */
declare module "resty.openclaw.core.files.files" {
    /**
     * How a file is opened. "append": for writing at its end, made if need be. "create": the same, but it must be new.
     * "read": for reading. "plain": the same, but never what a link leads to. "lock": for a lock alone, made if need be, and
     * never what a link leads to.
     */
    export type Mode = "append" | "create" | "read" | "plain" | "lock";
    /** An open file: what the system calls a descriptor. */
    export type File = number;
    /** Why the last call into the system failed, also one that was not made here. Phases: any, right after the call. */
    export function last_error(): string;
    /** Whether the error of one of these functions is a full disk or an exceeded disk quota. */
    export function is_full(problem: string): boolean;
    /** What to do about it, where a worker may not. */
    export const REMEDY = "let the user of nginx's workers (the directive \"user\") read it, and search its folders";
    /** Whether the error of one of these functions is that this process may not. */
    export function is_forbidden(problem: string): boolean;
    /** An open file. A file that is made gets the mode, that of its owner alone unless given. On failure nil and why. */
    export function open(path: string, mode: Mode, rights?: number): Result<File>;
    /** Closes a file, which releases its lock. */
    export function close(file: File): void;
    /**
     * Writes it all, by one call where the system takes it at once: calls of several processes do not mix then. `bytes`: a
     * text, or memory with its length. Returns the error, if any; a part may have been written then.
     */
    export function write(file: File, bytes: string | Bytes, count: number): string | undefined;
    /** Writes a text in place of what begins at that place. Not with "append" and "create". Returns the error, if any. */
    export function overwrite(file: File, text: string, offset: number): string | undefined;
    /** Reads into memory from that place on, up to so many bytes: how many; 0 at the end. On failure nil and why. */
    export function read(file: File, memory: Bytes | CValue, most: number, offset: number): Result<number>;
    /** How many bytes a file has. On failure nil and why. */
    export function size(file: File): Result<number>;
    /**
     * Whether there is a file in the way of a new one, after `open` with "create" has failed. Not after another call.
     */
    export function is_taken(): boolean;
    /** Whether an open file is a plain one, rather than a folder or a pipe; where it cannot be read, it is not. */
    export function is_plain(file: File): boolean;
    /**
     * A plain file, open for reading. On failure nil, why, and whether it is because something else has that name: a folder, a
     * pipe, a socket or a link. Never waits for a pipe.
     */
    export function open_plain(path: string): LuaMultiReturn<[file?: File | undefined, err?: string | undefined, is_odd?: boolean]>;
    /** The first bytes of a file, by whatever links it is reached; never waits for a pipe. On failure nil and why. */
    export function beginning(path: string, most: number): Result<string>;
    /** How many bytes the plain file of that name has; nothing where it cannot be asked, or something else has the name. */
    export function size_of(path: string): number | undefined;
    /**
     * Makes a file that is open for writing so many bytes long, all of which have their place on the disk. Not with "append" and
     * "create". Returns the error, if any. Source: posix_fallocate(3).
     */
    export function allocate(file: File, bytes: number): string | undefined;
    /** Cuts a file that is open for writing. Returns the error, if any. */
    export function truncate(file: File, bytes: number): string | undefined;
    /** Syncs a file to disk, which may take long. Returns the error, if any. */
    export function sync(file: File): string | undefined;
    /**
     * Locks a file without waiting; whether this process has the lock. The system releases it when the file is closed or the process ends,
     * however it ends. Source: flock(2).
     */
    export function lock(file: File): boolean;
    /** Gives a file another name, in place of a file that has it. Returns the error, if any. */
    export function rename(from: string, to: string): string | undefined;
    /** Whether there is nothing of that name, for certain. */
    export function is_gone(path: string): boolean;
    /** Removes a file; one that is not there is no failure. Returns the error, if any. */
    export function remove(path: string): string | undefined;
    /** Makes a folder for its owner alone; one that is there is no failure. Returns the error, if any. */
    export function make_folder(path: string): string | undefined;
    /** Removes a folder that is empty. Returns the error, if any. */
    export function remove_folder(path: string): string | undefined;
    /** The same for the file or folder at a path. */
    export function sync_path(path: string): string | undefined;
    /** An open folder. */
    export type Folder = CValue;
    /** Opens a folder, to read its names one by one. To be closed. On failure nil and why. */
    export function open_folder(path: string): Result<Folder>;
    /** The next name in a folder, in no order; nothing after the last one. */
    export function next_name(folder: Folder): string | undefined;
    /** Closes a folder. */
    export function close_folder(folder: Folder): void;
    /** The names of what is in a folder, unsorted. On failure nil and why. */
    export function names(path: string): Result<string[]>;
}

/** @noResolution */
declare module "resty.openclaw.core.memory.shared_memory" {
    import * as rows from "resty.openclaw.core.memory.shared_memory.rows";
    export interface Region extends rows.Rows {
        /** Whether other workers see these numbers: false where the dict does not exist. */
        readonly shared: boolean;
        /** Block 0: the last write wins. */
        readonly common: Doubles;
        /** This worker's own block; leased at first use. */
        readonly mine: Doubles;
        /** The block in `mine`; 0 while this worker has none and its counts are missing from the totals. */
        block: number;
        /** While this worker has no block: the generations of rows as it last saw them. */
        followed: Doubles | undefined;
        /** The number of this process' configuration: how many had opened the region since nginx started, this one included. */
        readonly configuration: number;
        /** Whether this worker looks after the region. */
        attends: boolean;
        /** Functions that this worker calls about twice a second; they may yield, and must not raise. */
        readonly duties: ((this: void) => void)[];
    }
    /** Where counts without a slot are written; it is never read. */
    export const LOST_SLOT = 4;
    /** Slot 3 of block 0: when there was last activity, so that callers need not look at all nodes to learn it. */
    export const LAST_ACTIVE = 3;
    /**
     * Makes this worker maintain the region from now on: it releases dead workers' blocks and calls the duties. Counting does the same.
     * Phases: those that may start timers; in init nothing happens.
     */
    export function attend(region: Region): void;
    /**
     * The region of a shared dict: all callers that name the dict get the same one. Without such a dict, or if a worker is
     * the first to open it, each process has numbers of its own (`shared` is false). Raises if the system has no memory to
     * map. Phases: init (the mapping must exist before the workers fork).
     * @param workers how many workers, draining ones included, can hold a block (eight times as many as nginx starts or the
     * machine has processors, 255 at least); fixed until nginx restarts
     */
    export function open(dict_name: string, workers?: number): Region;
    /**
     * The first of `count` adjoining slots with this name; all callers with the same name and count get the same slots.
     * Phases: any. On failure nil and why; LOST_SLOT is then a safe place to write to.
     */
    export function slot(region: Region, name: string, count?: number): Result<number>;
    /** As `slot`, but a worker's part of it is set to zero when that worker ends: for gauges such as requests in flight. */
    export function transient_slot(region: Region, name: string): Result<number>;
    /** The sum of a slot over all blocks, including those of draining and dead workers. Phases: any. */
    export function total(region: Region, slot: number): number;
    /** The lowest value above 0 that a slot has in any block; 0 if there is none. Phases: any. */
    export function least(region: Region, slot: number): number;
    /** Adds to a slot of this worker's block. Phases: any. */
    export function add(region: Region, slot: number, by: number): void;
    /**
     * How many slots of a space have names, and how many are left for new ones. Phases: any; a quarter of a millisecond when
     * there are many.
     */
    export function usage(region: Region, space?: rows.Space): LuaMultiReturn<[used: number, free: number]>;
    /** Releases this worker's block: transient slots are set to zero, counts stay. Phases: exit_worker. */
    export function release(region: Region): void;
}

/** @noResolution */
declare module "resty.openclaw.core.memory.shared_memory.areas" {
    export interface Areas {
        readonly generations: Doubles;
        /** How many slots a row has. */
        readonly sizes: Doubles;
        /** How many of its last slots keep what a worker wrote when that worker is gone. */
        readonly kept: Doubles;
        /** When a row in use was last seen to change; when one that was dropped was dropped, 0 once it is free. In seconds. */
        readonly touched: Doubles;
        /** The row's activity then. */
        readonly seen: Doubles;
        /** Up to which configuration the row is kept whether it changes or not. */
        readonly pins: Doubles;
        /** Of no row: see `former`. */
        readonly label: Doubles;
    }
    /** How many areas there are. */
    export const AREAS = 7;
    /** The areas behind the blocks. */
    export function areas_of(base: Doubles, blocks: number): Areas;
}

/** @noResolution */
declare module "resty.openclaw.core.memory.shared_memory.lease" {
    import type { Names } from "resty.openclaw.core.memory.shared_memory.names";
    /** Slot 1 of block 0: the highest block ever leased, so that a sum stops there. */
    export const HIGHEST_BLOCK = 1;
    export interface Blocks {
        readonly base: Doubles;
        readonly count: number;
        readonly names: Names;
    }
    /** Gives a block back: transient slots fall to zero, counts stay for the next holder to go on from. */
    export function release(blocks: Blocks, block: number): void;
    /** Takes back the blocks of all dead workers. Costs two system calls for each leased block. */
    export function sweep(blocks: Blocks): void;
    /** Notes that a block is in use. Two workers that take blocks at one moment may undo each other's note: repeat it. */
    export function announce(blocks: Blocks, block: number): void;
    /** The lowest free block, now this worker's; nothing when all are leased. */
    export function take(blocks: Blocks): number | undefined;
}

/** @noResolution */
declare module "resty.openclaw.core.memory.shared_memory.names" {
    /** Where names are kept: a `lua_shared_dict`, or, where nothing is to be shared, a table of the process. */
    /** The part of a shared dict that names need. Nothing here ever evicts a name to make room for another. */
    export type Names = Pick<ngx.SharedDict, "get" | "set" | "safe_set" | "safe_add" | "delete" | "incr" | "expire" | "lpush" | "lpop">;
    /** Adds to a number that begins at `first`. The dict's own `incr` with a beginning would evict other names for it. */
    export function increment(names: Names, key: string, by: number, first: number): Result<number>;
    /** Takes `count` slots where a cursor stands, which begins at `first`, and moves it on; nothing past `limit`. */
    export function advance(names: Names, cursor: string, count: number, first: number, limit: number): Result<number>;
    /** Names that only this process and the workers forked from it later know. */
    export function local_names(): Names;
}

/** @noResolution */
declare module "resty.openclaw.core.memory.shared_memory.rows" {
    /**
     * Rows: adjacent slots under one name that are freed when they are not needed any more, and then get other names.
     *
     * Beside the blocks lie areas with a number for each slot; a row's numbers stand at its first. The generation grows by
     * one when the row gets a name and when it loses it, so it is odd while the row is in use. Code that keeps a slot also keeps its
     * generation, and compares it before each use: where they differ, the slot belongs to another row.
     *
     * A row that is dropped rests before it is zeroed and given away, as another process may have compared just before.
     * One process at a time drops and recycles. Where it dies between two steps, the next one goes on from what it finds.
     */
    import type { Areas } from "resty.openclaw.core.memory.shared_memory.areas";
    import type { Blocks } from "resty.openclaw.core.memory.shared_memory.lease";
    export interface Rows extends Blocks, Areas {
    }
    export const FIRST_SLOT = 64;
    /**
     * The first of 60 slots for what found no row; nobody reads them. Its generation grows with each row that is dropped or
     * free again: what is bound here looks for a row once more then, and caches begin anew.
     */
    export const LOST_SLOT = 4;
    /** A generation no row ever has: what keeps it looks for its row at each use. */
    export const NEVER = -1;
    /** How long a dropped row rests, in seconds. */
    export const REST_SECONDS = 10;
    /** A part of each block from which rows are given. */
    export interface Space {
        /** Names in the dict: that of the list of free rows, its size left out, and that of the cursor. */
        readonly free: string;
        readonly cursor: string;
        /** Its first slot, and the first one past it. */
        readonly first: number;
        readonly limit: number;
    }
    /** Where slots keep their values for good. */
    export const LASTING: Space;
    /** Where slots fall to zero with the worker that wrote them. */
    export const TRANSIENT: Space;
    /** Up to where slots have been handed out. */
    export function limit(rows: Blocks, space?: Space): number;
    /** Whether a row's generation is that of one in use. */
    export function in_use(generation: number): boolean;
    /** The number that grows with each row that is dropped or free again. */
    export function epoch(rows: Rows): number;
    /**
     * Where the row of a name is, and its generation; nothing when the name has none. One that is being dropped right now is
     * no place to count: the lost slot takes its place until it is gone.
     */
    export function find(rows: Rows, name: string): LuaMultiReturn<[slot?: number, generation?: number]>;
    /**
     * A row of so many slots for a name that has none. Its slot and generation, and whether this call made it: another
     * process may have been first. On failure nil and why. Phases: any.
     * @param pin up to which configuration it is kept
     * @param kept how many of its last slots keep what a worker wrote, where the others fall to zero (all)
     */
    export function make(rows: Rows, name: string, count: number, pin: number, now: MonotonicTime, space?: Space, kept?: number): LuaMultiReturn<[slot: number, generation: number, made: boolean] | [slot: undefined, err: string]>;
    /** Keeps a row at least as long as this configuration is in force. */
    export function pin(rows: Rows, slot: number, configuration: number): void;
    /**
     * What has been counted in a row: the sum of its slots, the last of several left out, over the workers' blocks. It
     * changes whenever something is counted, and at no other time.
     */
    export function activity(rows: Rows, slot: number): number;
    /** Takes a row's name away, which it returns; nothing when it has none. */
    export function forget_name(rows: Rows, slot: number): string | undefined;
    /**
     * Drops a row whose activity is still what was seen last, and returns the name it had. Nothing when something has been
     * counted in it since, or when it had no name. The generation comes first: from then on nobody begins to count in it.
     */
    export function drop(rows: Rows, slot: number, now: MonotonicTime): string | undefined;
    /**
     * Zeroes a row that has rested, and gives it away. Returns the name it still had, where one who dropped it died before
     * taking it away; else nothing.
     */
    export function recycle(rows: Rows, slot: number, now: MonotonicTime): string | undefined;
    /** How many slots belong to rows that are not in use. */
    export function unused(rows: Rows, space?: Space): number;
    /**
     * Zeroes, in a block that only this process sees, the rows that were dropped since the last call. `known` is for this
     * function alone: the generations it found then, at first all 0. To be called more often than a row rests.
     */
    export function follow_drops(rows: Rows, known: Doubles, block: Doubles): void;
}

/** @noResolution */
declare module "resty.openclaw.core.metrics.fault" {
    import type { Counter } from "resty.openclaw.core.metrics.metric_handles";
    import type { Family, Registry } from "resty.openclaw.core.metrics.metric_registry";
    export interface Faults {
        readonly plugin: string;
        readonly family: Family<Counter>;
        readonly next_line: LuaMap<string, MonotonicTime>;
        readonly unlogged: LuaMap<string, number>;
        /** Counts one fault, and logs it unless its kind was logged within the last minute. Phases: any. */
        report(kind: string, ...parts: unknown[]): void;
        /** Counts one fault and always logs it: for what happens seldom, and never because of a request. Phases: any. */
        report_each(kind: string, ...parts: unknown[]): void;
    }
    /** The faults of one plugin. Phases: init. */
    function create(plugin: string, registry: Registry): Faults;
    export { create as new };
}

/** @noResolution */
declare module "resty.openclaw.core.metrics.metric_handles" {
    /**
     * Handles: counters, gauges and histograms, each bound to its slots in shared memory. Bind once and keep: using a handle costs a plain add,
     * for histograms also a search among the bounds, and no garbage. Phases of all of it: any.
     *
     * The slots of an idle series may go to another one. So a handle first checks the generation of its slot (see `shared_memory/rows`), and
     * if that has changed, asks its owner for new slots.
     */
    import type { Region } from "resty.openclaw.core.memory.shared_memory";
    import type { Buckets } from "resty.openclaw.core.metrics.metric_handles.buckets";
    /** The family that has made a handle. */
    export interface Owner {
        /** Gives a handle its new slot and generation. */
        rebind(handle: Handle): void;
        /** Called for a value that a handle ignores. */
        misuse(what: string, value: unknown): void;
    }
    export interface Handle {
        readonly region: Region;
        slot: number;
        generation: number;
        /** The name of the row, by which the owner finds the slots. */
        readonly name: string;
        readonly owner: Owner | undefined;
    }
    /** A number that only grows. */
    export interface Counter extends Handle {
        /** Adds `by` (1). Anything but a finite number from 0 up is ignored as misuse. */
        inc(by?: number): void;
    }
    /** The value that was set last by any worker. */
    export interface Gauge extends Handle {
        /** Sets any number, including infinity and NaN. Anything else is ignored as misuse. */
        set(value: number): void;
    }
    /** Counts values by size. Its slots: one for each bucket, not cumulative, then the sum of the values. */
    export interface Histogram extends Handle {
        readonly buckets: Buckets;
        /** Counts one value. Anything but a finite number is ignored as misuse. */
        observe(value: number): void;
    }
    /** The method `inc` of a counter, as a function: without the look-up of a method, for what counts at each request. */
    export function add(counter: Counter, by?: number): void;
    /** What all workers have counted so far. */
    export function total(counter: Counter): number;
    /** The method `observe` of a histogram, as a function. */
    export function observe(histogram: Histogram, value: number): void;
    /**
     * A counter on one slot.
     * @param generation that of the slot when it was found (now)
     * @param owner without one the handle keeps its slot for good
     */
    export function counter(region: Region, slot: number, generation?: number, name?: string, owner?: Owner): Counter;
    /** A gauge on one slot of the common block. Else as `counter`. */
    export function gauge(region: Region, slot: number, generation?: number, name?: string, owner?: Owner): Gauge;
    /** A histogram on as many adjoining slots as there are bounds, and two. Else as `counter`. */
    export function histogram(region: Region, slot: number, buckets: Buckets, generation?: number, name?: string, owner?: Owner): Histogram;
}

/** @noResolution */
declare module "resty.openclaw.core.metrics.metric_handles.buckets" {
    export interface Buckets {
        /** Upper bounds of all buckets but the last, which has none. */
        readonly bounds: Doubles;
        readonly last_bucket: number;
        /** By the upper 12 bits of a value (its sign and exponent): the lowest bucket it can be in. */
        readonly starts: Doubles;
    }
    /** Prepares the search among these bounds, which rise. Phases: any; a few microseconds. */
    export function prepare(bounds: readonly number[]): Buckets;
    /**
     * The number of the first bucket whose bound the value does not exceed. Values of one exponent lie within a factor of
     * two, so that few bounds are left to look at: 6 ns where halving the list took 30. Phases: any.
     */
    export function find(buckets: Buckets, value: number): number;
}

/** @noResolution */
declare module "resty.openclaw.core.metrics.metric_registry" {
    import type { Counter, Gauge, Histogram } from "resty.openclaw.core.metrics.metric_handles";
    import type { AllowList } from "resty.openclaw.core.metrics.metric_registry.allow_list";
    import * as labels from "resty.openclaw.core.metrics.metric_registry.label_text";
    import type { Collector, Family, Registry } from "resty.openclaw.core.metrics.metric_registry.model";
    export type { Collector, Emit, Family, Kind, Registry } from "resty.openclaw.core.metrics.metric_registry.model";
    /** The help of families that this worker has not registered. */
    export const DEFAULT_HELP = "No description.";
    /** Upper bounds fit for inference, in seconds: 10 ms to 10 minutes. */
    export const SECONDS: readonly number[];
    export const DEFAULT_MOST_SERIES = 2000;
    export const DEFAULT_MOST_VALUES = 100;
    export const DEFAULT_IDLE_SECONDS = 86400;
    /** As many buckets as fit in the slots that are set aside for lost series. */
    export const MOST_BOUNDS = 48;
    export const OTHER = "_other";
    export const LABEL_BYTES = 128;
    export const label_text: typeof labels.label_text;
    export const is_label_name: typeof labels.is_label_name;
    export const is_metric_name: typeof labels.is_metric_name;
    /** A family of counters; the same one for the same name. Phases: any. Raises when a name is no name, or taken by another kind or other labels. */
    export function counter(registry: Registry, name: string, help: string, label_names?: readonly string[]): Family<Counter>;
    /** A family of gauges. Else as `counter`. */
    export function gauge(registry: Registry, name: string, help: string, label_names?: readonly string[]): Family<Gauge>;
    /** A family of histograms. `bounds`: upper bounds, rising and finite, at most 48. Else as `counter`. */
    export function histogram(registry: Registry, name: string, help: string, label_names?: readonly string[], bounds?: readonly number[]): Family<Histogram>;
    /**
     * Drops the series with these label values, unless other label values share it. No handle of it may be used any more. Phases: any, in one
     * process at a time.
     */
    export function forget(registry: Registry, name: string, ...values: string[]): void;
    /**
     * Declares that values of these labels come from outside (a client, a node): each label keeps its first 100 values (`max_values`) as long as
     * series have them; others count as `_other`. Phases: init, before the family has series.
     */
    export function from_outside(of: Pick<Family<unknown>, "outside">, label_names: readonly string[]): void;
    /** Adds a family whose values are computed when the page is read. Phases: init. Use `gauges` for gauges. */
    export function collect(registry: Registry, collector: Collector): void;
    /**
     * Applies the option `labels` (see docs/metrics.md). Raises when series exist that it would have changed; `path`: the path of the table with
     * the option. Phases: init.
     */
    export function allow_labels(registry: Registry, lists: LuaMap<string, AllowList>, path: string): void;
    /** The registry of a shared dict; always the same for the same dict. Phases: init. */
    export function open(dict_name: string): Registry;
}

/** @noResolution */
declare module "resty.openclaw.core.metrics.metric_registry.allow_list" {
    /**
     * Which labels of a metric are kept, and which of their values: what an operator wants to pay for. A label that is left
     * out is missing from the series, which add up; a value that is not kept becomes `_other`.
     */
    import type { Kind } from "resty.openclaw.config.kinds";
    /** Stands for all label values that are not kept, or past the limit of series. */
    export const OTHER = "_other";
    /** The values of a label that are kept; true for any. */
    export type Rule = true | LuaSet<string>;
    /** By the names of labels; others are left out. */
    export type AllowList = LuaMap<string, Rule>;
    /** The option `labels`: by the names of metrics. */
    export const LABELS: Kind<LuaMap<string, AllowList>>;
    /** A label of the list that the metric does not have; nothing when it has all of them. */
    export function unknown_label(list: AllowList, label_names: readonly string[]): string | undefined;
    /** Of these label names those that are kept. */
    export function kept_names(list: AllowList, label_names: readonly string[]): string[];
    /** What is kept of one value. Phases: any. */
    export function kept_value(rule: Rule, value: string): string;
    /** Of the values of these labels, in their order, what is kept. Phases: any. */
    export function kept_values(list: AllowList, label_names: readonly string[], values: readonly string[]): string[];
}

/** @noResolution */
declare module "resty.openclaw.core.metrics.metric_registry.label_text" {
    /** What a label value is cut to. */
    export const LABEL_BYTES = 128;
    /** A label value as it stands between the quotes. Phases: any. */
    export function escaped(value: string): string;
    /** Whether all values are kept as they are. */
    export function are_fitted(values: readonly string[]): boolean;
    /**
     * Labels as the exposition format writes them: `{name="value",…}`, or nothing without labels. Values are cut to 128
     * bytes and made valid UTF-8.
     */
    export function label_text(names: readonly string[], values: readonly unknown[]): string;
    /** Visits the labels that `label_text` wrote: their names, and their values as they stand there. Phases: any. */
    export function each(text: string, visit: (this: void, name: string, escaped_value: string) => void): void;
    /** Whether a string may be the name of a label. `le` and names with `__` in front are reserved by Prometheus. */
    export function is_label_name(name: string): boolean;
    /** Whether a string may be the name of a metric. */
    export function is_metric_name(name: string): boolean;
}

/** @noResolution */
declare module "resty.openclaw.core.metrics.metric_registry.model" {
    /** What the parts of the registry have in common. */
    import type { Region } from "resty.openclaw.core.memory.shared_memory";
    import type { Counter, Owner } from "resty.openclaw.core.metrics.metric_handles";
    import type { Buckets } from "resty.openclaw.core.metrics.metric_handles.buckets";
    import type { AllowList } from "resty.openclaw.core.metrics.metric_registry.allow_list";

    /** Takes one sample; `labels` is made by `label_text`. */
    export type Emit = (this: void, labels: string, value: number) => void;

    /** A family whose values are computed when the page is read; see `gauges`. */
    export interface Collector {
        readonly name: string;
        readonly kind: "counter" | "gauge";
        readonly help: string;
        /** It may be paused while it emits, so it must not walk a table with `pairs` that others change meanwhile. */
        readonly collect: (this: void, emit: Emit) => void;
    }

    export interface Registry {
        readonly region: Region;
        readonly families: LuaMap<string, Family<unknown>>;
        readonly collectors: Collector[];
        readonly dict_name: string;
        /** Nothing where the numbers are not shared. */
        readonly dict: ngx.SharedDict | undefined;
        /** Series each family may have before label values become `_other`. */
        most_series: number;
        /** Bytes of the dict that the names of all series may take; nothing for the default (see `room`). */
        most_bytes: number | undefined;
        /** What series of the configuration would have taken that found no room. */
        missing_bytes: number;
        /** When the lack of memory may be logged again. */
        next_line: MonotonicTime;
        /** Values that each label from outside may have before others become `_other`. */
        most_values: number;
        /** Series in which nothing was counted for so long are dropped; 0 for never. */
        idle_seconds: number;
        /** Which labels are kept, by the names of metrics; of others all are. */
        allowed: LuaMap<string, AllowList>;
        /** Called with the name of each held row that was dropped. */
        readonly row_dropped: ((this: void, name: string) => void)[];
        dropped?: Family<Counter>;
        expired?: Family<Counter>;
        misuses?: Family<Counter>;
        /** Series that found no memory. */
        lost?: Counter;
    }

    export type Kind = "counter" | "gauge" | "histogram";

    export interface Family<Bound> extends Owner {
        readonly registry: Registry;
        readonly name: string;
        readonly kind: Kind;
        readonly help: string;
        readonly label_names: readonly string[];
        /** Those of `label_names` that the series have. */
        kept_names: readonly string[];
        /** Where the operator keeps some labels only. */
        allowed: AllowList | undefined;
        /** Whether it counts losses: its few series are created even beyond the limit of memory. */
        is_essential: boolean;
        /** Which labels have values from outside, of which few are kept; nothing for none. */
        outside: LuaSet<string> | undefined;
        readonly bounds: readonly number[];
        /** Of a histogram. */
        readonly buckets: Buckets | undefined;
        /** By label values; begun anew with each epoch of the rows, so that it holds no more than there are series. */
        handles: LuaMap<string, Bound>;
        handles_epoch: number;
        /** The epoch in which no row was left for a new series; none is tried until the next. */
        lost_epoch: number;
        /** When misuse may be logged again. */
        next_line: MonotonicTime;
        /**
         * The handle for these label values, in the order of the family's label names. Phases: any. Past the limit of
         * series the handle is that of the series whose label values are all `_other`. Other than one value for each name
         * is misuse: it raises in init, and later gives a handle that counts nowhere.
         */
        labels(...values: string[]): Bound;
    }
}

/** @noResolution */
declare module "resty.openclaw.core.request.json_error" {
    interface Entry {
        /** In place of nginx's. */
        readonly status?: number;
        readonly code: string;
        readonly message: string;
        /** Seconds after which another try makes sense. */
        readonly retry_after?: number;
    }
    /**
     * Answers with an error and ends the request. Where the answer has begun already it is cut off instead, so that the
     * client does not take it for a whole one. Phases: rewrite, access, content; never returns.
     * @param retry_after seconds for the Retry-After header; nothing leaves it out
     */
    export function respond(status: number, code: string, message: string, retry_after?: number): never;
    /** Answers that the request's deadline has passed. As `respond`. */
    export function too_late(): never;
    /**
     * The page for errors that nginx makes itself: the location that `error_page` names in nginx/errors.conf.
     * Phases: content.
     */
    export function page(): never;
    /** Has `page` say this, as the balancer is about to let no node be asked. Phases: balancer. */
    export function say_without_node(status: number, code: string, message: string): void;
    export {};
}

/** @noResolution */
declare module "resty.openclaw.core.request.request" {
    import type { Buffer } from "string.buffer";
    /**
     * The value of a variable by its name without "$". Nothing if it has no value or does not exist, or if the name is longer than
     * 128 bytes. A variable that was set to an empty string is "".
     */
    export function variable(name: string): string | undefined;
    /** Where a variable's value is, until the request ends, and how many bytes it has. Nothing and 0 if it has no value. */
    export function bytes_of(name: string): LuaMultiReturn<[memory: Bytes | undefined, count: number]>;
    /** The number in so many bytes of memory; nothing if there are none, or others than digits. Phases: any. */
    export function digits(memory: Bytes, count: number): number | undefined;
    /**
     * Appends `before` and a variable's value to a buffer. If the value is missing or empty, appends nothing and returns false.
     * It makes no Lua string, which would cost interning, memory and garbage collection.
     */
    export function append(target: Buffer, name: string, before: string): boolean;
    /** Appends a variable's value if it begins with a digit, as numbers do. Otherwise appends nothing and returns false. */
    export function append_number(target: Buffer, name: string): boolean;
    /** The value of a variable that consists of digits, as a number; 0 for any other. Makes no Lua string. */
    export function whole_number(name: string): number;
    /**
     * The value of a variable that contains one time in seconds, in nginx's format. Nothing if it has no value; -1 if the value is
     * something else, such as a list of times. Makes no Lua string.
     */
    export function seconds(name: string): number | undefined;
    /**
     * The last time in a variable that has a time for each attempt, in seconds. Nothing if the variable has no value, or if the last
     * attempt has no time.
     */
    export function last_seconds(name: string): number | undefined;
    /** Sets a variable to so many bytes of memory, which nginx copies. Else as `set_variable`. */
    export function set_bytes(name: string, bytes: string | Bytes, count: number): boolean;
    /**
     * Sets a variable to a part of these bytes. nginx copies all of them, so that `point` can give others to other variables. False if
     * none declares the variable, or its number is not known; then its value is that of all bytes.
     */
    export function set_part(name: string, bytes: Bytes, all_count: number, first: number, count: number): boolean;
    /**
     * Gives a variable that has no value yet one without a copy: `count` bytes in memory of nginx that lasts as long as the request,
     * such as those of another variable. It must be the value that nginx would find, by a longer way: nginx finds that of the first
     * request in each worker, and if it is another one, by a map of the user's, so do all others. False if nginx is to find the value.
     */
    export function point(name: string, memory: Bytes, count: number): boolean;
    /**
     * Has nginx look again for the value of a variable: it keeps that of `$http_cookie`, say, whatever becomes of the header. Does
     * nothing where the numbers of nginx's variables are not known. Phases: all with a request; not in timers.
     */
    export function forget(name: string): void;
    /** Sets a variable that a `map` or `set` in nginx.conf declares. False if none does. */
    export function set_variable(name: string, text: string): boolean;
    /** nginx's cached time in seconds since 1970, with milliseconds. Phases: any. */
    export function now(): WallTime;
    /** When the first byte of the request was received, in seconds since 1970; 0 without a request. */
    export function started(): WallTime;
    /** Seconds since the first byte of the request; never below 0. */
    export function seconds_taken(): number;
    /**
     * A number that is unique among the current requests of this worker. Internal redirects do not change it. 0 without a
     * request.
     */
    export function key(): number;
    /** The status of the response; 0 before it is known, and without a request. */
    export function status(): number;
    /** Whether there is a client's request. Timers and similar phases have a fake request, which most of nginx's functions reject. */
    export function is_there(): boolean;
    /** Whether this is a subrequest, which has no log phase. */
    export function is_subrequest(): boolean;
}

/** @noResolution */
declare module "resty.openclaw.core.request.time_left" {
    /** Sets the deadline to so many seconds from now. */
    export function limit(seconds: number): void;
    /** The seconds left, below 0 after the deadline; nothing for a request without one. */
    export function seconds(): number | undefined;
    /** Notes the start of an attempt; `short`: with too little time to blame the node for a timeout. */
    export function begin_try(short: boolean): void;
    /** Whether the current or last attempt began with too little time to blame its node for a timeout. */
    export function was_short(): boolean;
    /** Removes the deadline, where the state of the request is not forgotten as a whole. Phases: log. */
    export function forget(): void;
}

/** @noResolution */
declare module "resty.openclaw.gateway.contract" {
    /**
     * The contract between plugins and the gateway. A plugin declares itself once, in its own module: its option in a route, its place
     * in each phase, and what it needs in nginx.conf. The gateway makes an instance for each route.
     */
    import type { Kind } from "resty.openclaw.config.kinds";
    import type { Option, Schema, Values } from "resty.openclaw.config.schema";
    /**
     * What an instance may do: any of these. Each gets the route's name. None may raise: an error ends the phase, and nginx answers
     * 500 in those before the response.
     */
    export interface Plugin {
        /** Checks the request, and may reject it. May yield. */
        access?(route: string): void;
        /** Called if no plugin has rejected the request: the last changes before it is sent to a node. May yield. */
        admitted?(route: string): void;
        /** Called before a node is chosen for an attempt. If it returns false, there are no more attempts. */
        before_balance?(route: string): boolean | undefined | void;
        /** Called when a node has been chosen for an attempt. */
        balance?(route: string): void;
        header_filter?(route: string): void;
        body_filter?(route: string): void;
        log?(route: string): void;
        init_worker?(): void;
        exit_worker?(): void;
        /**
         * Its current state for the status document: a table of numbers, strings, booleans, lists and tables of these; nothing if it has
         * none. Phases: content; may yield.
         */
        status?(route: string): object | undefined;
    }
    /** The phases of a request. */
    export type Phase = "access" | "admitted" | "before_balance" | "balance" | "header_filter" | "body_filter" | "log";
    /** All phases, in the order in which they run. */
    export const PHASES: Phase[];
    /** The place of a plugin in each phase: lower numbers come first. In a phase that is not listed, it comes last. */
    export type Order = Readonly<Partial<Record<Phase, number>>>;
    /** What plugins may call of their route's upstream. */
    export interface Upstream {
        /** Whether any node may get requests, up or down. */
        has_nodes(): boolean;
        /** Whether all of these are down by health checks. */
        is_cut(): boolean;
    }
    /** The context of an instance. */
    export interface Context {
        /** The beginning of error messages about its options: "setup: routes.analyze.deadline", or its name without a gateway. */
        readonly path: string;
        /** The route's name; "" without a gateway. */
        readonly route: string;
        readonly upstream?: Upstream | undefined;
    }
    /**
     * The variables that nginx.conf must declare for a plugin, by their names without "$", with the value that nginx.conf gives
     * each until the plugin sets it: "" or "1" or "none-$request_id".
     */
    export type Variables = Readonly<Record<string, string>>;
    /** A variable whose value a plugin uses because an option says so. */
    export interface Reading {
        /** The option, as it is named in a route: "limit[1].by". */
        readonly option: string;
        /** Its name without "$". */
        readonly variable: string;
    }
    export interface Declaration<Value, Instance extends Plugin> {
        /** The name of its option in a route, and in error messages. */
        readonly name: string;
        readonly order: Order;
        readonly option: Option<Value>;
        readonly variables: Variables;
        /** The variables that its option names. */
        readonly readings?: ((this: void, value: Value) => Reading[]) | undefined;
        /** Makes the instance for a route, or nothing if the route needs none. Raises if the options are invalid together. */
        readonly create: (this: void, value: Value, context: Context) => Instance | undefined;
    }
    /** A declaration with options of any type. */
    export type AnyDeclaration = Declaration<unknown, Plugin>;
    /** A plugin whose option is a table. Without the option a route has no instance, unless there is a `without`. */
    export interface TableDeclaration<Declared extends Schema, Instance extends Plugin> {
        readonly name: string;
        /** One line for the table of a route's options. */
        readonly meaning: string;
        readonly order?: Order;
        readonly schema: Declared;
        readonly variables?: Variables;
        /** The variables that its options name. */
        readonly readings?: (this: void, options: Values<Declared>) => Reading[];
        readonly create: (this: void, options: Values<Declared>, context: Context) => Instance;
        /** Makes the instance of a route without the option. */
        readonly without?: (this: void) => Plugin;
    }
    /** Declares a plugin whose option is a table. Phases: any, usually where a module is loaded. */
    export function define<Declared extends Schema, Instance extends Plugin>(given: TableDeclaration<Declared, Instance>): AnyDeclaration;
    /** A plugin whose option is not a table of options; see `TableDeclaration`. */
    export interface KindDeclaration<Value, Instance extends Plugin> {
        readonly name: string;
        readonly meaning: string;
        readonly order?: Order;
        readonly kind: Kind<Value>;
        readonly variables?: Variables;
        readonly readings?: (this: void, value: Value) => Reading[];
        readonly create: (this: void, value: Value, context: Context) => Instance;
    }
    /** Declares a plugin whose option is of some other kind, such as a list. Phases: as `define`. */
    export function define_kind<Value, Instance extends Plugin>(given: KindDeclaration<Value, Instance>): AnyDeclaration;
    /** As `alone`, for a plugin whose option is not a table of options. */
    export function alone_kind<Value, Instance extends Plugin>({ name, kind, create }: KindDeclaration<Value, Instance>, value: unknown): Instance;
    /** Makes an instance without a gateway from the user's options. Raises all problems. Phases: init. */
    export function alone<Declared extends Schema, Instance extends Plugin>(given: {
        name: string;
        schema: Declared;
        create: (this: void, options: Values<Declared>, context: Context) => Instance;
    }, options: unknown): Instance;
}

/** @noResolution */
declare module "resty.openclaw.http_client" {
    import type { Source } from "resty.openclaw.http_client.connection";
    import type { Receiver, Response } from "resty.openclaw.http_client.response";
    import type { Target } from "resty.openclaw.http_client.target";
    export type { Receiver, Response, Source, Target };
    export interface Request {
        /** An http or https URL, or else its parts. */
        readonly url?: string;
        readonly scheme?: "http" | "https";
        /** A name, an IPv4 address, an IPv6 address in brackets, or "unix:/path", which has no port. */
        readonly host?: string;
        readonly port?: number;
        /** "/" */
        readonly path?: string;
        /** "GET" */
        readonly method?: string;
        readonly headers?: Record<string, string | number>;
        /** A string, or a table that returns it in pieces: `bytes`, and a method `piece`. */
        readonly body?: string | Source;
        /** 1 */
        readonly connect_seconds?: number;
        /** 5; maximum time in which the peer accepts none of the request. */
        readonly send_seconds?: number;
        /** 5; maximum time in which the peer sends nothing. */
        readonly read_seconds?: number;
        /** 10; maximum time of the whole request, whatever the peer does. */
        readonly total_seconds?: number;
        /** How long a connection is kept idle for the next request; 0, the default, closes it. */
        readonly keepalive_seconds?: number;
        /** Idle connections each worker keeps for the same host and settings: 8. */
        readonly keepalive_connections?: number;
        /** Maximum length of the response body: 1 MiB. */
        readonly max_bytes?: number;
        /** Whether a longer body is truncated there, or else an error: false. */
        readonly truncate?: boolean;
        /** Takes the response while it comes; the body of the result is empty then. It may not raise. */
        readonly receiver?: Receiver;
        /** Whether the certificate must be trusted and match the name: true. */
        readonly ssl_verify?: boolean;
        /** The name for SNI and for the certificate; the host unless given. */
        readonly ssl_server_name?: string | undefined;
        /**
         * Whether the request may reach the peer twice. Only then is it repeated when a kept connection turns out to be
         * stale. True for GET, HEAD, OPTIONS, PUT and DELETE unless given, false for all others.
         */
        readonly repeatable?: boolean;
    }
    /**
     * The parts of an http or https URL, to be checked once and given to `request` as they are. Phases: any. On failure
     * nil and why.
     */
    export function parse_url(url: string): Result<Target>;
    /** Whether a text may be sent as the path of a request, with its query. Phases: any. */
    export function is_path(text: string): boolean;
    /** What is wrong with a header, or nothing. Phases: any. */
    export function header_fault(name: unknown, value: unknown): string | undefined;
    /**
     * Sends one request and reads the complete response; redirects are not followed. Phases: those that may yield. On failure nil and why;
     * the message never contains header values, paths or bodies.
     */
    export function request(options: Request): Result<Response>;
}

/** @noResolution */
declare module "resty.openclaw.http_client.connection" {
    import type { Target } from "resty.openclaw.http_client.target";
    /** A body that is read while it is sent, so that it is never in memory as a whole. */
    export interface Source {
        /** The length of the body in bytes. */
        readonly bytes: number;
        /** The bytes after the first `from` ones: at least one, at most `most`. On failure nil and why. May yield. */
        piece(from: number, most: number): Result<string>;
    }
    /** The options of a request that concern its connection; see `Request` in http_client.ts. */
    export interface Settings {
        readonly connect_seconds?: number;
        readonly send_seconds?: number;
        readonly keepalive_seconds?: number;
        readonly keepalive_connections?: number;
        readonly ssl_verify?: boolean;
        readonly ssl_server_name?: string | undefined;
        /** Connections are shared only for the same purpose; "http" by default. */
        readonly purpose?: string;
    }
    /**
     * A connected socket; third result: whether its connection has carried a request before. On failure nil and why.
     * @param fresh whether the connection must be new
     */
    export function open(settings: Settings, target: Target, deadline: MonotonicTime, fresh: boolean): LuaMultiReturn<[socket: ngx.Tcp, err: undefined, reused: boolean] | [socket: undefined, err: string]>;
    /** Sends head and body. Nil and why if the peer does not accept them in time, or if the body cannot be read. */
    export function send(socket: ngx.Tcp, settings: Settings, head: string, body: string | Source, deadline: MonotonicTime): Result<true>;
    /** Keeps the connection for the next request if keepalive is set and the connection is reusable; else closes it. */
    export function leave(socket: ngx.Tcp, settings: Settings, reusable: boolean): void;
}

/** @noResolution */
declare module "resty.openclaw.http_client.reader" {
    export interface Reader {
        readonly socket: ngx.Tcp;
        /** Maximum time without a byte, in milliseconds. */
        readonly read_ms: number;
        /** The deadline of all reads, by `clock`. */
        readonly deadline: MonotonicTime;
        /** Received bytes; those from `at` on are unread. */
        text: string;
        at: number;
        /** Whether any byte was received. */
        began: boolean;
    }
    /** The pieces of a body, in order: kept, or given away at once. */
    export interface Pieces {
        readonly list: string[];
        /** Gets each piece, in place of the list. Returns why no more is wanted, or nothing. */
        readonly take: ((this: void, piece: string) => string | undefined) | undefined;
    }
    /** A reader at the start of a response. Phases: those that may yield. */
    function create(socket: ngx.Tcp, read_ms: number, deadline: MonotonicTime): Reader;
    export { create as new };
    /** Receives at most `most` bytes. On failure nil and "closed", "timeout" or the system's error. */
    export function receive(reader: Reader, most: number): Result<string>;
    /** Number of bytes that were received but not read yet. */
    export function unread(reader: Reader): number;
    /**
     * The next line without its end, LF or CR LF. Nil and why if it is longer than `most` bytes or is not received.
     */
    export function line(reader: Reader, most: number): Result<string>;
    /** Adds a piece. Returns why no more is wanted, or nothing. */
    export function add(pieces: Pieces, piece: string): string | undefined;
    /** Adds exactly `count` bytes to the pieces. Nil and why if they are not received. */
    export function bytes(reader: Reader, count: number, pieces: Pieces): Result<true>;
}

/** @noResolution */
declare module "resty.openclaw.http_client.response" {
    import type { Reader } from "resty.openclaw.http_client.reader";
    export interface Response {
        readonly status: number;
        /** By lower-case name; several headers of one name are joined by ", ". */
        readonly headers: Record<string, string | undefined>;
        readonly body: string;
    }
    /** Takes a response while it comes, so that it is never in memory as a whole. */
    export interface Receiver {
        /** Called first. Returns why the body is not wanted, or nothing. */
        readonly head: (this: void, status: number, headers: Record<string, string | undefined>) => string | undefined;
        /** Gets each piece of the body. Returns why no more is wanted, or nothing. */
        readonly piece: (this: void, piece: string) => string | undefined;
    }
    /** A response, and whether its connection may carry another request. */
    type Whole = LuaMultiReturn<[response: Response, reusable: boolean] | [response: undefined, err: string]>;
    /** The end of the error where a body is longer than it may be. */
    export const TOO_LARGE = "the response is too large";
    /**
     * Reads the response to a request of this method. Second result: whether the connection may carry another request. Phases: those that
     * may yield. On failure nil and why; the connection must then be closed.
     * @param most_bytes maximum length of the body
     * @param truncate whether a longer body is truncated there, or else an error
     * @param receiver gets the body; then that of the response is empty
     */
    export function read(reader: Reader, method: string, most_bytes: number, truncate: boolean, receiver?: Receiver): Whole;
    export {};
}

/** @noResolution */
declare module "resty.openclaw.http_client.target" {
    /** The parts of an http or https URL (RFC 3986), checked before they are used with a socket. Pure Lua. */
    export interface Target {
        readonly scheme: "http" | "https";
        /** A name, an IPv4 address, an IPv6 address in brackets, or "unix:/path", as cosockets expect it. */
        readonly host: string;
        readonly port: number;
        /** Path and query, beginning with "/". */
        readonly path: string;
    }
    /** Whether a text may be the path of a request: it begins with "/", without blanks, fragment or control characters. Phases: any. */
    export function is_path(text: string): boolean;
    /** Whether a host is a unix socket, which has no port. Phases: any. */
    export function is_unix_socket(host: string): boolean;
    /** Whether a host is an address, which may not be sent as SNI (RFC 6066, section 3). Phases: any. */
    export function is_address(host: string): boolean;
    /** Whether a text is a valid host: a name, an IPv4 address, or an IPv6 address in brackets. Phases: any. */
    export function is_host(text: string): boolean;
    /** Why a socket was not connected, with what to do where nginx cannot look names up. Phases: any. */
    export function with_remedy(err: string | undefined): string | undefined;
    /** Whether a number is a valid port. Phases: any. */
    export function is_port(port: number): boolean;
    /**
     * The parts of a URL. Fragments, user names and passwords are rejected; credentials belong in a header. Phases: any. On
     * failure nil and why; the message never contains the URL, which may contain secrets.
     */
    export function parse(url: string): Result<Target>;
}

/** @noResolution */
declare module "resty.openclaw.plugin" {
    /**
     * What one needs to write a plugin: `define`, and the kinds and options of its schema. See docs/plugins.md.
     */
    import * as kinds from "resty.openclaw.config.kinds";
    import * as schema from "resty.openclaw.config.schema";
    import * as contract from "resty.openclaw.gateway.contract";
    export type { Context, Phase, Plugin } from "resty.openclaw.gateway.contract";
    export type { Kind } from "resty.openclaw.config.kinds";
    export type { Option, Schema, Values } from "resty.openclaw.config.schema";
    export const define: typeof contract.define;
    export const option: typeof schema.option;
    export const required: typeof schema.required;
    export const optional: typeof schema.optional;
    export const table_of: typeof schema.table_of;
    export const map_of: typeof schema.map_of;
    export const defaulted: typeof schema.defaulted;
    export const kind: typeof kinds;
}

/** @noResolution */
declare module "resty.openclaw.spool" {
    export { finish, give_back, take } from "resty.openclaw.spool.batch";
    import type { Spool } from "resty.openclaw.spool.state";
    export { FULL, new } from "resty.openclaw.spool.state";
    export type { Settings, Spool } from "resty.openclaw.spool.state";
    export { append, open } from "resty.openclaw.spool.writer";
    /**
     * With `fsync` "always": waits until all that was appended before is synced to disk, for 30 seconds at most. Does nothing with other
     * policies, and in phases that cannot wait. Phases: any.
     */
    export function wait(spool: Spool): void;
    /**
     * Adopts the lanes of processes that have ended, the one with the oldest entry first. The entries of each lane keep their order. May
     * yield. Phases: timer.
     */
    export function adopt(spool: Spool): void;
    /**
     * Gives back the batch in flight, syncs the files, and releases all lanes. May be opened again. Blocks as long as the disk takes.
     * Phases: any; usually exit_worker.
     */
    export function close(spool: Spool): void;
}

/** @noResolution */
declare module "resty.openclaw.spool.batch" {
    import type { Spool } from "resty.openclaw.spool.state";
    /**
     * Settles the batch in flight: writes the lane's position, and removes the segments that are delivered completely. Phases: any.
     */
    export function finish(spool: Spool): void;
    /** Gives the batch in flight back: its entries are queued again, as the oldest. Phases: any. */
    export function give_back(spool: Spool): void;
    /**
     * Takes the oldest entries as the batch in flight: one string, each entry with its line end; the number of entries; when the first was
     * appended. At most so many entries, and so many bytes unless a single entry is longer. Adopted lanes go first. 0 entries: there are
     * none, or they cannot be read now. May yield. Phases: timer.
     */
    export function take(spool: Spool, most_entries: number, most_bytes: number): LuaMultiReturn<[text: string, entries: number, oldest_at: MonotonicTime]>;
}

/** @noResolution */
declare module "resty.openclaw.spool.disk" {
    /**
     * Syncs written files to disk (fsync): in a thread of a pool where there is one, and one sync at a time, so that each sync covers all that
     * was written before it.
     */
    import type { Semaphore } from "ngx.semaphore";
    import type { File } from "resty.openclaw.core.files.files";
    import type { Faults } from "resty.openclaw.core.metrics.fault";
    /** When files are synced: before `wait` returns; every so many seconds; never, so the system decides. */
    export type Policy = "always" | "interval" | "never";
    export interface Disk {
        readonly policy: Policy;
        readonly seconds: number;
        readonly thread_pool: string;
        readonly faults: Faults;
        /** The file that is written to. */
        file: File | undefined;
        /** Files that are no longer written to; closed once they are synced. */
        retired: File[];
        /** Folders with new files in them. */
        folders: string[];
        /** Number of writes, and of those that were synced. */
        written: number;
        synced: number;
        /** When a timer was created that has not run yet. */
        planned_at: MonotonicTime | undefined;
        is_running: boolean;
        /** Whether a timer ran while another one was syncing. */
        is_due: boolean;
        /** Whether syncing the file that is written to has failed. */
        has_failed: boolean;
        readonly semaphore: Semaphore;
        /** How many callers wait for the next sync. */
        waiting: number;
    }
    /** Notes a write to the file. Phases: any but init and exit_worker. */
    export function changed(disk: Disk): void;
    /** Notes a new file in a folder. Phases: any. */
    export function named(disk: Disk, folder: string): void;
    /** Retires the file: it is not written to any more, and closed once it is synced. Phases: any. */
    export function retire(disk: Disk): void;
    /** With "always": waits until all that was written before is synced; does nothing in phases that cannot wait. Phases: any. */
    export function wait(disk: Disk): void;
    /** Syncs and closes all files; blocks the worker meanwhile. Phases: any; usually exit_worker. */
    export function close(disk: Disk): void;
    /** Nothing is written yet. Phases: init. Raises when there is no memory for a semaphore. */
    function create(policy: Policy, seconds: number, thread_pool: string, faults: Faults): Disk;
    export { create as new };
}

/** @noResolution */
declare module "resty.openclaw.spool.lane" {
    import type { File } from "resty.openclaw.core.files.files";
    export interface Segment {
        readonly number: number;
        /** The size of its complete lines. */
        bytes: number;
        /** Entries that are not delivered, and their bytes without checksums and times. */
        entries: number;
        text_bytes: number;
    }
    /** Up to where a lane was read. */
    export interface Cursor {
        /** The index of the segment. */
        index: number;
        offset: number;
        /** Entries read from this segment since the last batch was settled, and their bytes. */
        entries: number;
        text_bytes: number;
    }
    export interface Lane {
        readonly path: string;
        /** The file `position`, locked. */
        readonly file: File;
        /** Segments that are not delivered, the oldest first. */
        readonly segments: Segment[];
        /** Up to where the first segment is delivered. */
        offset: number;
        /** The highest number a segment has had. */
        last_number: number;
        /** When its oldest entry was appended; only of adopted lanes. */
        first_stamp: WallTime;
        /** Whether the last segment is still written to. */
        grows: boolean;
        readonly cursor: Cursor;
        /** The segment that is open for reading, and its number. */
        reader: File | undefined;
        reader_number: number;
    }
    /** The error of `acquire` where a lane has an owner, which is no fault. */
    export const OWNED = "it has an owner";
    /** The file of the segment of that number in a folder. Phases: any. */
    export function segment_path(path: string, number: number): string;
    /** The file of a segment. Phases: any. */
    export function path_of(lane: Lane, segment: Segment): string;
    /**
     * The numbers of the files in a folder whose names have this form (of `string.format`), sorted. Other names are not ours. On failure nil
     * and why. Phases: any.
     */
    export function numbers_in(path: string, form: string): Result<number[]>;
    /** The numbers of the segments in a folder, sorted. On failure nil and why. Phases: any. */
    export function numbers(path: string): Result<number[]>;
    /** Acquires the lane of a folder if it has no owner; else nil and why. Does not read its segments. Phases: any. */
    export function acquire(path: string): Result<Lane>;
    /** Closes the segment that is open for reading. Phases: any. */
    export function close_reader(lane: Lane): void;
    /** Closes the files of a lane, so that another process may acquire it. Phases: any. */
    export function release(lane: Lane): void;
    /** Reads the position; 0 and 0 where it is empty or damaged. Phases: any. */
    export function read_position(lane: Lane): LuaMultiReturn<[number: number, offset: number]>;
    /** Writes the position, in place. Returns the error, if any. Phases: any. */
    export function write_position(lane: Lane, number: number, offset: number): string | undefined;
    /** Moves the cursor back to the position. Phases: any. */
    export function rewind(lane: Lane): void;
    /** Moves the cursor to the beginning of the next segment. Phases: any. */
    export function next_segment(lane: Lane): void;
    /** Removes a segment, delivered or not: the size of its file, or nil and why. Phases: any. */
    export function remove(lane: Lane, index: number): Result<number>;
    /** Settles what was read: writes the position, and removes the segments that were read completely. Returns the error, if any. Phases: any. */
    export function settle(lane: Lane): string | undefined;
}

/** @noResolution */
declare module "resty.openclaw.spool.reader" {
    import type { Buffer } from "string.buffer";
    import type { File } from "resty.openclaw.core.files.files";
    import type { Lane, Segment } from "resty.openclaw.spool.lane";
    /** Queued entries of a spool, their bytes, and the number of lines that could not be read. */
    export interface Counts {
        entries: number;
        bytes: number;
        broken: number;
    }
    /** A batch in the making. */
    export interface Reading {
        readonly text: Buffer;
        entries: number;
        bytes: number;
        /** When the first and the last of its entries were appended. */
        first_stamp: WallTime;
        last_stamp: WallTime;
        readonly most_entries: number;
        readonly most_bytes: number;
        is_full: boolean;
    }
    /** The error where a segment was removed, or something else has its name. */
    export const GONE = "";
    /** The open file of a segment. On failure nil and why: GONE, or an error that may be temporary. Phases: any. */
    export function file_of(lane: Lane, segment: Segment): Result<File>;
    /**
     * Adds the next entries of a lane to the batch. May yield. Lines with a wrong checksum, and what cannot be read at all, are skipped and
     * counted as broken. Returns an error that may be temporary, if any. Phases: timer.
     */
    export function read(lane: Lane, counts: Counts, reading: Reading): string | undefined;
    /**
     * Counts the lines of a segment from an offset on, and its bytes up to the last line end; what follows is a line that a killed process
     * has written in part. May yield. Returns the error, if any. Phases: timer.
     */
    export function count(lane: Lane, segment: Segment, offset: number): string | undefined;
    /** When the first entry of a lane was appended; 0 where that cannot be read. Phases: any. */
    export function first_stamp(lane: Lane): WallTime;
}

/** @noResolution */
declare module "resty.openclaw.spool.state" {
    /** The state of a spool. */
    import type { Buffer } from "string.buffer";
    import type { Faults } from "resty.openclaw.core.metrics.fault";
    import type { Disk, Policy } from "resty.openclaw.spool.disk";
    import type { Lane } from "resty.openclaw.spool.lane";
    import type { Counts } from "resty.openclaw.spool.reader";
    export interface Settings {
        /** Absolute path; created if missing, and so is its parent. */
        readonly directory: string;
        /** The quota of all segments. */
        readonly most_bytes: number;
        readonly segment_bytes: number;
        /** Whether at the quota the oldest segment is dropped, or new entries are refused. */
        readonly drop_oldest: boolean;
        readonly fsync: Policy;
        readonly fsync_seconds: number;
        /** The `thread_pool` of nginx that syncs files to disk. */
        readonly thread_pool: string;
        readonly faults: Faults;
    }
    export interface Spool extends Counts {
        readonly settings: Settings;
        readonly disk: Disk;
        readonly text: Buffer;
        /** The lane that is written to. */
        own: Lane | undefined;
        /** Lanes of other processes, which are only read; the first one goes first. */
        readonly adopted: Lane[];
        /** The lane of the batch in flight, or of the one that is being read. */
        lane_in_flight: Lane | undefined;
        flying_entries: number;
        flying_bytes: number;
        /** The size of all segments of these lanes. */
        file_bytes: number;
        /** No queued entry was appended before this. */
        oldest_at: MonotonicTime;
        /** Until when nothing is written after a failure, and the error. */
        blocked_until: MonotonicTime;
        blocked_by: string;
    }
    /** The error of an entry that is refused at the quota. */
    export const FULL = "full";
    /** A spool; touches no file. Phases: init. Raises when there is no memory for a semaphore. */
    function create(settings: Settings): Spool;
    export { create as new };
    /**
     * Converts a time of day to monotonic time. Never later than now, whatever the time of day was set to; a stamp of 0, which could not be
     * read, is now, and one from before the machine started is its start. Phases: any.
     */
    export function moment(stamp: WallTime): MonotonicTime;
}

/** @noResolution */
declare module "resty.openclaw.spool.writer" {
    import type { Lane } from "resty.openclaw.spool.lane";
    import type { Spool } from "resty.openclaw.spool.state";
    /**
     * Acquires a lane to write to, unless there is one. On failure nil and why; may be called again. Phases: init_worker and those of
     * requests and timers.
     */
    export function open(spool: Spool): Result<true>;
    /** Ends the current segment: the next entry begins another. */
    export function leave_segment(spool: Spool): void;
    /** Drops a segment with its entries; returns how many. */
    export function drop_segment(spool: Spool, lane: Lane, index: number): number;
    /**
     * Appends an entry, which must not contain a line end: one write to the page cache, without yielding. Nil and why when the entry is
     * refused: "full" at the quota; other errors may be temporary, and writing is tried again once a second at most. `dropped`: older entries
     * that were dropped to make room. Phases: all but init and exit_worker.
     */
    export function append(spool: Spool, entry: string): LuaMultiReturn<[ok?: true | undefined, err?: string | undefined, dropped?: number | undefined]>;
}
