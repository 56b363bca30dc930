/**
 * The contract between plugins and the gateway. A plugin declares itself once, in its own module: its option in a route, its place
 * in each phase, and what it needs in nginx.conf. The gateway makes an instance for each route.
 */
import type { Kind } from "../config/kinds";
import type { Problems } from "../config/problems";
import * as problem from "../config/problems";
import type { Option, Schema, Values } from "../config/schema";
import * as schemas from "../config/schema";
import * as refusal from "./refusal";

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
export const PHASES: Phase[] = [
    "access",
    "admitted",
    "before_balance",
    "balance",
    "header_filter",
    "body_filter",
    "log",
];

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
export function define<Declared extends Schema, Instance extends Plugin>(
    given: TableDeclaration<Declared, Instance>,
): AnyDeclaration {
    const { name, schema, meaning, create, without, readings } = given;
    return {
        name,
        order: given.order ?? {},
        option: schemas.optional(schemas.table_of(schema), meaning),
        variables: given.variables ?? {},
        readings: readings as AnyDeclaration["readings"],
        create: (value, context) => {
            if (value !== undefined) return create(value as Values<Declared>, context);
            return without === undefined ? undefined : without();
        },
    };
}

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
export function define_kind<Value, Instance extends Plugin>(given: KindDeclaration<Value, Instance>): AnyDeclaration {
    const { name, kind, meaning, create } = given;
    return {
        name,
        order: given.order ?? {},
        option: schemas.optional(kind, meaning),
        variables: given.variables ?? {},
        readings: given.readings as AnyDeclaration["readings"],
        create: (value, context) => (value === undefined ? undefined : create(value as Value, context)),
    };
}

/** As `alone`, for a plugin whose option is not a table of options. */
export function alone_kind<Value, Instance extends Plugin>(
    { name, kind, create }: KindDeclaration<Value, Instance>,
    value: unknown,
): Instance {
    return refusal.without_trace(() => {
        const problems: Problems = [];
        const read = kind.read(value, name, problems);
        problem.raise(problems);
        return create(read, { path: name, route: "" });
    });
}

/** Makes an instance without a gateway from the user's options. Raises all problems. Phases: init. */
export function alone<Declared extends Schema, Instance extends Plugin>(
    given: {
        name: string;
        schema: Declared;
        create: (this: void, options: Values<Declared>, context: Context) => Instance;
    },
    options: unknown,
): Instance {
    const { name, schema, create } = given;
    return refusal.without_trace(() =>
        create(schemas.read_or_raise(schema, options ?? {}, name), { path: name, route: "" }),
    );
}
