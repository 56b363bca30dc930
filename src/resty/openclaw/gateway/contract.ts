/**
 * What a plugin is to the gateway. A plugin declares itself once, in its own module: its option in a route, where it stands
 * in each phase, and what it needs of nginx.conf. The gateway makes an instance for each route.
 */
import type { Option, Schema, Values } from "../config/schema";
import * as schemas from "../config/schema";

/**
 * What an instance may do: any of these. Each gets the route's name. None may raise: an error ends the phase, and nginx answers
 * 500 in those before the response.
 */
export interface Plugin {
    /** Looks at the request, and may refuse it. May yield. */
    access?(route: string): void;
    /** When no plugin has refused the request: the last changes before it goes on to a node. May yield. */
    admitted?(route: string): void;
    /** Before a node is chosen for a try; where it returns false no node is asked any more. */
    before_balance?(route: string): boolean | undefined | void;
    /** When a node has been chosen for a try. */
    balance?(route: string): void;
    header_filter?(route: string): void;
    body_filter?(route: string): void;
    log?(route: string): void;
    init_worker?(): void;
    exit_worker?(): void;
    /**
     * Its state now, for the status document: a table of numbers, strings, booleans, lists and tables of these; nothing where
     * there is none. Phases: content; may yield.
     */
    status?(route: string): object | undefined;
}

/** The phases of a request. */
export type Phase = "access" | "admitted" | "before_balance" | "balance" | "header_filter" | "body_filter" | "log";

/** All of them, in the order in which they run. */
export const PHASES: Phase[] = [
    "access",
    "admitted",
    "before_balance",
    "balance",
    "header_filter",
    "body_filter",
    "log",
];

/** Where a plugin stands in a phase: lower numbers come first; in a phase that is not named it comes last. */
export type Order = Readonly<Partial<Record<Phase, number>>>;

/** What a plugin may ask of the upstream of its route. */
export interface Upstream {
    /** Whether any node may get requests, be it up or down. */
    has_nodes(): boolean;
    /** Whether health checks have found all of these down. */
    is_cut(): boolean;
}

/** What an instance is made for. */
export interface Context {
    /** How sentences on its options begin: "setup: routes.analyze.deadline", or its name where it stands alone. */
    readonly path: string;
    /** "" where it stands alone. */
    readonly route: string;
    readonly upstream?: Upstream | undefined;
}

/**
 * The variables that nginx.conf has to declare for a plugin, by their names without "$", and what each holds until the plugin
 * sets it, as nginx.conf has it: "" or "1" or "none-$request_id".
 */
export type Variables = Readonly<Record<string, string>>;

export interface Declaration<Value, Instance extends Plugin> {
    /** The name of its option in a route, and in sentences. */
    readonly name: string;
    readonly order: Order;
    readonly option: Option<Value>;
    readonly variables: Variables;
    /** The instance for a route; nothing where there is none to be. Raises where the options do not fit together. */
    readonly create: (this: void, value: Value, context: Context) => Instance | undefined;
}

/** A declaration whatever its options are. */
export type AnyDeclaration = Declaration<unknown, Plugin>;

/** A plugin whose option is a table. Without it a route has no instance, unless there is a `without`. */
export interface TableDeclaration<Declared extends Schema, Instance extends Plugin> {
    readonly name: string;
    /** One line for the table of a route's options. */
    readonly meaning: string;
    readonly order?: Order;
    readonly schema: Declared;
    readonly variables?: Variables;
    readonly create: (this: void, options: Values<Declared>, context: Context) => Instance;
    /** What a route without the option has. */
    readonly without?: (this: void) => Plugin;
}

/** Declares a plugin whose option is a table. Phases: any, usually where a module is loaded. */
export function define<Declared extends Schema, Instance extends Plugin>(
    given: TableDeclaration<Declared, Instance>,
): AnyDeclaration {
    const { name, schema, meaning, create, without } = given;
    return {
        name,
        order: given.order ?? {},
        option: schemas.optional(schemas.table_of(schema), meaning),
        variables: given.variables ?? {},
        create: (value, context) => {
            if (value !== undefined) return create(value as Values<Declared>, context);
            return without === undefined ? undefined : without();
        },
    };
}

/** An instance that stands alone, without a gateway, from options as users write them. Raises all that is wrong. Phases: init. */
export function alone<Declared extends Schema, Instance extends Plugin>(
    given: {
        name: string;
        schema: Declared;
        create: (this: void, options: Values<Declared>, context: Context) => Instance;
    },
    options: unknown,
): Instance {
    const { name, schema, create } = given;
    return create(schemas.read_or_raise(schema, options ?? {}, name), { path: name, route: "" });
}
