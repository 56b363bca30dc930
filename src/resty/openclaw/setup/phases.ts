/** What runs in a phase of a route: the plugins' methods of that name, one after the other. */

/** The phases in which a plugin can take part; a plugin is any table with methods of these names. */
export interface Plugin {
    access?(route: string): void;
    /** Before a node is chosen for a try; when it returns false none is asked any more. */
    before_balance?(route: string): boolean | undefined | void;
    /** When a node has been chosen for a try. */
    balance?(route: string): void;
    header_filter?(route: string): void;
    body_filter?(route: string): void;
    log?(route: string): void;
}

export type Phase = keyof Plugin;

/** All phases in which a plugin can take part. */
export const PHASES: Phase[] = ["access", "before_balance", "balance", "header_filter", "body_filter", "log"];

function nothing(this: void): void {
    return;
}

/**
 * One function that calls the phase's method of every plugin that has it. The first four are written out: LuaJIT does
 * not compile short loops well, nor functions that call others made in the same place. Phases: init.
 */
export function in_line(plugins: readonly Plugin[], phase: Phase, route: string): (this: void) => void {
    const methods: ((this: void) => void)[] = [];
    for (const plugin of plugins) {
        if (plugin[phase] !== undefined) {
            methods.push(() => {
                plugin[phase]!(route);
            });
        }
    }
    const [first = nothing, second = nothing, third = nothing, fourth = nothing] = methods;
    return () => {
        first();
        second();
        third();
        fourth();
        for (const place of $range(5, methods.length)) methods[place - 1]!();
    };
}

function agree(this: void): boolean {
    return true;
}

/**
 * One function that asks the plugins that take part in the phase before_balance, one after the other, until one returns
 * false; it returns false then, else true. Phases: init.
 */
export function one_by_one(plugins: readonly Plugin[], route: string): (this: void) => boolean {
    const asked: Plugin[] = [];
    for (const plugin of plugins) {
        if (plugin.before_balance !== undefined) asked.push(plugin);
    }
    if (asked.length === 0) return agree;
    const only = asked[0]!;
    // LuaJIT does not compile short loops well.
    if (asked.length === 1) return () => only.before_balance!(route) !== false;
    return () => {
        for (const plugin of asked) {
            if (plugin.before_balance!(route) === false) return false;
        }
        return true;
    };
}
