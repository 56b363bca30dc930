/** The types of sinks. A new type takes a file in sinks/ and a line in the table below. */
import type { Kind } from "../config/kinds";
import * as kinds from "../config/kinds";
import * as names from "../config/names";
import type { Problems } from "../config/problems";
import * as problem from "../config/problems";
import type { Schema } from "../config/schema";
import * as schemas from "../config/schema";
import type { Sink } from "./sink";
import * as file from "./sinks/file";
import * as http from "./sinks/http";
import * as redis_stream from "./sinks/redis_stream";
import * as stream from "./sinks/stream";
import * as syslog from "./sinks/syslog";
import * as udp from "./sinks/udp";

interface Type {
    readonly schema: Schema;
    /** Adds to the problems where options contradict each other. */
    readonly check?: (this: void, given: Record<string, unknown>, path: string, problems: Problems) => void;
    readonly create: (this: void, options: never, path: string) => Sink;
}

/** By the names in the option `type`. */
export const TYPES: Readonly<Record<string, Type | undefined>> = {
    file: { schema: file.SCHEMA, create: file.new },
    http: { schema: http.SCHEMA, check: http.check, create: http.new },
    redis_stream: { schema: redis_stream.SCHEMA, check: redis_stream.check, create: redis_stream.new },
    syslog: { schema: syslog.SCHEMA, check: syslog.check, create: syslog.new },
    tcp: { schema: stream.TCP_SCHEMA, create: stream.tcp },
    tls: { schema: stream.TLS_SCHEMA, create: stream.tls },
    udp: { schema: udp.SCHEMA, check: udp.check, create: udp.new },
    unix: { schema: stream.UNIX_SCHEMA, create: stream.unix },
};

const TYPE = kinds.one_of(...names.sorted(TYPES));

/** What a sink is made from. */
export interface SinkOptions {
    readonly type: string;
    /** As read by the schema of the type. */
    readonly values: unknown;
}

/** The options of a sink: its type, and those that the type has. */
export const SINK: Kind<SinkOptions> = {
    name: "table",
    read: (given, path, problems) => {
        const nothing = { type: "", values: undefined };
        if (type(given) !== "table") {
            problem.add_no_table(problems, path, "a table", given);
            return nothing;
        }
        const options: Record<string, unknown> = {};
        for (const [option, value] of pairs(given as Record<string, unknown>)) {
            if (option !== "type") options[option] = value;
        }
        const name = TYPE.read((given as { type: unknown }).type, problem.child(path, "type"), problems);
        const found = TYPES[name];
        if (found === undefined) return nothing;
        found.check?.(options, path, problems);
        return { type: name, values: schemas.read(found.schema, options, path, problems) };
    },
};

/** Whether sinks of a type have this option; for an unknown type whether any sinks have it. Phases: init. */
export function have(option: string, sink_type?: string): boolean {
    if (option === "type") return true;
    const known = TYPES[sink_type ?? ""];
    if (known !== undefined) return known.schema[option] !== undefined;
    for (const [, { schema }] of pairs(TYPES as Record<string, Type>)) {
        if (schema[option] !== undefined) return true;
    }
    return false;
}

/**
 * The sink with these options. `path`: the path of their table, for errors. Phases: init. Raises where options contradict each other, or
 * something that the sink needs is missing.
 */
export function create({ type: name, values }: SinkOptions, path: string): Sink {
    return TYPES[name]!.create(values as never, path);
}

/** A sink for refused entries: the dead-letter file at this path. Phases: init. */
export function create_dead_letter(path: string): Sink {
    return file.new({ path });
}
