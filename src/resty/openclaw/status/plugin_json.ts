/** What the plugins of a route say of themselves, in the status document. */
import * as names from "../config/names";
import type { Faults } from "../core/metrics/fault";
import type { Encoded } from "../core/text/json/any_value";
import * as any_value from "../core/text/json/any_value";
import type { Entries, Writer } from "../core/text/json/shapes";
import type { Plugin } from "../gateway/contract";

/** A route's plugins by their names. */
export type Plugins = LuaTable<string, Plugin>;

export interface PluginReader {
    readonly faults: Faults;
    /** The plugins of a route; nothing for one that `setup` does not have. */
    readonly plugins_of: (this: void, route: string) => Plugins | undefined;
    /** The plugins whose status could not be written as it is: each is reported once. */
    readonly reported: LuaSet<Plugin>;
}

/** Of what one plugin says. */
const BOUNDS = { depth: 8, bytes: 65536 };

/** Writes JSON that is JSON already. */
export const WRITTEN: Writer<unknown> = (output, value) => {
    output.text.put((value as string | undefined) ?? "null");
};

/** A reader without any plugins yet. Phases: any. */
function create(faults: Faults, plugins_of: (this: void, route: string) => Plugins | undefined): PluginReader {
    return { faults, plugins_of, reported: new LuaSet<Plugin>() };
}
export { create as new };

function read(this: void, plugin: Plugin, route: string, yield_if_due: (this: void) => void): Encoded {
    const said: unknown = plugin.status!(route);
    if (said !== undefined && type(said) !== "table") return { text: undefined, problem: `it is a ${type(said)}` };
    return any_value.encode(said, BOUNDS, yield_if_due);
}

/** Whether it has the method: plugins of users' own may have a field of that name. */
function has_status(plugin: Plugin): boolean {
    return type(plugin.status) === "function";
}

/** The status of a plugin as JSON; nothing where it raises or says too much. */
function written(
    reader: PluginReader,
    plugin: Plugin,
    name: string,
    route: string,
    yield_if_due: (this: void) => void,
): string | undefined {
    const [ok, encoded] = pcall(read, plugin, route, yield_if_due);
    if (!ok) {
        reader.faults.report("plugin", `status() of "${name}" in the route "${route}" failed: `, encoded);
        return undefined;
    }
    const { text, problem } = encoded;
    if (problem !== undefined && !reader.reported.has(plugin)) {
        reader.reported.add(plugin);
        reader.faults.report("plugin", `status() of "${name}" in the route "${route}" cannot be shown: `, problem);
    }
    return text;
}

/** What each plugin of a route says, by its name. Never raises. Phases: content. */
export function statuses(reader: PluginReader, route: string, yield_if_due: (this: void) => void): Entries<unknown> {
    return (put) => {
        const plugins = reader.plugins_of(route);
        if (plugins === undefined) return;
        for (const name of names.sorted(plugins)) {
            const plugin = plugins.get(name);
            if (has_status(plugin)) put(name, written(reader, plugin, name, route, yield_if_due));
        }
    };
}
